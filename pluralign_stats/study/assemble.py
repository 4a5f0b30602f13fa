"""From raw tables and a codebook to the validated parts of a study."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.asked import asked_effects
from pluralign_stats.study.careless_rows import careless_of
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.covariate_values import read_covariates
from pluralign_stats.study.filters import apply_filters
from pluralign_stats.study.format_periods import check_formats, format_of_rows
from pluralign_stats.study.formats import FORMAT
from pluralign_stats.study.keys import complete, item_key
from pluralign_stats.study.missing import found_codes
from pluralign_stats.study.questions import Dimension
from pluralign_stats.study.raters import drop_undescribed, raters_of
from pluralign_stats.study.repeats import Occasions, settle
from pluralign_stats.study.schema import check_ratings
from pluralign_stats.study.tables import RawTable, Tables
from pluralign_stats.study.text import TEXTS, folded
from pluralign_stats.study.unknown import refuse_unknown
from pluralign_stats.study.weights import with_weights


@dataclass(frozen=True, eq=False)
class Parts:
    """What a study is made of; `Study` says what each of them is.

    The codebook has entries for all covariates whose effects it asks for.
    """

    codebook: Codebook
    ratings: pd.DataFrame
    raters: pd.DataFrame
    items: pd.DataFrame
    exclusions: pd.DataFrame
    nonresponse: pd.DataFrame
    codes: pd.DataFrame
    hashes: Mapping[str, str]
    notes: tuple[str, ...]
    gathered: Mapping[str, tuple[str, ...]]
    repeats: pd.DataFrame
    careless: pd.DataFrame


def assemble(codebook: Codebook, tables: Tables) -> Parts:
    """Recode, filter and check raw tables, of which `Study.of` makes a study.

    Raises
    ------
    InputError
        On the first thing that does not fit the codebook, with file, column, rows and value.
    """
    read = tables
    tables, filtered = apply_filters(codebook, tables)
    tables, undescribed = drop_undescribed(codebook, tables)
    asked = asked_effects(codebook, tables)
    codebook = asked.codebook
    keys = _keys(codebook, tables.ratings)
    raters = raters_of(codebook, tables, keys)
    items = _items(codebook, tables, keys)
    covariates = read_covariates(codebook, tables, keys)
    refuse_unknown((*raters.unknown, *covariates.unknown))
    ratings, occasions, repeated = _ratings(codebook, tables, keys)
    if codebook.formats is not None:
        rows = format_of_rows(codebook.formats, tables.ratings, keys, ratings)
        check_formats(codebook.formats, tables.ratings, rows, ratings)
        covariates.frame[FORMAT] = rows
    careless = careless_of(codebook, tables.ratings, keys, ratings)
    tidy = _join(codebook, ratings, keys, covariates.frame, raters.frame, items)
    return Parts(
        codebook,
        tidy,
        with_weights(raters.frame, tables, codebook.columns.rater, codebook.columns.weight),
        items,
        _all_told([filtered, undescribed, raters.told, repeated]),
        raters.nonresponse,
        found_codes(codebook, read),
        read.hashes,
        (*read.notes, *asked.notes),
        raters.gathered | covariates.gathered,
        occasions,
        careless,
    )


def _all_told(records: list[pd.DataFrame]) -> pd.DataFrame:
    """What filters and rules did, in the order in which they did."""
    some = [each for each in records if len(each)]
    return pd.concat(some, ignore_index=True) if some else records[0]


def _keys(codebook: Codebook, table: RawTable) -> pd.DataFrame:
    """Rater, item and language (if any) of each row of the ratings file."""
    columns = codebook.columns
    keys = {
        "rater": complete(table, columns.rater, "the rater"),
        "item": item_key(table, columns.item),
    }
    if columns.language:
        tags = table.answers(columns.language, "the language", codebook.spoken)
        keys["language"] = tags.astype("category")
    return pd.DataFrame(keys)


def _ratings(
    codebook: Codebook, tables: Tables, keys: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Checked ratings of all dimensions, one below the other: row, dimension, rating.

    Then what was rated repeatedly, and what became of that.
    """
    table, blocks, occasions = tables.ratings, [], Occasions(codebook.repeats)
    for name, dimension in codebook.dimensions.items():
        column, raw = _raw_ratings(codebook, table, name)
        rating = _numbers(table, column, raw, dimension)
        block = keys.loc[raw.index, ["rater", "item"]].assign(rating=rating)
        check_ratings(block, table, column, name, dimension, codebook.repeats)
        block = settle(block, table, column, name, dimension, occasions)
        rating = block["rating"]
        if rating.nunique() < 2:
            found = (
                f"every rating is {rating.dropna().iloc[0]:g}"
                if rating.notna().any()
                else "no rating"
            )
            raise InputError(
                f"{table.name}: column '{column}': dimension '{name}' has one observed level at "
                f"most ({found}); allowed: at least two different ratings; "
                "correct the file or leave the dimension out of the codebook"
            )
        blocks.append(pd.DataFrame({"row": block.index, "dimension": name, "rating": rating.array}))
    tidy = pd.concat(blocks, ignore_index=True)
    tidy = tidy.astype({"dimension": pd.CategoricalDtype(list(codebook.dimensions))})
    return tidy, occasions.frame, occasions.told


