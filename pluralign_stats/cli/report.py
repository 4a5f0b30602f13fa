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
    "study, parameters and versions; by default OUT-chapters.",
)
@click.option("--anew", is_flag=True, help="Run every notebook, keep nothing and take nothing.")
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
    anew: bool,
    provenance: TextIO | None,
    as_json: bool,
) -> None:
    """Run the notebooks on a study and write a browsable report.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign
    (csc, trustamas, …). The report is a folder of pages, figures (SVG, PDF, PNG) and
    tables (CSV) that needs nothing but a browser; start at its index.html, or print its
    report.pdf, which holds all of it. A former report in FOLDER is replaced once the new one is
    complete. Chapters that were run are kept in FOLDER-chapters: an interrupted report goes on
    where it stopped, and the next one runs only what has changed. Chapters that need what is not
    given, such as scores of tuned models, are left out unless named by --chapter, and the report
    says how to get them.

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

    if anew and keep:
        raise InputError("--anew keeps nothing; leave out --anew or --keep")
    given = split_parameters(parameters)
    cache = None if anew else keep or Path(f"{out.resolve()}-chapters")
    try:
        index = build_report(
            read_study(study, data),
            find_codebook(study),
            out,
            data_folder=data,
            parameters=given,
            chapters=chapters,
            cache=cache,
            progress=not as_json,
            extra_provenance=_lines(provenance),
        )
    except KeyboardInterrupt as error:
        _tell_kept(error, cache)
        raise click.exceptions.Exit(130) from None
    if as_json:
        print_json({"report": str(index)})
    else:
        click.echo(f"Report: {index}")


def _tell_kept(error: KeyboardInterrupt, cache: Path | None) -> None:
    """One line on what an interrupted report has kept."""
    n, of = getattr(error, "n_kept", 0), getattr(error, "n_chapters", 0)
    kept = "no chapter had been finished, and nothing was written"
    if cache is None:
        kept = "nothing was written or kept, as --anew asks"
    elif n:
        kept = (
            f"{n} of {of} chapters {'is' if n == 1 else 'are'} kept in {cache}: the same command "
            "goes on from there"
        )
    click.echo(f"pluralign: interrupted; {kept}", err=True)


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
