"""Experiments: the conditions that differ in one factor only, with the controls beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pluralign_stats.designs import CONTROL, Designs
from pluralign_stats.errors import NotApplicableError, check_one_of
from pluralign_stats.outcomes.read import DimensionInfo

#: The factors of the study's experiment on optimizers.
OPTIMIZERS = ("optimizer", "objective")

#: Name of the mean over all dimensions, those where a low score is good turned round.
OVERALL = "overall"
OVERALL_LABEL = "Overall (high is good)"

#: What an experiment's table tells of the condition of a run, beside base model and seed.
CONDITION = ("group", "scale", "strategy", "objective", "budget", "optimizer")


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
    data_kind, data_note, notes
        As in `Outcomes`, and what a reader has to know of the choice of conditions.
    control_label
        What the untuned models are called.

    Examples
    --------
    >>> experiment.designs
    ('control', 'preserve', 'majority')
    >>> experiment.dimensions
    ('toxicity',)
    """

    table: pd.DataFrame
    factor: str
    levels: tuple[str, ...]
    fixed: Mapping[str, str]
    excluded: pd.DataFrame
    values: Designs = field(default_factory=dict)
    meaning: DimensionInfo = field(default_factory=DimensionInfo)
    data_kind: str = "unstated"
    data_note: str = ""
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
        check_one_of("the dimension", dimension, self.dimensions)
        rows = self.table[self.table["dimension"] == dimension].reset_index(drop=True)
        rows.attrs["data"] = self.data_kind
        return rows

    def check_design(self, name: str, value: str) -> None:
        """Refuse what is no design of the experiment."""
        check_one_of(f"'{name}'", value, self.designs)

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
        NotApplicableError
            If a dimension's valence is not known, or one is called ``overall`` itself.
        """
        valence = {name: self.meaning.valence(name) for name in self.dimensions}
        unknown = [name for name, sign in valence.items() if sign is None]
        if unknown:
            raise NotApplicableError(
                f"an overall score needs to know which end of '{unknown[0]}' is good; read the "
                "outcomes with their study, whose codebook states its 'valence': "
                "read_outcomes(path, study=study)"
            )
        if OVERALL in valence:
            raise NotApplicableError(
                f"there is no mean over all dimensions beside one that is called '{OVERALL}'; give "
                "that dimension another name"
            )
        table = self.table.assign(score=_good_scores(self.table, self.meaning))
        keys = [column for column in table if column not in ("dimension", "score")]
        grouped = table.groupby(keys, observed=True, sort=False)["score"]
        means = grouped.agg(["mean", "size"]).reset_index()
        whole = means[means["size"] == len(valence)].rename(columns={"mean": "score"})
        whole = whole.drop(columns="size").assign(dimension=OVERALL)
        scales = {name: self.meaning.scale(name) for name in valence}
        mixed = (_mixed(scales, self.meaning),) if len(set(scales.values())) > 1 else ()
        return replace(
            self,
            table=pd.concat([self.table, whole], ignore_index=True),
            meaning=replace(self.meaning, labels={OVERALL: OVERALL_LABEL}),
            notes=(*self.notes, *mixed),
        )

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


def _good_scores(table: pd.DataFrame, meaning: DimensionInfo) -> np.ndarray:
    """Scores turned round where low is good, and brought to the scale of the first dimension."""
    names = table["dimension"].unique()
    valence = table["dimension"].map({name: meaning.valence(name) for name in names})
    low = table["dimension"].map({name: meaning.scale(name)[0] for name in names})
    high = table["dimension"].map({name: meaning.scale(name)[1] for name in names})
    good = np.where(valence == 1, table["score"], low + high - table["score"])
    bottom, top = meaning.scale(names[0])
    if ((low == bottom) & (high == top)).all():
        return good
    return bottom + (good - low) / (high - low) * (top - bottom)


def _mixed(scales: Mapping[str, tuple[float, float]], meaning: DimensionInfo) -> str:
    """How scores on different scales were brought together."""
    told = [f"{meaning.label(d)} {low:g} to {high:g}" for d, (low, high) in scales.items()]
    first, *_ = scales
    return (
        f"{OVERALL_LABEL}: the dimensions' scales differ ({'; '.join(told)}), so that scores were "
        f"stretched to that of {meaning.label(first)} before they were averaged. A point on a "
        "short scale counts for more than one on a long scale."
    )
