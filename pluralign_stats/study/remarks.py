"""What may be meant otherwise than it was read, in one sentence each."""

from collections.abc import Iterator

import numpy as np

from pluralign_stats.errors import listing
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.study.plan import SILENT
from pluralign_stats.study.prompts import same_prompts
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import MANY_NUMBERS, alike_notes, is_number, lookup, text_languages
from pluralign_stats.suppression import few
from pluralign_stats.words import counted, has


def remarks(study: Study) -> tuple[str, ...]:
    """Say what in a study looks like an oversight, though nothing is wrong with its form.

    Names and levels that differ in case or space only, numbers read as the levels of a factor,
    languages of ratings in which there is no text, prompts with one text and several names, and
    dimensions of which nobody has said which end is good.
    """
    kinds = (_names, _levels, _languages, _prompts, _valences)
    return (*study.notes, *(note for kind in kinds for note in kind(study)))


def small_levels(study: Study) -> tuple[str, ...]:
    """Say which levels of which demographics have too few raters to be shown or compared."""
    told = []
    for name in study.demographics:
        raters = study.plan(name).raters
        small = few(raters.to_numpy(), MIN_CELL) & ~raters.index.isin(SILENT.values())
        if small.any():
            levels = listing(map(str, raters.index[small]))
            told.append(
                f"of '{name}' {levels} {has(int(small.sum()))} fewer than {MIN_CELL} raters: read, "
                "withheld from tables and left out of comparisons; to compare them, join them in "
                "the codebook, one by one ('recode') or all at once ('other: Other')"
            )
    return tuple(told)


def gathered_answers(study: Study) -> tuple[str, ...]:
    """Say how many answers became the level of the codebook that gathers the others."""
    return tuple(
        f"'{study.codebook.factors[name].other}' of '{name}' gathers "
        f"{counted(len(answers), 'answer')} of few raters, or that the codebook does not name"
        for name, answers in study.gathered.items()
        if answers
    )


def _names(study: Study) -> Iterator[str]:
    prompts = ["prompt"] if study.codebook.columns.prompt else []
    for part in ("rater", "item", *prompts):
        names = study.ratings[part].cat.categories
        yield from alike_notes(part, names, named=part != "rater")


def _levels(study: Study) -> Iterator[str]:
    for name in study.codebook.factors:
        levels = study.levels(name)
        for note in alike_notes(name, levels):
            yield f"{note}, by 'recode' or 'levels' in the codebook"
        if len(levels) >= MANY_NUMBERS and all(map(is_number, levels)):
            yield (
                f"the {len(levels)} numbers of '{name}' are read as the levels of a factor; to "
                "group them, state 'bands' in the codebook"
            )


def _languages(study: Study) -> Iterator[str]:
    texts = text_languages(study.items)
    ratings = study.ratings
    if "language" not in ratings or not texts:
        return
    counts = ratings.loc[ratings["rating"].notna(), "language"].value_counts()
    for tag, count in counts.items():
        if count and lookup(str(tag), texts) is None:
            yield (
                f"{count:,} ratings were given in '{tag}', and there are no texts in it (there are "
                f"in {listing(texts)}): they give no feedback and no judge is held against them; "
                "name the texts under 'texts' in the codebook"
            )


def _prompts(study: Study) -> Iterator[str]:
    names = study.ratings["prompt"].cat.categories.astype(str)
    sizes = np.bincount(same_prompts(study.items, names))
    joined = sizes[sizes > 1]
    if len(joined):
        yield (
            f"{joined.sum():,} prompts have a text that another one has too (there are "
            f"{len(joined):,} such texts); they stay together where prompts are held out of "
            "training, and responses to them are not compared with one another; give one prompt "
            "one name"
        )


def _valences(study: Study) -> Iterator[str]:
    book = study.codebook.dimensions
    unknown = [name for name in book if book[name].valence is None]
    if unknown:
        yield (
            f"whether a high rating is good is not declared of {listing(unknown)}; preferences, "
            "their audit and averages over dimensions need it: state 'valence: 1' (good) or "
            "'valence: -1' (bad) in the codebook"
        )
