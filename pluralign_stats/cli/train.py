"""``pluralign train``."""

from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import PATH, data_option, json_option, out_option, print_json
from pluralign_stats.errors import InputError, MissingExtraError, listing


@click.command("train")
@click.argument("grid")
@click.option(
    "--study",
    required=True,
    type=PATH,
    metavar="STUDY",
    help="Codebook of the study whose ratings are the feedback; it must have texts.",
)
@data_option
@out_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    help="Worker processes, each with one thread, and with one GPU where there are some.",
)
@click.option(
    "--accelerate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration of accelerate: trains each condition over several GPUs.",
)
@click.option(
    "--part",
    default="1/1",
    metavar="K/N",
    help="Train every N-th condition only, from the K-th on; other parts may run meanwhile.",
)
@click.option("--dry-run", is_flag=True, help="Check the grid and print the plan; train nothing.")
@json_option
def command(
    grid: str,
    study: Path,
    data: Path | None,
    out: Path,
    jobs: int,
    accelerate: Path | None,
    part: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Tune models on the feedback of a study: one run for each condition of a grid.

    GRID is a YAML file, or the name of a grid that comes with Pluralign: embedded-small and
    embedded (miniature models, on a CPU), paper (the published design). A condition is one
    combination of group, scale, strategy, objective, optimizer, base model and seed. All of them
    are checked before the first is trained; each gets a folder under --out with its adapter, the
    feedback it was trained on, metrics, and what tells how it was made.

    The command can be repeated: complete runs are kept as long as their feedback is the same. It
    can be killed at any time and goes on from the last checkpoint, to the same result. A condition
    that fails takes no other down; it is named, and the exit status is 2.

    \b
    Examples:
      pluralign train embedded-small --study study.yaml --out runs --jobs 2
      pluralign train my-grid.yaml --study study.yaml --out runs --dry-run
    """
    try:
        from pluralign_stats.storage.shard import read_shard
        from training.conditions.grid import read_grid
        from training.tuning.plan import plan_training
        from training.tuning.stage import pending, train_all
    except ImportError as error:
        raise MissingExtraError("Training", "training") from error
    from pluralign_stats.feedback.split import split_prompts
    from pluralign_stats.study.read import read_study

    share = read_shard(part)
    read = read_grid(grid)
    rated = read_study(study, data)
    split = split_prompts(rated, read.held_out, read.split_seed).summary
    if dry_run:
        plan = plan_training(read, rated)
        to_do = {p.condition.id for p in pending(plan, out)}
        _tell_plan(plan, to_do, split, _notes(read, rated), as_json)
        return
    result = train_all(read, rated, out, jobs=jobs, accelerate=accelerate, shard=share)
    _tell(result, out, split, _notes(read, rated), as_json)
    if result.failed:
        reasons = "; ".join(f"{run}: {why}" for run, why in result.failed.items())
        left = f"; {len(result.waiting)} were not trained" if result.waiting else ""
        raise InputError(f"{len(result.failed)} of the conditions failed: {reasons}{left}")


def _notes(grid: Any, study: Any) -> list[str]:
    """What a reader has to know of how the grid's recipes convert ratings, each once."""
    from pluralign_stats.feedback.selection import recipe_notes
    from training.conditions.grid import recipes

    found = [r for design in grid.designs().values() for r in recipes(design, 0)]
    return list(dict.fromkeys(note for r in found for note in recipe_notes(study, r)))


def _tell(result: Any, out: Path, split: str, notes: list[str], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "out": str(out),
                "trained": result.trained,
                "kept": result.kept,
                "failed": result.failed,
                "waiting": result.waiting,
                "split": split,
                "notes": notes,
            }
        )
        return
    for note in [f"{split}."] * bool(split) + notes:
        click.echo(note)
    kept = f"; {len(result.kept)} were there already" if result.kept else ""
    click.echo(f"{len(result.trained)} runs trained in {out}{kept}.")
    if not result.failed:
        click.echo(f"Next: pluralign generate {out} --study STUDY --out GENERATIONS")


def _tell_plan(plan: Any, left: set[str], split: str, notes: list[str], as_json: bool) -> None:
    rows = [
        {
            "id": p.condition.id,
            **p.condition.factors(),
            "experiments": list(p.experiments),
            "examples": p.n_examples,
            "excluded": plan.excluded(p.condition).to_dict("records"),
            "done": p.condition.id not in left,
        }
        for p in plan.planned
    ]
    if as_json:
        fingerprint = plan.study.fingerprint
        print_json({"conditions": rows, "fingerprint": fingerprint, "split": split, "notes": notes})
        return
    for note in [f"{split}."] * bool(split) + notes:
        click.echo(note)
    for row in rows:
        done = " (done)" if row["done"] else ""
        click.echo(f"{row['id']}: {row['examples']:,} examples{done}")
        if row["excluded"]:
            told = [f"{entry['reason']}: {entry['n']:,}" for entry in row["excluded"]]
            click.echo(f"    left out: {listing(told).replace(chr(39), '')}")
    click.echo(f"{len(rows)} conditions, {len(rows) - len(left)} of them done.")
