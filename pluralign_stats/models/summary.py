"""What summaries of all models share: who stands behind them, and how large they are."""

from collections.abc import Callable

import numpy as np

from pluralign_stats.backing import Backing
from pluralign_stats.models.coefficients import Coefficient
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import few
from pluralign_stats.words import counted_levels


def model_backing(
    fit: ModelEstimates, behind: np.ndarray, sentence: Callable[[bool], str]
) -> Backing:
    """Who stands behind m rows about a model.

    Parameters
    ----------
    behind
        (m,) raters whom each row is about.
    sentence
        What sums up the model, with or without the numbers of its raters and ratings.
    """
    left_out = fit.design.left_out
    return Backing(
        behind,
        fit.design.raters.unknown,
        apart=np.full(len(behind), left_out),
        retell=lambda _: sentence(not few(np.array(left_out), MIN_CELL)),
    )


def coefficient_raters(fit: ModelEstimates) -> np.ndarray:
    """(p,) raters whom each coefficient is about; of a level also no more than its reference has.

    0 where raters are not known.
    """
    design, codes = fit.design, fit.design.raters.codes
    if codes is None:
        return np.zeros(len(fit.params))
    first = {f: design.data[f] == design.data[f].cat.categories[0] for f in design.factors}
    reference = {f: len(np.unique(codes[at.to_numpy()])) for f, at in first.items()}

    def about(coefficient: Coefficient, column: np.ndarray) -> int:
        compared = [n for factor, n in reference.items() if factor in coefficient.variables]
        return min([len(np.unique(codes[column != 0])), *compared])

    made = [
        [about(c, column) for c, column in zip(m.coefficients, m.columns.T, strict=True)]
        for m in (design.fixed, design.scale, design.nominal)
        if m is not None
    ]
    if design.nominal is not None:
        made[-1] = [n for n in made[-1] for _ in fit.thresholds]
    return np.array([n for part in made for n in part], dtype=float)


def sizes_of(fit: ModelEstimates, counted: bool = True) -> str:
    """How many ratings and groups a model has, and how many rows it is without."""
    if not counted:
        return "few raters are left out, and so their number is not told"
    groups = [counted_levels(row.n_levels, row.group) for row in fit.groups().itertuples()]
    told = ", ".join([f"{fit.nobs:,} ratings", *groups])
    aside = f"; ratings set aside: {len(fit.design.aside):,}" if len(fit.design.aside) else ""
    return f"{told}; rows left out for missing values: {fit.design.n_dropped:,}{aside}"
