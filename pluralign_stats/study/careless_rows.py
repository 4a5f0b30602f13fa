"""What the files of a study hold of raters who may not have read."""

import pandas as pd

from pluralign_stats.study.careless import careless_flags
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.tables import RawTable


def careless_of(
    codebook: Codebook, table: RawTable, keys: pd.DataFrame, ratings: pd.DataFrame
) -> pd.DataFrame:
    """Which raters show which signs of not reading."""
    rules, durations = codebook.careless, None
    if rules.duration is not None:
        cells = table.answers(rules.duration, "the duration")
        durations = pd.to_numeric(cells, errors="coerce")
        strange = (cells.notna() & durations.isna()) | (durations < 0)
        if strange.any():
            advice = "correct the cell, or name another column as 'duration'"
            raise table.refuse(rules.duration, strange, "numbers of at least 0", advice)
    texts = [table.answers(column, "the texts of raters") for column in rules.texts]
    place = ratings["row"].map(_row_of(keys)) if codebook.long else ratings["row"]
    wide = ratings.assign(row=place).pivot_table(
        index="row", columns="dimension", values="rating", aggfunc="first", observed=False,
        dropna=False,
    )  # fmt: skip
    wide = wide.reindex(keys.index)[list(codebook.dimensions)]
    if codebook.long:
        kept = keys.index.isin(place)
        wide, keys = wide[kept], keys[kept]
        durations = None if durations is None else durations[kept]
        texts = [text[kept] for text in texts]
    scales = {name: tuple(d.scale) for name, d in codebook.dimensions.items()}
    return careless_flags(rules, keys["rater"], wide, scales, durations, texts)


def _row_of(keys: pd.DataFrame) -> pd.Series:
    """The first row of the rater and item of each row of a long file."""
    first = ~keys.duplicated(["rater", "item"])
    names = pd.MultiIndex.from_frame(keys[["rater", "item"]])
    place = pd.Series(keys.index[first], names[first])
    return pd.Series(place.reindex(names).to_numpy(), keys.index)
