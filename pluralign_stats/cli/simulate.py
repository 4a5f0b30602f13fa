"""``pluralign simulate``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import json_option, out_option, print_json
from pluralign_stats.errors import InputError


@click.command("simulate")
@out_option
@click.option("--seed", default=1, help="Equal seeds give equal studies.")
@click.option("--raters", "n_raters", default=1095, help="Number of raters.")
@click.option(
    "--prompts", "n_prompts", type=int, show_default="50, embedded 80", help="Number of prompts."
)
@click.option(
    "--responses",
    "responses_per_prompt",
    type=int,
    show_default="4, embedded 8",
    help="Responses to each prompt.",
)
@click.option("--items", "items_per_rater", default=5, help="Items that each rater rates.")
@click.option("--missing", default=0.01, help="Share of unanswered ratings.")
@click.option(
    "--reading",
    type=click.Choice(["odds", "mean"]),
    default="odds",
    help="Whether the reported percentages are of the odds of a higher rating or of the mean.",
)
@click.option(
    "--layout",
    type=click.Choice(["plain", "application"]),
    default="plain",
    help="One table each of ratings, raters and items, or those of the published survey.",
)
@click.option(
    "--embedded",
    is_flag=True,
    help="Let raters read responses of the miniature world, of which the embedded models speak.",
)
@json_option
def command(out: Path, seed: int, embedded: bool, as_json: bool, **options: Any) -> None:
    """Write a simulated study to a folder.

    The folder holds a codebook (study.yaml), the three data files, and the planted parameters
    (truth.json). Demographics, items and ratings follow the design of arXiv 2511.14476; its
    reported differences between groups are planted and so can be found again. With
    --layout application the files are the tables in which the published survey is stored.

    Models can be tuned on an embedded study without downloading any:

    \b
      pluralign simulate --embedded --out my-study
      pluralign train embedded-small --study my-study/study.yaml --out runs
    """
    from pluralign_stats.study.read import read_study

    given = {name: value for name, value in options.items() if value is not None}
    if embedded and given.pop("layout") != "plain":
        raise InputError(
            "an embedded study has the layout 'plain'; leave out --layout, or --embedded"
        )
    path = _writer(embedded)(out, seed, **given)
    if as_json:
        study = read_study(path)
        print_json({"study": str(path), "seed": seed, **study.summary_counts()})
    else:
        click.echo(f"Simulated study: {path}\nNext: pluralign report {path} --out REPORT")


def _writer(embedded: bool) -> Callable[..., Path]:
    if embedded:
        from training.embedded.study import write_embedded_study

        return write_embedded_study
    from pluralign_stats.simulate.study import write_simulated_study

    return write_simulated_study
