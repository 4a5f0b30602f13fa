"""Strengths of options, their differences between groups of raters, and who would win."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit, ndtr
from scipy.stats import chi2, norm

from pluralign_stats.backing import Backing
from pluralign_stats.effects.adjust import holm
from pluralign_stats.errors import NotApplicableError, check_one_of
from pluralign_stats.figures.charts import FOREST, STRENGTHS, WINS
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.choice_estimates import ChoiceEstimates
from pluralign_stats.models.family import UNITS
from pluralign_stats.notes import Code, Note
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, SIGNIFICANCE
from pluralign_stats.significance import check_level, significant
from pluralign_stats.study.text import contrast_labels
from pluralign_stats.words import counted, p_told

#: The sentence of a table of some of the rows.
Retell = Callable[[pd.DataFrame], str]

#: Nodes of the quadrature over raters' deviations.
NODES = 31

#: Step of the differences by which probabilities are differentiated.
STEP = 1e-6

#: What the group of all raters is called.
ALL = "All raters"


@dataclass(frozen=True, eq=False)
class _Groups:
    """Groups of raters: names, covariates (g, c), and how many raters each has.

    `behind` (g, S) are those of them who judged each option.
    """

    term: str
    names: tuple[str, ...]
    covariates: np.ndarray
    raters: np.ndarray
    behind: np.ndarray


def _groups(fit: ChoiceEstimates, by: str | None) -> _Groups:
    covariates = fit.covariates_at(by)
    behind = fit.raters_who_compared(by)
    if by is None:
        return _Groups("", (ALL,), covariates, np.array([fit.n_raters]), behind)
    return _Groups(by, fit.rows.levels[by], covariates, fit.raters_of[by].to_numpy(), behind)


def _need_options(fit: ChoiceEstimates) -> None:
    if not fit.options:
        raise NotApplicableError(
            "the model has strengths of single responses only, and none of options; see "
            "response_strengths()"
        )


def _level(conf_level: float) -> float:
    check_level(conf_level)
    return float(norm.ppf((1 + conf_level) / 2))


def strengths(
    fit: ChoiceEstimates, by: str | None = None, *, conf_level: float = CONF_LEVEL
) -> Result:
    """Strength of each option: log odds of being preferred to an average one.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model, for strengths in each of its levels; others are averaged over
        the raters.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns option, (group,) estimate, std_error, conf_low, conf_high, n_raters (of the group),
        method. Strengths add up to 0 in each group.

    Raises
    ------
    InputError
        If the model has no such demographic, or no strengths of options.
    """
    _need_options(fit)
    groups, width = _groups(fit, by), _level(conf_level)
    rows = fit.strength_rows(groups.covariates)
    flat = rows.transpose(1, 0, 2).reshape(-1, rows.shape[2])
    estimate = flat @ fit.parameters
    error = np.sqrt(np.einsum("mk,kl,ml->m", flat, fit.found.vcov, flat).clip(0))
    n, g = len(fit.options), len(groups.names)
    table = pd.DataFrame({"option": np.repeat(fit.options, g), "group": np.tile(groups.names, n)})
    raters = np.tile(groups.raters, n)
    table = table.assign(
        estimate=estimate, std_error=error, conf_low=estimate - width * error,
        conf_high=estimate + width * error, n_raters=raters, method=fit.method,
    )  # fmt: skip
    table = table if by else table.drop(columns="group")
    unit = UNITS[fit.structure.link]

    def told(shown: pd.DataFrame) -> str:
        return _best_told(shown, unit)

    title = f"Strengths by {by}" if by else "Strengths"
    return Result.of(
        fit, table, told(table), title, unit=unit, conf_level=conf_level,
        notes=[*_about(fit), "Strengths add up to 0: 0 is an average option."],
        backing=_backing(fit, by, groups.behind.T.ravel(), told), figure=STRENGTHS,
    )  # fmt: skip


def _best_told(shown: pd.DataFrame, unit: str) -> str:
    """Which option is the strongest, in each group."""
    if shown.empty:
        return "No group is large enough to be shown."
    parts = []
    for group, own in shown.groupby("group", sort=False) if "group" in shown else [("", shown)]:
        best = own.loc[own["estimate"].idxmax()]
        who = f"{group}: " if group else ""
        parts.append(f"{who}{best['option']} is the strongest, {with_interval(best, '.2f', unit)}")
    return "; ".join(parts) + "."


def _about(fit: ChoiceEstimates) -> list[str]:
    """What is said of every table of a model of choices."""
    notes = [f"{counted(fit.n_choices, 'comparison' if fit.pairs else 'choice')} were used."]
    if fit.rows.n_dropped and len(fit.rows.choices.raters) - fit.n_raters >= MIN_CELL:
        lacking = " or ".join(fit.rows.levels)
        notes.append(
            f"{counted(fit.rows.n_dropped, 'choice')} of raters without an answer on {lacking} "
            "were left out."
        )
    if "rater" in fit.structure.terms:
        notes.append(
            "Strengths are those of a typical rater of the group, given raters' deviations."
        )
    return notes


def _backing(
    fit: ChoiceEstimates, by: str | None, raters: np.ndarray, told: Retell, **more: Any
) -> Backing:
    """Rows about groups of few raters are withheld, with the counts that would tell of them."""
    if by is None:
        return Backing(raters, retell=told, **more)
    counts = fit.raters_of[by].to_numpy()
    place = more.pop("place", np.arange(len(raters)) % len(counts))
    lacking = len(fit.rows.choices.raters) - fit.n_raters
    apart = np.full(len(raters), lacking)
    return Backing(raters, counts=counts[None], place=place, retell=told, apart=apart, **more)


def strength_differences(
    fit: ChoiceEstimates,
    by: str,
    *,
    reference: str | None = None,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """By how much strengths differ between groups of raters.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model.
    reference
        Level that the others are compared with; by default its first.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns term, option, contrast, level, reference, estimate, std_error, conf_low, conf_high,
        p_value, p_adjusted (Holm, over the options of one contrast), n_raters (of the level),
        method.

    Raises
    ------
    InputError
        If the model has no such demographic or level, or no strengths of options.
    """
    _need_options(fit)
    groups, width = _groups(fit, by), _level(conf_level)
    reference = reference or groups.names[0]
    check_one_of("the reference", reference, groups.names)
    base = groups.names.index(reference)
    others = [k for k in range(len(groups.names)) if k != base]
    rows = fit.strength_rows(groups.covariates)
    flat = (rows[others] - rows[base]).reshape(-1, rows.shape[2])
    estimate = flat @ fit.parameters
    error = np.sqrt(np.einsum("mk,kl,ml->m", flat, fit.found.vcov, flat).clip(0))
    n = len(fit.options)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(estimate / error))
    family = np.repeat(np.arange(len(others)), n)
    labels = contrast_labels([(groups.names[k], reference) for k in others])
    place = np.repeat(others, n)
    fewer = np.minimum(groups.behind[others], groups.behind[base]).ravel()
    adjusted = np.concatenate([holm(p[family == f]) for f in range(len(others))])
    table = pd.DataFrame(
        {
            "term": by,
            "option": np.tile(fit.options, len(others)),
            "contrast": np.repeat(labels, n),
            "level": np.repeat([groups.names[k] for k in others], n),
            "reference": reference,
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate - width * error,
            "conf_high": estimate + width * error,
            "p_value": p,
            "p_adjusted": adjusted,
            "n_raters": groups.raters[place],
            "method": fit.method,
        }
    )
    together = strength_test(fit, by)
    unit = UNITS[fit.structure.link]

    def told(shown: pd.DataFrame) -> str:
        n_clear = int(significant(shown).sum()) if len(shown) else 0
        return (
            f"{n_clear} of {counted(len(shown), 'difference')} in strength by {by} have an "
            f"adjusted p below {SIGNIFICANCE:g}; together: {p_told(together.p_value)}."
        )

    backing = _backing(fit, by, fewer, told, place=place, family=family, readjust=holm)
    return Result.of(
        fit, table, told(table), f"Differences in strength by {by}", unit=unit,
        conf_level=conf_level,
        notes=[*_about(fit), Note(Code.ADJUSTMENT, "p adjusted: Holm, over the options.")],
        backing=backing, figure=FOREST,
    )  # fmt: skip


def response_strengths(fit: ChoiceEstimates, *, conf_level: float = CONF_LEVEL) -> Result:
    """Predicted strength of each response to a prompt, beside that of its option or system.

    Parameters
    ----------
    fit
        A model of choices with ``responses=True``.
    conf_level
        Level of the intervals, which hold the other parameters fixed.

    Returns
    -------
    Result
        Columns prompt, option, estimate, std_error, conf_low, conf_high, n_raters (who compared
        it), method.

    Raises
    ------
    InputError
        If the model has no random strengths of responses.
    """
    if not fit.structure.responses:
        raise NotApplicableError(
            "the model has no strengths of single responses; fit it with responses=True"
        )
    found, width, rows = fit.found, _level(conf_level), fit.rows
    options = rows.choices.options
    choice = options["choice"].to_numpy()
    used = rows.kept[choice]
    seen = pd.DataFrame({"response": rows.response[used], "rater": rows.rater[choice[used]]})
    raters = seen.groupby("response")["rater"].nunique()
    first = pd.Series(np.arange(len(options)), rows.response).groupby(level=0).first()
    at = first[found.responses].to_numpy()
    table = pd.DataFrame(
        {
            "prompt": rows.choices.choices["prompt"].astype(str).to_numpy()[choice[at]],
            "option": options["option"].astype(str).to_numpy()[at],
            "estimate": found.strengths,
            "std_error": found.errors,
            "conf_low": found.strengths - width * found.errors,
            "conf_high": found.strengths + width * found.errors,
            "n_raters": raters[found.responses].to_numpy(),
            "method": fit.method,
        }
    )
    sd = fit.random_sd["response"]
    unit = UNITS[fit.structure.link]

    def told(shown: pd.DataFrame) -> str:
        return (
            f"{counted(len(shown), 'response')}; strengths of responses have a standard deviation "
            f"of {sd:.2f} {unit} beside those of options."
        )

    return Result.of(
        fit, table, told(table), "Strengths of responses", unit=unit, conf_level=conf_level,
        interval="intervals given the other parameters", notes=_about(fit),
        backing=Backing(table["n_raters"].to_numpy(), retell=told), figure=FOREST,
    )  # fmt: skip


@dataclass(frozen=True)
class StrengthTest:
    """Wald's test that all strengths are the same in all groups: chi-squared, df, and p."""

    statistic: float
    df: int
    p_value: float


