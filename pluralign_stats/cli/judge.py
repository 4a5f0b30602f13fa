"""``pluralign judge``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pluralign_stats.cli.options import PATH, data_option, json_option, out_option, print_json
from pluralign_stats.errors import InputError

if TYPE_CHECKING:
    from pluralign_stats.study.study import Study
    from training.judgement import Judge
    from training.judges.stage import Scored


@click.command("judge")
@click.argument("source", type=PATH)
@out_option
@click.option(
    "--judge",
    "kind",
    required=True,
    metavar="JUDGE",
    help="embedded (reads the miniature world's answers exactly), endpoint (a language model behind"
    " an OpenAI-compatible endpoint) or classifier (a Hugging Face sequence classifier).",
)
@click.option("--model", help="Name of the judging model, or folder of a classifier.")
@click.option(
    "--study",
    type=PATH,
    metavar="STUDY",
    help="For generations: codebook whose statements, scales and words an endpoint is asked in.",
)
@data_option
@click.option(
    "--base-url", help="Address of the endpoint, up to /v1. [default: $OPENAI_BASE_URL or OpenAI's]"
)
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="Environment variable that holds the key. [default: OPENAI_API_KEY]",
)
@click.option("--concurrency", type=int, help="Most calls at once. [default: 8]")
@click.option("--budget-calls", type=int, help="Stop when so many calls are paid for.")
@click.option("--budget-tokens", type=int, help="Stop when so many tokens are paid for.")
@click.option(
    "--repeats", type=int, help="Judge each answer so often; the mean counts. [default: 1]"
)
@click.option("--temperature", type=float, help="0 asks for the likeliest reply. [default: 0]")
@click.option("--max-tokens", type=int, help="Longest reply, thinking included. [default: 512]")
@click.option("--timeout", type=float, help="Give a call up after so many seconds. [default: 60]")
@click.option("--retries", type=int, help="Send a failed call again so often. [default: 8]")
@click.option(
    "--cache",
    type=PATH,
    metavar="FILE",
    help="Where paid replies are kept. [default: replies.jsonl in the folder of --out]",
)
@click.option("--dimension", help="What a classifier judges, unless its labels are dimensions.")
@click.option("--positive-label", help="Label of a classifier that means that it is present.")
@click.option(
    "--with-prompt",
    is_flag=True,
    default=None,
    help="Give a classifier prompt and answer as a pair, not the answer alone.",
)
@click.option("--batch", type=int, help="Answers that a classifier reads at once. [default: 32]")
@click.option("--device", help="Where a classifier runs, such as cpu or cuda.")
@json_option
def command(
    source: Path,
    out: Path,
    kind: str,
    study: Path | None,
    data: Path | None,
    cache: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score generations, or a study's own responses, on each dimension by a judge.

    SOURCE is a folder of generations, as pluralign generate writes it, or a study's codebook. Of
    generations FOLDER gets outcomes.parquet (one row per generation and dimension), health.parquet
    (length, variety and soundness by run) and a folder for each run. Of a study it gets
    item_scores.parquet, by which the judge can be held against the study's raters:

    \b
      pluralign judge study.yaml --out judged --judge endpoint --model NAME
      pluralign report study.yaml --out report -p judge_scores_file=judged/item_scores.parquet

    Every paid reply is kept in a cache before it counts. A command that was stopped, by whatever
    cause, is run again as it was: it goes on from there and pays nothing twice. What is there
    already is not judged again.

    \b
    Examples:
      pluralign judge generations --out scores --judge embedded
      pluralign judge generations --out scores --judge endpoint --model gpt-4.1-mini
      pluralign judge generations --out scores --judge endpoint --model my-model \\
          --base-url http://localhost:8000/v1 --study study.yaml
      pluralign judge generations --out scores --judge classifier --model ./toxicity \\
          --dimension toxicity
    """
    from training.judges.choose import make_judge

    own = None if source.is_dir() else _read(source, data)
    if own and study:
        raise InputError("SOURCE is a study itself; leave out --study")
    asked = own or (_read(study, data) if study else None)
    judge = make_judge(
        kind,
        options,
        codebook=asked.codebook if asked else None,
        cache=cache or out / "replies.jsonl",
    )
    try:
        scored = _score(source, own, out, judge, progress=not as_json)
    except KeyboardInterrupt:
        click.echo(
            "pluralign: interrupted; what was judged is kept: run the command again, it goes on "
            "from there",
            err=True,
        )
        raise click.exceptions.Exit(130) from None
    if as_json:
        print_json(_plain(scored))
    else:
        _tell(scored, own is not None, source)


def _read(study: Path, data: Path | None) -> "Study":
    from pluralign_stats.study.read import find_codebook, read_study

    try:
        find_codebook(study)
    except InputError as error:
        raise InputError(f"{error}; generations are a folder, such as ./generations") from error
    return read_study(study, data)


def _score(
    source: Path, study: "Study | None", out: Path, judge: "Judge", progress: bool
) -> "Scored":
    if study is not None:
        from training.judges.items import score_items

        return score_items(study, out, judge, progress=progress)
    from training.judges.stage import score_generations

    return score_generations(source, out, judge, progress=progress)


def _plain(scored: "Scored") -> dict[str, Any]:
    return {
        "scores": str(scored.table),
        "made": list(scored.made),
        "kept": list(scored.kept),
        "unfinished": list(scored.unfinished),
        **scored.tally,
        "usage": scored.usage,
    }


def _tell(scored: "Scored", of_study: bool, source: Path) -> None:
    """Say what was done, and everything that was not scored."""
    counts = scored.tally
    what = "responses" if of_study else "generations"
    if not scored.made:
        click.echo("Everything was judged already.")
    click.echo(f"{counts['answers']:,} {what} judged, {counts['malformed']:,} of them malformed.")
    for reason, n in counts["missing"].items():
        click.echo(f"Scores missing for {n:,}: {reason}.")
    for note, n in counts["notes"].items():
        click.echo(f"Note on {n:,}: {note}.")
    if scored.unfinished:
        click.echo(f"Left out, not complete yet: {', '.join(scored.unfinished)}.")
    if scored.usage:
        usage = scored.usage
        click.echo(
            f"{usage['calls']:,} calls, {usage['tokens']:,} tokens, {usage['from_cache']:,} "
            f"replies from the cache."
        )
    click.echo(f"Scores: {scored.table}")
    if of_study:
        given = f"-p judge_scores_file={scored.table}"
        click.echo(f"Next: pluralign report {source} --out REPORT {given}")
