"""Numbers and headings of tables as readers see them."""

import re
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.words import p_number

#: Columns in one unit, which are written with equally many decimals.
_ALIKE = ("planted", "estimate", "observed", "std_error", "sd", "conf_low", "conf_high")

#: Columns that the caption tells where they are the same in all rows.
_TOLD_ONCE = ("dimension", "term", "n_seeds", "n_prompts")

#: Columns of words, and those of what they hold for readers; these are for downloads.
IN_WORDS = {
    "contrast": ("level", "reference"),
    "reported": ("reported_number",),
    "this_run": ("estimate", "unit"),
    "interval": ("conf_low", "conf_high"),
}


def displayed(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Columns that readers are shown, and what is told once since it is so in all rows."""
    held = [c for word in IN_WORDS for c in in_words(table, word)]
    shown = table.drop(columns=["method", *held], errors="ignore")
    methods = [method for method in table.get("method", pd.Series()).unique() if method]
    full = [c for c in _TOLD_ONCE if c in shown and len(shown) > 1 and shown[c].notna().all()]
    same = [c for c in full if shown[c].nunique() == 1]
    told = [f"{heading(c)}: {shown[c].iloc[0]}" for c in same]
    told += [f"method: {' / '.join(methods)}"] if methods else []
    return answers_in_words(shown.drop(columns=same)), told


def answers_in_words(table: pd.DataFrame) -> pd.DataFrame:
    """The table with yes and no in place of booleans."""
    booleans = table.select_dtypes(["bool", "boolean"]).astype(object)
    return table.assign(**{c: booleans[c].map({True: "yes", False: "no"}) for c in booleans})


def in_words(table: pd.DataFrame, word: str) -> list[str]:
    """Columns of what a column of words, if a table has it, holds."""
    held = [c for c in IN_WORDS[word] if c in table] if word in table else []
    return held if len(held) == len(IN_WORDS[word]) else []


def heading(column: str) -> str:
    """Column name as readers know it."""
    plain = {"conf_low": "lower", "conf_high": "upper", "p_value": "p", "p_adjusted": "p adjusted"}
    plain |= {"std_error": "std. error", "agrees": "agrees?", "units": "unit"}
    return plain.get(column, column.removeprefix("n_").replace("_", " "))


def decimals(table: pd.DataFrame) -> dict[str, int]:
    """How many decimals each column of numbers has, by its largest number.

    Where those of one dimension are all below 1, as on a short scale, by that dimension's.
    """
    numbers = table.select_dtypes("number")
    sizes = numbers.where(np.isfinite(numbers)).abs()
    size = sizes.max()
    alike = sizes[[c for c in sizes if c in _ALIKE]].max(axis=1)
    by = table["dimension"] if "dimension" in table else np.zeros(len(table))
    least = alike.groupby(by, observed=True).max()[lambda found: found > 0].min()
    size[size.index.isin(_ALIKE)] = least if least < 1 else alike.max()
    whole = numbers.select_dtypes("integer").columns
    places = {str(c): 0 if c in whole else _places(largest) for c, largest in size.items()}
    degrees = [c for c in places if c.startswith("df")]
    return places | {c: max(map(_degree_places, numbers[c])) for c in degrees if len(numbers)}


def _places(number: float) -> int:
    return 1 if abs(number) >= 10 else 3


def _degree_places(number: float) -> int:
    """Decimals of degrees of freedom: none where they are whole or infinite."""
    return 1 if np.isfinite(number) and number != round(number) else 0


def format_number(column: str, number: Any, places: int | None = None) -> str:
    """Write a number as its column asks: counts whole, shares in percent, p to three places.

    A p that three places would write as the level of significance has more.

    Any other has `places` decimals, by default as many as its own size asks for.
    """
    if pd.isna(number):
        return "–"
    value = float(number)
    if column.startswith("n_") or column in {"rating", "levels"}:
        return f"{value:,.0f}"
    if column.startswith("df"):
        return f"{value:,.{_degree_places(value) if places is None else places}f}"
    if column == "share" or column.endswith("_share"):
        return f"{value:.1%}"
    if column.startswith("p_"):
        return "<0.001" if value < 0.001 else p_number(value, 3)
    return minus(f"{value:,.{_places(value) if places is None else places}f}")


def plain_rating(rating: object) -> str:
    """Write a rating: ``3``, or its word."""
    return f"{rating:g}" if isinstance(rating, (int, float)) else str(rating)


def minus(text: str) -> str:
    """Write the numbers of a text with a true minus sign; hyphens, as in ``18-30``, stay."""
    return re.sub(r"(?<![\w.)])-(?=\.?\d|inf)", "−", text)


def in_full(form: str, *numbers: float) -> str:
    """A form of two decimals, or of three where no number comes to 0.1."""
    sizes = np.abs(np.array(numbers, dtype=float))
    return ".3f" if form == ".2f" and np.nanmax(sizes, initial=0.0) < 0.1 else form


def with_interval(row: pd.Series, form: str, unit: str) -> str:
    """Write a table's estimate and interval, such as ``−0.18 rating points [−0.28, −0.08]``.

    An estimate whose interval is not known stands alone, and says so. Two decimals are three where
    no number comes to 0.1, as on a scale of two ratings.
    """
    low, high = row["conf_low"], row["conf_high"]
    form = in_full(form, row["estimate"], low, high)
    ends = (
        "without an interval" if pd.isna(low) or pd.isna(high) else f"[{low:{form}}, {high:{form}}]"
    )
    return minus(f"{row['estimate']:+{form}} {unit} {ends}")
