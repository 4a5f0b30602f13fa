"""The cells of a population that a user supplies, checked against a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.effects.options import group_variables
from pluralign_stats.errors import InputError, check_one_of, listing
from pluralign_stats.models.columns import read_columns
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.weighting.sizes import ERRORS, SIZES, read_sizes


@dataclass(frozen=True, eq=False)
class Cells:
    """A population, and the sample in the same terms.

    Attributes
    ----------
    data
        One row per cell: the variables of the model and those that make groups; the groups of
        random effects that the population does not name are missing.
    weight, error
        (m,) how many people each cell has, or its share, and the standard error of that.
    sample
        The rows of the model's data with the same columns.
    names
        The variables that make groups.
    groups
        The random effects' groups that the population names.
    sized
        Whether sizes of different groups can be compared.
    notes
        What a reader has to know of the population.
    """

    data: pd.DataFrame
    weight: np.ndarray
    error: np.ndarray
    sample: pd.DataFrame
    names: tuple[str, ...]
    groups: tuple[str, ...]
    sized: bool
    notes: tuple[str, ...]


def read_cells(
    fit: ModelEstimates,
    population: pd.DataFrame | Mapping[str, pd.DataFrame],
    by: str | Sequence[str] | None,
) -> Cells:
    """Check a population; see `poststratify`."""
    names = group_variables(by)
    if isinstance(population, Mapping):
        table, sized = _join(population, names)
    else:
        table, sized = read_sizes(population, "the population"), True
    table = read_columns(table[table["weight"] > 0])
    factors = {name for part in fit.random for name in part.design.term.factors}
    _check_columns(fit, table, names)
    needed = list(dict.fromkeys([*fit.design.variables, *names]))
    named = [c for c in table if c in factors and c not in needed]
    data = table[[*needed, *named]]
    gap = data.isna().any()
    if gap.any():
        column = gap.idxmax()
        row = data.index[data[column].isna()][0]
        raise InputError(f"the population has no '{column}' in row {row}; every cell needs a value")
    try:
        fit.design.complete(data)
    except InputError as error:
        raise InputError(
            f"the population: {error}; sum the population to the model's levels, fit the model to "
            "the population's, or leave the variable out of both"
        ) from None
    weight = table["weight"].to_numpy(dtype=float)
    sample = fit.design.data[[*needed, *named]]
    groups = dict.fromkeys(
        part.design.term.group for part in fit.random if set(part.design.term.factors) <= {*data}
    )
    missing = dict.fromkeys(factors - {*data}, np.nan)
    levels = {name: _levels(sample[name], data[name]) for name in names}
    return Cells(
        data.assign(**missing).astype(levels),
        weight,
        table[ERRORS].to_numpy(dtype=float),
        sample.assign(**missing).astype(levels),
        names,
        tuple(groups),
        sized,
        _notes(population, data, sample, weight),
    )


def _join(tables: Mapping[str, pd.DataFrame], names: tuple[str, ...]) -> tuple[pd.DataFrame, bool]:
    """Several tables in one, and whether their sizes can be compared."""
    if len(names) != 1:
        raise InputError(
            "a population of several tables needs 'by', the variable whose levels are their names, "
            "such as by='country'"
        )
    if not tables:
        raise InputError("the population has no table")
    kinds = {name for table in tables.values() for name in SIZES if name in table}
    if len(kinds) > 1:
        raise InputError(
            "the tables of the population must all have a column 'n', or all have a column 'share'"
        )
    read = [
        read_sizes(table, f"the population '{level}'").assign(**{names[0]: level})
        for level, table in tables.items()
    ]
    return pd.concat(read, ignore_index=True), kinds == {"n"}


def _check_columns(fit: ModelEstimates, table: pd.DataFrame, names: tuple[str, ...]) -> None:
    for name in names:
        check_one_of("'by'", name, table.columns.drop(["weight", ERRORS]))
    lacking = [name for name in fit.design.variables if name not in table]
    if lacking:
        raise InputError(
            f"the population lacks {listing(lacking)}; it needs every variable of the model: add "
            "the column, or fit the model without"
        )
    for name in names:
        if name not in fit.design.data:
            raise InputError(
                f"the data of the model have no '{name}', so that the sample cannot be grouped by "
                "it; leave it out of 'by', or put it in the model"
            )


def _levels(sample: pd.Series, data: pd.Series) -> pd.CategoricalDtype:
    """Levels in the sample's order, and after them those of the population alone."""
    known = list(sample.astype("category").cat.categories)
    return pd.CategoricalDtype([*known, *(v for v in pd.unique(data) if v not in known)])


def _notes(
    population: object, data: pd.DataFrame, sample: pd.DataFrame, weight: np.ndarray
) -> tuple[str, ...]:
    """Where the population comes from, and which cells nobody of the sample is in."""
    told = []
    source = population.attrs.get("source") if isinstance(population, pd.DataFrame) else None
    if source:
        told.append(f"Population: {source}.")
    kinds = [c for c in data if not pd.api.types.is_numeric_dtype(data[c])]
    known = set(zip(*(sample[c].astype(str) for c in kinds), strict=True))
    cells = list(zip(*(data[c].astype(str) for c in kinds), strict=True))
    absent = np.array([cell not in known for cell in cells], dtype=bool)
    if absent.any():
        told.append(
            f"{absent.sum():,} of {len(cells):,} cells of the population, with "
            f"{weight[absent].sum() / weight.sum():.1%} of its people, have nobody in the sample; "
            "the model predicts them from what other cells tell it."
        )
    return tuple(told)
