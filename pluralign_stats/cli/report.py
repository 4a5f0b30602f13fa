"""``pluralign report``."""

import json
from pathlib import Path
from typing import Any, TextIO

import click

from pluralign_stats.cli.options import (
    PATH,
    data_option,
    json_option,
    parameter_option,
    print_json,
    split_parameters,
)
from pluralign_stats.errors import InputError


@click.command("report")
@click.argument("study", type=PATH, required=False)
@click.option("--out", type=PATH, metavar="FOLDER", help="Where to write; required.")
@click.option(
    "--list", "listed", is_flag=True, help="List the notebooks; no study is needed, none is run."
)
@data_option
@parameter_option
@click.option(
    "--chapter",
    "chapters",
    multiple=True,
    metavar="NAME",
    help="Run only this notebook, given by its name or number; give it several times for several.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep what each notebook makes in FOLDER, and take from there what was made of the same "
    "study, parameters and versions.",
)
@click.option(
    "--provenance",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="JSON object of further lines for the report's provenance.",
)
@json_option
def command(
    study: Path | None,
    out: Path | None,
    listed: bool,
    data: Path | None,
    parameters: tuple[str, ...],
    chapters: tuple[str, ...],
    keep: Path | None,
    provenance: TextIO | None,
    as_json: bool,
) -> None:
    """Run the notebooks on a study and write a browsable report.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign
    (csc, trustamas, …). The report is a folder of pages, figures (SVG, PDF, PNG) and
    tables (CSV) that needs nothing but a browser; start at its index.html, or print its
    report.pdf, which holds all of it. A former report in FOLDER is replaced once the new one is
    complete. Chapters that need what is not given, such as scores of tuned models, are left out
    unless named by --chapter, and the report says how to get them.

    \b
    Examples:
      pluralign report study.yaml --out report
      pluralign report trustamas --data downloads/trustamas --out report -p n_bootstrap=200
      pluralign report study.yaml --out effects --chapter 03 --chapter 04
      pluralign report --list
    """
    if listed:
        _list(as_json)
        return
    if study is None or out is None:
        raise click.UsageError(f"Missing {'argument STUDY' if study is None else 'option --out'}.")
    from pluralign_stats.study.read import find_codebook, read_study
    from reports import build_report

    values = split_parameters(parameters)
    index = build_report(
        read_study(study, data),
        find_codebook(study),
        out,
        data_folder=data,
        parameters=values,
        chapters=chapters,
        cache=keep,
        progress=not as_json,
        extra_provenance=_lines(provenance),
    )
    if as_json:
        print_json({"report": str(index)})
    else:
        click.echo(f"Report: {index}")


def _list(as_json: bool) -> None:
    """Tell of every notebook its name, its question and its parameters."""
    from reports import list_chapters

    chapters = list_chapters()
    if as_json:
        print_json({"chapters": chapters})
    for chapter in chapters if not as_json else ():
        click.echo(f"{chapter['name']}: {chapter['title']}")


def _lines(file: TextIO | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        told = json.load(file)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise InputError(f"{file.name} holds no JSON object of lines for the provenance")
    return told
