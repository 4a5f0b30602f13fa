"""Whose ratings of which responses a recipe uses, with what weight, and what it leaves out."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.responses import Responses, responses_of
from pluralign_stats.feedback.scales import conversion_note, dimension_conversion
from pluralign_stats.study.study import Study


@dataclass
class Exclusions:
    """Counts of what was left out, by reason, in the order in which it happened."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, n: int | np.integer) -> None:
        """Count `n` under `reason`; nothing is noted where there is nothing to count."""
        if n:
            self.counts[reason] = self.counts.get(reason, 0) + int(n)

    def leave_out(self, reason: str, out: np.ndarray, kept: np.ndarray) -> np.ndarray:
        """Count which rows (n,) of those kept are left out, and return which stay."""
        self.add(reason, (kept & out).sum())
        return kept & ~out

    def table(self) -> pd.DataFrame:
        """Columns reason, n."""
        return pd.DataFrame({"reason": list(self.counts), "n": list(self.counts.values())})

    def describe(self) -> str:
        """All counts in one phrase."""
        return "; ".join(f"{reason}: {n:,}" for reason, n in self.counts.items())


@dataclass(frozen=True, eq=False)
class Selection:
    """The ratings of a study that a recipe uses.

    Attributes
    ----------
    study, responses, recipe
        The study, its ratings as arrays, and how they become feedback.
    rows
        (n,) which rows of the responses, rising.
    cell
        (n,) item times number of languages plus language: what is rated, as it was read.
    weight
        (n,) weight of each row; all 1 unless the recipe balances groups.
    excluded
        What was left out.
    """

    study: Study
    responses: Responses
    recipe: Recipe
    rows: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    excluded: Exclusions = field(default_factory=Exclusions)

    @property
    def columns(self) -> list[int]:
        """Columns of the responses with the recipe's dimensions."""
        return [self.responses.dimensions.index(name) for name in self.recipe.dimensions]

    def counted_anew(self, kept: np.ndarray | slice = slice(None)) -> "Selection":
        """The same, or some of its rows with their weights, and nothing counted as left out yet."""
        rows, cell, weight = self.rows[kept], self.cell[kept], self.weight[kept]
        return replace(self, rows=rows, cell=cell, weight=weight, excluded=Exclusions())


def check_recipe(study: Study, recipe: Recipe) -> None:
    """Refuse a recipe that names what the study does not have.

    Raises
    ------
    InputError
        If a dimension, demographic or level is unknown, a dimension has no such scale, or its
        valence is not declared, or no rater is in the group.
    """
    for name in recipe.dimensions:
        check_one_of("the dimension", name, study.dimensions)
        dimension_conversion(name, study.codebook.dimensions[name], recipe.scale)
    study.codebook.signs(recipe.dimensions, "preferences")
    _refuse_two_scales(study, recipe)
    for name in (*recipe.group, *([recipe.balance] if recipe.balance else ())):
        check_one_of("the demographic", name, study.demographics)
    for name, levels in recipe.group.items():
        for level in levels:
            check_one_of(f"the level of '{name}'", level, study.levels(name))
    if recipe.group and not _members(study, recipe).any():
        raise InputError(
            f"no rater is in the group {recipe.group_name}; raters by level: "
            f"{_sizes(study, recipe)}; choose other levels, or fewer demographics at once"
        )


def recipe_notes(study: Study, recipe: Recipe) -> tuple[str, ...]:
    """What a reader has to know of how a recipe converts the ratings of a study."""
    note = conversion_note(study.codebook, recipe.dimensions, recipe.scale)
    return (note,) if note else ()


def _refuse_two_scales(study: Study, recipe: Recipe) -> None:
    """Refuse to add ratings that were given on different scales."""
    scales = {name: str(study.codebook.dimensions[name].scale) for name in recipe.dimensions}
    if recipe.scale == "as-rated" and len(set(scales.values())) > 1:
        told = ", ".join(f"{name} from {scale}" for name, scale in scales.items())
        raise InputError(
            f"ratings on different scales ({told}) cannot be added up as they were rated; convert "
            "them to one scale, as scale='5-point' does"
        )


def _members(study: Study, recipe: Recipe) -> pd.Series:
    """Which raters are in the recipe's group."""
    raters, group = study.raters, recipe.group
    return pd.DataFrame({name: raters[name].isin(group[name]) for name in group}).all(axis=1)


