"""Results as a terminal or a program reads them."""

from typing import Any

from pluralign_stats.settings import MIN_CELL


def told(result: Any, min_cell: int = MIN_CELL) -> dict[str, Any]:
    """What may be shown of a result as plain values: sentence, metadata and table."""
    shown = result.released(min_cell)
    return {**shown.describe(), "table": records(shown.table)}


def records(table: Any) -> list[dict[str, Any]]:
    """Rows of a table as plain values, missing ones as null."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def print_table(result: Any, min_cell: int = MIN_CELL) -> None:
    """Print what may be shown of a result: title, table, sentence."""
    from pandas.api.types import is_numeric_dtype
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pluralign_stats.formatting import answers_in_words, format_number, heading

    result = result.released(min_cell)
    table = answers_in_words(result.table)
    shown = Table(title=result.meta.title, title_justify="left", title_style="bold")
    for column in table:
        numeric = is_numeric_dtype(table[column])
        shown.add_column(heading(column), justify="right" if numeric else "left")
    for row in table.itertuples(index=False, name=None):
        cells = zip(table, row, strict=True)
        shown.add_row(*(Text(v if isinstance(v, str) else format_number(c, v)) for c, v in cells))
    console = Console()
    console.print()
    if len(table):
        console.print(shown)
    console.print(result.sentence, markup=False, highlight=False)
