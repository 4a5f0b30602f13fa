"""Averages of predictions: by group, and with one variable set to given values for everyone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from pluralign_stats.effects.estimates import Estimates
from pluralign_stats.effects.options import group_variables
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.models.average import Averager
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.parts import Averaging, Kind, ParameterDraws


@dataclass(frozen=True, eq=False)
class Population:
    """The rows over which predictions are averaged.

    Attributes
    ----------
    data
        Rows with all variables of the model.
    names
        The variables that make groups.
    groups
        The groups, as combinations of their levels; one empty group where there are no names.
    codes
        (m,) group of each row.
    n_dropped
        Rows left out because a variable is missing.
    weight
        (m,) how often each row counts; empty for once each.
    """

    data: pd.DataFrame
    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    codes: np.ndarray
    n_dropped: int
    weight: np.ndarray = field(default_factory=lambda: np.zeros(0))


def population(
    fit: ModelEstimates,
    by: str | Sequence[str] | None,
    newdata: pd.DataFrame | None,
    set_to: Mapping[str, object] | None = None,
) -> Population:
    """Choose the rows to average over: the model's own, or new ones.

    Parameters
    ----------
    by
        Variables whose combinations make groups; they need not be in the model.
    newdata
        Rows to use instead of those the model was fitted to.
    set_to
        Variables that every row will be given, so that it may lack them.
    """
    names = group_variables(by)
    data = fit.design.data if newdata is None else newdata.assign(**(set_to or {}))
    for name in names:
        check_one_of("'by'", name, data.columns)
    filled, complete = fit.design.complete(data)
    complete = complete & data[list(names)].notna().all(axis=1).to_numpy()
    if not complete.any():
        raise InputError(
            "no row of the new data has all variables of the model; check for missing values"
        )
    kept, n_dropped = filled[complete], int((~complete).sum())
    if not names:
        return Population(kept, (), ((),), np.zeros(len(kept), dtype=int), n_dropped)
    levels = kept[list(names)].astype("category")
    codes = levels.groupby(list(names), observed=True).ngroup().to_numpy()
    cells = levels.drop_duplicates().sort_values(list(names)).astype(str)
    groups = tuple(cells.itertuples(index=False, name=None))
    return Population(kept, names, groups, codes, n_dropped)


def averages(
    fit: ModelEstimates,
    rows: Population,
    settings: Sequence[Mapping[str, object]],
    kind: Kind,
    averaging: Averaging,
) -> Estimates:
    """Average predictions with variables set to given values for everyone.

    Parameters
    ----------
    settings
        Values to set, each as variable and value; an empty one leaves the rows as they are.

    Returns
    -------
    Estimates
        One per group, setting and (for probabilities) category, the last varying fastest; labels
        hold their numbers as columns group, setting, category.
    """
    n_groups, n = len(rows.groups), len(settings)
    frame = pd.concat([_with(rows.data, values) for values in settings], ignore_index=True)
    codes = (rows.codes * n + np.arange(n)[:, None]).ravel()

    weight = np.tile(rows.weight if len(rows.weight) else np.ones(len(rows.data)), n)

    averager = Averager(fit, frame, codes, n_groups * n, kind, averaging, weight)
    made = averager.at(fit.joint.estimates)

    def at(points: ParameterDraws) -> np.ndarray:
        return averager.over(points).reshape(len(points.parameters), -1)

    K = made.estimates.shape[1]
    labels = pd.DataFrame(
        list(product(range(n_groups), range(n), range(K))), columns=["group", "setting", "category"]
    )
    return Estimates(labels, made.estimates.ravel(), made.slopes.reshape(len(labels), -1), at)


def _with(data: pd.DataFrame, values: Mapping[str, object]) -> pd.DataFrame:
    """The rows with variables set, factors keeping their levels."""
    columns = {
        name: pd.Categorical([value], data[name].cat.categories).repeat(len(data))
        if data[name].dtype == "category"
        else value
        for name, value in values.items()
    }
    return data.assign(**columns)
