"""Experiments: the conditions that differ in one factor only, with the controls beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.designs import CONTROL, Designs
from pluralign_stats.errors import InputError, NotApplicableError, listing, one_of
from pluralign_stats.outcomes.choose_runs import (
    commonest_setting,
    commonest_training,
    controls_of,
    in_order,
    label_designs,
    of_levels,
    uneven_models,
    with_values,
)
from pluralign_stats.outcomes.read import Meaning, Outcomes, data_notes
from pluralign_stats.outcomes.schema import FACTORS, GENERATION, TUNING

#: What is done with generations that the judge calls malformed.
Malformed = Literal["dropped", "kept", "worst"]

#: The study's experiments, by the factors that vary.
GROUPS = ("group",)
SCALES = ("scale",)
STRATEGIES = ("strategy",)
OPTIMIZERS = ("optimizer", "objective")

#: Name of the mean over all dimensions, those where a low score is good turned round.
OVERALL = "overall"
OVERALL_LABEL = "Overall (high is good)"

#: What an experiment's table tells of the condition of a run, beside base model and seed.
CONDITION = ("group", "scale", "strategy", "objective", "budget", "optimizer")

_ROWS = ("base_model", "chat_template", "seed", "language", "prompt")


@dataclass(frozen=True, eq=False, repr=False)
class Experiment:
    """Conditions that differ in one factor only, and the controls of their base models.

    Attributes
    ----------
    table
        One row per generation and dimension that has a score: design (categorical, the control
        first), tuned (1, or 0 for a control), run, the factors of `CONDITION`, seed, base_model,
        prompt, language, sample, dimension, score.
    factor
        What varies.
    levels
        The designs, without the control.
    fixed
        What all conditions share.
    values
        The values of the factors that vary, by design.
    excluded
        Scores that are not used: design, dimension, reason, n, of (how many there are).
    meaning
        Labels, scale and valence of the dimensions.
    data_kind, told, notes
        As in `Outcomes`, and what a reader has to know of the choice of conditions.
    control_label
        What the untuned models are called.
    """

    table: pd.DataFrame
    factor: str
    levels: tuple[str, ...]
    fixed: Mapping[str, str]
    excluded: pd.DataFrame
    values: Designs = field(default_factory=dict)
    meaning: Meaning = field(default_factory=Meaning)
    data_kind: str = "unstated"
    told: str = ""
    notes: tuple[str, ...] = ()
    control_label: str = CONTROL

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions, in order."""
        return tuple(str(name) for name in self.table["dimension"].unique())

    @property
    def designs(self) -> tuple[str, ...]:
        """The control and the levels."""
        return (self.control_label, *self.levels)

    def of(self, dimension: str) -> pd.DataFrame:
        """The rows of one dimension, for a model.

        Raises
        ------
        InputError
            If there is no such dimension.
        """
        if dimension not in self.dimensions:
            raise InputError(one_of("the dimension", dimension, self.dimensions))
        rows = self.table[self.table["dimension"] == dimension].reset_index(drop=True)
        rows.attrs["data"] = self.data_kind
        return rows

    def check_design(self, name: str, value: str) -> None:
        """Refuse what is no design of the experiment."""
        if value not in self.designs:
            raise InputError(one_of(f"'{name}'", value, self.designs))

    def counts(self, dimension: str) -> pd.DataFrame:
        """n_runs, n_seeds, n_prompts, n_generations behind each design."""
        grouped = self.of(dimension).groupby("design", observed=False)
        counts = {f"n_{what}s": grouped[what].nunique() for what in ("run", "seed", "prompt")}
        return pd.DataFrame({**counts, "n_generations": grouped.size()})

    def without(self, column: str, value: object) -> "Experiment":
        """The same without one seed (controls have none), prompt or base model."""
        gone = self.table[column] == value
        if column == "seed":
            gone &= self.table["tuned"] == 1
        return replace(self, table=self.table[~gone].reset_index(drop=True))

    def only(self, *designs: str) -> "Experiment":
        """The same with some of the designs, and the control."""
        kept = tuple(level for level in self.levels if level in designs)
        names = [self.control_label, *kept]
        table = self.table[self.table["design"].isin(names)].reset_index(drop=True)
        table["design"] = table["design"].cat.set_categories(names)
        excluded = self.excluded[self.excluded["design"].isin(names)]
        return replace(self, table=table, levels=kept, excluded=excluded)

    def with_overall(self) -> "Experiment":
        """The same with the dimension ``overall``: the mean over all that were scored.

        Scores of dimensions where a low score is good are turned round first, so that a high
        overall score is good, and put on the scale of the first dimension where scales differ.
        Generations that lack a score are left out of it.

        Raises
        ------
        InputError
            If a dimension's valence is not known, or one is called ``overall`` itself.
        """
        valence = {name: self.meaning.valence(name) for name in self.dimensions}
        unknown = [name for name, sign in valence.items() if sign is None]
        if unknown:
            raise InputError(
                f"an overall score needs to know which end of '{unknown[0]}' is good; read the "
                "outcomes with their study: read_outcomes(path, study=study)"
            )
        if OVERALL in valence:
            raise NotApplicableError(
                f"there is no mean over all dimensions beside one that is called '{OVERALL}'; give "
                "that dimension another name"
            )
        table, scores = self.table, self.table["score"]
        scales = {name: self.meaning.scale(name) for name in valence}
        (bottom, top), *_ = scales.values()
        ends = table["dimension"].map({name: sum(scale) for name, scale in scales.items()})
        good = np.where(table["dimension"].map(valence) == 1, scores, ends - scores)
        notes = self.notes
        if len(set(scales.values())) > 1:
            notes = (*notes, _mixed(scales, self.meaning))
            low = table["dimension"].map({name: scale[0] for name, scale in scales.items()})
            width = table["dimension"].map({n: high - least for n, (least, high) in scales.items()})
            good = bottom + (good - low) / width * (top - bottom)
        keys = [column for column in table if column not in ("dimension", "score")]
        grouped = table.assign(score=good).groupby(keys, observed=True, sort=False)["score"]
        means = grouped.agg(["mean", "size"]).reset_index()
        whole = means[means["size"] == len(valence)].rename(columns={"mean": "score"})
        whole = whole.drop(columns="size").assign(dimension=OVERALL)
        meaning = replace(self.meaning, labels={OVERALL: OVERALL_LABEL})
        table = pd.concat([table, whole], ignore_index=True)
        return replace(self, table=table, meaning=meaning, notes=notes)

    def left_out(self) -> str:
        """What is not used, in words; empty where everything is."""
        if self.excluded.empty:
            return ""
        told = []
        for reason, rows in self.excluded.groupby("reason", sort=False):
            each = rows.groupby("design", observed=True, sort=False)[["n", "of"]].sum()
            parts = [f"{design} {n:,} of {of:,}" for design, n, of in each.itertuples()]
            told.append(f"{reason}: {', '.join(parts)}")
        return f"Scores {'; '.join(told)}."

    def __repr__(self) -> str:
        runs = self.table["run"].nunique()
        return f"<Experiment by {self.factor}: {', '.join(self.designs)}; {runs} runs>"


