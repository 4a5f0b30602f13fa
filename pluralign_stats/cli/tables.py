"""Results as a terminal or a program reads them."""

from typing import Any


def records(table: Any) -> list[dict[str, Any]]:
    """Rows of a table as plain values, missing ones as null."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def print_table(result: Any) -> None:
    """Print a result: title, table, sentence."""
    from pandas.api.types import is_numeric_dtype
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pluralign_stats.formatting import format_number, heading

    shown = Table(title=result.meta.title, title_justify="left", title_style="bold")
    for column in result.table:
        numeric = is_numeric_dtype(result.table[column])
        shown.add_column(heading(column), justify="right" if numeric else "left")
    for row in result.table.itertuples(index=False, name=None):
        cells = zip(result.table, row, strict=True)
        shown.add_row(*(Text(v if isinstance(v, str) else format_number(c, v)) for c, v in cells))
    console = Console()
    console.print()
    if len(result.table):
        console.print(shown)
    console.print(result.sentence, markup=False, highlight=False)
