"""``pluralign reproduce``."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pluralign_stats.cli.options import (
    json_option,
    out_option,
    parameter_option,
    print_json,
    split_parameters,
)
from pluralign_stats.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from training.workflow.config import ReportSettings, RunConfig
    from training.workflow.cost import Cost
    from training.workflow.drive import RunResult


@click.command("reproduce")
@click.argument("config", default="reproduce")
@out_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    show_default="one for each GPU, or for each core where there is none",
    help="Conditions to train at the same time; with --profile, jobs at the same time.",
)
@click.option("--seed", type=int, help="Seed of the simulated study, instead of the run's own.")
@parameter_option
@click.option("--dry-run", is_flag=True, help="Print the plan with its cost; write nothing.")
@click.option("--quick", is_flag=True, help="Fewer seeds and conditions; the report says so.")
@click.option(
    "--profile",
    metavar="NAME",
    help="Run on a cluster: slurm, or the folder of a Snakemake profile.",
)
@json_option
def command(
    config: str,
    out: Path,
    jobs: int | None,
    seed: int | None,
    parameters: tuple[str, ...],
    dry_run: bool,
    quick: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Carry out the whole study: from ratings to tuned models, their scores, and one report.

    CONFIG is a YAML file, or the name of a run that comes with Pluralign: reproduce (the published
    study in miniature: simulated ratings and miniature models, on a CPU, in minutes) or full (the
    published design on real models; state your own study in a copy of it).

    The command can be killed at any time: called again, it goes on from there, and repeats nothing
    whose inputs are unchanged. What counts is content, not the time of a file: of a study that was
    changed meanwhile only what it affects is done again, and the report says so. A condition that
    fails takes no other down; it is named here and in the report, the exit status is 2, and the
    next call tries it again.

    \b
    Examples:
      pluralign reproduce --out my-run
      pluralign reproduce --out my-run --quick
      pluralign reproduce full --out my-run --dry-run
      pluralign reproduce my-study-run.yaml --out /shared/my-run --profile slurm
    """
    try:
        from training.workflow.config import read_run
        from training.workflow.drive import reproduce
    except ImportError as error:
        raise MissingExtraError("Reproducing the study", "training") from error

    read = read_run(config)
    values = split_parameters(parameters)
    run = read.quickened() if quick else read
    run = run if seed is None else run.seeded(seed)
    run = run.reported_with(values) if values else run
    if dry_run:
        _tell_cost(run, out, as_json)
        return
    if run.report is not None:
        _check_report(run.report)
    typed = ["pluralign", "reproduce", Path(config).name, "--out", out.name]
    typed += ["--quick"] * quick + ([] if seed is None else ["--seed", str(seed)])
    typed += [word for pair in parameters for word in ("-p", pair)]
    done = reproduce(
        run, out, jobs=jobs, profile=profile, typed=shlex.join(typed), progress=not as_json
    )
    _tell(done, as_json)
    if done.failed:
        reasons = "; ".join(f"{name}: {why}" for name, why in done.failed.items())
        raise InputError(f"{len(done.failed)} of the conditions failed: {reasons}")


def _check_report(given: "ReportSettings") -> None:
    """Refuse what no notebook takes, before hours of work and not after them."""
    from reports import check_parameters

    check_parameters(given.parameters, given.leave_out)


def _tell(done: "RunResult", as_json: bool) -> None:
    if as_json:
        told = asdict(done)
        print_json({k: str(v) if isinstance(v, Path) else v for k, v in told.items()})
        return
    if done.study_changed:
        click.echo("The study's files have changed since the last call; so has what they affect.")
    if not done.done:
        click.echo("Nothing has changed since the last call; nothing was done.")
    click.echo(f"Study: {done.study}\nScores: {done.outcomes}")
    if done.report is not None:
        click.echo(f"Report: {done.report}")


def _tell_cost(run: "RunConfig", out: Path, as_json: bool) -> None:
    from training.workflow.cost import estimate
    from training.workflow.layout import Layout

    cost = estimate(run, Layout(out.resolve()))
    if as_json:
        print_json({**asdict(cost), "table": cost.table.to_dict("records")})
        return
    for line in _cost_lines(run, cost):
        click.echo(line)


def _cost_lines(run: "RunConfig", cost: "Cost") -> list[str]:
    heads = {
        "base_model": "base model", "billions": "10^9 par.", "dpo": "DPO", "kto": "KTO",
        "grpo": "GRPO", "runs": "runs", "train_hours": "train GPU h", "answers": "answers",
        "generate_hours": "answer GPU h", "disk_gb": "disk GB",
    }  # fmt: skip
    rows = [list(heads.values())]
    rows += [[_cell(row[key]) for key in heads] for row in cost.table.to_dict("records")]
    sums = {k: cost.table[k].sum() for k in heads if k not in ("base_model", "billions")}
    rows.append([_cell(sums.get(key, "in all" if key == "base_model" else "")) for key in heads])
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    lines = [run.title + (" (quick)" if run.is_quick else ""), ""]
    for row in rows:
        first, *others = (c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in
                          enumerate(zip(row, widths, strict=True)))  # fmt: skip
        lines.append("  ".join([first, *others]))
    given = run.cost
    lines += ["", f"Asked: {cost.prompts}, {run.generate.samples} answers to each."]
    for judge in run.judges:
        calls = cost.judge_calls.get(judge)
        told = "no calls" if calls is None else f"{calls:,} calls, and one for each own response"
        lines.append(f"Judge {judge}: {told}.")
    if cost.gpu_hours:
        lines.append(
            f"{cost.gpu_hours:,.0f} GPU hours: {cost.node_hours:,.0f} h on one machine with "
            f"{given.node_gpus} GPUs, {cost.cluster_hours:,.0f} h on {given.cluster_gpus} GPUs."
        )
        lines.append(
            f"Reckoned, not measured, at {given.peak_tflops:g} TFLOP/s a GPU, of which training "
            f"reaches {given.training_utilization:.0%} and generation "
            f"{given.generation_utilization:.0%} (our assumptions, under 'cost' in the "
            "configuration)."
        )
    else:
        lines.append("No GPU is needed: the base models are miniature ones.")
    return lines


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole else f"{value:,.1f}"
