"""How much the coefficients hang on single raters or items, and on single ratings of these."""

import numpy as np
import pandas as pd

from pluralign_stats.backing import of_model
from pluralign_stats.checks.deletion import Deletions, deletions
from pluralign_stats.checks.names import (
    borne_widely,
    find_parts,
    label_levels,
    level_counts,
    may_name,
    rater_group,
)
from pluralign_stats.checks.protocol import Check
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.matrices import RandomDesign
from pluralign_stats.models.raters import RATER
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.words import counted_levels, levels_of

#: A level that moves a coefficient by more standard errors than this is called influential. The
#: choice is ours: such a level decides as much as everything that chance leaves open.
LARGEST = 1.0

#: Levels that the table shows.
SHOWN = 20


def influence_check(
    fit: ModelEstimates,
    group: str | None = None,
    *,
    beside: str = "item",
    named: bool | None = None,
) -> Check:
    """Measure how far every coefficient moves when one level of a grouping factor is left out.

    Parameters
    ----------
    fit
        A linear or ordinal fit with random effects.
    group
        The grouping factor whose levels are left out in turn; by default the raters.
    beside
        Another grouping factor: the figure shows what the single ratings of the most influential
        levels contribute by its levels. Passed over where the model has none.
    named
        Whether levels are named; see `names.may_name`. Raters never are: their rank stands for
        them.

    Returns
    -------
    Check
        Table of the 20 most influential levels with columns term (grouping factor), group (level),
        contrast (the coefficient that moves most), estimate (its change in standard errors),
        n_raters, distance (Cook's), method; of levels that are not named no coefficient is told,
        as it could give away who they are. The notes have the largest change of each coefficient.
        Passed unless a level moves a coefficient by more than one standard error.

    Raises
    ------
    InputError
        If the model lacks the factor or has no coefficients.

    Notes
    -----
    No model is fitted again: a linear model's changes are exact given its variances, an ordinal
    model's are those of one Newton step (`deletion`). The cost grows as levels times ratings.

    References
    ----------
    Cook (1977), Technometrics 19, 15-18, for the distance; Pregibon (1981), Annals of
    Statistics 9, 705-724, for the Newton step.

    Examples
    --------
    >>> pls.checks.influence_check(fit, "item").name
    'influence'
    """
    group = group or rater_group(fit) or RATER
    design = find_parts(fit, group)[0].design
    if not len(fit.params):
        raise NotApplicableError("the model has no coefficients whose influence could be measured")
    counts = np.bincount(design.codes)
    sets = np.split(np.argsort(design.codes, kind="stable"), np.cumsum(counts)[:-1])
    found = deletions(fit, sets)
    size = np.nan_to_num(np.abs(found.scaled), nan=np.inf)
    told = borne_widely(fit)
    size[:, np.isnan(fit.se.to_numpy()) | ~told] = 0.0
    order = np.argsort(-size.max(axis=1), kind="stable")
    labels = label_levels(fit, design, named=named, order=order[:SHOWN], what="most influential")
    table = _table(fit, found, size, order[:SHOWN], labels)
    n_raters, _ = level_counts(fit, design)
    # What few raters did to a coefficient could be read off it, whatever the item is called.
    hidden = ~may_name(fit, design, named=named) | (n_raters < MIN_CELL)
    table.loc[hidden[order[:SHOWN]], "contrast"] = ""
    table.insert(4, "n_raters", n_raters[order[:SHOWN]])
    table.insert(0, "term", group)
    worst = float(size.max())
    result = Result.of(
        fit,
        table,
        _sentence(fit, labels[0], group, size),
        f"Influence of single {levels_of(group)} on the coefficients",
        unit="standard errors",
        notes=(
            f"Shown: {len(table)} of {counted_levels(len(sets), group)}, the most influential "
            "first. Estimate: change of the coefficient that moves most when one is left out.",
            f"Largest change of each coefficient: {_largest(fit, size, told)}.",
            f"The limit of {LARGEST:g} standard error is a choice of ours.",
        ),
        backing=of_model(fit.design.left_out, len(table)),
    )
    details = _of_ratings(fit, design, order, labels, size, beside, named=named)
    return Check("influence", worst <= LARGEST, result, details)


def _table(
    fit: ModelEstimates, found: Deletions, size: np.ndarray, order: np.ndarray, labels: list[str]
) -> pd.DataFrame:
    moved = size[order].argmax(axis=1)
    names = [c.words for c in fit.coefficients]
    return pd.DataFrame(
        {
            "group": labels,
            "contrast": [names[k] for k in moved],
            "estimate": found.scaled[order, moved],
            "distance": found.distance[order],
            "method": str(fit.method),
        }
    )


