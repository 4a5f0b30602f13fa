"""A DataFrame of choices as a file would be, with the codebook that describes it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pluralign_stats.choices.codebook import ChoiceBook, choice_book
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.tables import RawTable, tabulate

#: What messages call the frame.
FRAME = "the data"


def framed(
    data: pd.DataFrame,
    head: Mapping[str, Any],
    section: Mapping[str, Any],
    demographics: Sequence[str] | Mapping[str, Mapping[str, Any]],
) -> tuple[ChoiceBook, RawTable]:
    """The codebook of a frame, and its cells as text.

    Parameters
    ----------
    data
        The rows.
    head
        Keys of the codebook: name, simulated, missing.
    section
        Keys of its section `choices`, but for the file.
    demographics
        Columns, or their entries in a codebook.

    Raises
    ------
    InputError
        If the keys do not fit together.
    """
    listed: dict[str, Mapping[str, Any]] = {name: {} for name in demographics} | (
        dict(demographics) if isinstance(demographics, Mapping) else {}
    )
    content = {
        **head,
        "demographics": {k: _entry(data, k, dict(v)) for k, v in listed.items()},
        "choices": {"file": FRAME, **section},
    }
    plain = data.set_axis(range(len(data)))
    mark = digest_text(str(pd.util.hash_pandas_object(plain.astype(str)).to_list()))
    return choice_book(content, FRAME), tabulate(FRAME, plain, tuple(head["missing"]), mark)


def _entry(data: pd.DataFrame, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of a demographic; levels of a categorical column keep their order."""
    column = data.get(entry.get("column", name))
    if column is None or not isinstance(column.dtype, pd.CategoricalDtype) or "levels" in entry:
        return entry
    return {"levels": [str(level) for level in column.cat.categories], **entry}
