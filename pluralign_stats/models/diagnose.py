"""What a fit has to say about itself: singular, separated, not identified, not converged."""

from collections.abc import Sequence

import numpy as np

from pluralign_stats.errors import listing
from pluralign_stats.models.categories import Categories
from pluralign_stats.models.columns import name_notes
from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.clusters import lie_within
from pluralign_stats.models.matrices import RandomDesign
from pluralign_stats.models.parts import RandomPart
from pluralign_stats.models.raters import anew_notes
from pluralign_stats.notes import Code, Note

#: A correlation matrix with a smaller eigenvalue than this is singular.
SINGULAR = 1e-6

#: Where residuals have a smaller share of the variance than this, hardly anything varies in groups.
HARDLY = 1e-3

CONVERGENCE = Note(
    Code.NOT_CONVERGED,
    "the optimizer did not converge; simplify the model, rescale its variables, or check the data",
)


def design_notes(design: Design) -> list[Note]:
    """What to doubt about the rows before any model is fitted: names, raters, columns left out."""
    notes = name_notes(design.data, design.fixed_variables)
    notes += anew_notes(design.raters, design.data, design.factors)
    return notes + collinear_notes(design)


def collinear_notes(design: Design) -> list[Note]:
    """Columns that were left out, but for those that the thresholds take up."""
    dropped = [
        str(name)
        for matrix in (design.fixed, design.scale, design.nominal)
        if matrix is not None
        for name in matrix.dependence.columns
        if name not in matrix.absorbed and name not in design.gone
    ]
    dropped += [f"{effect} of {r.term}" for r in design.random for effect in r.left_out]
    if not dropped:
        return []
    return [
        Note(
            Code.COLLINEAR,
            f"left out, as other terms determine them: {', '.join(dropped)}; what depends on them "
            "has no estimate",
        )
    ]


def random_notes(parts: Sequence[RandomPart], n: int, n_ratings: float) -> list[Note]:
    """What to doubt about the random terms of `n` rows, or of weights that add up to more."""
    n_ratings = max(n, n_ratings)
    free = [p for p in parts if 1 < len(p.design.levels) < n_ratings]
    designs = [p.design for p in parts]
    return (
        grouping_notes(designs, n_ratings)
        + redundant_grouping_notes(designs)
        + singular_notes(free)
    )


def no_variation_notes(parts: Sequence[RandomPart], residual: float) -> list[Note]:
    """Residuals of next to no variance beside that of a random term."""
    variances = [float(part.variance().mean()) for part in parts]
    if not variances or residual >= HARDLY * (max(variances) + residual):
        return []
    group = parts[int(np.argmax(variances))].design.term.group
    return [
        Note(
            Code.NO_VARIATION_WITHIN,
            f"hardly anything varies within levels of '{group}', whose variance is huge; the size "
            "of both, and standard errors of what differs within them, mean little",
            group,
        )
    ]


def grouping_notes(random: Sequence[RandomDesign], n: float) -> list[Note]:
    """Random terms that the data cannot tell from noise, or that rest on few levels."""
    notes = []
    for r in random:
        group, levels = r.term.group, len(r.levels)
        if levels == 1:
            notes += single_notes([r])
        elif levels * len(r.effects) >= n:
            notes.append(Note(Code.AS_MANY_LEVELS, _as_many(r, n), group))
        elif levels < 5:
            text = (
                f"'{group}' has {levels} levels only; its variance is hardly known, so a fixed "
                "effect may serve better"
            )
            notes.append(Note(Code.FEW_LEVELS, text, group))
    return notes


def single_notes(random: Sequence[RandomDesign]) -> list[Note]:
    """Random terms with one level."""
    return [
        Note(
            Code.ONE_LEVEL,
            f"'{r.term.group}' has one level only, so nothing varies between its levels; leave the "
            "term out",
            r.term.group,
        )
        for r in random
        if len(r.levels) == 1
    ]


def redundant_grouping_notes(random: Sequence[RandomDesign]) -> list[Note]:
    """Random terms whose groups are the same under two names."""
    notes = []
    for k, second in enumerate(random):
        for first in random[:k]:
            same = len(first.levels) == len(second.levels)
            same = same and lie_within(first.codes, second.codes)
            if same and set(first.effects) & set(second.effects):
                text = (
                    f"'{first.term.group}' and '{second.term.group}' make the same groups, so the "
                    "data do not tell their variances apart; leave one of them out"
                )
                notes.append(Note(Code.SAME_GROUPS, text, second.term.group))
    return notes


def _as_many(r: RandomDesign, n: float) -> str:
    if len(r.levels) >= n:
        return (
            f"every level of '{r.term.group}' has one row, so its variance cannot be told from "
            "the residuals' and is set to 0; leave the term out"
        )
    return (
        f"{r.term} has as many effects ({len(r.levels) * len(r.effects)}) as there are rows, "
        "so its variances cannot be told from the residuals'; leave out a slope"
    )


