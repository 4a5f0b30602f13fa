"""What every analysis returns: a table, a sentence in plain words, and how it was made."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.settings import CONF_LEVEL

#: Columns that most tables share, in the order in which they stand.
VOCABULARY = (
    "dimension",
    "given",
    "term",
    "group",
    "contrast",
    "reading",
    "rating",
    "weighting",
    "estimate",
    "share",
    "std_error",
    "sd",
    "conf_low",
    "conf_high",
    "prob_positive",
    "p_value",
    "p_adjusted",
    "n_items",
    "n_raters",
    "n_ratings",
    "method",
)

#: Tables of more rows are folded away in HTML.
LONG_TABLE = 15

#: Columns in one unit, which are written with equally many decimals.
_ALIKE = ("planted", "estimate", "observed", "std_error", "sd", "conf_low", "conf_high")


@dataclass(frozen=True)
class Metadata:
    """How a table was made.

    Attributes
    ----------
    title
        What the table shows.
    data
        ``"simulated"``, ``"observed"``, or ``"unstated"`` where a model was fitted to a frame that
        came from no study.
    unit
        Unit of the estimates.
    conf_level, interval
        Level and kind of the intervals; both empty for tables without.
    notes
        What a reader has to know to read the table rightly.
    warnings
        What went wrong or should be doubted.
    """

    title: str
    data: str = "unstated"
    unit: str = ""
    conf_level: float | None = CONF_LEVEL
    interval: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A table, the sentence that sums it up, and its metadata; shows itself in Jupyter."""

    table: pd.DataFrame
    sentence: str
    meta: Metadata = field(default_factory=lambda: Metadata(""))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong or should be doubted."""
        return self.meta.warnings

    def about(self, what: str) -> "Result":
        """The same with title, sentence and warnings that say what they are about."""
        title, sentence, *warnings = (
            f"{what}: {text[:1].lower()}{text[1:]}"
            for text in (self.meta.title, self.sentence, *self.warnings)
        )
        meta = replace(self.meta, title=title, warnings=tuple(warnings))
        return replace(self, sentence=sentence, meta=meta)

    def to_csv_text(self) -> str:
        """Write the table as CSV: counts whole, a last column that says if data are simulated."""
        counts = [c for c in self.table if c.startswith("n_")]
        whole = self.table.astype(dict.fromkeys(counts, "Int64"))
        return whole.assign(data=self.meta.data).to_csv(index=False)

    def describe(self) -> dict[str, Any]:
        """Sentence and metadata as plain values."""
        return {"sentence": self.sentence, **asdict(self.meta)}

    def __repr__(self) -> str:
        return f"{self.caption()}\n{self.table.to_string(index=False)}\n{self.sentence}"

    def caption(self) -> str:
        """Title, unit, interval and kind of data in one line."""
        level = self.meta.conf_level
        parts = [self.meta.title]
        parts += [f"unit: {self.meta.unit}"] if self.meta.unit else []
        parts += [f"{level:.0%} {self.meta.interval}"] if self.meta.interval and level else []
        parts += ["simulated study"] if self.meta.data == "simulated" else []
        return "; ".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        notes = "".join(f"<p class='note'>{escape(note)}</p>" for note in self.meta.notes)
        warned = "".join(f"<p class='warning'>{escape(text)}</p>" for text in self.warnings)
        table = "" if self.table.empty else table_html(self.table, self.caption())
        if len(self.table) > LONG_TABLE:
            summary = f"<summary>Table of {len(self.table)} rows</summary>"
            table = f"<details class='long'>{summary}{table}</details>"
        return f"<p class='sentence'>{escape(self.sentence)}</p>{warned}{table}{notes}"


def ordered_columns(columns: Iterable[str]) -> list[str]:
    """Put a table's columns into the common order; others keep theirs, before `method`."""
    given = list(columns)
    known = [c for c in VOCABULARY if c in given and c != "method"]
    other = [c for c in given if c not in VOCABULARY]
    return known + other + (["method"] if "method" in given else [])


def table_html(table: pd.DataFrame, caption: str) -> str:
    """HTML of a table: escaped, numbers marked, the methods told in the caption."""
    shown = table.drop(columns="method", errors="ignore")
    told = f"; method: {' / '.join(table['method'].unique())}" if "method" in table else ""
    head = "".join(f"<th scope='col'>{escape(heading(c))}</th>" for c in shown.columns)
    places = _decimals(shown)
    body = "".join(
        "<tr>"
        + "".join(_cell(c, value, places.get(c)) for c, value in zip(shown, row, strict=True))
        + "</tr>"
        for row in shown.itertuples(index=False, name=None)
    )
    return (
        f"<table class='data'><caption>{escape(caption + told)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def heading(column: str) -> str:
    """Column name as readers know it."""
    plain = {"conf_low": "lower", "conf_high": "upper", "p_value": "p", "p_adjusted": "p adjusted"}
    plain |= {"std_error": "std. error", "n_raters": "raters", "n_ratings": "ratings"}
    plain |= {"n_items": "items", "n_rows": "rows"}
    return plain.get(column, column.replace("_", " "))


def _decimals(table: pd.DataFrame) -> dict[str, int]:
    """How many decimals each column of numbers has, by its largest number."""
    numbers = table.select_dtypes("number")
    size = numbers.where(np.isfinite(numbers)).abs().max()
    alike = size.index.isin(_ALIKE)
    size[alike] = size[alike].max()
    return {str(column): _places(largest) for column, largest in size.items()}


def _places(number: float) -> int:
    return 1 if abs(number) >= 10 else 3


def _cell(column: str, value: Any, places: int | None) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f"<td class='number'>{format_number(column, value, places)}</td>"


def format_number(column: str, number: Any, places: int | None = None) -> str:
    """Write a number as its column asks: counts whole, shares in percent, p to three places.

    Any other has `places` decimals, by default as many as its own size asks for.
    """
    if pd.isna(number):
        return "–"
    value = float(number)
    if column.startswith("n_") or column in {"rating", "levels"}:
        return f"{value:,.0f}"
    if column.startswith("df"):
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    if column == "share" or column.endswith("_share"):
        return f"{value:.1%}"
    if column.startswith("p_"):
        return "&lt;0.001" if value < 0.001 else f"{value:.3f}"
    return minus(f"{value:.{_places(value) if places is None else places}f}")


def minus(number: str) -> str:
    """Write a formatted number with a true minus sign."""
    return number.replace("-", "−")


def with_interval(row: pd.Series, form: str, unit: str) -> str:
    """Write a table's estimate and interval, such as ``−0.18 rating points [−0.28, −0.08]``."""
    low, high = row["conf_low"], row["conf_high"]
    return minus(f"{row['estimate']:+{form}} {unit} [{low:{form}}, {high:{form}}]")