def strength_test(fit: ChoiceEstimates, by: str) -> StrengthTest:
    """Test that strengths do not differ by a demographic of the model.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model.

    Returns
    -------
    StrengthTest
        Wald's.
    """
    rows = fit.strength_rows(fit.covariates_at(by))
    flat = (rows[1:, :-1] - rows[0, :-1]).reshape(-1, rows.shape[2])
    value = flat @ fit.parameters
    matrix = flat @ fit.found.vcov @ flat.T
    if not np.isfinite(matrix).all():
        return StrengthTest(np.nan, len(value), np.nan)
    statistic = float(value @ np.linalg.pinv(matrix, hermitian=True) @ value)
    return StrengthTest(statistic, len(value), float(chi2.sf(statistic, len(value))))


def win_probabilities(
    fit: ChoiceEstimates,
    by: str | None = None,
    *,
    averaging: str = "marginal",
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Probability that each option is preferred to each other, ties counted half.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model, for each of its levels.
    averaging
        ``"marginal"``: over raters, who deviate from their group; ``"conditional"``: of a rater
        without deviations. They differ only where the model has deviations of raters.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns option, against, (group,) estimate, std_error, conf_low, conf_high, n_raters,
        method. Neither option has the advantage of being shown first.

    Raises
    ------
    InputError
        If the model has no such demographic, or no strengths of options.
    """
    _need_options(fit)
    check_one_of("'averaging'", averaging, ("marginal", "conditional"))
    groups, width = _groups(fit, by), _level(conf_level)
    first, second = np.nonzero(~np.eye(len(fit.options), dtype=bool))
    rows = fit.strength_rows(groups.covariates)
    apart = (rows[:, first] - rows[:, second]).transpose(1, 0, 2).reshape(-1, rows.shape[2])
    share, slopes = _shares(fit, apart, marginal=averaging == "marginal")
    error = np.sqrt(np.einsum("mk,kl,ml->m", slopes, fit.found.vcov, slopes).clip(0))
    logit, on_logit = np.log(share / (1 - share)), error / (share * (1 - share))
    n, g = len(first), len(groups.names)
    behind = np.minimum(groups.behind[:, first], groups.behind[:, second]).T.ravel()
    names, raters = np.array(fit.options, dtype=object), np.tile(groups.raters, n)
    table = pd.DataFrame(
        {
            "option": np.repeat(names[first], g),
            "against": np.repeat(names[second], g),
            "group": np.tile(groups.names, n),
            "estimate": share,
            "std_error": error,
            "conf_low": expit(logit - width * on_logit),
            "conf_high": expit(logit + width * on_logit),
            "n_raters": raters,
            "method": fit.method,
        }
    )
    table = table if by else table.drop(columns="group")

    def told(shown: pd.DataFrame) -> str:
        if shown.empty:
            return "No group is large enough to be shown."
        top = shown.loc[shown["estimate"].idxmax()]
        who = f"raters of {by} {top['group']}" if by else "raters"
        return (
            f"Most one-sided: {who} prefer {top['option']} to {top['against']} in "
            f"{top['estimate']:.0%} of comparisons [{top['conf_low']:.0%}, {top['conf_high']:.0%}]."
        )

    title = f"Win probabilities by {by}" if by else "Win probabilities"
    return Result.of(
        fit, table, told(table), title, unit="probability", conf_level=conf_level,
        interval="delta-method intervals", notes=[*_about(fit), "Ties count half."],
        backing=_backing(fit, by, behind, told), figure=WINS,
    )  # fmt: skip


def _shares(
    fit: ChoiceEstimates, apart: np.ndarray, *, marginal: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) shares of wins at differences of strength (m, k) rows, and (m, k) slopes."""
    structure, x = fit.structure, fit.parameters
    curve = expit if structure.link == "logit" else ndtr
    at, weights = hermegauss(NODES)
    weights = weights / weights.sum()
    place = len(fit.found.location)
    spread = np.zeros(len(x))
    if marginal and "rater" in structure.terms:
        spread[place + structure.terms.index("rater")] = np.sqrt(2)

    def shares(x: np.ndarray) -> np.ndarray:
        eta = (apart @ x)[:, None] + spread @ x * at
        tie = x[0] if structure.ties else 0.0
        return (0.5 * (curve(eta - tie) + curve(eta + tie))) @ weights

    moved = [(shares(x + e) - shares(x - e)) / (2 * STEP) for e in STEP * np.eye(len(x))]
    return shares(x), np.array(moved).T


def choice_summary(fit: ChoiceEstimates, *, conf_level: float = CONF_LEVEL) -> Result:
    """Strengths of all raters together, the width of ties, position, and random effects.

    Parameters
    ----------
    fit
        A model of choices.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns term, estimate, std_error, conf_low, conf_high, method.
    """
    width, x = _level(conf_level), fit.parameters
    structure, f = fit.structure, len(fit.found.location)
    rows: list[np.ndarray] = []
    names: list[str] = []
    for name, there in (("tie (half-width)", structure.ties), ("shown first", structure.position)):
        if there:
            rows.append(np.eye(len(x))[len(names)])
            names.append(name)
    behind = [fit.n_raters] * len(names)
    if fit.options:
        behind += list(fit.raters_who_compared(None)[0])
        names += list(fit.options)
        rows += list(fit.strength_rows(fit.covariates_at(None))[0])
    for k, term in enumerate(structure.terms):
        rows.append(np.eye(len(x))[f + k])
        names.append(f"sd({term})")
    behind += [fit.n_raters] * len(structure.terms)
    matrix = np.array(rows)
    estimate = matrix @ x
    error = np.sqrt(np.einsum("mk,kl,ml->m", matrix, fit.found.vcov, matrix).clip(0))
    table = pd.DataFrame({"term": names, "estimate": estimate, "std_error": error})
    table = table.assign(
        conf_low=estimate - width * error, conf_high=estimate + width * error, method=fit.method
    )
    told = (
        f"{counted(fit.n_choices, 'comparison' if fit.pairs else 'choice')}; log-likelihood "
        f"{fit.loglik:,.1f}."
    )
    backing = Backing(np.array(behind))
    return Result.of(
        fit, table, told, "Model of choices", unit=UNITS[structure.link], conf_level=conf_level,
        notes=_about(fit), backing=backing, figure=FOREST,
    )  # fmt: skip