def _mixed(scales: Mapping[str, tuple[float, float]], meaning: Meaning) -> str:
    """How scores on different scales were brought together."""
    told = [f"{meaning.label(d)} {low:g} to {high:g}" for d, (low, high) in scales.items()]
    first, *_ = scales
    return (
        f"{OVERALL_LABEL}: the dimensions' scales differ ({'; '.join(told)}), so that scores were "
        f"stretched to that of {meaning.label(first)} before they were averaged. A point on a "
        "short scale counts for more than one on a long scale."
    )


def select_experiment(
    outcomes: Outcomes,
    factor: str | Sequence[str],
    *,
    levels: Sequence[str] = (),
    malformed: Malformed = "dropped",
    **fixed: Any,
) -> Experiment:
    """Choose the conditions that differ in one factor only.

    Parameters
    ----------
    outcomes
        The scores.
    factor
        A factor of the condition, such as ``"strategy"``; several for their combinations.
    levels
        Which of its levels, and in which order; all by default, in the study's order.
    malformed
        What becomes of generations that the judge calls malformed. ``"dropped"``: they are left
        out, whether or not they have a score. ``"kept"``: they stay if they have one. ``"worst"``:
        they get the bad end of the scale, which bounds what leaving them out can hide. What has no
        score otherwise is left out. Whatever is left out is counted in `Experiment.excluded`.
    fixed
        Values of other factors, such as ``objective="toxicity"`` or ``budget="equal"`` (any budget
        but the natural one). Of base_model, chat_template, seed, language and prompt also several
        values; all of them are used unless stated. Factors of tuning that are not stated are as in
        the setting in which most levels of `factor` were tried, then in most runs.

    Returns
    -------
    Experiment

    Raises
    ------
    InputError
        If there is no such factor, value or condition.

    Notes
    -----
    Training options (``settings``) may differ between base models and always differ between
    optimizers, so they are chosen for each base model, and for each optimizer where that varies.
    """
    names = (factor,) if isinstance(factor, str) else tuple(factor)
    for name in names:
        if name not in TUNING:
            raise InputError(one_of("the factor", name, TUNING))
    if malformed not in get_args(Malformed):
        raise InputError(one_of("'malformed'", malformed, get_args(Malformed)))
    _check_fixed(names, fixed)
    table = _chosen_rows(outcomes.table, {k: v for k, v in fixed.items() if k in _ROWS})
    runs = table.drop_duplicates("run")[["run", *FACTORS]]
    tuned = runs[runs["optimizer"] != CONTROL]
    tuned = tuned.assign(design=label_designs(tuned, names))
    tuned = of_levels(tuned, levels, names)
    stated = {k: v for k, v in fixed.items() if k in TUNING}
    tuned = with_values(tuned, stated)
    setting, tuned = commonest_setting(tuned, names)
    tuned, notes = commonest_training(tuned, names)
    order = list(levels) or in_order(tuned, names, outcomes)
    controls = controls_of(runs, tuned)
    rows = _rows(table, pd.concat([controls, tuned]), [CONTROL, *order])
    lacking = sorted(set(tuned["base_model"]) - set(controls["base_model"]))
    notes += [f"Without a control: {listing(lacking)}."] if lacking else []
    notes += uneven_models(tuned)
    used, excluded = _used(rows, malformed, Meaning(outcomes.codebook))
    if used.empty:
        counts = excluded.groupby("reason")["n"].sum()
        reasons = "; ".join(f"{n} {reason}" for reason, n in counts.items())
        raise NotApplicableError(
            f"no score of these models can be used ({reasons}); look at what they say and at how "
            "it was judged"
        )
    used = _sorted(used, outcomes.dimensions)
    made = tuned.drop_duplicates("design").set_index("design")[[*names]].to_dict("index")
    return Experiment(
        table=used,
        factor=", ".join(names),
        levels=tuple(order),
        fixed=setting,
        values={design: made[design] for design in order if design in made},
        excluded=excluded,
        meaning=Meaning(outcomes.codebook),
        data_kind=outcomes.data_kind,
        told=outcomes.told,
        notes=(*data_notes(outcomes), *notes),
    )


