"""The outcome table: scores of generations with the conditions behind them, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from pluralign_stats.designs import CONTROL, MINIATURES, parse_objective
from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.outcomes.schema import (
    COMMAND,
    FACTORS,
    HEALTH,
    OUTCOMES,
    VERSION_KEY,
    check_scores,
    check_version,
    read_made,
)
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.study import Study

#: The scale of scores where no study says otherwise.
SCALE = (1, 5)


@dataclass(frozen=True, eq=False, repr=False)
class Outcomes:
    """Scores of generations.

    Attributes
    ----------
    table
        One row per generation and dimension: the factors of the condition, run, prompt, language,
        sample, dimension, score (missing where there is none), malformed, judge.
    health
        One row per run and language; empty where there is none.
    data_kind
        ``"simulated"``, ``"observed"`` or, without a study, ``"unstated"``: the ratings that the
        models were tuned on.
    data_note
        What figures say about the data.
    codebook
        The study's, for labels, scales, valence and the order of groups; None without a study.

    Examples
    --------
    >>> outcomes.dimensions, outcomes.judge
    (('toxicity',), 'simulated')
    """

    table: pd.DataFrame
    health: pd.DataFrame
    data_kind: str = "unstated"
    data_note: str = ""
    codebook: Codebook | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions, in the study's order, else as they come."""
        return dimensions_of(self.table, self.codebook)

    @property
    def judge(self) -> str:
        """Who gave the scores."""
        return str(self.table["judge"].iloc[0])

    def __repr__(self) -> str:
        runs = self.table.drop_duplicates("run")["optimizer"] != CONTROL
        told = f"{runs.sum()} tuned runs, {(~runs).sum()} controls, judge '{self.judge}'"
        return f"<Outcomes: {told}{f' ({self.data_note})' if self.data_note else ''}>"


@dataclass(frozen=True)
class DimensionInfo:
    """What a codebook, if there is one, says of the dimensions.

    Attributes
    ----------
    codebook
        The study's.
    labels
        Of what is no dimension of the study.
    """

    codebook: Codebook | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, dimension: str) -> str:
        """What readers see in place of a dimension's name."""
        plain = dimension.replace("_", " ").capitalize()
        known = self.codebook.label(dimension) if self.codebook else plain
        return self.labels.get(dimension, known)

    def scale(self, dimension: str) -> tuple[float, float]:
        """Lowest and highest score."""
        known = self.codebook.dimensions.get(dimension) if self.codebook else None
        return (known.scale.low, known.scale.high) if known else SCALE

    def valence(self, dimension: str) -> int | None:
        """1 where a high score is good, -1 where it is bad; None where nobody says."""
        known = self.codebook.dimensions.get(dimension) if self.codebook else None
        return known.valence if known else None


def dimensions_of(table: pd.DataFrame, codebook: Codebook | None) -> tuple[str, ...]:
    """Dimensions of a table of scores, in the codebook's order, else as they come."""
    found = [str(name) for name in table["dimension"].unique()]
    known = [name for name in (codebook.dimensions if codebook else ()) if name in found]
    return (*known, *(name for name in found if name not in known))


def find_outcomes(
    path: str | Path, *, study: Study | None = None, data_note: str = ""
) -> Outcomes | None:
    """Read the scores of generations; where there are none yet, print how to come by them.

    Parameters
    ----------
    path, study, data_note
        As for `read_outcomes`; an empty path is one that was not given.

    Returns
    -------
    Outcomes or None
        As of `read_outcomes`; None where there is no file.

    Raises
    ------
    InputError
        As of `read_outcomes`.

    Examples
    --------
    >>> pls.outcomes.find_outcomes("outcomes.parquet", study=study).dimensions
    ('toxicity',)
    """
    if str(path):
        return read_outcomes(path, study=study, data_note=data_note)
    print(_NONE_YET)
    return None


def read_outcomes(path: str | Path, *, study: Study | None = None, data_note: str = "") -> Outcomes:
    """Read the scores of generations.

    Parameters
    ----------
    path
        The folder that ``pluralign judge`` wrote, or its ``outcomes.parquet``.
    study
        The study whose ratings the models were tuned on, for labels, valence and order.
    data_note
        What figures say about the data, such as ``"simulated study, miniature model"``.

    Returns
    -------
    Outcomes
        One row per generation and dimension.

    Raises
    ------
    InputError
        If the table cannot be read, lacks a column, holds scores by several judges, outside the
        scale or twice for one generation, or an objective that cannot be read, or has no control.

    Examples
    --------
    >>> pls.read_outcomes("outcomes.parquet", study=study).dimensions
    ('toxicity',)
    """
    path = Path(path)
    folder, file = (path, path / OUTCOMES) if path.is_dir() else (path.parent, path)
    table = _parquet(file)
    meaning = DimensionInfo(study.codebook if study else None)
    table = check_scores(table, file, meaning.scale)
    _check(table, meaning, file)
    health = folder / HEALTH
    return Outcomes(
        table=table,
        health=_parquet(health) if health.is_file() else pd.DataFrame(columns=["run", "language"]),
        data_kind=study.data_kind if study else "unstated",
        data_note=data_note,
        codebook=meaning.codebook,
    )


_NONE_YET = """\
No tuned models have been scored yet: train them, let them speak, and score them with
  pluralign train GRID --study STUDY --out RUNS
  pluralign generate RUNS --study STUDY --out GENERATIONS
  pluralign judge GENERATIONS --out SCORES --judge JUDGE --study STUDY
and give them as a parameter, outcomes_file=SCORES/outcomes.parquet."""


def _parquet(file: Path) -> pd.DataFrame:
    table = read_made(file, pd.read_parquet, "Parquet", f"it with: {COMMAND}")
    check_version(table.attrs.pop(VERSION_KEY, None), file)
    return table


def _check(table: pd.DataFrame, meaning: DimensionInfo, file: Path) -> None:
    judges = table["judge"].unique()
    if len(judges) > 1:
        raise InputError(
            f"{file} holds scores by {len(judges)} judges ({listing(judges)}); keep one file for "
            "each judge"
        )
    if meaning.codebook:
        unknown = [d for d in table["dimension"].unique() if d not in meaning.codebook.dimensions]
        if unknown:
            raise InputError(
                f"{file}: {one_of('a dimension', unknown[0], meaning.codebook.dimensions)}; name "
                "the study that the models were tuned on"
            )
    if not (table["optimizer"] == CONTROL).any():
        raise InputError(
            f"{file} has no control (a run whose optimizer is '{CONTROL}'); generate the untuned "
            "models too: pluralign generate"
        )
    for objective, rows in table.groupby("objective", sort=False):
        try:
            parse_objective(str(objective))
        except InputError as error:
            run = rows["run"].iloc[0]
            raise InputError(f"{file}: run '{run}', column 'objective': {error}") from error
    runs = table[["run", *FACTORS]].drop_duplicates()
    mixed = runs["run"].duplicated()
    if mixed.any():
        name = runs.loc[mixed.idxmax(), "run"]
        raise InputError(f"{file}: the run '{name}' has two conditions; give each run its own name")


def data_notes(outcomes: Outcomes) -> tuple[str, ...]:
    """Notes that every table of outcomes has: who judged, and what the miniature models are."""
    names = outcomes.table["base_model"].unique()
    own = [f"'{name}' {what}" for name, what in MINIATURES.items() if name in names]
    told = (f"Miniature base models: {', '.join(own)}.",) if own else ()
    return (f"Scores by the judge '{outcomes.judge}'.", *told)