def category_notes(categories: Categories) -> list[Note]:
    """Categories that nobody chose, and doubts about their order."""
    notes = []
    if categories.unused:
        text = (
            f"nobody chose {listing(categories.unused)} of the response; the scores of the other "
            "categories are those of the whole scale"
        )
        notes.append(Note(Code.UNUSED_CATEGORIES, text))
    if categories.alphabetical:
        text = (
            "the categories of the response have no stated order and were taken in that of the "
            f"alphabet: {listing(categories.labels)}; make it an ordered categorical"
        )
        notes.append(Note(Code.ALPHABETICAL, text))
    if (np.diff(categories.scores) < 0).any():
        text = (
            f"the categories of the response run down from {categories.labels[0]} to "
            f"{categories.labels[-1]}, so that positive coefficients mean lower numbers; reverse "
            "their order"
        )
        notes.append(Note(Code.DESCENDING, text))
    return notes


def unplaced_note(unused: Sequence[str], *, advise: bool) -> Note:
    """Categories that nobody chose and that flexible thresholds cannot place."""
    advice = "; thresholds='equidistant' would place it" if advise else ""
    text = f"predictions give {listing(unused)} no probability, as nobody chose it{advice}"
    return Note(Code.UNPLACED, text)


def held_note(held: Sequence[tuple[str, str]], *, everywhere: bool) -> Note:
    """Neighbouring thresholds that coincide."""
    pairs = " as well as ".join(f"'{a}' and '{b}'" for a, b in held)
    where, there = ("", "") if everywhere else (" for some rows", " there")
    return Note(
        Code.COINCIDING_THRESHOLDS,
        f"the thresholds {pairs} coincide{where}: nobody{there} chose what lies between, and "
        f"predictions{there} give it no probability",
    )


def lasting_notes(design: Design, coded: Categories | None) -> list[Note]:
    """What to doubt whatever the estimates of a model's parameters, such as draws."""
    notes = design_notes(design)
    if coded is not None:
        notes += category_notes(coded)
    if coded is not None and coded.unused:
        notes.append(unplaced_note(coded.unused, advise=False))
    return notes + single_notes(design.random)


def _no_estimate(names: Sequence[str], then: str) -> Note:
    """Coefficients that run off to infinity, and what follows from it."""
    return Note(
        Code.SEPARATION,
        f"no finite estimate for {listing(names)} (complete or quasi-separation: it tells some "
        f"ratings apart without exception); {then}",
        about="\n".join(names),
    )


def separation_note(names: Sequence[str]) -> Note:
    """Coefficients that run off to infinity."""
    return _no_estimate(
        names,
        "its size and standard error mean nothing; join rare levels or categories, leave the term "
        "out, or use a prior (fit_bayes)",
    )


def set_aside_note(names: Sequence[str]) -> Note:
    """Coefficients that run off to infinity, and rows that were set aside for it."""
    return _no_estimate(
        names,
        "the ratings that it tells apart are set aside, and all else is as without them; for "
        "numbers of it join rare levels or categories, or use a prior (fit_bayes)",
    )


def unreplicated_note(names: Sequence[str]) -> Note:
    """Coefficients of levels that have one rater, or one answer."""
    return Note(
        Code.SEPARATION,
        f"no estimate for {listing(names)}: ratings there are of one rater, or all alike, so that "
        "errors robust to raters cannot be told; they are set aside, and all else is as without "
        "them; for numbers of it join rare levels, or use a mixed model",
        about="\n".join(names),
    )


def scale_note(names: Sequence[str]) -> Note:
    """Scales of 0 or without bound."""
    return Note(
        Code.BOUNDLESS_SCALE,
        f"no finite estimate for {listing(names)}: some ratings there are all alike, or at both "
        "ends only; join levels, or leave the term out of 'scale'",
    )


def undetermined_note(names: Sequence[str]) -> Note:
    """Parameters along which the likelihood is flat."""
    return Note(
        Code.UNDETERMINED,
        f"the data do not determine {listing(names)}, which have no standard error; simplify the "
        "model, or centre and rescale its variables",
    )


def _degenerate(part: RandomPart) -> bool:
    """Whether effects that vary determine each other, wherever the covariates have their origin."""
    root = np.linalg.qr(part.design.z, mode="r")
    covariance = root @ part.covariance @ root.T
    sd = np.sqrt(np.diag(covariance).clip(0))
    moving = np.flatnonzero(sd > 0)
    matrix = covariance[np.ix_(moving, moving)] / np.outer(sd[moving], sd[moving])
    return len(moving) > 1 and bool(np.linalg.eigvalsh(matrix)[0] < SINGULAR)


def singular_notes(parts: Sequence[RandomPart]) -> list[Note]:
    """Variances of 0 and correlations of 1 or -1."""
    notes = []
    for part in parts:
        sd, group = part.sd, part.design.term.group
        zero = [str(e) for e, s in zip(part.design.effects, sd, strict=True) if s == 0]
        found = []
        if zero and len(zero) == len(sd):
            found.append(
                f"the variance between levels of '{group}' is estimated as 0 (a singular fit): the "
                "data show no difference between them beyond chance; a model without the term "
                "gives the same answers"
            )
        elif zero:
            found.append(
                f"the variance of {listing(zero)} between levels of '{group}' is estimated as 0 "
                f"(a singular fit); consider leaving it out of {part.design.term}"
            )
        if part.design.term.correlated and _degenerate(part):
            found.append(
                f"the correlations of {part.design.term} are on the boundary (a singular fit): one "
                f"effect determines another; consider (… || {group}) or leaving a slope out"
            )
        notes += [Note(Code.SINGULAR, text, group) for text in found]
    return notes
