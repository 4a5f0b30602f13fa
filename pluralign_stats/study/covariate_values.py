"""Covariates of a study, read from its files."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.covariate import Covariate
from pluralign_stats.study.entries import LANGUAGE
from pluralign_stats.study.factors import check_reference, gather_small, read_answers
from pluralign_stats.study.infer_factors import MANY_LEVELS
from pluralign_stats.study.keys import item_key
from pluralign_stats.study.tables import RawTable, Tables
from pluralign_stats.study.unknown import Unknown


@dataclass(frozen=True, eq=False)
class Covariates:
    """Covariates by row of the ratings file.

    Attributes
    ----------
    frame
        A column for each: categories, or numbers.
    gathered
        By covariate the answers and levels that became its level `other`.
    unknown
        Answers that the codebook does not name.
    """

    frame: pd.DataFrame
    gathered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[Unknown, ...] = ()


def read_covariates(codebook: Codebook, tables: Tables, keys: pd.DataFrame) -> Covariates:
    """Read the covariates; from the items file where only that has them.

    Raises
    ------
    InputError
        If one is absent, is a number and holds none, or is asked for though it does not vary.
    """
    frame, gathered = pd.DataFrame(index=keys.index), {}
    unknown: tuple[Unknown, ...] = ()
    for name, covariate in codebook.covariates.items():
        table = table_of(tables, covariate.column or name)
        if covariate.number:
            values = _numbers(table, name, covariate)
        else:
            recoded = read_answers(table, name, covariate, "covariates")
            values, unknown = recoded.level, unknown + recoded.unknown
        if table is not tables.ratings:
            values.index = item_key(table, codebook.columns.item)
            values = keys["item"].map(values).astype(values.dtype)
        if covariate.other is not None:
            small = gather_small(values, keys["rater"], covariate)
            values = small.level
            gathered[name] = recoded.gathered + small.gathered
        if not unknown and not covariate.number:
            check_reference(table, name, covariate, values)
        frame[name] = values
    if not unknown:
        _check_asked(codebook, tables, frame, keys)
    return Covariates(frame, gathered, unknown)


def table_of(tables: Tables, column: str) -> RawTable:
    """The table in which a covariate stands."""
    own = column in tables.ratings.frame or tables.items is None
    return tables.ratings if own or tables.items is None else tables.items


def _numbers(table: RawTable, name: str, covariate: Covariate) -> pd.Series:
    column = covariate.column or name
    cells = table.answers(column, f"'{name}'", covariate)
    cells = cells.mask(cells.isin(covariate.declined))
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    strange = cells.notna() & ~np.isfinite(numbers)
    if strange.any():
        advice = (
            "name the value under 'missing' of the covariate if it means no answer; if it has "
            "levels, leave 'per' out"
        )
        raise table.refuse(column, strange, "numbers", advice)
    return numbers


def _check_asked(
    codebook: Codebook, tables: Tables, frame: pd.DataFrame, keys: pd.DataFrame
) -> None:
    """Refuse covariates whose effects are asked for, though there is nothing to compare."""
    for name in codebook.effects:
        if name == LANGUAGE:
            table, column = tables.ratings, str(codebook.columns.language)
            values, covariate = keys[LANGUAGE], None
        else:
            covariate = codebook.covariates[name]
            column = covariate.column or name
            table, values = table_of(tables, column), frame[name]
        why = _nothing_to_compare(values, covariate)
        if why:
            raise InputError(
                f"{table.name}: column '{column}': 'effects' names '{name}', but {why}"
            )


def _nothing_to_compare(values: pd.Series, covariate: Covariate | None) -> str:
    """Why a covariate can have no effect; empty where it can."""
    found = values.dropna().unique()
    if not len(found):
        return "all its values are missing; take it out of 'effects', or fill it in"
    if len(found) == 1:
        only = found[0] if isinstance(found[0], str) else f"{found[0]:g}"
        return (
            f"it has one {'number' if covariate and covariate.number else 'level'} only, '{only}', "
            "so that there is nothing to compare; take it out of 'effects'"
        )
    stated = covariate is None or covariate.number or covariate.known_levels is not None
    if len(found) > MANY_LEVELS and not stated:
        return (
            f"it has {len(found):,} levels, as texts and names have; allowed: {MANY_LEVELS}, or "
            "those that 'levels' of the covariate names, with 'recode' or 'other' for the rest; "
            "a number is stated with 'per'"
        )
    return ""
