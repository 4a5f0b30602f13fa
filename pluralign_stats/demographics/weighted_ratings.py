"""Ratings of one dimension weighted by a population from a file."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pluralign_stats.demographics.bayesian import bayesian_effects
from pluralign_stats.demographics.effects import one_dimension
from pluralign_stats.demographics.plans import family_of, formula_of, given_ratings, numbers_note
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.poststratify import poststratify
from pluralign_stats.errors import InputError, listing
from pluralign_stats.fits.bayes import fit_bayes
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.study.data_file import read_unlisted
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import RawTable
from pluralign_stats.weighting.margins import check_levels
from pluralign_stats.weighting.shipped import SHIPPED, example_population
from pluralign_stats.weighting.sizes import ERRORS, SIZES


@documented_by(bayesian_effects)
def population_ratings(
    study: Study,
    file: str | Path,
    dimension: str = "",
    *,
    conf_level: float = CONF_LEVEL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> Result:
    """Weight ratings on one dimension by a population, beside the sample as it is.

    The model holds those demographics of the study that the population has columns for.

    Parameters
    ----------
    file
        A CSV with a row per kind of people, columns named as the study's demographics, and ``n``
        (how many there are) or ``share``; or the name of a population that `example_population`
        has: ``"example"``, ``"us-2022"``.

    Returns
    -------
    Result
        As of `poststratify`, under the readers' labels.

    Raises
    ------
    InputError
        If the file cannot be read, has no demographic of the study, or a level that its raters do
        not have.

    References
    ----------
    Gelman & Little (1997), Survey Methodology 23, 127-135.

    Examples
    --------
    >>> weighted = pls.demographics.population_ratings(
    ...     study, "example", "toxicity", sampling=sampling
    ... )
    >>> weighted.table["weighting"].tolist()
    ['population', 'sample', 'difference']
    """
    target = one_dimension(study, dimension)
    people = _read(file)
    factors = tuple(name for name in study.demographics if name in people)
    if not factors:
        known = listing(study.demographics)
        raise InputError(f"{file}: no column is a demographic of the study ({known}); add one")
    data = given_ratings(study, target)
    for name in factors:
        if people[name].isna().any():
            row = people.index[people[name].isna()][0]
            raise InputError(f"{file}: column '{name}', row {row}: no value; fill in the cell")
    sizes = [name for name in SIZES if name in people]
    there = people[(people[sizes] > 0).any(axis=1)]
    for name in factors:
        check_levels(study, name, there[name].astype(str).unique(), str(file))
    cells = people.groupby(list(factors), as_index=False, sort=False)[sizes].sum()
    if ERRORS in people:
        squares = people.assign(square=people[ERRORS] ** 2).groupby(list(factors), sort=False)
        cells[ERRORS] = np.sqrt(squares["square"].sum().to_numpy())
    cells.attrs = people.attrs
    family = family_of(study, target)
    formula = formula_of(data, factors)
    fit = fit_bayes(formula, data, family=family, priors=priors, **asdict(sampling))
    result = poststratify(fit, cells, conf_level=conf_level)
    notes = (*result.meta.notes, *filter(None, [numbers_note(study, [target])]))
    result = replace(result, meta=replace(result.meta, notes=notes))
    return result.about(study.codebook.label(target))


def _read(file: str | Path) -> pd.DataFrame:
    if str(file) in SHIPPED:
        return example_population(str(file))
    path = Path(file)
    if not path.is_file():
        raise InputError(f"{file}: the population cannot be read (no such file); give another file")
    table = read_unlisted(path)
    sizes = {name: _sizes(table, name) for name in (*SIZES, ERRORS) if name in table.frame}
    return table.frame.assign(**sizes)


def _sizes(table: RawTable, name: str) -> pd.Series:
    """Numbers of people, or their shares, none of them missing."""
    size = pd.to_numeric(table.frame[name], errors="coerce")
    if size.isna().any():
        raise table.refuse(name, size.isna(), "numbers", "correct the cell, or remove the row")
    return size
