"""Margins of a population: which share each level of a demographic has in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of, listing
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import nfc
from pluralign_stats.weighting.sizes import read_sizes


@dataclass(frozen=True, eq=False)
class Margin:
    """The shares that the levels of one demographic are to have.

    Attributes
    ----------
    name
        The demographic.
    target
        Shares by level, summing to 1.
    code
        (n,) which of these levels each rater has; -1 for none of them.
    """

    name: str
    target: pd.Series
    code: np.ndarray

    @property
    def rest(self) -> np.ndarray:
        """(n,) which raters have none of the levels: they keep their share."""
        return self.code < 0

    @property
    def departures(self) -> np.ndarray:
        """(n, k - 1) each rater's levels less the target shares; 0 for those with none of them."""
        given = self.code[:, None] == np.arange(1, len(self.target))
        return np.where(self.rest[:, None], 0.0, given - self.target.to_numpy()[1:])


def read_margins(
    study: Study, margins: pd.DataFrame | Mapping[str, object], base: np.ndarray
) -> list[Margin]:
    """Check margins against the raters of a study, who have (n,) weights to begin with.

    Raises
    ------
    InputError
        If there are none, one is of no demographic, shares do not sum to 1, or no rater has a
        level that has a share.
    """
    shares = _of_table(study, margins) if isinstance(margins, pd.DataFrame) else _given(margins)
    if not shares:
        raise InputError("margins holds no demographic; name one with the share of each level")
    for name in shares:
        check_one_of("a margin", name, study.demographics)
    return [_margin(study, name, target, base) for name, target in shares.items()]


def _given(margins: Mapping[str, object]) -> dict[str, pd.Series]:
    """Shares by demographic, as numbers."""
    found = {}
    for name, shares in margins.items():
        if not isinstance(shares, Mapping | pd.Series) or not len(shares):
            raise InputError(
                f"the margin of '{name}' must be shares by level, such as {{'A': 0.4, 'B': 0.6}}, "
                f"not {shares!r}"
            )
        table = pd.DataFrame({"share": dict(shares)})
        found[name] = read_sizes(table, f"the margin of '{name}'")["weight"]
    return found


def _of_table(study: Study, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Shares by each demographic for which a population has a column."""
    people = read_sizes(table, "the population")
    names = [name for name in study.demographics if name in people]
    if not names:
        known = listing(study.demographics)
        raise InputError(f"the population has no column of a demographic of the study ({known})")
    for name in names:
        gap = people[name].isna()
        if gap.any():
            raise InputError(f"the population has no '{name}' in row {people.index[gap][0]}")
    people = people[people["weight"] > 0]
    return {name: people.groupby(people[name].astype(str))["weight"].sum() for name in names}


def check_levels(study: Study, name: str, levels: Iterable[str], what: str) -> None:
    """Refuse levels of a demographic, of a population called `what`, that no rater has."""
    known = study.levels(name)
    strange = [level for level in levels if nfc(level) not in known]
    if strange:
        raise InputError(
            f"{what}: '{name}' has {listing(strange)}, which no rater is; the raters are "
            f"{listing(known, 20)}: sum the population to these, read the raters' answers into its "
            f"levels ('recode' or 'bands' in the codebook), or leave '{name}' out of it"
        )


def _margin(study: Study, name: str, target: pd.Series, base: np.ndarray) -> Margin:
    """Shares in the order of the study's levels, and who has which."""
    target = target.set_axis([nfc(str(level)) for level in target.index])
    twice = target.index[target.index.duplicated()]
    if len(twice):
        raise InputError(f"the margin of '{name}' has the level '{twice[0]}' twice; keep one")
    levels = study.levels(name)
    check_levels(study, name, target.index, "the margins")
    target = target.reindex([level for level in levels if level in target.index])
    known = study.raters[name].astype("str").map({v: k for k, v in enumerate(target.index)})
    code = known.fillna(-1).to_numpy(dtype=int)
    weight = np.bincount(code[code >= 0], base[code >= 0], minlength=len(target))
    for level, share, there in zip(target.index, target, weight, strict=True):
        if share == 0 or there == 0:
            lacks = "a share of 0" if share == 0 else "no rater with a weight above 0"
            raise InputError(
                f"the margin of '{name}': '{level}' has {lacks}, so that no weight leads there; "
                "leave these raters out first, by study.where(…)"
            )
    return Margin(name, target / target.sum(), code)
