"""On which independent units a comparison rests: raters, items, or both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.models.engine.clusters import lie_within
from pluralign_stats.models.fit import ModelEstimates

#: What the units are where a model knows neither raters nor items.
ALONE = "rating"


@dataclass(frozen=True, eq=False)
class Units:
    """Ways in which rows depend on each other.

    Attributes
    ----------
    names
        What the units are, such as ``("rater",)`` or ``("rater", "item")``.
    codes
        For each way, (n,) number of each row's unit, from 0.
    """

    names: tuple[str, ...]
    codes: tuple[np.ndarray, ...]

    @property
    def name(self) -> str:
        """What tables call them."""
        return " and ".join(self.names)

    @property
    def fewest(self) -> int:
        """Number of units, of the kind of which there are fewest."""
        return min(int(codes.max()) + 1 for codes in self.codes)


def units_of(fit: ModelEstimates, *variables: str) -> Units:
    """Units on which a test of some variables together rests.

    They are those within which a variable is the same: raters of a demographic, items of a
    property of items. Of a variable that varies within all groups they are the raters, and what is
    crossed with them. Groups over which the model lets a variable's effect vary come with them.
    """
    groups = _groups(fit)
    chosen: dict[str, np.ndarray] = {}
    for variable in variables:
        chosen |= _of_variable(fit, variable)
    kept: dict[str, np.ndarray] = {}
    for name, codes in sorted(chosen.items(), key=lambda pair: pair[1].max()):
        if not any(lie_within(codes, coarser) for coarser in kept.values()):
            kept[name] = codes
    if not kept:
        return Units((ALONE,), (np.arange(len(fit.design.y)),))
    names = tuple(sorted(kept, key=list(groups).index))
    return Units(names, tuple(kept[name] for name in names))


def between(
    fit: ModelEstimates, variables: Sequence[str], values: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Codes (n,) of the groups between which something, or its effect, differs; by name.

    `values` (n,) are what differs; by default those of the first of its variables.
    """
    if values is None:
        values = pd.factorize(fit.design.data[variables[0]])[0]
    crossed = _levels_apart(fit, variables)
    whole = {name: codes for name, codes in _whole(fit).items() if name not in crossed}
    same = {name: codes for name, codes in whole.items() if lie_within(codes, values)}
    return (
        same
        | dict(crossed.values())
        | {
            part.design.term.group: part.design.codes
            for part in fit.random
            if set(variables) & set(map(str, part.design.spec.required_variables))
        }
    )


def _levels_apart(
    fit: ModelEstimates, variables: Sequence[str]
) -> dict[str, tuple[str, np.ndarray]]:
    """Terms such as ``(1|rater:source)``, by which effects of a variable differ between raters.

    By the term's group the units between which they do, and these (n,) by number.
    """
    found = {}
    for part in fit.random:
        factors = part.design.term.factors
        units = [f for f in factors if f not in variables]
        if 0 < len(units) < len(factors):
            codes = fit.design.data.groupby(units, observed=True, sort=False).ngroup()
            found[part.design.term.group] = (":".join(units), codes.to_numpy())
    return found


def _of_variable(fit: ModelEstimates, variable: str) -> dict[str, np.ndarray]:
    values, groups = pd.factorize(fit.design.data[variable])[0], _whole(fit)
    same = any(lie_within(codes, values) for codes in groups.values())
    return ({} if same else _crossed(groups, _rater(fit))) | between(fit, [variable])


def _whole(fit: ModelEstimates) -> dict[str, np.ndarray]:
    """Raters, and the groups that do not lie within them."""
    groups, rater = _groups(fit), _rater(fit)
    if rater is None:
        return groups
    return {n: c for n, c in groups.items() if n == rater or not lie_within(c, groups[rater])}


def _crossed(groups: dict[str, np.ndarray], rater: str | None) -> dict[str, np.ndarray]:
    """Raters, and the groups that do not hold whole raters."""
    if rater is None:
        return groups
    return {n: c for n, c in groups.items() if n == rater or not lie_within(groups[rater], c)}


def _rater(fit: ModelEstimates) -> str | None:
    """What the raters are called, if the model knows them: as its term of them is."""
    raters = fit.design.raters
    terms = [part.design.term for part in fit.random]
    called = (term.group for term in terms if raters.are(term.factors))
    return next(called, ":".join(raters.columns) or None) if raters.known else None


def _groups(fit: ModelEstimates) -> dict[str, np.ndarray]:
    """The model's groups of rows, raters first."""
    rater, codes = _rater(fit), fit.design.raters.codes
    found = {} if rater is None or codes is None else {rater: codes}
    return found | {part.design.term.group: part.design.codes for part in fit.random}
