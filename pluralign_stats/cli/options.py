"""Arguments and options that several subcommands share, and results as they print them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pluralign_stats.settings import MIN_CELL

#: The type of options that are paths.
PATH = click.Path(path_type=Path)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

study_argument: Decorator = click.argument("study", type=PATH)

data_option: Decorator = click.option(
    "--data",
    type=PATH,
    metavar="FOLDER",
    help="Folder of the data files, if it is not the codebook's own.",
)

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print machine-readable results instead of text."
)

parameter_option: Decorator = click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of the notebooks, such as -p n_bootstrap=200; may be repeated.",
)

out_option: Decorator = click.option(
    "--out", required=True, type=PATH, metavar="FOLDER", help="Where to write."
)


def split_parameters(pairs: tuple[str, ...]) -> dict[str, str]:
    """Turn ``("a=1", "b=2")`` into a mapping.

    Raises
    ------
    click.UsageError
        If a pair has no ``=`` or a name stands twice.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes NAME=VALUE, not '{pair}'")
        if name in values:
            raise click.UsageError(f"the parameter '{name}' is given twice")
        values[name] = value
    return values


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object."""
    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


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
