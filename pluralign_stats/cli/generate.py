"""``pluralign generate``."""

from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import PATH, data_option, json_option, out_option, print_json
from pluralign_stats.errors import InputError, MissingExtraError, listing


@click.command("generate")
@click.argument("runs", type=PATH)
@out_option
@click.option(
    "--study",
    type=PATH,
    metavar="STUDY",
    help="Codebook of the study: its prompts held out of training are asked.",
)
@data_option
@click.option(
    "--prompts",
    type=PATH,
    metavar="FILE",
    help="More prompts: CSV, Excel, JSON lines or Parquet with columns prompt, language, text.",
)
@click.option("--samples", default=2, help="Answers to each prompt.")
@click.option(
    "--temperature",
    default=1.0,
    help="1 samples from the model as it is; 0 takes the likeliest token.",
)
@click.option(
    "--top-p",
    default=1.0,
    help="Sample among the likeliest tokens that together have this probability.",
)
@click.option(
    "--max-tokens",
    type=int,
    show_default="512, or what the model's context leaves",
    help="Longest answer, thinking included; a longer one is cut and counts as unfinished.",
)
@click.option("--batch", default=64, help="Answers generated at once.")
@click.option("--seed", default=0, help="Equal seeds give equal answers.")
@click.option(
    "--engine",
    type=click.Choice(["transformers", "vllm"]),
    default="transformers",
    help="vllm is faster on a GPU, needs an extra, and does not repeat its answers exactly.",
)
@click.option(
    "--thinking/--no-thinking",
    default=True,
    help="Whether a reasoning model thinks before it answers.",
)
@click.option("--jobs", default=1, help="Worker processes, each with a model of its own.")
@click.option(
    "--part",
    default="1/1",
    metavar="K/N",
    help="Ask every N-th run only, from the K-th on; other parts may be asked meanwhile.",
)
@click.option("--renew", is_flag=True, help="Make answers again that were made otherwise.")
@json_option
def command(
    runs: Path,
    out: Path,
    study: Path | None,
    data: Path | None,
    prompts: Path | None,
    jobs: int,
    part: str,
    renew: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Let tuned models, and the untuned ones beside them, answer prompts.

    RUNS is the folder that pluralign train wrote. Each complete run in it, and an untuned control
    for each base model, answers the study's held-out prompts in every language and those of
    --prompts; give one or both. Every run gets a folder under --out with generations.parquet, one
    row for each prompt, language and sample.

    Answers are data: they are written once and never made again, unless --renew is given. The
    command can be repeated (runs that are there are kept) and killed at any time (it goes on from
    the last complete batch). A run whose training failed, or whose adapter is not what was trained,
    is refused and named with the reason; the others go on, and the exit status is 2. Runs that are
    still in training, broken off or not begun are left out and named.

    \b
      pluralign generate runs --study study.yaml --out generations
      pluralign judge generations --judge embedded --out scores
    """
    try:
        from pluralign_stats.storage.shard import read_shard
        from training.generation.stage import GenerationOptions, generate_all
    except ImportError as error:
        raise MissingExtraError("generation", "training") from error
    from pluralign_stats.study.read import read_study

    chosen = GenerationOptions(**options)
    read = read_study(study, data) if study else None
    result = generate_all(
        runs, out, chosen, read, prompts, jobs, read_shard(part), renew, progress=True
    )
    _tell(result, out, as_json)
    if result.failed:
        reasons = "; ".join(f"{run}: {reason}" for run, reason in result.failed.items())
        raise InputError(f"{len(result.failed)} of the runs gave no answers: {reasons}")


def _tell(result: Any, out: Path, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "out": str(out),
                "made": result.made,
                "kept": list(result.kept),
                "failed": result.failed,
                "unfinished": result.unfinished,
            }
        )
        return
    answers = sum(result.made.values())
    kept = f"; {len(result.kept)} runs were there already" if result.kept else ""
    click.echo(f"{answers:,} answers of {len(result.made)} runs in {out}{kept}.")
    for standing in dict.fromkeys(result.unfinished.values()):
        runs = [run for run, told in result.unfinished.items() if told == standing]
        click.echo(f"Left out, {standing}: {listing(runs)}")
