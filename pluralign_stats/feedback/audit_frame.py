"""What the tables of an audit share: which recipe a row is about, and which groups are shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pluralign_stats.describe.disclosure import published
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.responses import responses_of
from pluralign_stats.feedback.scales import conversion_note, scale_words
from pluralign_stats.feedback.selection import Selection, select
from pluralign_stats.study.plan import SILENT
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import suppressed
from pluralign_stats.words import joined

#: What can tell recipes apart in a table, and how.
_FACTORS = ("feedback", "objective", "scale", "languages", "labels", "min_margin", "strategy")


@dataclass(frozen=True, eq=False)
class AuditFrame:
    """A study, the recipes to be audited, and the groups of one demographic.

    Attributes
    ----------
    study
        The study.
    selections
        The ratings that each recipe uses.
    by
        The demographic.
    groups
        Its levels and kinds of nonresponse that occur, in order.
    group
        (rows of the responses) number of each row's group.
    min_cell
        Fewest raters behind a number that is shown.
    """

    study: Study
    selections: tuple[Selection, ...]
    by: str
    groups: tuple[str, ...]
    group: np.ndarray
    min_cell: int

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The recipes."""
        return tuple(selection.recipe for selection in self.selections)

    @cached_property
    def shown(self) -> np.ndarray:
        """(groups,) which may be shown at all.

        Levels large enough in the whole study and in every recipe, and none that would betray
        another.
        """
        hidden = self.study.plan(self.by, self.min_cell).hidden.to_numpy()
        for selection in self.selections:
            hidden = hidden | suppressed(self.raters_by_group(selection), self.min_cell)
        return ~hidden

    @property
    def levels(self) -> list[int]:
        """Numbers of the groups that are levels and may be shown."""
        silent = SILENT.values()
        return [k for k, g in enumerate(self.groups) if g not in silent and self.shown[k]]

    @property
    def label(self) -> str:
        """The demographic as readers know it."""
        return self.study.codebook.label(self.by)

    def raters_by_group(
        self, selection: Selection, some: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """(groups,) number of raters of a selection, or of some of its rows."""
        rows = selection.rows[some]
        first = np.unique(selection.responses.rater[rows], return_index=True)[1]
        return np.bincount(self.group[rows][first], minlength=len(self.groups))

    @property
    def published(self) -> dict[str, dict[str, int]]:
        """Raters that tables of the study count."""
        return published(self.study, [self.by], self.min_cell)

    @cached_property
    def _described(self) -> pd.DataFrame:
        """What may tell recipes apart, a row each."""
        told = ([r.group_name, *(getattr(r, c) for c in _FACTORS[1:])] for r in self.recipes)
        return pd.DataFrame(told, columns=list(_FACTORS))

    def factors(self) -> list[dict[str, object]]:
        """For each recipe the columns that tell it apart; always with its strategy."""
        frame = self._described
        varying = [c for c in _FACTORS if c == "strategy" or frame[c].nunique() > 1]
        kept = frame[varying]
        if kept.duplicated().any():
            kept = kept.assign(recipe=range(1, len(kept) + 1))
        return kept.to_dict("records")

    def about(self) -> str:
        """What all recipes have in common, for a table's notes."""
        frame = self._described
        alike = {c: str(frame[c].iloc[0]) for c in _FACTORS if frame[c].nunique() == 1}
        parts = []
        if "feedback" in alike:
            whose = alike["feedback"]
            parts.append("everyone's ratings" if whose == "all" else f"ratings of {whose}")
        if "objective" in alike:
            parts[-1:] = [" ".join([*parts[-1:], f"on {self._objective()}"])]
        if "scale" in alike:
            parts.append(f"on {scale_words(alike['scale'])}")
        if "languages" in alike and len(self.selections[0].responses.languages) > 1:
            separate = alike["languages"] == "separate"
            parts.append("compared within a language" if separate else "over all languages")
        cut = (
            conversion_note(self.study.codebook, names, scale)
            for scale, names in self._converted().items()
        )
        about = f"Feedback from {', '.join(parts)}." if parts else ""
        return " ".join(filter(None, (about, *cut)))

    def _objective(self) -> str:
        """What the recipes, which have it in common, weigh: dimensions by their labels."""
        weights, label = self.recipes[0].weights, self.study.codebook.label
        if len(weights) == 1:
            return joined(map(label, weights))
        return joined(f"{label(name)} (weight {weight:g})" for name, weight in weights.items())

    def _converted(self) -> dict[str, list[str]]:
        """By scale, the dimensions of which ratings are converted to it."""
        found: dict[str, dict[str, None]] = {}
        for recipe in self.recipes:
            found.setdefault(recipe.scale, {}).update(dict.fromkeys(recipe.dimensions))
        return {scale: list(names) for scale, names in found.items()}


def audit_frame(
    study: Study,
    recipes: Sequence[Recipe],
    by: str,
    min_cell: int,
    prompts: Collection[str] | None = None,
) -> AuditFrame:
    """Select the rows of each recipe, and number the groups."""
    responses, answered = responses_of(study), study.answers[by]
    selections = tuple(select(study, recipe, prompts) for recipe in recipes)
    place = pd.Index(answered.index.astype(str)).get_indexer(responses.raters)
    group = answered.cat.codes.to_numpy()[place][responses.rater].astype(np.intp)
    groups = tuple(map(str, answered.cat.categories))
    return AuditFrame(study, selections, by, groups, group, min_cell)


def too_few(raters: np.ndarray, shown: np.ndarray, min_cell: int) -> np.ndarray:
    """(k,) which shares of a whole may not be shown, by the raters behind each."""
    hidden = ~shown | suppressed(raters, min_cell)
    while hidden.any() and 0 < raters[hidden].sum() < min_cell and (~hidden & (raters > 0)).any():
        rest = np.where(hidden | (raters == 0), np.iinfo(np.int64).max, raters)
        hidden[rest.argmin()] = True
    return hidden