def _sizes(study: Study, recipe: Recipe) -> str:
    told = []
    for name, levels in recipe.group.items():
        raters = study.raters[name].value_counts()
        told += [f"{name}={level}: {raters.get(level, 0):,}" for level in levels]
    return ", ".join(told)


def select(study: Study, recipe: Recipe, prompts: Collection[str] | None = None) -> Selection:
    """Choose and weight the rows that a recipe uses, on the prompts given or on all.

    Raises
    ------
    InputError
        If the recipe or a prompt names what the study does not have.
    """
    check_recipe(study, recipe)
    responses, excluded = responses_of(study), Exclusions()
    place = pd.Index(study.raters["rater"].astype(str)).get_indexer(responses.raters)
    of_row = place[responses.rater]
    held_out = ~_on_prompts(responses, prompts)
    keep = excluded.leave_out(
        "rated responses to prompts held out", held_out, np.ones(len(held_out), bool)
    )
    if recipe.group:
        outside = ~_members(study, recipe).to_numpy()[of_row]
        keep = excluded.leave_out("rated responses of raters outside the group", outside, keep)
    pooled = recipe.languages == "pooled"
    language = np.zeros_like(responses.language) if pooled else responses.language
    keep = _with_text(responses, recipe, language, keep, excluded)
    columns = [responses.dimensions.index(name) for name in recipe.dimensions]
    silent = np.isnan(responses.ratings[:, columns]).all(axis=1)
    keep = excluded.leave_out("rated responses without an answer", silent, keep)
    level = np.zeros(len(keep), int)
    if recipe.balance is not None:
        level = study.raters[recipe.balance].cat.codes.to_numpy()[of_row]
        reason = f"rated responses of raters without an answer on '{recipe.balance}'"
        keep = excluded.leave_out(reason, level < 0, keep)
    rows = np.flatnonzero(keep)
    cell = responses.item[rows] * len(responses.languages) + language[rows]
    weight = _equal_weights(level[rows])
    return Selection(study, responses, recipe, rows, cell, weight, excluded)


def _on_prompts(responses: Responses, prompts: Collection[str] | None) -> np.ndarray:
    if prompts is None:
        return np.ones(len(responses.item), bool)
    wanted = np.array(sorted(set(prompts)), dtype=str)
    if not len(wanted):
        raise InputError("no prompt is named; name at least one, or None for all of them")
    unknown = wanted[~np.isin(wanted, responses.prompts)]
    if len(unknown):
        raise InputError(one_of("the prompt", unknown[0], responses.prompts))
    return np.isin(responses.prompts, wanted)[responses.prompt_of][responses.item]


def _with_text(
    responses: Responses,
    recipe: Recipe,
    language: np.ndarray,
    keep: np.ndarray,
    excluded: Exclusions,
) -> np.ndarray:
    """Leave out rows without a language where languages count, and without a text to be read."""
    keep = excluded.leave_out("rated responses without a language", language < 0, keep)
    shown = np.full_like(language, -1) if recipe.languages == "pooled" else language
    cells = responses.item * len(responses.languages) + language
    if recipe.languages == "separate":
        for code in np.flatnonzero(responses.unwritten):
            reason = f"responses rated in '{responses.languages[code]}', which has no texts"
            excluded.add(reason, len(np.unique(cells[keep & (language == code)])))
            keep = keep & (language != code)
    empty = responses.without_text[responses.item, shown]
    excluded.add("responses with an empty text", len(np.unique(cells[keep & empty])))
    return keep & ~empty


def _equal_weights(level: np.ndarray) -> np.ndarray:
    """(n,) weights with equal sums over each level, 1 on average."""
    n = np.bincount(level) if len(level) else np.zeros(1)
    return len(level) / ((n > 0).sum() * n[level]) if len(level) else np.ones(0)


def cell_names(
    selection: Selection, cells: np.ndarray
) -> dict[str, pd.api.extensions.ExtensionArray]:
    """Prompt, language and item of cells, as text columns."""
    responses = selection.responses
    item, language = np.divmod(cells, len(responses.languages))
    names = responses.languages
    if selection.recipe.languages == "pooled":
        names = np.full(len(names), responses.text_language)
    return {
        "prompt": _text(responses.prompts, responses.prompt_of[item]),
        "language": _text(names, language),
        "item": _text(responses.items, item),
    }


def _text(names: np.ndarray, codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(names, dtype="str").take(codes)
