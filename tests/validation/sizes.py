"""How often each test finds a difference between halves that were made by chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

import pluralign_stats as pls
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.replicate import Model
from pluralign_stats.planning.replicate import replicate as replicate_study
from tests.validation.halves import (
    CROSSED,
    SOURCES,
    halved,
    scores_of_runs,
    simulated,
    study_of,
)

#: A test's level.
LEVEL = 0.05

#: What a test found in one data set: p, or whether an interval leaves out what it must hold.
Found = dict[str, float | bool]


@dataclass(frozen=True)
class Case:
    """Tests on halves of some units of some ratings.

    Attributes
    ----------
    data, unit
        Whose halves: of which ratings, and of their raters, items or runs.
    examine
        From a seed to what each test found.
    judged
        Whether the tests must hold their level: not where the model tested is false.
    share
        Of the replications asked for, how many are made: slow ones are made less often.
    cautious
        Whether tests may find fewer than 5 %: where a variance that nobody can know is 0 in truth.
    """

    data: str
    unit: str
    examine: Callable[[int], Found]
    judged: bool = True
    share: float = 1.0
    cautious: bool = False

    def holds(self, low: float, high: float) -> bool:
        """Whether an interval of the share that a test rejects is as it must be."""
        return not self.judged or (low <= LEVEL and (self.cautious or high >= LEVEL))

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.examine.__name__}: {self.unit}s, {self.data}"


def replicate(name: str, seed: int) -> dict[str, float]:
    """1 for each test of a case that rejects, 0 for one that does not; missing for no test."""
    return {test: _rejects(found) for test, found in CASES[name].examine(seed).items()}


def _rejects(found: float | bool) -> float:
    if isinstance(found, (bool, np.bool_)):
        return float(found)
    return float(found < LEVEL) if np.isfinite(found) else np.nan


def sizes(found: dict[str, list[dict[str, float]]]) -> pd.DataFrame:
    """Rejections by test and case.

    Returns
    -------
    DataFrame
        Columns case, test, data, unit, n, rejected, missing, low, high (ends of the exact 95 %
        interval of the share rejected), judged, right (whether that holds the level).
    """
    rows = []
    for name, made in found.items():
        case = CASES[name]
        for test, values in pd.DataFrame(made).items():
            known = values.dropna()
            n, k = len(known), int(known.sum())
            low, high = limits(k, n)
            rows.append(
                {
                    "case": name,
                    "test": test,
                    "data": case.data,
                    "unit": case.unit,
                    "n": n,
                    "rejected": k,
                    "missing": len(values) - n,
                    "low": low,
                    "high": high,
                    "judged": case.judged,
                    "right": case.holds(low, high),
                }
            )
    return pd.DataFrame(rows)


def limits(k: int, n: int) -> tuple[float, float]:
    """Exact 95 % interval of a share of which k of n were seen (Clopper & Pearson 1934)."""
    if not n:
        return 0.0, 1.0
    made = stats.binomtest(k, n).proportion_ci(0.95, "exact")
    return float(made.low), float(made.high)


def cells(row: pd.Series) -> list[str]:
    """One row of the printed table."""
    share = 100 * row["rejected"] / row["n"] if row["n"] else np.nan
    verdict = ("yes" if row["right"] else "NO") if row["judged"] else ""
    return [
        row["test"],
        f"{row['unit']}s",
        row["data"],
        f"{row['rejected']} of {row['n']}",
        f"{share:.1f} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]",
        verdict,
    ]


HEADS = ("Test", "Halves of", "Data", "Rejected", "%, 95 % interval", "Holds 5 %")


def mixed(source: str, unit: str) -> Callable[[int], Found]:
    """Tests of mixed models."""
    given = SOURCES[source]

    def mixed_models(seed: int) -> Found:
        data = halved(given.read(seed), unit, seed)
        less, more = f"rating ~ {given.rest}", f"rating ~ half + {given.rest}"
        linear, ordinal = pls.fit_linear(more, data), pls.fit_ordinal(more, data)
        ml = [pls.fit_linear(formula, data, reml=False) for formula in (less, more)]
        percent = ordinal.percent("half").table.set_index("reading")["p_value"]
        shares = ordinal.comparisons("half", kind="probability", adjust="none").table
        odds = pls.checks.proportional_odds(ordinal).table.set_index(["term", "against"])["p_value"]
        return {
            "contrasts, linear": _p(linear.contrasts("half")),
            "contrasts, ordinal": _p(ordinal.contrasts("half")),
            "percent, odds": percent["odds"],
            "percent, mean": percent["mean"],
            "comparisons, share of the lowest rating": shares["p_value"].iloc[0],
            "comparisons, share of the highest rating": shares["p_value"].iloc[-1],
            "joint_test, linear": _p(pls.joint_test(linear, "half")),
            "joint_test, ordinal": _p(pls.joint_test(ordinal, "half")),
            "likelihood_ratio, linear": float(
                pls.checks.likelihood_ratio(*ml).table["p_value"].iloc[-1]
            ),
            "likelihood_ratio, ordinal": float(
                pls.checks.likelihood_ratio(pls.fit_ordinal(less, data), ordinal)
                .table["p_value"]
                .iloc[-1]
            ),
            "proportional_odds, thresholds": odds["half", "thresholds"],
            "proportional_odds, scale": odds["half", "scale"],
        }

    return mixed_models


def real(source: str, unit: str) -> Callable[[int], Found]:
    """The first of these tests on ratings that people gave."""
    given = SOURCES[source]

    def real_ratings(seed: int) -> Found:
        data = halved(given.read(seed), unit, seed)
        formula = f"rating ~ half + {given.rest}"
        ordinal = pls.fit_ordinal(formula, data)
        odds = pls.checks.proportional_odds(ordinal).table.set_index(["term", "against"])["p_value"]
        return {
            "contrasts, linear": _p(pls.fit_linear(formula, data).contrasts("half")),
            "joint_test, ordinal": _p(pls.joint_test(ordinal, "half")),
            "proportional_odds, thresholds": odds["half", "thresholds"],
            "proportional_odds, scale": odds["half", "scale"],
        }

    return real_ratings


def own(source: str, unit: str) -> Callable[[int], Found]:
    """Coefficients of models with effects on thresholds and scale."""
    given = SOURCES[source]

    def own_scale(seed: int) -> Found:
        data = halved(given.read(seed), unit, seed)
        formula = f"rating ~ half + {given.rest}"
        nominal = pls.fit_ordinal(formula, data, nominal="half")
        scale = pls.fit_ordinal(formula, data, scale="half")
        by_scale = scale.summary().table.set_index("term")["p_value"]
        by_cut = nominal.summary().table.set_index("term")["p_value"]
        cut = [name for name in by_cut.index if name.endswith(": half[T.b]")]
        return {
            "summary, effect on the scale": by_scale["scale: half[T.b]"],
            "summary, effect on the first threshold": by_cut[cut[0]],
            "contrasts, own thresholds": _p(nominal.contrasts("half")),
            "contrasts, own scale": _p(scale.contrasts("half")),
        }

    return own_scale


def _p(result: pls.Result) -> float:
    return float(result.table["p_value"].iloc[0])


def checks(style: float) -> Callable[[int], Found]:
    """Checks of a model, in halves of the raters."""

    def model_checks(seed: int) -> Found:
        data = halved(simulated(seed, style), "rater", seed)
        found: Found = {}
        fit = pls.fit_ordinal(f"rating ~ half + {CROSSED}", data)
        for check in (pls.checks.residual_check, pls.checks.calibration_check):
            found[check.__name__] = check(fit, "half", n_simulations=100, seed=seed).p_value
        return found

    return model_checks


def described(source: str) -> Callable[[int], Found]:
    """Agreement of raters, and of a judge with them."""
    given = SOURCES[source]

    def description(seed: int) -> Found:
        data = halved(given.read(seed), "rater", seed)
        study = study_of(data)
        rng = np.random.default_rng([seed, 5])
        means = data.groupby("item")["rating"].mean()
        scores = pd.DataFrame(
            {
                "item": means.index.astype(str),
                "dimension": "rating",
                "score": (means + rng.normal(0, 0.5, len(means))).to_numpy(),
                "judge": "made",
            }
        )
        agreed = pls.describe.agreement(study, "half", n_bootstrap=400, seed=seed).table.set_index(
            "group"
        )
        whole, half = agreed.loc["All raters", "estimate"], agreed.loc["a"]
        found: Found = {
            "agreement, group apart from all": bool(
                not half["conf_low"] <= whole <= half["conf_high"]
            )
        }
        for statistic in ("bias", "kappa", "alpha"):
            table = pls.judging.judge_contrasts(
                study, scores, ["half"], statistic=statistic, n_bootstrap=400, seed=seed
            ).table
            found[f"judge_contrasts, {statistic}"] = float(table["p_value"].iloc[0])
        return found

    return description


def verbs(seed: int) -> Found:
    """What verbs say of a whole study."""
    data = halved(simulated(seed, 0.5), "rater", seed)
    study = study_of(data)
    found: Found = {}
    for model in ("ordinal", "linear"):
        made = pls.demographic_effects(study, model=model)
        found[f"demographic_effects, differences, {model}"] = _p(made.differences)
        percent = made.percents.table.set_index("reading")["p_value"]
        found |= {f"demographic_effects, {k}, {model}": p for k, p in percent.items()}
    finding = pls.outcomes.RatingFinding("halves", "rating", "half", "b", "a")
    offered = {"model": ("ordinal", "linear"), "scale": ("5-point", "3-point", "binary")}
    analyses = pls.outcomes.rating_multiverse(study, finding, offered).table
    told = "rating_multiverse, " + analyses["model"] + ", " + analyses["scale"]
    return found | dict(zip(told, analyses.apply(_apart, axis=1), strict=True))


def together(seed: int) -> Found:
    """The Bayesian model of several dimensions at once."""
    first = halved(simulated(seed, 0.0, n_raters=80, n_items=20), "rater", seed)
    other = simulated(seed + 10_000, 0.0, n_raters=80, n_items=20)
    both = pd.concat(
        [first.assign(dimension="one"), first.assign(dimension="two", rating=other["rating"])]
    )
    table = pls.fit_joint(both, ["half"], seed=seed, **SHORT).contrasts("half").table
    return {f"fit_joint, dimension {row['dimension']}": _apart(row) for _, row in table.iterrows()}


SHORT = {"draws": 250, "tune": 250, "chains": 2, "progress": False}


def bayesian(source: str, unit: str) -> Callable[[int], Found]:
    """Bayesian models of how groups use the scale."""
    given = SOURCES[source]

    def use_of_the_scale(seed: int) -> Found:
        data = given.read(seed)
        few = pd.unique(data["rater"])[:100]
        data = halved(data[data["rater"].isin(few)], unit, seed)
        formula = f"rating ~ half + {given.rest}"
        made = pls.demographics.measurement_invariance(
            formula, data, "half", sampling=pls.Sampling(**SHORT, seed=seed)
        )
        table = made.result.table.set_index(["model", "part"])
        found: Found = {
            "measurement_invariance": made.result.sentence.startswith("Groups by"),
            "contrasts, Bayesian": _apart(table.loc[("same scale", "as rated")]),
        }
        for name in ("own thresholds", "own spread"):
            style = pls.response_style(made.fits[name], "half").table.set_index("part")
            for part in ("as rated", "level", "use of the scale"):
                found[f"response_style, {name}: {part}"] = _apart(style.loc[part])
        return found

    return use_of_the_scale


def trained(spread: float) -> Callable[[int], Found]:
    """Scores of two designs that do the same, runs of which differ by `spread`."""

    def outcome_models(seed: int) -> Found:
        found: Found = {}
        for kind in ("linear", "ordinal"):
            made = scores_of_runs(seed, spread, whole=kind == "ordinal")
            pair = pls.outcomes.pairwise(made, kind=kind).table.iloc[0]
            control = pls.outcomes.against_control(made, kind=kind).table.iloc[0]
            moved = scores_of_runs(seed, spread, whole=kind == "ordinal", effect=-1.0)
            gain = pls.outcomes.relative_gain(moved, "majority", "preserve", kind=kind).table.iloc[
                0
            ]
            found |= {
                f"pairwise, {kind}": float(pair["p_value"]),
                f"against_control, {kind}": float(control["p_value"]),
                f"relative_gain, {kind}": _apart(gain),
            }
        return found

    return outcome_models


def planned(model: Model) -> Callable[[int], Found]:
    """Planned studies in which groups do not differ."""
    design = StudyDesign(raters=120, items=40, ratings_per_rater=5, share=0.3, percent=0.0)

    def planned_studies(seed: int) -> Found:
        return {"power without an effect": replicate_study(design, model, 11, seed).p_value}

    return planned_studies


def _apart(row: pd.Series) -> bool:
    return bool(row["conf_low"] > 0 or row["conf_high"] < 0)


def _case(
    examine: Callable[[int], Found],
    data: str,
    unit: str,
    *,
    judged: bool = True,
    share: float = 1,
    cautious: bool = False,
) -> Case:
    return Case(data, unit, examine, judged, share, cautious)


STYLES, STUDY = "simulated, own styles", "simulated study, own styles"
PROMPTS = "simulated study, by prompt"

#: Ratings whose raters differ less in their means than chance would make independent ones differ.
ALIKE = "soup"
UNITS = ("rater", "item")
PEOPLE = ("trustamas", "soup", "carrots", "VerbAgg", "CSC")

_ALL: Sequence[Case] = (
    *(_case(mixed(name, unit), name, unit) for name in (STYLES, STUDY) for unit in UNITS),
    _case(mixed(PROMPTS, "prompt"), PROMPTS, "prompt", share=0.5),
    *(
        _case(real(name, "rater"), name, "rater", share=0.5, cautious=name == ALIKE)
        for name in PEOPLE
    ),
    *(_case(real(name, "item"), name, "item", share=0.5) for name in ("carrots", "VerbAgg", "CSC")),
    *(_case(own(name, "rater"), name, "rater", cautious=name == ALIKE) for name in (STYLES, ALIKE)),
    _case(own(STYLES, "item"), STYLES, "item"),
    _case(checks(0.0), "simulated, one style", "rater", share=0.5),
    _case(checks(0.5), STYLES, "rater", judged=False, share=0.5),
    *(_case(described(name), name, "rater") for name in (STYLES, "carrots", "CSC")),
    *(_case(bayesian(name, "rater"), name, "rater", share=0.25) for name in (STYLES, "soup")),
    _case(verbs, STYLES, "rater", share=0.5),
    _case(together, "simulated, two dimensions", "rater", share=0.25),
    *(
        _case(trained(spread), f"scores, runs differ by {spread}", "run", cautious=spread == 0)
        for spread in (0.0, 0.3)
    ),
    *(
        _case(planned(model), f"planned studies, {model}", "rater")
        for model in ("linear", "ordinal")
    ),
)

CASES = {case.name: case for case in _ALL if case.data not in SOURCES or SOURCES[case.data].here}
