"""``pluralign pairs``."""

from pathlib import Path
from typing import Any

import click

from pluralign_stats.cli.options import (
    PATH,
    data_option,
    json_option,
    out_option,
    print_json,
    study_argument,
)


@click.command("pairs")
@study_argument
@out_option
@click.option(
    "--recipe",
    "recipe_file",
    type=PATH,
    metavar="FILE",
    help="YAML file with the keys of a recipe, in place of the options marked with *.",
)
@click.option(
    "--dimension",
    "weights",
    multiple=True,
    metavar="NAME[=WEIGHT]",
    help="* What responses are preferred for; several add up, with weight 1 unless stated.",
)
@click.option(
    "--group",
    multiple=True,
    metavar="NAME=LEVEL",
    help="* Whose ratings count, such as gender=Female. A demographic repeated adds a level to "
    "it; several demographics leave raters who are in all of them.",
)
@click.option(
    "--balance", metavar="NAME", help="* A demographic whose levels are to weigh equally."
)
@click.option(
    "--scale", metavar="SCALE", help="* 5-point (unless stated), 3-point, binary or as-rated."
)
@click.option(
    "--strategy",
    metavar="STRATEGY",
    help="* What is done where raters disagree: preserve (unless stated: every rater speaks), "
    "majority, mean, median, consensus or random.",
)
@click.option(
    "--labels",
    metavar="LABELS",
    help="* hard (unless stated), or soft: the share that prefers a response.",
)
@click.option(
    "--languages",
    metavar="HOW",
    help="* Compare responses rated in the same language (separate, unless stated) or pooled.",
)
@click.option(
    "--min-margin", type=float, metavar="X", help="* Smallest difference in utility that counts."
)
@click.option("--max-per-prompt", type=int, metavar="N", help="* Most examples of one prompt.")
@click.option("--budget", type=int, metavar="N", help="* Number of examples to draw.")
@click.option("--seed", type=int, metavar="N", help="* Of everything that is drawn; 0 by default.")
@click.option(
    "--choices",
    "of_choices",
    is_flag=True,
    help="Of the choices of a codebook that describes ratings as well; one without ratings needs "
    "no word.",
)
@click.option("--unpaired", is_flag=True, help="Judge each response alone (for KTO); no pairs.")
@click.option(
    "--held-out", default=0.2, help="Share of prompts left out, to evaluate models on; 0 for none."
)
@click.option("--split-seed", default=0, help="Draws the prompts that are held out.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    help="Of the tables.",
)
@data_option
@json_option
def command(
    study: Path,
    out: Path,
    recipe_file: Path | None,
    of_choices: bool,
    unpaired: bool,
    held_out: float,
    split_seed: int,
    form: Any,
    data: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Turn ratings, or choices, into preference pairs to tune a model on.

    STUDY is the path of a codebook, or the name of one that comes with Pluralign. FOLDER gets the
    table of pairs with counts (pairs), the examples to train on (examples), what was left out and
    why (excluded.csv), the recipe (recipe.yaml), the prompts used and held out (split.json), and,
    written last, a mark with all inputs (complete.json). Where the same is there already, nothing
    is done. Of choices it gets the texts of the responses (responses) as well; --dimension,
    --scale, --min-margin and --unpaired need ratings.

    \b
    Examples:
      pluralign pairs study.yaml --dimension toxicity --out pairs
      pluralign pairs study.yaml --dimension toxicity --dimension helpfulness=0.5 \\
          --group gender=Female --strategy majority --scale 3-point --out pairs
      pluralign pairs study.yaml --recipe recipe.yaml --unpaired --out responses
      pluralign pairs arena.yaml --strategy majority --labels soft --out pairs
    """
    from pluralign_stats.choices.read import holds_choices_only, read_choices
    from pluralign_stats.feedback.pairs_folder import FeedbackJob, write_feedback
    from pluralign_stats.study.read import read_study

    checked: Any
    if of_choices or holds_choices_only(study):
        recipe = _choice_recipe(recipe_file, options, unpaired)
        checked = read_choices(study, data)
    else:
        recipe = _recipe(recipe_file, options)
        checked = read_study(study, data)
    job = FeedbackJob(recipe, unpaired, held_out, split_seed, form)
    written = write_feedback(checked, job, out)
    _tell(out, written, as_json)


def _choice_recipe(recipe_file: Path | None, options: dict[str, Any], unpaired: bool) -> Any:
    from pluralign_stats.feedback.choice_recipe import ChoiceRecipe, read_choice_recipe

    given = {k: v for k, v in options.items() if v not in (None, ())}
    needing = [f"--{_flag(k)}" for k in given if k in ("weights", "scale", "min_margin")]
    needing += ["--unpaired"] if unpaired else []
    if needing:
        raise click.UsageError(f"choices have no ratings; leave out {', '.join(needing)}")
    if recipe_file is not None:
        _refuse_beside_file(given)
        return read_choice_recipe(recipe_file)
    return ChoiceRecipe(**{**given, "group": split_groups(given.get("group", ()))})


def _flag(name: str) -> str:
    """The option that sets a key of a recipe."""
    return "dimension" if name == "weights" else name.replace("_", "-")


def _refuse_beside_file(given: dict[str, Any]) -> None:
    if given:
        names = ", ".join(f"--{_flag(k)}" for k in given)
        raise click.UsageError(f"--recipe states the whole recipe; leave out {names}")


def _recipe(recipe_file: Path | None, options: dict[str, Any]) -> Any:
    from pluralign_stats.feedback.recipe import Recipe, read_recipe

    given = {k: v for k, v in options.items() if v not in (None, ())}
    if recipe_file is not None:
        _refuse_beside_file(given)
        return read_recipe(recipe_file)
    if "weights" not in given:
        raise click.UsageError("name a --dimension, such as --dimension toxicity, or a --recipe")
    given["weights"] = split_weights(given["weights"])
    given["group"] = split_groups(given.get("group", ()))
    return Recipe(**given)


def split_weights(words: tuple[str, ...]) -> dict[str, float]:
    """Turn ``("toxicity", "helpfulness=0.5")`` into weights.

    Raises
    ------
    click.UsageError
        If a weight is no number or a dimension stands twice.
    """
    weights: dict[str, float] = {}
    for word in words:
        name, equals, number = word.partition("=")
        if name in weights:
            raise click.UsageError(f"the dimension '{name}' is given twice")
        try:
            weights[name] = float(number) if equals else 1.0
        except ValueError:
            raise click.UsageError(
                f"--dimension takes NAME or NAME=WEIGHT with a number, not '{word}'"
            ) from None
    return weights


def split_groups(words: tuple[str, ...]) -> dict[str, list[str]]:
    """Turn ``("gender=Female", "country=US")`` into levels by demographic.

    Raises
    ------
    click.UsageError
        If a word has no ``=``.
    """
    groups: dict[str, list[str]] = {}
    for word in words:
        name, equals, level = word.partition("=")
        if not (name and equals and level):
            raise click.UsageError(f"--group takes NAME=LEVEL, not '{word}'")
        groups.setdefault(name, []).append(level)
    return groups


def _tell(out: Path, written: bool, as_json: bool) -> None:
    import csv
    import json

    record = json.loads((out / "complete.json").read_text("utf-8"))
    with (out / "excluded.csv").open(encoding="utf-8", newline="") as file:
        excluded = [{"reason": r["reason"], "n": int(r["n"])} for r in csv.DictReader(file)]
    budget = record["recipe"]["budget"]
    n, split = record["size"] if budget is None else budget, record.get("split", "")
    notes = record.get("notes", [])
    if as_json:
        head = {"folder": str(out), "written": written, "examples": n, "split": split}
        head["notes"] = notes
        print_json({**head, "excluded": excluded, "recipe": record["recipe"]})
        return
    if not written:
        click.echo(f"{out} holds this already; examples: {n:,}; nothing was done.")
        return
    click.echo(f"{out}\n  examples: {n:,}")
    if split:
        click.echo(f"  {split}")
    for note in notes:
        click.echo(f"  {note}")
    for row in excluded:
        click.echo(f"  left out: {row['reason']}: {row['n']:,}")
