"""``pluralign power``."""

from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import (
    PATH,
    data_option,
    json_option,
    print_json,
    print_table,
    told,
)

#: What marks a folder of this command: the design that its studies vary.
_MARK = "plan.json"


@click.command("power")
@click.option(
    "--raters",
    multiple=True,
    type=int,
    metavar="N",
    help="Raters of the planned study; may be repeated. As many as in the study unless stated, "
    "or 1,095 without one.",
)
@click.option(
    "--items",
    multiple=True,
    type=int,
    metavar="N",
    help="Items; may be repeated. As many as in the study, or 200.",
)
@click.option(
    "--ratings-per-rater",
    multiple=True,
    type=int,
    metavar="N",
    help="Items that each rater rates; may be repeated. As many as in the study, or 5.",
)
@click.option("--share", default=0.12, help="Share of raters in the group.")
@click.option(
    "--percent",
    default=-18.0,
    help="What the group does to the odds of a higher rating, in percent.",
)
@click.option("--power", "target", default=0.8, help="The power aimed at.")
@click.option(
    "--detectable",
    is_flag=True,
    help="Also find the smallest difference that each planned study finds with that power.",
)
@click.option(
    "--model",
    type=click.Choice(["auto", "ordinal", "linear"]),
    default="auto",
    help="The mixed model that the study will be analysed with; auto: ordinal, or linear on scales "
    "of more than 15 ratings.",
)
@click.option("--simulations", default=200, help="Studies to simulate of each design.")
@click.option("--seed", default=1, help="Equal seeds give equal results.")
@click.option(
    "--jobs", type=int, metavar="N", help="Processes side by side; as many as cores unless stated."
)
@click.option(
    "--study",
    type=PATH,
    metavar="STUDY",
    help="An earlier study, such as a pilot, that tells how ratings are spread; the documented "
    "numbers of the simulated study unless stated.",
)
@data_option
@click.option(
    "--dimension",
    metavar="NAME",
    help="On which to plan; the study's first, or toxicity without a study.",
)
@click.option(
    "--out",
    type=PATH,
    metavar="FOLDER",
    help="Also write tables (CSV, JSON) and the figure (SVG, PDF, PNG) there, and keep the "
    "simulations, so that the same command goes on where it was interrupted.",
)
@json_option
def command(
    raters: tuple[int, ...],
    items: tuple[int, ...],
    ratings_per_rater: tuple[int, ...],
    share: float,
    percent: float,
    target: float,
    detectable: bool,
    model: Any,
    simulations: int,
    seed: int,
    jobs: int | None,
    study: Path | None,
    data: Path | None,
    dimension: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Plan a study: how many raters, items and ratings per rater find a difference.

    Studies are simulated with a group of raters that differs from all others, and analysed with
    the mixed model that real ratings are analysed with. Power is the share of them in which the
    difference is found. All combinations of raters, items and ratings per rater are tried. The
    table also tells how often a found difference has the wrong sign (type S), and how many times
    too large it is (type M).

    \b
    Examples:
      pluralign power --raters 1000 --raters 2000 --raters 4000 --ratings-per-rater 10
      pluralign power --study pilot/study.yaml --dimension toxicity --raters 600 --out plan
      pluralign power --raters 1095 --detectable --simulations 400 --json
    """
    from pluralign_stats.planning.design import design_from
    from pluralign_stats.planning.detectable import FEWEST_SIMULATIONS, detectable_effect
    from pluralign_stats.planning.power_analysis import check_target, power, smallest_design
    from pluralign_stats.study.read import read_study

    if data is not None and study is None:
        raise click.UsageError("--data needs --study")
    if detectable and simulations < FEWEST_SIMULATIONS:
        raise click.UsageError(f"--detectable needs --simulations {FEWEST_SIMULATIONS} or more")
    check_target(target)
    given = {"raters": raters, "items": items, "ratings_per_rater": ratings_per_rater}
    sizes = {name: values for name, values in given.items() if values}
    # The largest of each, so that no default contradicts a number that was given.
    largest = {name: max(values) for name, values in sizes.items()}
    read = read_study(study, data) if study else None
    base = design_from(read, dimension or "", **largest, share=share, percent=percent)
    designs = base.grid(sizes)
    if out is not None:
        _claim(out, base)
    how: dict[str, Any] = {"n_simulations": simulations, "seed": seed, "model": model}
    how |= {"jobs": jobs, "cache": out / "simulations" if out else "", "progress": not as_json}
    found = power(designs, **how)
    results = {"power": found, "smallest": smallest_design(found, target)}
    if detectable:
        results["detectable"] = detectable_effect(designs, target, **how)
    if out is not None:
        _write(out, results, target)
    _tell(results, out, as_json)


def _tell(results: dict[str, Any], out: Path | None, as_json: bool) -> None:
    if as_json:
        tables = {name: told(result) for name, result in results.items()}
        print_json({"tables": tables, **({"folder": str(out)} if out else {})})
        return
    for result in results.values():
        print_table(_compact(result))
        for warning in result.warnings:
            click.echo(warning)
    if out is not None:
        click.echo(f"\nTables and figure: {out}")


def _compact(result: Any) -> Any:
    """A result with a table that a terminal holds; the whole one is for files and JSON."""
    from dataclasses import replace

    import pandas as pd

    from pluralign_stats.formatting import minus

    table = result.table
    if "sure" in table:  # rows of the table above, of which the sentence says enough
        return replace(result, table=pd.DataFrame())
    counts = {"raters": "raters", "n_group": "in group", "ratings_per_rater": "ratings each"}
    counts |= {"items": "items", "n_ratings": "ratings"}
    shown = {name: [f"{n:,}" for n in table[column]] for column, name in counts.items()}
    ends = table[["conf_low", "conf_high"]]
    if "type_m" in table:
        found = zip(table["power"], ends["conf_low"], ends["conf_high"], strict=True)
        shown["power"] = [f"{p:.0%} [{low:.0%}, {high:.0%}]" for p, low, high in found]
        shown |= {"type S": table["type_s"], "type M": table["type_m"]}
    else:
        found = zip(table["estimate"], ends["conf_low"], ends["conf_high"], strict=True)
        told = [minus(f"{b:+.1f} % [{low:+.1f}, {high:+.1f}]") for b, low, high in found]
        shown["difference of the odds"] = told
    return replace(result, table=pd.DataFrame(shown))


def _claim(out: Path, base: Any) -> None:
    """Mark a folder as one of this command's, before anything is computed.

    Raises
    ------
    InputError
        If it holds something else, or cannot be written.
    """
    from pluralign_stats.errors import InputError
    from pluralign_stats.storage.files import write_json

    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not (out / _MARK).is_file():
        raise InputError(f"{out} exists and holds no plan of a study; choose another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / _MARK, {"source": base.source, **base.numbers()})
    except OSError as error:
        raise InputError(
            f"{out}: cannot be written ({error.strerror}); choose another folder"
        ) from None


def _write(out: Path, results: dict[str, Any], target: float) -> None:
    from pluralign_stats.figures.planning import power
    from pluralign_stats.storage.files import write_json

    for name, result in results.items():
        (out / f"{name}.csv").write_text(result.to_csv_text(), "utf-8")
        write_json(out / f"{name}.json", result.describe())
    power(results["power"], target=target).save(out / "power")
