"""``pluralign simulate``."""

from pathlib import Path

import click

from pluralign_stats.cli.options import json_option, out_option, print_json


@click.command("simulate")
@out_option
@click.option("--seed", default=1, show_default=True, help="Equal seeds give equal studies.")
@click.option("--raters", default=1095, show_default=True, help="Number of raters.")
@click.option("--prompts", default=50, show_default=True, help="Number of prompts.")
@click.option("--responses", default=4, show_default=True, help="Responses to each prompt.")
@click.option("--items", default=5, show_default=True, help="Items that each rater rates.")
@click.option("--missing", default=0.01, show_default=True, help="Share of unanswered ratings.")
@click.option(
    "--reading",
    type=click.Choice(["odds", "mean"]),
    default="odds",
    show_default=True,
    help="Whether the reported percentages are of the odds of a higher rating or of the mean.",
)
@json_option
def command(
    out: Path,
    seed: int,
    raters: int,
    prompts: int,
    responses: int,
    items: int,
    missing: float,
    reading: str,
    as_json: bool,
) -> None:
    """Write a simulated study to a folder.

    The folder holds a codebook (study.yaml), the three data files, and the planted parameters
    (truth.json). Demographics, items and ratings follow the design of arXiv 2511.14476; its
    reported differences between groups are planted and so can be found again.
    """
    from pluralign_stats.simulate.study import write_simulated_study
    from pluralign_stats.study.read import read_study

    path = write_simulated_study(
        out,
        seed,
        n_raters=raters,
        n_prompts=prompts,
        responses_per_prompt=responses,
        items_per_rater=items,
        missing=missing,
        reading=reading,
    )
    if as_json:
        study = read_study(path)
        print_json({"study": str(path), "seed": seed, **study.summary_counts()})
    else:
        click.echo(f"Simulated study: {path}\nNext: pluralign report {path} --out REPORT")
