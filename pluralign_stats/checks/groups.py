"""Groups of rows within which a model is checked, none of them too small to be shown."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.checks.raters import count_raters, rater_numbers
from pluralign_stats.errors import InputError, NotApplicableError, one_of
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.predict import predict
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import suppressed

#: Groups into which a number is cut.
N_BINS = 5


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of the rows that a model uses.

    Attributes
    ----------
    term
        What makes the groups.
    labels
        Their G names.
    codes
        (n,) group of each row; -1 for rows in none.
    n_raters, n_ratings
        (G,) counts; raters are missing where the model does not tell them apart.
    notes
        What was left out.
    """

    term: str
    labels: tuple[str, ...]
    codes: np.ndarray
    n_raters: np.ndarray
    n_ratings: np.ndarray
    notes: tuple[str, ...] = ()

    def means(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(G, K) weighted means of (n, K) values."""
        kept = self.codes >= 0
        share = np.zeros((len(self.labels), kept.sum()))
        share[self.codes[kept], np.arange(kept.sum())] = weight[kept]
        return share @ values[kept] / share.sum(axis=1, keepdims=True)


def repeated(blocks: Iterable[Groups], K: int) -> pd.DataFrame:
    """Columns term, group, n_raters, n_ratings: each group of several blocks in K rows."""
    tables = [
        pd.DataFrame({"term": b.term, "group": b.labels, "n_raters": b.n_raters,
                      "n_ratings": b.n_ratings}) for b in blocks
    ]  # fmt: skip
    made = pd.concat(tables, ignore_index=True)
    return made.loc[made.index.repeat(K)].reset_index(drop=True)


def group_rows(fit: ModelEstimates, by: str | pd.Series | None, min_cell: int = MIN_CELL) -> Groups:
    """Group rows by fitted mean rating, or by a variable.

    Parameters
    ----------
    fit
        A fitted model.
    by
        A variable of the model, a series with the index of the data (for variables that the model
        does not hold), or None for the population-averaged fitted mean. Numbers of many different
        values are cut into five groups.
    min_cell
        Fewest raters of a group (ratings where the model knows no raters): neighbouring groups of
        numbers are joined until they have so many; smaller levels of a factor are left out and
        counted.

    Raises
    ------
    InputError
        If the variable is unknown, or nothing is left to show.
    """
    values, term = _values(fit, by)
    if pd.api.types.is_numeric_dtype(values) and (by is None or values.nunique() > N_BINS):
        return _bins(fit, values.to_numpy(dtype=float), term, min_cell)
    return _levels(fit, values.astype("category"), term, min_cell)


def _values(fit: ModelEstimates, by: str | pd.Series | None) -> tuple[pd.Series, str]:
    data = fit.design.data
    if by is None:
        return pd.Series(predict(fit, kind="mean")), "Fitted rating"
    if isinstance(by, str):
        if by not in data:
            raise InputError(
                one_of("'by'", by, data.columns)
                + "; for a variable outside the model give the column itself, as in by=data['x']"
            )
        return data[by], by
    if not isinstance(by, pd.Series):
        raise InputError(f"'by' must be a name or a pandas Series, not {type(by).__name__}")
    if not by.index.is_unique or not data.index.isin(by.index).all():
        raise InputError(
            "'by' must have a row for each row of the data, under the same unique index"
        )
    return by.reindex(data.index), str(by.name or "group")


def _bins(fit: ModelEstimates, values: np.ndarray, term: str, min_cell: int) -> Groups:
    # Rounding joins rows that differ by the order of additions only.
    values = np.round(values, 10)
    known = np.isfinite(values)
    if not known.any():
        raise NotApplicableError(f"'{term}' has no value in the rows used")
    cuts = np.unique(np.quantile(values[known], np.arange(1, N_BINS) / N_BINS, method="higher"))
    codes = np.where(known, np.searchsorted(cuts, values, side="left"), -1)
    raters = rater_numbers(fit)
    codes = joined(codes, raters, min_cell)
    labels = []
    for k in range(codes.max() + 1):
        low, high = values[codes == k].min(), values[codes == k].max()
        labels.append(f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}")
    return _groups(fit, term, labels, codes, raters, ())


def joined(codes: np.ndarray, raters: np.ndarray, min_cell: int) -> np.ndarray:
    """Join neighbouring groups until each has `min_cell` raters; renumber them from 0.

    Parameters
    ----------
    codes, raters
        (n,) ordered group (-1 for none) and rater of each row.
    """
    while True:
        found, numbers = np.unique(codes[codes >= 0], return_inverse=True)
        codes = codes.copy()
        codes[codes >= 0] = numbers
        counts = count_raters(codes, raters, len(found))
        small = int(counts.argmin())
        if counts[small] >= min_cell or len(found) == 1:
            return codes
        beside = [k for k in (small - 1, small + 1) if 0 <= k < len(found)]
        codes[codes == small] = min(beside, key=lambda k: counts[k])


def _levels(fit: ModelEstimates, values: pd.Series, term: str, min_cell: int) -> Groups:
    raters = rater_numbers(fit)
    factor = values.cat.remove_unused_categories()
    codes = factor.cat.codes.to_numpy().astype(int)
    levels = [str(level) for level in factor.cat.categories]
    hidden = suppressed(count_raters(codes, raters, len(levels)), min_cell)
    if hidden.all():
        raise NotApplicableError(f"no level of '{term}' has {min_cell} raters or more")
    number = np.append(np.where(hidden, -1, np.cumsum(~hidden) - 1), -1)
    told = f"Levels left out for having, or giving away, fewer than {min_cell} raters: "
    notes = (f"{told}{hidden.sum()}.",) if hidden.any() else ()
    kept = [level for level, away in zip(levels, hidden, strict=True) if not away]
    return _groups(fit, term, kept, number[codes], raters, notes)


def _groups(
    fit: ModelEstimates,
    term: str,
    labels: list[str],
    codes: np.ndarray,
    raters: np.ndarray,
    notes: tuple[str, ...],
) -> Groups:
    n_raters = count_raters(codes, raters, len(labels)).astype(float)
    if not fit.design.raters.known:
        n_raters[:] = np.nan
    n_ratings = np.bincount(codes[codes >= 0], minlength=len(labels))
    return Groups(term, tuple(labels), codes, n_raters, n_ratings, notes)


def whole(fit: ModelEstimates) -> Groups:
    """All rows as one group."""
    codes = np.zeros(fit.nobs, dtype=int)
    return _groups(fit, "All ratings", ["All"], codes, rater_numbers(fit), ())
