"""Designs against the untuned control, and against each other."""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import pandas as pd

from pluralign_stats.designs import CONTROL, ONE_RUN, plain_design
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.effects.estimates import infer, tabulate
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.errors import InputError, NotApplicableError, one_of
from pluralign_stats.figures.charts import AGAINST_CONTROL, FOREST, PAIRWISE
from pluralign_stats.fits.fit import Fit
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.notes import Code, Note, reworded
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.models import (
    GENERATIONS_ALONE,
    LEVELS_OF_MODELS,
    SCORE_MODEL,
    UNIT,
    BayesFamily,
    Kind,
    ScoreModel,
    design_means,
    differences,
    doubts_and_notes,
    few_models,
    fit_scores,
    replicated,
)
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, SIGNIFICANCE
from pluralign_stats.significance import significant
from pluralign_stats.study.text import contrast_label
from pluralign_stats.words import counted, is_are

#: How many runs, seeds, prompts and generations stand behind an estimate.
COUNTS = ("n_runs", "n_seeds", "n_prompts", "n_generations")

COUNTED = Note(
    Code.COUNTED_IN,
    "Runs, seeds, prompts and generations are counted in the design named first.",
)

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "estimate", "std_error"]
_COLUMNS += ["conf_low", "conf_high", "p_value", "p_adjusted", "standardized", *COUNTS, "df"]
_COLUMNS += ["method"]


@documented_by(ScoreModel)
def against_control(
    experiment: Experiment,
    dimensions: Sequence[str] = (),
    *,
    conf_level: float = CONF_LEVEL,
    adjust: Adjustment = "holm",
    kind: Kind = "linear",
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
) -> Result:
    """Compare every design with the untuned control.

    Parameters
    ----------
    experiment
        What `select_experiment` chose.
    dimensions
        Which to look at; all by default.
    conf_level
        Level of the intervals.
    adjust
        As for `comparisons`, within one dimension.

    Returns
    -------
    Result
        Columns dimension, term (the factor), contrast, level and reference (the designs named
        first and second), estimate (score points), std_error, conf_low, conf_high, p_value,
        p_adjusted, standardized (the estimate in standard deviations of a single score), n_runs,
        n_seeds, n_prompts, n_generations (of the design named first), df, method. Of a Bayesian
        fit, sd and prob_positive take the place of std_error and of p.
        Warnings tell which dimensions cannot be modelled, and whether training was not repeated.

    Raises
    ------
    InputError
        If an option is unknown, or no dimension can be modelled.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70, for the correction by default.

    Examples
    --------
    >>> made = pls.outcomes.against_control(experiment)
    >>> made.table[["contrast", "estimate"]].round(1).values.tolist()
    [['preserve vs control', -0.9], ['majority vs control', -0.7]]
    """
    control = experiment.control_label
    pairs = [(level, control) for level in experiment.levels]
    title = f"Differences from the untuned {control} by {experiment.factor}"
    model = ScoreModel(
        kind=kind, by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling
    )
    return compare(experiment, pairs, title, dimensions, model, conf_level, adjust)


@documented_by(against_control)
def pairwise(
    experiment: Experiment,
    dimensions: Sequence[str] = (),
    *,
    conf_level: float = CONF_LEVEL,
    adjust: Adjustment = "holm",
    kind: Kind = "linear",
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
) -> Result:
    """Compare the designs with each other, the one named first less the second.

    Parameters
    ----------
    experiment
        What `select_experiment` chose; the order of its levels decides which is named first.

    Returns
    -------
    Result
        As for `against_control`.

    Raises
    ------
    InputError
        If an option is unknown, there are fewer than two designs, or no dimension can be modelled.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70, for the correction by default.

    Examples
    --------
    >>> pls.outcomes.pairwise(experiment).table["contrast"].tolist()
    ['preserve vs majority']
    """
    if len(experiment.levels) < 2:
        raise NotApplicableError(
            f"only '{experiment.levels[0]}' was trained beside the control; a comparison needs two "
            f"levels of {experiment.factor}"
        )
    pairs = list(combinations(experiment.levels, 2))
    title = f"Differences between designs by {experiment.factor}"
    model = ScoreModel(
        kind=kind, by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling
    )
    return compare(experiment, pairs, title, dimensions, model, conf_level, adjust)


