"""Ratings given on few options against ratings given on more and recoded to few."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.scales import SCALES, Scale, conversion_of
from pluralign_stats.feedback.selection import Selection, select
from pluralign_stats.study.formats import FORMAT, Formats
from pluralign_stats.study.study import Study


@dataclass(frozen=True, eq=False)
class GivenScale:
    """One dimension's ratings in a format of few options, and others to hold them against.

    Attributes
    ----------
    name
        The format.
    scale
        The scale of as many points to which the others' ratings can be recoded.
    given
        Ratings that were given in the format.
    recoded
        Ratings by as many other raters, drawn among those of the longer format, on `scale`.
    rest
        Ratings by all others, as they were given.
    """

    name: str
    scale: Scale
    given: Selection
    recoded: Selection
    rest: Selection


def whole_scale(study: Study, selection: Selection) -> Selection:
    """The ratings of a selection that were given on the whole scale."""
    formats = study.codebook.formats
    if formats is None:
        return selection
    return selection.counted_anew(_format_of(study, selection) == next(iter(formats.options)))


def given_scales(
    study: Study, recipe: Recipe, prompts: Collection[str] | None, seed: int
) -> list[GivenScale]:
    """Divide the ratings of a recipe by the formats in which they were given.

    Parameters
    ----------
    recipe
        With the whole scale, as ratings were given.
    seed
        Of the draw of raters.

    Returns
    -------
    list of GivenScale
        One for each shorter format whose ratings others can be recoded to.
    """
    formats = study.codebook.formats
    if formats is None:
        return []
    (name,) = recipe.dimensions
    first, *others = formats.options
    whole = select(study, recipe, prompts)
    own, rater = _format_of(study, whole), whole.responses.rater[whole.rows]
    longer = np.unique(rater[own == first])
    made = []
    for short in others:
        scale = _scale_of(study, name, formats, short)
        few = np.unique(rater[own == short])
        if scale is None or not 0 < len(few) < len(longer):
            continue
        drawn = np.random.default_rng(seed).choice(longer, len(few), replace=False)
        chosen = (own == first) & np.isin(rater, drawn)
        # The same rows on both scales: what a recipe leaves out does not depend on its scale.
        converted = select(study, recipe.model_copy(update={"scale": scale}), prompts)
        made.append(
            GivenScale(
                short,
                scale,
                whole.counted_anew(own == short),
                converted.counted_anew(np.isin(converted.rows, whole.rows[chosen])),
                whole.counted_anew((own == first) & ~chosen),
            )
        )
    return made


def _scale_of(study: Study, dimension: str, formats: Formats, short: str) -> Scale | None:
    """The scale that leads the whole one to as many points as a format has, in their order."""
    for scale in SCALES:
        try:
            conversion = conversion_of(study.codebook.dimensions[dimension], scale)
        except InputError:
            continue
        if scale != "as-rated" and len(conversion.places) == len(formats.options[short]):
            return scale
    return None


def _format_of(study: Study, selection: Selection) -> np.ndarray:
    """(n,) format in which each selected row was rated."""
    responses, ratings = selection.responses, study.ratings
    keys = ratings[["rater", "item", FORMAT]].drop_duplicates(["rater", "item"])
    of = keys.set_index(["rater", "item"])[FORMAT].astype("str")
    rows = selection.rows
    place = zip(
        responses.raters[responses.rater[rows]], responses.items[responses.item[rows]], strict=True
    )
    return of.reindex(list(place)).to_numpy()
