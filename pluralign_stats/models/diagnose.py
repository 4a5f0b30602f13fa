"""What a fit has to say about itself: singular, separated, not identified, not converged."""

from collections.abc import Sequence

import numpy as np

from pluralign_stats.errors import listing
from pluralign_stats.models.categories import Categories
from pluralign_stats.models.design import Design, RandomDesign
from pluralign_stats.models.fit import RandomPart

#: A correlation matrix with a smaller eigenvalue than this is singular.
SINGULAR = 1e-6

#: Where residuals have a smaller share of the variance than this, hardly anything varies in groups.
HARDLY = 1e-3

CONVERGENCE = (
    "the optimizer did not converge; simplify the model, rescale its variables, or check the data"
)


def collinear_notes(design: Design) -> list[str]:
    """Columns that were left out."""
    dropped = [
        str(name)
        for matrix in (design.fixed, design.scale, design.nominal)
        if matrix is not None
        for name in matrix.dependence.columns
    ]
    if not dropped:
        return []
    return [
        f"left out, as other terms determine them: {', '.join(dropped)}; what depends on them has "
        "no estimate"
    ]


def grouping_notes(random: Sequence[RandomDesign], n: int) -> list[str]:
    """Random terms that the data cannot tell from noise, or that rest on few levels."""
    notes = []
    for r in random:
        group, levels = r.term.group, len(r.levels)
        if levels == 1:
            notes.append(
                f"'{group}' has one level only, so nothing varies between its levels; leave the "
                "term out"
            )
        elif levels * len(r.effects) >= n:
            notes.append(_as_many(r, n))
        elif levels < 5:
            notes.append(
                f"'{group}' has {levels} levels only; its variance is hardly known, so a fixed "
                "effect may serve better"
            )
    return notes


def _as_many(r: RandomDesign, n: int) -> str:
    if len(r.levels) == n:
        return (
            f"every level of '{r.term.group}' has one row, so its variance cannot be told from "
            "the residuals' and is set to 0; leave the term out"
        )
    return (
        f"{r.term} has as many effects ({len(r.levels) * len(r.effects)}) as there are rows ({n}), "
        "so its variances cannot be told from the residuals'; leave out a slope"
    )


def category_notes(categories: Categories) -> list[str]:
    """Categories that nobody chose."""
    if not categories.unused:
        return []
    return [
        f"nobody chose {listing(categories.unused)} of the response; left out, so that predictions "
        "give it no probability; structured thresholds (symmetric, equidistant) would place it"
    ]


def separation_note(names: Sequence[str]) -> str:
    """Coefficients that run off to infinity."""
    return (
        f"no finite estimate for {listing(names)} (complete or quasi-separation: it tells some "
        "ratings apart without exception); its size and standard error mean nothing; join rare "
        "levels or categories, leave the term out, or use a prior (fit_bayes)"
    )


def undetermined_note(names: Sequence[str]) -> str:
    """Parameters along which the likelihood is flat."""
    return (
        f"the data do not determine {listing(names)}, which have no standard error; simplify the "
        "model"
    )


def singular_notes(parts: Sequence[RandomPart]) -> list[str]:
    """Variances of 0 and correlations of 1 or -1."""
    notes = []
    for part in parts:
        sd, group = part.sd, part.design.term.group
        zero = [str(e) for e, s in zip(part.design.effects, sd, strict=True) if s == 0]
        if zero and len(zero) == len(sd):
            notes.append(
                f"the variance between levels of '{group}' is estimated as 0 (a singular fit): the "
                "data show no difference between them beyond the residuals; consider leaving the "
                "term out"
            )
        elif zero:
            notes.append(
                f"the variance of {listing(zero)} between levels of '{group}' is estimated as 0 "
                f"(a singular fit); consider leaving it out of {part.design.term}"
            )
        moving = np.flatnonzero(sd.to_numpy() > 0)
        matrix = part.correlations.to_numpy()[np.ix_(moving, moving)]
        if len(moving) > 1 and np.linalg.eigvalsh(matrix)[0] < SINGULAR:
            notes.append(
                f"the correlations of {part.design.term} are on the boundary (a singular fit): one "
                f"effect determines another; consider (… || {group}) or leaving a slope out"
            )
    return notes
