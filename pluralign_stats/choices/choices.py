"""Choices of raters among responses: what every analysis of them reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from pluralign_stats.choices.assemble import ChoiceTables, assemble_choices
from pluralign_stats.choices.codebook import TIES, ChoiceBook
from pluralign_stats.choices.compared import OUTCOMES, compared
from pluralign_stats.choices.frame import framed
from pluralign_stats.errors import check_one_of
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.described import Described
from pluralign_stats.suppression import few
from pluralign_stats.words import counted


@dataclass(frozen=True, eq=False, repr=False)
class Choices(Described):
    """Validated choices among options, with their codebook; it does not change.

    Attributes
    ----------
    codebook
        Meaning of everything else.

    Examples
    --------
    >>> choices.summary_counts()
    {'raters': 60, 'prompts': 12, 'options': 4, 'choices': 900}
    >>> choices.pairs["outcome"].cat.categories.tolist()
    ['second', 'tie', 'first']
    """

    codebook: ChoiceBook
    _tables: ChoiceTables

    @classmethod
    def from_frame(
        cls,
        data: pd.DataFrame,
        *,
        rater: str,
        prompt: str | Sequence[str],
        options: Sequence[str] = (),
        rejected: str | Sequence[str] = (),
        option: str | None = None,
        chosen: str | None = None,
        ranks: Sequence[str] = (),
        rank: str | None = None,
        scores: Sequence[str] = (),
        score: str | None = None,
        set: str | Sequence[str] = (),  # noqa: A002 - as the codebook has it
        words: Mapping[str, str] | None = None,
        ties: Sequence[str] = TIES,
        shown_in_order: bool = False,
        position: str | None = None,
        systems: Sequence[str] = (),
        system: str | None = None,
        texts: Sequence[str] = (),
        text: str | None = None,
        prompt_text: str | None = None,
        language: str | None = None,
        weight: str | None = None,
        demographics: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
        name: str = "choices",
        missing: Sequence[str] = ("", "NA"),
        simulated: bool = False,
    ) -> Self:
        """Choices of a DataFrame: one row for each choice, or for each option.

        Parameters
        ----------
        data
            The rows.
        rater, prompt
            Columns that identify the rater, and what the options respond to.
        options, rejected, option, chosen, ranks, rank, scores, score, set, words, ties
            Columns that name the options and say what was preferred, as the keys of the section
            `choices` of a codebook do; see `docs/codebook.md`.
        shown_in_order, position
            Whether `options` stand in the order in which they were shown; of rows of options, the
            column with the place of each.
        systems, system, texts, text, prompt_text, language, weight
            Further columns, as in a codebook.
        demographics
            Columns with demographics of the rater, or for each its entry as in a codebook.
        name
            Name of the data.
        missing
            Cells that hold no answer.
        simulated
            Whether the choices were generated rather than made by people.

        Returns
        -------
        Choices
            Checked as those of a file are.

        Raises
        ------
        InputError
            If the rows or columns cannot be used.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = [("ann", 1, "x", "y", "a"), ("ben", 1, "x", "y", "both")]
        >>> data = pd.DataFrame(rows, columns=["who", "question", "a", "b", "better"])
        >>> made = pls.choices.Choices.from_frame(
        ...     data, rater="who", prompt="question", options=["a", "b"], chosen="better",
        ...     ties=["both"],
        ... )
        >>> made.pairs["outcome"].tolist()
        ['first', 'tie']
        """
        given = {
            "rater": rater, "prompt": prompt, "options": options, "rejected": rejected,
            "option": option, "chosen": chosen, "ranks": ranks, "rank": rank, "scores": scores,
            "score": score, "set": set, "words": words, "ties": ties,
            "shown_in_order": shown_in_order, "position": position, "systems": systems,
            "system": system, "texts": texts, "text": text, "prompt_text": prompt_text,
            "language": language, "weight": weight,
        }  # fmt: skip
        section = {key: value for key, value in given.items() if value is not None}
        head = {"name": name, "simulated": simulated, "missing": list(missing)}
        book, table = framed(data, head, section, demographics)
        return cls(book, assemble_choices(book, table))

    @property
    def options(self) -> pd.DataFrame:
        """One row for each option of each choice.

        Columns choice (its number), option, rank (1 for the best; equal ranks are ties; missing
        for what ranks below all that have one), position (place at which it was shown, missing
        where that is not known), and system and text where they are known.
        """
        return self._tables.options.copy(deep=False)

    @property
    def choices(self) -> pd.DataFrame:
        """One row for each choice, by number: rater, prompt, and what else is known of it."""
        return self._tables.choices.copy(deep=False)

    @property
    def raters(self) -> pd.DataFrame:
        """One row for each rater: rater, then demographics."""
        return self._tables.raters.copy(deep=False)

    @property
    def exclusions(self) -> pd.DataFrame:
        """What was left out when choices were read: reason, n."""
        return self._tables.exclusions.copy(deep=False)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """What the choices say of each two options: one row for each comparison.

        Columns choice, rater, prompt, first and second (options, in the order in which they were
        shown where that is known), outcome (``"second"``, ``"tie"`` or ``"first"``: what is
        preferred), weight, then demographics. A choice of the best of several says that it is
        preferred to each of the others, and nothing of these.
        """
        at = compared(self._tables.options)
        options = self._tables.options["option"].to_numpy()
        choice = self._tables.options["choice"].to_numpy()[at.first]
        rows = self._tables.choices.iloc[choice].reset_index(drop=True)
        made = {
            "choice": choice,
            "rater": rows["rater"],
            "prompt": rows["prompt"],
            "first": options[at.first],
            "second": options[at.second],
            "outcome": pd.Categorical.from_codes(at.outcome, OUTCOMES, ordered=True),
            "weight": rows.get("weight", 1.0),
        }
        place = pd.Index(self._tables.raters["rater"]).get_indexer(rows["rater"])
        return pd.DataFrame(
            made | {name: self._tables.raters[name].array.take(place) for name in self.demographics}
        )

    @property
    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of each data file, by file name."""
        return dict(self._tables.hashes)

    @property
    def sizes(self) -> np.ndarray:
        """(choices,) number of options of each."""
        return np.bincount(self._tables.options["choice"])

    @property
    def demographics(self) -> tuple[str, ...]:
        """Names of the demographics, in the codebook's order."""
        return tuple(self.codebook.demographics)

    @property
    def systems(self) -> bool:
        """Whether it is known what made each option."""
        return "system" in self._tables.options

    def levels(self, demographic: str) -> tuple[str, ...]:
        """Levels of a demographic that occur, the reference first."""
        check_one_of("the demographic", demographic, self.demographics)
        return tuple(map(str, self._tables.raters[demographic].cat.categories))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over codebook and data files: equal for equal choices."""
        stated = self.codebook.model_dump_json(exclude_defaults=True)
        parts = [stated, *sorted(self.hashes.values())]
        return digest_text("\n".join(parts))

    def summary_counts(self) -> dict[str, int]:
        """Count raters, prompts, options that differ, and choices."""
        return {
            "raters": len(self._tables.raters),
            "prompts": int(self._tables.choices["prompt"].nunique()),
            "options": int(self._tables.options["option"].nunique()),
            "choices": len(self._tables.choices),
        }

    def released_counts(self) -> dict[str, int]:
        """The same as they are shown: without a number of raters below the smallest cell."""
        counts = self.summary_counts()
        if few(np.array(counts["raters"]), MIN_CELL):
            del counts["raters"]
        return counts

    def __repr__(self) -> str:
        told = ", ".join(counted(n, what[:-1]) for what, n in self.released_counts().items())
        kind = " (simulated)" if self.simulated else ""
        return f"<Choices '{self.name}'{kind}: {told}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><th scope='row'>{escape(what)}</th><td>{n:,}</td></tr>"
            for what, n in self.released_counts().items()
        )
        note = "; simulated" if self.simulated else ""
        return f"<table><caption>{escape(self.title)}{note}</caption>{rows}</table>"
