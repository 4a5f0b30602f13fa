"""Choices from a DataFrame."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.choices.codebook import choice_book
from pluralign_stats.choices.read import assembled
from pluralign_stats.errors import InputError
from pluralign_stats.storage.digest import digest_text
from pluralign_stats.study.tables import tabulate

#: What messages call the frame.
FRAME = "the data"


def choices_from_frame(
    data: pd.DataFrame,
    *,
    rater: str,
    prompt: str | Sequence[str],
    demographics: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
    name: str = "choices",
    missing: Sequence[str] = ("", "NA"),
    simulated: bool = False,
    **columns: Any,
) -> Choices:
    """Choices from a DataFrame: one row for each choice, or for each option.

    Parameters
    ----------
    data
        The rows.
    rater, prompt
        Columns that identify the rater, and what the options respond to.
    demographics
        Columns with demographics of the rater, or for each its entry as in a codebook.
    name
        Name of the data.
    missing
        Cells that hold no answer.
    simulated
        Whether the choices were generated rather than made by people.
    **columns
        The other keys of the section `choices` of a codebook: ``options`` and ``chosen`` of wide
        data, ``option`` and ``rank`` of long, ``ties``, ``shown_in_order``, …

    Returns
    -------
    Choices
        Checked as those of a file are.

    Raises
    ------
    InputError
        If the rows or columns cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("ann", 1, "x", "y", "a"), ("ben", 1, "x", "y", "both")]
    >>> data = pd.DataFrame(rows, columns=["who", "question", "a", "b", "better"])
    >>> made = pls.choices.choices_from_frame(
    ...     data, rater="who", prompt="question", options=["a", "b"], chosen="better", ties=["both"]
    ... )
    >>> made.pairs["outcome"].tolist()
    ['first', 'tie']
    """
    if not isinstance(data, pd.DataFrame):
        raise InputError(f"the data must be a pandas DataFrame, not {type(data).__name__}")
    plain = data.reset_index(drop=True).set_axis(range(len(data)))
    mark = digest_text("\n".join(map(str, pd.util.hash_pandas_object(plain.astype(str)))))
    table = tabulate(FRAME, plain, tuple(missing), mark)
    listed: dict[str, Mapping[str, Any]] = {name: {} for name in demographics} | (
        dict(demographics) if isinstance(demographics, Mapping) else {}
    )
    section = {"file": FRAME, "rater": rater, "prompt": prompt, **columns}
    content = {
        "name": name,
        "simulated": simulated,
        "missing": list(missing),
        "demographics": {k: _entry(data, k, dict(v)) for k, v in listed.items()},
        "choices": section,
    }
    return assembled(choice_book(content, FRAME), table)


def _entry(data: pd.DataFrame, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of a demographic; levels of a categorical column keep their order."""
    column = data.get(entry.get("column", name))
    if column is None or not isinstance(column.dtype, pd.CategoricalDtype) or "levels" in entry:
        return entry
    return {"levels": [str(level) for level in column.cat.categories], **entry}
