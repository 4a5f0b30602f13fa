"""Choices of raters among responses: what every analysis of them reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.choices.codebook import ChoiceBook
from pluralign_stats.errors import check_one_of
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.suppression import few
from pluralign_stats.words import counted

#: What is said of a comparison of two options.
OUTCOMES = ("second", "tie", "first")


@dataclass(frozen=True, eq=False, repr=False)
class Choices:
    """Validated choices among options, with their codebook; it does not change.

    Attributes
    ----------
    codebook
        Meaning of everything else.
    hashes
        SHA-256 of each data file, by file name.

    Examples
    --------
    >>> choices.summary_counts()
    {'raters': 60, 'prompts': 12, 'options': 4, 'choices': 900}
    >>> choices.pairs["outcome"].cat.categories.tolist()
    ['second', 'tie', 'first']
    """

    codebook: ChoiceBook
    _options: pd.DataFrame
    _choices: pd.DataFrame
    _raters: pd.DataFrame
    _exclusions: pd.DataFrame
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> pd.DataFrame:
        """One row for each option of each choice.

        Columns choice (its number), option, rank (1 for the best; equal ranks are ties; missing
        for what ranks below all that have one), position (place at which it was shown, missing
        where that is not known), and system and text where they are known.
        """
        return self._options.copy(deep=False)

    @property
    def choices(self) -> pd.DataFrame:
        """One row for each choice, by number: rater, prompt, and what else is known of it."""
        return self._choices.copy(deep=False)

    @property
    def raters(self) -> pd.DataFrame:
        """One row for each rater: rater, then demographics."""
        return self._raters.copy(deep=False)

    @property
    def exclusions(self) -> pd.DataFrame:
        """What was left out when choices were read: reason, n."""
        return self._exclusions.copy(deep=False)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """What the choices say of each two options: one row for each comparison.

        Columns choice, rater, prompt, first and second (options, in the order in which they were
        shown where that is known), outcome (``"second"``, ``"tie"`` or ``"first"``: what is
        preferred), weight, then demographics. A choice of the best of several says that it is
        preferred to each of the others, and nothing of these.
        """
        at = compared(self._options)
        options = self._options["option"].to_numpy()
        choice = self._options["choice"].to_numpy()[at.first]
        rows = self._choices.iloc[choice].reset_index(drop=True)
        made = {
            "choice": choice,
            "rater": rows["rater"],
            "prompt": rows["prompt"],
            "first": options[at.first],
            "second": options[at.second],
            "outcome": pd.Categorical.from_codes(at.outcome, OUTCOMES, ordered=True),
            "weight": rows.get("weight", 1.0),
        }
        place = pd.Index(self._raters["rater"]).get_indexer(rows["rater"])
        return pd.DataFrame(
            made | {name: self._raters[name].array.take(place) for name in self.demographics}
        )

    @property
    def sizes(self) -> np.ndarray:
        """(choices,) number of options of each."""
        return np.bincount(self._options["choice"])

    @property
    def name(self) -> str:
        """Short name."""
        return self.codebook.name

    @property
    def title(self) -> str:
        """Title for readers."""
        return self.codebook.title or self.codebook.name

    @property
    def source(self) -> str:
        """Where the data come from."""
        return self.codebook.source

    @property
    def data_kind(self) -> str:
        """``"simulated"`` or ``"observed"``: what every table and figure says."""
        return "simulated" if self.codebook.simulated else "observed"

    @property
    def demographics(self) -> tuple[str, ...]:
        """Names of the demographics, in the codebook's order."""
        return tuple(self.codebook.demographics)

    @property
    def systems(self) -> bool:
        """Whether it is known what made each option."""
        return "system" in self._options

    def levels(self, demographic: str) -> tuple[str, ...]:
        """Levels of a demographic that occur, the reference first."""
        check_one_of("the demographic", demographic, self.demographics)
        return tuple(map(str, self._raters[demographic].cat.categories))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over codebook and data files: equal for equal choices."""
        parts = [self.codebook.model_dump_json(), *sorted(self.hashes.values())]
        return digest_text("\n".join(parts))

    def summary_counts(self) -> dict[str, int]:
        """Count raters, prompts, options that differ, and choices."""
        return {
            "raters": len(self._raters),
            "prompts": int(self._choices["prompt"].nunique()),
            "options": int(self._options["option"].nunique()),
            "choices": len(self._choices),
        }

    def released_counts(self) -> dict[str, int]:
        """The same as they are shown: without a number of raters below the smallest cell."""
        counts = self.summary_counts()
        if few(np.array(counts["raters"]), MIN_CELL):
            del counts["raters"]
        return counts

    def __repr__(self) -> str:
        told = ", ".join(counted(n, what[:-1]) for what, n in self.released_counts().items())
        kind = " (simulated)" if self.codebook.simulated else ""
        return f"<Choices '{self.name}'{kind}: {told}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><th scope='row'>{escape(what)}</th><td>{n:,}</td></tr>"
            for what, n in self.released_counts().items()
        )
        note = "; simulated" if self.codebook.simulated else ""
        return f"<table><caption>{escape(self.title)}{note}</caption>{rows}</table>"


@dataclass(frozen=True, eq=False)
class Compared:
    """Rows of two options (n,), and the outcome: 2 for the first, 1 for a tie, 0 for the second."""

    first: np.ndarray
    second: np.ndarray
    outcome: np.ndarray


def compared(options: pd.DataFrame) -> Compared:
    """All two options of one choice of which it says which is better, or that neither is.

    Where it is known in which order options were shown, the earlier is the first.
    """
    choice, rank = options["choice"].to_numpy(), options["rank"].to_numpy(dtype=float)
    place = options["position"].to_numpy(dtype=float)
    order = np.lexsort((np.nan_to_num(place), choice))
    sizes = np.bincount(choice)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    pairs: list[np.ndarray] = []
    for k in np.unique(sizes):
        at = starts[sizes == k]
        i, j = np.triu_indices(int(k), 1)
        pairs.append(np.stack([at[:, None] + i, at[:, None] + j]).reshape(2, -1))
    first, second = order[np.hstack(pairs)]
    one, two = np.nan_to_num(rank[first], nan=np.inf), np.nan_to_num(rank[second], nan=np.inf)
    known = np.isfinite(one) | np.isfinite(two)
    outcome = 1 + (one < two).astype(int) - (one > two).astype(int)
    found = np.lexsort((second[known], first[known]))
    return Compared(first[known][found], second[known][found], outcome[known][found])


def options_frame(found: pd.DataFrame) -> pd.DataFrame:
    """Options as they are kept: names as categories, without the rows of the file."""
    names = {c: found[c].astype("category") for c in ("option", "system") if c in found}
    return found.drop(columns="row").assign(**names)


def choices_of(
    book: ChoiceBook,
    options: pd.DataFrame,
    choices: pd.DataFrame,
    raters: pd.DataFrame,
    exclusions: pd.DataFrame,
    hashes: Mapping[str, str],
) -> Choices:
    """Choices of checked parts."""
    rows: dict[str, Any] = {c: choices[c].astype("category") for c in ("rater", "prompt")}
    kept = choices.drop(columns="row").assign(**rows)
    return Choices(
        book,
        options_frame(options),
        kept,
        raters[raters["rater"].isin(kept["rater"].cat.categories)].reset_index(drop=True),
        exclusions,
        hashes,
    )
