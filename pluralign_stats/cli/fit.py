"""``pluralign fit``."""

from dataclasses import replace
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

#: Endings of codebooks; names of those that come with Pluralign have none.
_CODEBOOKS = ("", ".yaml", ".yml")


@click.command("fit")
@click.argument("formula")
@study_argument
@data_option
@click.option("--dimension", metavar="NAME", help="Of a study; its first unless stated.")
@click.option(
    "--model",
    type=click.Choice(["ordinal", "linear", "ordered-beta", "bayes"]),
    default="ordinal",
    help="A cumulative logit mixed model by maximum likelihood, a linear one, an ordered beta one "
    "(sliders), or the first by Bayesian sampling.",
)
@click.option(
    "--bounds",
    nargs=2,
    type=float,
    metavar="LOW HIGH",
    help="Of an ordered beta model: the ends of the scale; of a study, those of its codebook.",
)
@click.option(
    "--rater",
    multiple=True,
    metavar="COLUMN",
    help="Of a data file: what tells raters apart, if it is not called rater; of several given, "
    "their combinations.",
)
@click.option("--seed", default=1, help="Of a Bayesian model; equal seeds give equal results.")
@click.option(
    "--out",
    type=PATH,
    metavar="FOLDER",
    help="Also write the table (HTML, LaTeX, CSV, JSON) and the figure (SVG, PDF, PNG) there.",
)
@json_option
def command(
    formula: str,
    study: Path,
    data: Path | None,
    dimension: str | None,
    model: str,
    bounds: tuple[float, float] | None,
    rater: tuple[str, ...],
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Fit a mixed model of ratings, and say what it found.

    FORMULA is such as "rating ~ gender + (1|rater) + (1|item)". STUDY is the path of a codebook,
    the name of one that comes with Pluralign, or a data file with one row per rating.

    \b
    Examples:
      pluralign fit "rating ~ gender + (1|rater) + (1|item)" study.yaml --dimension toxicity
      pluralign fit "score ~ group + (1|user)" ratings.csv --model linear --rater user --out fit
      pluralign fit "score ~ group + (1|rater)" ratings.csv --model ordered-beta --bounds 0 100
    """
    from pluralign_stats.errors import InputError

    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, and what is written is a folder; choose another name")
    if study.suffix.lower() in _CODEBOOKS:
        if rater:
            raise click.UsageError("--rater is of data files; a codebook names the rater itself")
        rows, known = _rows_of_study(study, data, dimension)
    elif data or dimension:
        raise click.UsageError("--data and --dimension are of studies, not of a data file")
    else:
        rows, known = _rows_of_file(study, formula, rater), None
    if bounds is not None and model != "ordered-beta":
        raise click.UsageError("--bounds is of an ordered beta model: --model ordered-beta")
    options: dict[str, Any] = {}
    if model == "bayes":
        options = {"seed": seed, "progress": not as_json}
    elif model == "ordered-beta":
        options = {"bounds": bounds or known}
    fit = _fitted(formula, rows, model, list(rater) or None, options)
    if fit.design.raters.unknown:
        raise InputError(f"raters cannot be counted: {fit.design.raters.unknown} (here: --rater)")
    result = fit.summary().released()
    if out is not None:
        _write(out, result)
    if as_json:
        print_json({**told(result), **({"folder": str(out)} if out else {})})
        return
    print_table(replace(result, table=result.table.drop(columns="method")))
    texts = dict.fromkeys([f"Method: {fit.method}.", *result.meta.notes, *result.warnings])
    texts.pop(result.sentence, None)
    for text in texts:
        click.echo(text)
    if out is not None:
        click.echo(f"\nTable and figure: {out}")


def _rows_of_study(
    path: Path, data: Path | None, dimension: str | None
) -> tuple[Any, tuple[float, float]]:
    """The ratings of a study on one dimension, and the ends of its scale."""
    from pluralign_stats.errors import check_one_of
    from pluralign_stats.study.read import read_study

    study = read_study(path, data)
    chosen = study.dimensions[0] if dimension is None else dimension
    check_one_of("the dimension", chosen, study.dimensions)
    scale = study.codebook.dimensions[chosen].scale
    return study.where(dimension=chosen).ratings, (float(scale.low), float(scale.high))


def _rows_of_file(path: Path, formula: str, rater: tuple[str, ...]) -> Any:
    """The rows of a data file; columns that hold nothing but numbers as numbers.

    Names of raters and of other groups stay text where two of them are one number, as 7 and 007.
    """
    import pandas as pd

    from pluralign_stats.errors import InputError
    from pluralign_stats.models.formula import parse_formula
    from pluralign_stats.study.data_file import read_unlisted
    from pluralign_stats.study.tables import NO_VALUE

    parts = parse_formula(formula)
    if not path.is_file():
        raise InputError(f"{path}: no such file; name a codebook or a data file")
    table = read_unlisted(path)
    text = table.frame.mask(table.frame.isin(NO_VALUE))
    numbers = text.apply(pd.to_numeric, errors="coerce")
    words = text.notna() & numbers.isna()
    if parts.outcome in text and words[parts.outcome].any():
        advice = "correct the file; what words mean as ratings is stated in a codebook"
        raise table.refuse(parts.outcome, words[parts.outcome], "numbers", advice)
    named = {*(rater or ("rater",)), *(column for term in parts.random for column in term.factors)}
    merged = [c for c in text if c in named and numbers[c].nunique() < text[c].nunique()]
    return text.assign(**numbers.loc[:, ~words.any()].drop(columns=merged, errors="ignore"))


def _fitted(formula: str, rows: Any, model: str, rater: Any, options: dict[str, Any]) -> Any:
    """The model, by the function that fits it."""
    from pluralign_stats.fits.bayes import fit_bayes
    from pluralign_stats.fits.linear import fit_linear
    from pluralign_stats.fits.ordered_beta import fit_ordered_beta
    from pluralign_stats.fits.ordinal import fit_ordinal

    fitting: dict[str, Any] = {
        "ordinal": fit_ordinal,
        "linear": fit_linear,
        "ordered-beta": fit_ordered_beta,
        "bayes": fit_bayes,
    }
    return fitting[model](formula, rows, rater=rater, **options)


def _write(out: Path, result: Any) -> None:
    """Write the table and the figure; nothing where the figure cannot be drawn."""
    from pluralign_stats.storage.files import write_json

    drawn = result.plot()
    result.save(out / "fit")
    write_json(out / "fit.json", result.describe())
    drawn.save(out / "fit")