def _raw_ratings(codebook: Codebook, table: RawTable, name: str) -> tuple[str, pd.Series]:
    """Column and raw cells of one dimension, from a wide or a long file."""
    dimension = codebook.dimensions[name]
    wanted = dimension.column or name
    if not codebook.long:
        return wanted, table.answers(wanted, f"dimension '{name}'", dimension)
    dimension_column, rating_column = str(codebook.columns.dimension), str(codebook.columns.rating)
    named = complete(table, dimension_column, "the dimension")
    known = [d.column or n for n, d in codebook.dimensions.items()]
    if not named.isin(known).all():
        advice = "add the dimension to the codebook"
        raise table.refuse(dimension_column, ~named.isin(known), listing(known, 20), advice)
    rows = table.answers(rating_column, "the rating", dimension)[named == wanted]
    if rows.empty:
        raise InputError(
            f"{table.name}: column '{dimension_column}': no row for dimension '{name}' "
            f"('{wanted}'); correct 'column' in the codebook or leave the dimension out"
        )
    return rating_column, rows


def _numbers(table: RawTable, column: str, raw: pd.Series, dimension: Dimension) -> pd.Series:
    """Ratings as numbers; the codebook's words for them are understood, in any case."""
    words = dimension.words
    said = {value: str(words.get(folded(value), value)) for value in raw.dropna().unique()}
    text = raw.map(said, na_action="ignore").astype("str")
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    strange = raw.notna() & numbers.isna()
    if strange.any():
        allowed = dimension.scale.allowed
        allowed += f" or {listing(sorted(words))}" if words else ""
        comma = raw[strange].str.fullmatch(r"\s*[-+]?\d*,\d+\s*").iloc[0]
        advice = (
            "correct the cell, or name the value under 'missing' in the codebook, of the dimension "
            "or of all, if it means no answer ('filters' would leave its rows out)"
        )
        advice = "write decimals with a point instead of a comma" if comma else advice
        raise table.refuse(column, strange, allowed, advice)
    return numbers


def _items(codebook: Codebook, tables: Tables, keys: pd.DataFrame) -> pd.DataFrame:
    """Items with their prompt, and texts where the items file has them."""
    table = tables.items or tables.ratings
    item = item_key(table, codebook.columns.item)
    column = codebook.columns.prompt
    if column and column not in table.frame and column in tables.ratings.frame:
        prompt = item.map(
            complete(tables.ratings, column, "the prompt").groupby(keys["item"]).first()
        )
    else:
        prompt = complete(table, column, "the prompt") if column else item
    frame = pd.DataFrame({"item": item, "prompt": prompt})
    for part, columns in codebook.texts.columns().items():
        for language, text in columns.items():
            frame[TEXTS[part] + language] = table.answers(text, f"texts.{part}.{language}")
    if tables.items is not None:
        _refuse_unknown_items(tables, item, keys, codebook)
    else:
        if column:
            advice = "add the prompt to the item's columns"
            _refuse_differing(table, column, prompt, item, "prompt", advice)
        for text in {c for columns in codebook.texts.columns().values() for c in columns.values()}:
            advice = "keep one, or name another column as the item"
            _refuse_differing(table, text, table.frame[text], item, "text", advice)
        frame = frame[~item.duplicated()]
    return frame.reset_index(drop=True)


def _refuse_differing(
    table: RawTable, column: str, values: pd.Series, item: pd.Series, what: str, advice: str
) -> None:
    """Refuse two different prompts or texts of one item."""
    first = np.flatnonzero(~item.duplicated())[pd.factorize(item)[0]]
    differs = values.fillna("") != values.iloc[first].fillna("").set_axis(values.index)
    if differs.any():
        raise table.refuse(column, differs, f"one {what} an item", advice)


def _refuse_unknown_items(
    tables: Tables, item: pd.Series, keys: pd.DataFrame, codebook: Codebook
) -> None:
    table, column = tables.items, codebook.columns.item[-1]
    assert table is not None  # noqa: S101 - narrows the type; the caller checked
    if item.duplicated().any():
        raise table.refuse(column, item.duplicated(), "one row an item", "remove the duplicate")
    unknown = ~keys["item"].isin(item)
    if unknown.any():
        raise tables.ratings.refuse(
            column, unknown, f"items that {table.name} holds", f"add the item to {table.name}"
        )


def _join(
    codebook: Codebook,
    ratings: pd.DataFrame,
    keys: pd.DataFrame,
    covariates: pd.DataFrame,
    raters: pd.DataFrame,
    items: pd.DataFrame,
) -> pd.DataFrame:
    """Tidy ratings with the rater's demographics and the row's covariates."""
    rater = pd.Categorical(keys["rater"], raters["rater"])
    item = pd.Categorical(keys["item"], items["item"])
    wide = pd.DataFrame({"rater": rater, "item": item}, index=keys.index)
    wide["prompt"] = pd.Categorical(items["prompt"].array.take(item.codes))
    wide["item"] = wide["item"].cat.remove_unused_categories()
    if "language" in keys:
        wide["language"] = keys["language"]
    for name in codebook.demographics:
        wide[name] = raters[name].array.take(rater.codes)
    wide = pd.concat([wide, covariates], axis=1)
    tidy = wide.loc[ratings["row"]].reset_index(drop=True)
    position = tidy.columns.get_loc("language") + 1 if "language" in tidy else 3
    tidy.insert(position, "dimension", ratings["dimension"])
    tidy.insert(position + 1, "rating", ratings["rating"])
    return tidy