def compare(
    experiment: Experiment,
    pairs: list[tuple[str, str]],
    title: str,
    dimensions: Sequence[str] = (),
    model: ScoreModel = SCORE_MODEL,
    conf_level: float = CONF_LEVEL,
    adjust: Adjustment = "holm",
) -> Result:
    """Compare pairs of designs on several dimensions; see `against_control`."""

    def of_fit(fit: Fit, dimension: str) -> pd.DataFrame:
        how = infer(fit, EffectOptions(conf_level=conf_level, adjust=adjust))
        table = tabulate(fit, differences(design_means(fit), pairs), how)
        table["standardized"] = table["estimate"] / fit.rating_sd
        counts = experiment.counts(dimension).loc[[first for first, _ in pairs]]
        kinds.append((kind_of(fit), how.note))
        return table.assign(**{name: counts[name].to_numpy() for name in COUNTS})

    kinds: list[tuple[str, str]] = []
    table, doubts, notes = by_dimension(experiment, dimensions, of_fit, model)
    interval, note = kinds[0]
    return experiment_result(
        experiment,
        table[ordered(table, _COLUMNS)],
        _sentence(table, experiment),
        title,
        unit=UNIT,
        conf_level=conf_level,
        interval=interval,
        warnings=doubts,
        notes=(COUNTED, note, *notes),
    )


def kind_of(fit: Fit) -> str:
    """Kind of the intervals of a fit."""
    return fit.interval if fit.bayesian else "intervals from t"


def by_dimension(
    experiment: Experiment,
    dimensions: Sequence[str],
    tell: Callable[[Fit, str], pd.DataFrame],
    model: ScoreModel,
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Tables of the fits of several dimensions, one below the other; what is doubted; notes.

    Raises
    ------
    InputError
        If a dimension is unknown, or none can be modelled.
    """
    for name in dimensions:
        if name not in experiment.dimensions:
            raise InputError(one_of("the dimension", name, experiment.dimensions))
    tables, told = [], []
    doubts: dict[str, list[str]] = {}
    notes: dict[str, list[str]] = {}
    for name in dimensions or experiment.dimensions:
        label = experiment.meaning.label(name)
        try:
            fit = fit_scores(experiment, name, model)
        except InputError as error:
            told.append(f"{label}: no model: {error}")
            continue
        for found, told_of in zip((doubts, notes), doubts_and_notes(fit), strict=True):
            for note in told_of:
                found.setdefault(note, []).append(label)
        tables.append(tell(fit, name).assign(dimension=label, term=experiment.factor))
    if not tables:
        raise NotApplicableError("; ".join(told))
    told = told if replicated(experiment) else [ONE_RUN, *told]
    return pd.concat(tables, ignore_index=True), (*told, *_named(doubts)), _named(notes)


def _named(found: dict[str, list[str]]) -> tuple[str, ...]:
    """Notes, each with the dimensions that it is about."""
    return tuple(reworded(note, f"{', '.join(on)}: {note}") for note, on in found.items())


def ordered(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Columns of a table in the given order; those of Bayesian fits where they belong."""
    known = [c for c in columns if c in table]
    return known if "std_error" in table else ordered_columns(table)


def experiment_result(
    experiment: Experiment,
    table: pd.DataFrame,
    sentence: str,
    title: str,
    *,
    unit: str,
    conf_level: float,
    interval: str,
    warnings: Iterable[str],
    notes: Iterable[str] = (),
) -> Result:
    """A table of an experiment, with the notes that all of them share."""
    fixed = ", ".join(f"{name} {value}" for name, value in experiment.fixed.items())
    models = LEVELS_OF_MODELS if few_models(experiment.table) else ""
    shared = (models, f"All conditions share: {fixed}.", experiment.left_out(), *experiment.notes)
    of_two = CONTROL not in set(table.get("reference", ()))
    return Result.of(
        experiment,
        table,
        sentence,
        title,
        unit=unit,
        conf_level=conf_level,
        interval=interval,
        notes=(*notes, *shared),
        warnings=warnings,
        designs=experiment.values,
        figure=FOREST if "reference" not in table else PAIRWISE if of_two else AGAINST_CONTROL,
    )


def _sentence(table: pd.DataFrame, experiment: Experiment) -> str:
    known = table.dropna(subset="estimate")
    if known.empty:
        return f"{counted(len(table), 'difference')} could not be estimated; the warnings say why."
    clear = known[significant(known)]
    what = "clear of zero"
    if "p_adjusted" in table:
        what += f" (adjusted p below {SIGNIFICANCE})"
    if not replicated(experiment):
        what += f", {GENERATIONS_ALONE}"
    some = known if clear.empty else clear
    top = some.loc[some["standardized"].abs().idxmax()]
    size = with_interval(top, ".2f", UNIT)
    first, second = (plain_design(top[c], experiment.values) for c in ("level", "reference"))
    where = f"{contrast_label(first, second)} on {top['dimension']}: {size}"
    if len(known) == 1:
        return f"The one difference is {'not ' if clear.empty else ''}{what}: {where}."
    if clear.empty:
        return f"None of {counted(len(known), 'difference')} is {what}."
    count = f"{len(clear)} of {counted(len(known), 'difference')} {is_are(len(clear))} {what}"
    if len(clear) == 1:
        return f"{count}: {where}."
    return f"{count}. The largest, in standard deviations of a score, is {where}."