def _check_fixed(names: tuple[str, ...], fixed: Mapping[str, Any]) -> None:
    for name in fixed:
        if name not in (*TUNING, *_ROWS):
            raise InputError(one_of("a factor to fix", name, (*TUNING, *_ROWS)))
        if name in names:
            raise InputError(f"'{name}' varies, and cannot be fixed; state 'levels' instead")


def _values(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]


def _chosen_rows(table: pd.DataFrame, fixed: Mapping[str, Any]) -> pd.DataFrame:
    for name, wanted in fixed.items():
        values, own = _values(wanted), table[name]
        exempt = (table["optimizer"] == CONTROL) & (name == "seed")
        known = own[~exempt].unique()
        for value in values:
            if value not in known:
                raise InputError(one_of(f"'{name}'", value, known))
        table = table[own.isin(values) | exempt]
    return table


def _rows(table: pd.DataFrame, runs: pd.DataFrame, designs: list[str]) -> pd.DataFrame:
    """Scores of the chosen runs, with their design."""
    known = runs.set_index("run")
    rows = table[table["run"].isin(known.index)].reset_index(drop=True)
    design = pd.Categorical(rows["run"].map(known["design"]), designs)
    templates = rows.groupby("base_model")["chat_template"].transform("nunique") > 1
    base = rows["base_model"] + np.where(templates, " (" + rows["chat_template"] + ")", "")
    tuned = (rows["optimizer"] != CONTROL).astype(int)
    return rows.assign(design=design, tuned=tuned, base_model=base)


_KEPT = [
    "design", "tuned", "run", *CONDITION, "seed", "base_model", "prompt", "language", "sample",
    "dimension", "score",
]  # fmt: skip


def _used(
    rows: pd.DataFrame, malformed: Malformed, meaning: Meaning
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores to use, and how many are not, by design, dimension and reason."""
    score = rows["score"]
    bad = rows["malformed"]
    if malformed == "worst":
        score = score.mask(bad, rows["dimension"].map(_worst(rows, meaning)))
    broken = bad if malformed == "dropped" else bad & score.isna()
    reason = np.select([broken, score.isna()], ["of malformed text", "that are missing"], "")
    told = rows[["design", "dimension"]].assign(reason=reason)
    by = ["design", "dimension"]
    found = told[told["reason"] != ""].groupby([*by, "reason"], observed=True, sort=True).size()
    of = told.groupby(by, observed=True).size().rename("of")
    excluded = found.rename("n").reset_index().merge(of.reset_index(), on=by)
    used = rows.assign(score=score)[reason == ""][_KEPT].reset_index(drop=True)
    return used, excluded[[*by, "reason", "n", "of"]]


def _worst(rows: pd.DataFrame, meaning: Meaning) -> dict[str, float]:
    """The bad end of each dimension's scale."""
    ends = {}
    for name in rows["dimension"].unique():
        sign = meaning.valence(name)
        if sign is None:
            raise InputError(
                f"malformed='worst' needs to know which end of '{name}' is bad; read the outcomes "
                "with their study: read_outcomes(path, study=study)"
            )
        ends[name] = float(meaning.scale(name)[0 if sign == 1 else 1])
    return ends


def _sorted(table: pd.DataFrame, dimensions: tuple[str, ...]) -> pd.DataFrame:
    place = table["dimension"].map({name: k for k, name in enumerate(dimensions)})
    keys = [place.to_numpy(), table["design"].cat.codes, *(table[c] for c in GENERATION)]
    return table.iloc[np.lexsort(keys[::-1])].reset_index(drop=True)
