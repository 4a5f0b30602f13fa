"""``pluralign audit``."""

from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import (
    PATH,
    data_option,
    json_option,
    print_json,
    print_table,
    study_argument,
    told,
)
from pluralign_stats.settings import MIN_CELL


@click.command("audit")
@study_argument
@click.option(
    "--by", metavar="DEMOGRAPHIC", help="Whose groups are compared; the first one unless stated."
)
@click.option(
    "--dimension",
    metavar="NAME",
    help="What responses are preferred for; toxicity unless stated, or the first that can be bad.",
)
@click.option(
    "--scale", metavar="SCALE", help="5-point (unless stated), 3-point, binary, as-rated."
)
@click.option(
    "--recipe",
    "recipe_files",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="YAML file of a recipe to be audited, in place of one for each strategy; may be repeated.",
)
@click.option(
    "--min-voices",
    default=2,
    help="Fewest raters of a group whose majority is its verdict on a response.",
)
@click.option("--n-bootstrap", default=1000, help="Resamples for intervals of agreement.")
@click.option("--seed", default=1, help="Of the resamples.")
@click.option(
    "--min-cell", default=MIN_CELL, metavar="N", help="Groups of fewer raters are never shown."
)
@click.option(
    "--out",
    type=PATH,
    metavar="FOLDER",
    help="Also write tables (CSV) and figures (SVG, PDF, PNG) there; a former audit is replaced.",
)
@data_option
@json_option
def command(
    study: Path,
    dimension: str | None,
    scale: Any,
    recipe_files: tuple[Path, ...],
    min_cell: int,
    out: Path | None,
    data: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Ask who dominates the feedback that ratings become.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign. For each way of
    treating disagreement the tables tell how much feedback it gives and from how many raters, each
    group's share of raters, ratings and preferences, how many labels flip when a group is left
    out, how often what a group finds bad is outvoted, and how far raters agree.

    \b
    Examples:
      pluralign audit study.yaml --by gender
      pluralign audit study.yaml --by ethnicity --dimension toxicity --scale binary --out audit
      pluralign audit study.yaml --by politics --recipe women.yaml --recipe men.yaml --json
    """
    from pluralign_stats.feedback.feedback_audit import audit, audit_recipes
    from pluralign_stats.feedback.recipe import read_recipe
    from pluralign_stats.study.read import read_study

    if recipe_files and (dimension or scale):
        raise click.UsageError(
            "--recipe states dimension and scale; leave out the options for them"
        )
    recipes = [read_recipe(path) for path in recipe_files]
    if out is not None:
        _refuse(out)
    checked = read_study(study, data)
    chosen = recipes or audit_recipes(checked, dimension, scale)
    found = audit(checked, chosen, min_cell=min_cell, **options)
    shown = {name: result.released(min_cell) for name, result in found.results().items()}
    if out is not None:
        _write(out, shown, checked)
    _tell(checked, shown, out, as_json)


def _tell(study: Any, shown: dict[str, Any], out: Path | None, as_json: bool) -> None:
    if as_json:
        tables = {name: told(result) for name, result in shown.items()}
        content = {"study": study.name, "simulated": study.simulated, "tables": tables}
        print_json({**content, **({"folder": str(out)} if out else {})})
        return
    for result in shown.values():
        print_table(result)
    if out is not None:
        click.echo(f"\nTables and figures: {out}")


def _refuse(out: Path) -> None:
    """Refuse a folder that holds something else, before anything is computed."""
    from pluralign_stats.errors import InputError
    from pluralign_stats.storage.files import read_json
    from pluralign_stats.storage.folders import MARK

    taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if taken and "audit_of" not in read_json(out / MARK):
        raise InputError(f"{out} exists and holds no audit; choose another folder")


def _write(out: Path, shown: dict[str, Any], study: Any) -> None:
    from pluralign_stats.figures.describe import agreement
    from pluralign_stats.figures.feedback import (
        feedback_flips,
        feedback_shares,
        feedback_survival,
    )
    from pluralign_stats.storage.folders import new_folder, write_mark

    draw = {
        "shares": feedback_shares,
        "flips": feedback_flips,
        "survival": feedback_survival,
        "agreement": agreement,
    }
    target = out.resolve()
    with new_folder(target, "audit") as staging:
        for name, result in shown.items():
            (staging / f"{name}.csv").write_text(result.to_csv_text(), "utf-8")
            if name in draw and len(result.table):
                draw[name](result).save(staging / name)
        write_mark(staging, {"audit_of": study.name, "fingerprint": study.fingerprint})
