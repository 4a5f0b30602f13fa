"""On which independent units a comparison rests: raters, items, or both."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.models.fit import Fit
from pluralign_stats.models.formula import variables_of

#: What the units are where a model knows neither raters nor items.
ALONE = "rating"


@dataclass(frozen=True, eq=False)
class Units:
    """Ways in which rows depend on each other.

    Attributes
    ----------
    name
        What the units are, such as ``"rater"`` or ``"rater and item"``.
    codes
        For each way, (n,) number of each row's unit, from 0.
    """

    name: str
    codes: tuple[np.ndarray, ...]

    @property
    def fewest(self) -> int:
        """Number of units, of the kind of which there are fewest."""
        return min(int(codes.max()) + 1 for codes in self.codes)


def units_of(fit: Fit, variable: str, columns: np.ndarray) -> Units:
    """Units on which a test of a variable rests.

    They are those within which the variable is the same: raters of a demographic, items of a
    property of items. Of a variable that varies within all groups they are the raters, and what is
    crossed with them. Groups over which the model lets the variable's effect vary come with them.

    Parameters
    ----------
    fit
        A fitted model.
    variable
        Its name.
    columns
        (n, c) its covariates.
    """
    groups, rater = _groups(fit), _rater(fit)
    own = None if rater is None else groups[rater]
    whole = {n: c for n, c in groups.items() if n == rater or not _part(c, own)}
    chosen = {name: codes for name, codes in whole.items() if _constant(columns, codes)}
    chosen = chosen or {n: c for n, c in whole.items() if n == rater or not _part(own, c)}
    chosen |= {
        part.design.term.group: part.design.codes
        for part in fit.random
        if variable in variables_of(part.design.term.effects)
    }
    kept: dict[str, np.ndarray] = {}
    for name, codes in sorted(chosen.items(), key=lambda pair: pair[1].max()):
        if not any(_part(codes, coarser) for coarser in kept.values()):
            kept[name] = codes
    if not kept:
        return Units(ALONE, (np.arange(fit.nobs),))
    names = sorted(kept, key=list(groups).index)
    return Units(" and ".join(names), tuple(kept[name] for name in names))


def _rater(fit: Fit) -> str | None:
    """What the raters are called, if the model knows them: as its term of them is."""
    raters = fit.design.raters
    terms = [part.design.term for part in fit.random]
    called = (term.group for term in terms if raters.are(term.factors))
    return next(called, ":".join(raters.columns) or None)


def _groups(fit: Fit) -> dict[str, np.ndarray]:
    """The model's groups of rows, raters first."""
    rater, codes = _rater(fit), fit.design.raters.codes
    found = {} if rater is None or codes is None else {rater: codes}
    return found | {part.design.term.group: part.design.codes for part in fit.random}


def _constant(columns: np.ndarray, codes: np.ndarray) -> bool:
    """Whether columns (n, c) are the same in all rows of each group."""
    first = np.unique(codes, return_index=True)[1]
    return bool((columns == columns[first][codes]).all())


def _part(fine: np.ndarray | None, coarse: np.ndarray | None) -> bool:
    """Whether all rows of each fine group are of one coarse group."""
    if fine is None or coarse is None:
        return False
    return _constant(coarse[:, None], fine)
