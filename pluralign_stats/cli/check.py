"""``pluralign check``."""

from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import data_option, json_option, print_json, study_argument


@click.command("check")
@study_argument
@data_option
@json_option
def command(study: Path, data: Path | None, as_json: bool) -> None:
    """Read a study, check it, and say what is in it.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign
    (pluralistic_values, trustamas).
    """
    from pluralign_stats.describe.composition import composition, nonresponse
    from pluralign_stats.describe.exclusions import exclusions
    from pluralign_stats.study.read import read_study

    checked = read_study(study, data)
    results = [composition(checked), nonresponse(checked), exclusions(checked)]
    if as_json:
        print_json(
            {
                "study": checked.name,
                "simulated": checked.simulated,
                "fingerprint": checked.fingerprint,
                **checked.summary_counts(),
                "tables": {r.meta.title: _records(r.table) for r in results},
            }
        )
        return
    click.echo(f"{checked.title}{' (simulated)' if checked.simulated else ''}: no errors found.")
    for result in results:
        _print_table(result)


def _records(table: Any) -> list[dict[str, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _print_table(result: Any) -> None:
    from html import unescape

    from pandas.api.types import is_numeric_dtype
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pluralign_stats.results import format_number, heading

    shown = Table(title=result.meta.title, title_justify="left", title_style="bold")
    for column in result.table:
        numeric = is_numeric_dtype(result.table[column])
        shown.add_column(heading(column), justify="right" if numeric else "left")
    for row in result.table.itertuples(index=False, name=None):
        cells = zip(result.table, row, strict=True)
        shown.add_row(
            *(Text(v if isinstance(v, str) else unescape(format_number(c, v))) for c, v in cells)
        )
    console = Console()
    console.print()
    if len(result.table):
        console.print(shown)
    console.print(result.sentence, markup=False, highlight=False)
