"""Whose ratings of which responses a recipe uses, with what weight, and what it leaves out."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of, one_of
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.responses import Responses
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

    def table(self) -> pd.DataFrame:
        """Columns reason, n."""
        return pd.DataFrame({"reason": list(self.counts), "n": list(self.counts.values())})

    def told(self) -> str:
        """All counts in one phrase."""
        return "; ".join(f"{reason}: {n:,}" for reason, n in self.counts.items())


@dataclass(frozen=True, eq=False)
class Selection:
    """The rows of `Responses` that a recipe uses.

    Attributes
    ----------
    rows
        (n,) which rows, rising.
    stratum
        (n,) item times number of languages plus language: what is rated, as it was read.
    weight
        (n,) weight of each row; all 1 unless the recipe balances groups.
    excluded
        What was left out before.
    """

    rows: np.ndarray
    stratum: np.ndarray
    weight: np.ndarray
    excluded: Exclusions

    def without(self, left_out: np.ndarray) -> "Selection":
        """The same without some rows, given as (n,) boolean; weights stay."""
        kept = ~left_out
        return Selection(
            self.rows[kept], self.stratum[kept], self.weight[kept], Exclusions(self.excluded.counts)
        )


def check_recipe(study: Study, recipe: Recipe) -> None:
    """Refuse a recipe that names what the study does not have.

    Raises
    ------
    InputError
        If a dimension, demographic or level is unknown, a dimension has no such scale, or no
        rater is in the group.
    """
    for name in recipe.dimensions:
        check_one_of("the dimension", name, study.dimensions)
        dimension_conversion(name, study.codebook.dimensions[name], recipe.scale)
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
    member = pd.Series(True, study.raters.index)
    for name, levels in recipe.group.items():
        member &= study.raters[name].isin(levels)
    return member


def _sizes(study: Study, recipe: Recipe) -> str:
    told = []
    for name, levels in recipe.group.items():
        raters = study.raters[name].value_counts()
        told += [f"{name}={level}: {raters.get(level, 0):,}" for level in levels]
    return ", ".join(told)


def select(
    study: Study, responses: Responses, recipe: Recipe, prompts: Collection[str] | None = None
) -> Selection:
    """Choose and weight the rows that a recipe uses, on the prompts given or on all.

    Raises
    ------
    InputError
        If the recipe or a prompt names what the study does not have.
    """
    check_recipe(study, recipe)
    excluded = Exclusions()
    keep = _on_prompts(responses, prompts)
    excluded.add("rated responses to prompts held out", (~keep).sum())
    keep = _in_group(study, responses, recipe, keep, excluded)
    keep = _with_text(responses, recipe, keep, excluded)
    keep = _answered(responses, recipe, keep, excluded)
    level, keep = _balancing_levels(study, responses, recipe, keep, excluded)
    rows = np.flatnonzero(keep)
    language = _stratum_language(responses, recipe)[rows]
    stratum = responses.item[rows] * len(responses.languages) + language
    weight = np.ones(len(rows)) if level is None else _equal_weights(level[rows])
    return Selection(rows, stratum, weight, excluded)


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


def _in_group(
    study: Study, responses: Responses, recipe: Recipe, keep: np.ndarray, excluded: Exclusions
) -> np.ndarray:
    if not recipe.group:
        return keep
    member = _by_rater(study, responses, _members(study, recipe).to_numpy())
    excluded.add("rated responses of raters outside the group", (keep & ~member).sum())
    return keep & member


def _by_rater(study: Study, responses: Responses, values: np.ndarray) -> np.ndarray:
    """What holds for each rater, for each row of the responses."""
    place = pd.Index(study.raters["rater"].astype(str)).get_indexer(responses.raters)
    return values[place][responses.rater]


def _stratum_language(responses: Responses, recipe: Recipe) -> np.ndarray:
    pooled = recipe.languages == "pooled"
    return np.zeros_like(responses.language) if pooled else responses.language


def _with_text(
    responses: Responses, recipe: Recipe, keep: np.ndarray, excluded: Exclusions
) -> np.ndarray:
    """Leave out rows without a language where languages count, and without a text to be read."""
    language = _stratum_language(responses, recipe)
    if (language < 0).any():
        excluded.add("rated responses without a language", (keep & (language < 0)).sum())
        keep = keep & (language >= 0)
    shown = np.full_like(language, -1) if recipe.languages == "pooled" else language
    strata = responses.item * len(responses.languages) + language
    if recipe.languages == "separate":
        for code in np.flatnonzero(responses.unwritten):
            reason = f"responses rated in '{responses.languages[code]}', which has no texts"
            excluded.add(reason, len(np.unique(strata[keep & (language == code)])))
            keep = keep & (language != code)
    empty = responses.without_text[responses.item, shown]
    excluded.add("responses with an empty text", len(np.unique(strata[keep & empty])))
    return keep & ~empty


def _answered(
    responses: Responses, recipe: Recipe, keep: np.ndarray, excluded: Exclusions
) -> np.ndarray:
    """Leave out rows without any rating on the recipe's dimensions."""
    columns = [responses.dimensions.index(name) for name in recipe.dimensions]
    given = ~np.isnan(responses.ratings[:, columns])
    silent = ~given.any(axis=1)
    excluded.add("rated responses without an answer", (keep & silent).sum())
    return keep & ~silent


def _balancing_levels(
    study: Study, responses: Responses, recipe: Recipe, keep: np.ndarray, excluded: Exclusions
) -> tuple[np.ndarray | None, np.ndarray]:
    if recipe.balance is None:
        return None, keep
    codes = study.raters[recipe.balance].cat.codes.to_numpy()
    level = _by_rater(study, responses, codes)
    reason = f"rated responses of raters without an answer on '{recipe.balance}'"
    excluded.add(reason, (keep & (level < 0)).sum())
    return level, keep & (level >= 0)


def _equal_weights(level: np.ndarray) -> np.ndarray:
    """(n,) weights with equal sums over each level, 1 on average."""
    n = np.bincount(level) if len(level) else np.zeros(1)
    return len(level) / ((n > 0).sum() * n[level]) if len(level) else np.ones(0)


def stratum_names(
    responses: Responses, recipe: Recipe, strata: np.ndarray
) -> dict[str, pd.api.extensions.ExtensionArray]:
    """Prompt, language and item of strata, as text columns."""
    item, language = np.divmod(strata, len(responses.languages))
    names = responses.languages
    if recipe.languages == "pooled":
        names = np.full(len(names), responses.text_language)
    return {
        "prompt": _text(responses.prompts, responses.prompt_of[item]),
        "language": _text(names, language),
        "item": _text(responses.items, item),
    }


def _text(names: np.ndarray, codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(names, dtype="str").take(codes)