def _largest(fit: ModelEstimates, size: np.ndarray, told: np.ndarray) -> str:
    """The largest change of each coefficient by any level, in words."""
    names = [c.words for c in fit.coefficients]
    changes = zip(names, size.max(axis=0), told, strict=True)
    listed = ", ".join(
        f"{name} {change:.2f}" if np.isfinite(change) else f"{name} not determined without one"
        for name, change, shown in changes
        if shown
    )
    few = f"; coefficients of fewer than {MIN_CELL} raters are not told" if not told.all() else ""
    return listed + few


def _sentence(fit: ModelEstimates, first: str, group: str, size: np.ndarray) -> str:
    """The verdict in words; `first` is the name of the most influential level."""
    worst, n_levels = size.max(axis=1), len(size)
    name = fit.coefficients[size.max(axis=0).argmax()].words
    if worst.max() <= LARGEST:
        return (
            f"Leaving out any one of {counted_levels(n_levels, group)} moves no coefficient by "
            f"more than {worst.max():.2f} of its standard errors (the most: {name})."
        )
    n = int((worst > LARGEST).sum())
    many = f"{n:,} of {counted_levels(n_levels, group)} {'moves' if n == 1 else 'move'}"
    if not np.isfinite(worst.max()):
        return (
            f"{name} cannot be estimated without {first}; {many} a "
            f"coefficient by more than {LARGEST:g} standard error."
        )
    return (
        f"{many} a coefficient by more than {LARGEST:g} standard error when left out; the "
        f"largest change is one of {name}, by {worst.max():.2f} of its standard errors."
    )


#: Levels whose ratings are looked at, and most ratings of one of them.
N_LEVELS, N_RATINGS = 10, 30


def _of_ratings(
    fit: ModelEstimates,
    design: RandomDesign,
    order: np.ndarray,
    labels: list[str],
    size: np.ndarray,
    beside: str,
    *,
    named: bool | None,
) -> tuple[Result, ...]:
    """Changes when a single rating is left out, of the coefficient that its level moves most.

    One result with columns group, given (level of the other factor), estimate (change in standard
    errors), method; none where the model has no other such factor. `order` numbers levels from the
    most influential on, `labels` names the first of them, and `size` has (L, p) absolute changes.
    """
    other = [p.design for p in fit.random if p.design.term.group == beside]
    chosen = order[:N_LEVELS]
    if not other or beside == design.term.group:
        return ()
    rows = [np.flatnonzero(design.codes == k)[:N_RATINGS] for k in chosen]
    every = np.concatenate(rows)
    found = deletions(fit, [np.array([row]) for row in every])
    which = np.repeat(np.arange(len(chosen)), [len(r) for r in rows])
    moved = size[chosen].argmax(axis=1)[which]
    level = other[0].codes[every]
    table = pd.DataFrame(
        {
            "group": np.array(labels, dtype=object)[which],
            "given": _item_names(fit, other[0], level, named=named),
            "estimate": found.scaled[np.arange(len(every)), moved],
            "method": str(fit.method),
        }
    )
    largest = table["estimate"].abs().max()
    sentence = (
        "The most influential single rating among those of "
        f"{counted_levels(len(chosen), design.term.group)} moves a coefficient by {largest:.2f} "
        "standard errors."
    )
    return (
        Result.of(
            fit,
            table,
            sentence,
            f"Influence of single ratings, by {beside}",
            unit="standard errors",
            notes=(
                "Estimate: change, when this rating alone is left out, of the coefficient that its "
                f"level of {design.term.group} moves most.",
            ),
            figure=FOREST,
        ),
    )


def _item_names(
    fit: ModelEstimates, design: RandomDesign, level: np.ndarray, *, named: bool | None
) -> list[str]:
    """Names of the levels (m,), or numbers where those are withheld.

    An item beside a rater who is told of tells what one person rated; with few others it stays
    nameless.
    """
    n_raters, _ = level_counts(fit, design)
    allowed = may_name(fit, design, named=named) & ~(n_raters < MIN_CELL)
    number = np.unique(level, return_inverse=True)[1]
    return [
        str(design.levels[k]) if allowed[k] else f"{design.term.group} {place + 1}"
        for k, place in zip(level, number, strict=True)
    ]
