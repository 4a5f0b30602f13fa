"""``pluralign init``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pluralign_stats.cli.options import PATH, split_parameters

if TYPE_CHECKING:
    from pluralign_stats.drafting.compose import Drafted


@click.command("init")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--out", type=PATH, default=Path("study.yaml"), help="The codebook to write.")
@click.option("--overwrite", is_flag=True, help="Replace a codebook that is there.")
@click.option("--yes", is_flag=True, help="Ask nothing: take guesses, leave open what is no guess.")
@click.option("--rater", metavar="COLUMN", help="Column that says who rated.")
@click.option("--item", multiple=True, metavar="COLUMN", help="Column of the response; repeatable.")
@click.option("--prompt", metavar="COLUMN", help="Column of the prompt.")
@click.option(
    "--rating", "ratings", multiple=True, metavar="COLUMN",
    help="Column of ratings, one for each dimension; repeatable.",
)  # fmt: skip
@click.option(
    "--valence", multiple=True, metavar="NAME=1|-1",
    help="Whether a high rating is good (1) or bad (-1); repeatable.",
)  # fmt: skip
@click.option(
    "--scale", multiple=True, metavar="NAME=LOW,HIGH",
    help="Lowest and highest rating, or words, the lowest first; repeatable.",
)  # fmt: skip
def command(
    files: tuple[Path, ...],
    out: Path,
    overwrite: bool,
    yes: bool,
    rater: str | None,
    item: tuple[str, ...],
    prompt: str | None,
    ratings: tuple[str, ...],
    valence: tuple[str, ...],
    scale: tuple[str, ...],
) -> None:
    """Draft a codebook from data files.

    FILE... are the ratings and, where they stand in files of their own, the raters and the
    responses; files of the same columns are put together. The codebook says in comments which
    column was taken for what, and why, and what is left to decide. Whether a high rating is good
    cannot be seen in data: it is asked, and left open with --yes. Files with a row for each person
    and a column for each response are read too, and files of choices: which of several is best.

    \b
      pluralign init ratings.csv people.csv
      pluralign init answers.xlsx --yes --out answers.yaml

    The command ends with what `pluralign check` says of the draft. If that finds a mistake, the
    draft is there to be corrected, and the exit status is 1.
    """
    from pluralign_stats.choices.codebook import choice_book
    from pluralign_stats.drafting.study import Stated, draft_study
    from pluralign_stats.study.codebook_file import codebook_from
    from pluralign_stats.study.codebook_text import (
        check_free,
        codebook_content,
        codebook_text,
        write_codebook,
    )
    from pluralign_stats.study.draft import Given

    check_free(out, overwrite=overwrite)
    given = Given(_valence(valence), _scales(scale))
    stated = Stated(rater, item, prompt, ratings, given)
    drafted = draft_study(files, out.parent, stated, None if yes else _ask)
    content = drafted.content
    if drafted.of_choices:
        choice_book(content, out.name)
    else:
        content = codebook_content(codebook_from(content, out.name))
    text = codebook_text(content, drafted.inferred, _head(drafted))
    write_codebook(out, text, overwrite=overwrite)
    _report(drafted, out)
    _check(drafted, out)


def _valence(pairs: tuple[str, ...]) -> dict[str, int]:
    """Valence by dimension, from ``toxic=-1``."""
    from pluralign_stats.errors import InputError

    known = {"1": 1, "+1": 1, "-1": -1}
    said = split_parameters(pairs)
    for name, value in said.items():
        if value not in known:
            raise InputError(
                f"--valence {name}={value}: must be 1 (a high rating is good) or -1 (it is bad)"
            )
    return {name: known[value] for name, value in said.items()}


def _scales(pairs: tuple[str, ...]) -> dict[str, list[int | float | str]]:
    """Scale by dimension, from ``quality=1,7`` or ``quality=bad,fair,good``."""
    from pluralign_stats.study.text import is_number

    found: dict[str, list[int | float | str]] = {}
    for name, value in split_parameters(pairs).items():
        parts = [part.strip() for part in value.split(",")]
        numbers = all(map(is_number, parts))
        found[name] = [*map(float, parts)] if numbers else [*parts]
    return found


def _ask(question: str, allowed: Sequence[str], guess: str) -> str:
    """Ask on the terminal; an empty answer takes the guess."""
    from pluralign_stats.errors import InputError

    while True:
        shown = f" [{guess}]" if guess else ""
        click.echo(f"{question}\n  one of: {', '.join(allowed)}{shown}: ", nl=False)
        line = sys.stdin.readline()
        if not line:
            click.echo()
            raise InputError(
                f"nobody answers ({question}); run init on a terminal, state it by an option "
                "(see --help), or take the guesses with --yes"
            )
        answer = line.strip() or guess
        given = [part.strip() for part in answer.split(",")]
        if answer and all(part in allowed for part in given):
            return answer
        click.echo(f"  '{answer}' is none of these.")


def _head(drafted: "Drafted") -> str:
    """Comment at the beginning of the codebook."""
    lines = ["Drafted by `pluralign init`: what stands below a comment was inferred; correct it."]
    lines += ["Left to decide:", *(f"- {each}" for each in drafted.open)] if drafted.open else []
    if drafted.left_out:
        lines += ["Columns that are not read:"]
        lines += [f"- {guess.column}: {guess.why}" for guess in drafted.left_out]
    return "\n".join(lines)


def _report(drafted: "Drafted", out: Path) -> None:
    """Print which column was taken for what, and what is left to decide."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{out}: what was taken for what", title_justify="left", title_style="bold")
    for heading in ("Column", "Role", "Taken as", "Why"):
        table.add_column(heading)
    for each in drafted.inferred:
        if each.role != "valence":
            table.add_row(*map(Text, (each.column, each.role, each.taken_as, each.why)))
    for guess in drafted.left_out:
        table.add_row(*map(Text, (guess.column, guess.role, "", guess.why)))
    Console().print(table)
    for decision in drafted.open:
        click.echo(f"Left to decide: {decision}.")


def _check(drafted: "Drafted", out: Path) -> None:
    """Print what `check` says of the draft; a mistake in it ends with status 1."""
    from pluralign_stats.cli.check import show, show_choices, told_of_choices
    from pluralign_stats.errors import InputError
    from pluralign_stats.study.codebook_file import read_codebook
    from pluralign_stats.study.study import Study

    click.echo(f"\npluralign check {out}")
    study = None
    try:
        if drafted.of_choices:
            show_choices(out)
        else:
            study = Study.of(read_codebook(out), drafted.tables)
    except InputError as error:
        click.echo(f"pluralign: {error}", err=True)
        click.echo(f"The draft is in {out}: correct it, and run: pluralign check {out}", err=True)
        sys.exit(1)
    if study is not None:
        show(study, {} if study.codebook.choices is None else told_of_choices(out))
        click.echo(f"Next: pluralign report {out} --out REPORT")
    else:
        click.echo(f"Next: pluralign pairs {out} --out PAIRS, or read_choices in Python")
