"""What single ratings of the most influential raters contribute, by item."""

import numpy as np
import pandas as pd

from pluralign_stats.checks.deletion import deletions
from pluralign_stats.checks.names import level_counts, may_name
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.matrices import RandomDesign
from pluralign_stats.results import Result
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.words import counted_levels

#: Levels whose ratings are looked at, and most ratings of one of them.
N_LEVELS, N_RATINGS = 10, 30


def rating_influence(
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

    Parameters
    ----------
    fit
        A fitted model.
    design
        The grouping factor whose levels were left out.
    order, labels
        Level numbers, most influential first, and names of the first of them.
    size
        (L, p) absolute changes in standard errors when a level is left out.
    beside
        The other grouping factor.
    named
        See `names.may_name`.

    Returns
    -------
    tuple
        One result with columns group, given (level of the other factor), estimate (change in
        standard errors), method; none where the model has no other such factor.
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
