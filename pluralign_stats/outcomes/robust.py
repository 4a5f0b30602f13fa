"""Whether an answer hangs on one seed, prompt or base model, or on the kind of model."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.designs import ONE_RUN
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.estimates import infer, tabulate
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.fits.fit import Fit
from pluralign_stats.formatting import minus, with_interval
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.notes import reworded
from pluralign_stats.outcomes.contrasts import experiment_result, kind_of
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.gain import gain_row
from pluralign_stats.outcomes.models import (
    UNIT,
    BayesFamily,
    Kind,
    ScoreModel,
    design_means,
    differences,
    doubts_and_notes,
    fit_scores,
    replicated,
)
from pluralign_stats.outcomes.specification_curve import Choice, analyse
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import check_level
from pluralign_stats.study.text import contrast_label
from pluralign_stats.words import counted, some

#: What is asked: a difference in score points, or a relative gain in percent.
Quantity = Literal["difference", "gain"]

UNITS = {"difference": UNIT, "gain": "percent"}

#: How numbers in each unit are written in sentences.
PLACES = {UNIT: ".2f", "percent": ".0f"}

#: What is left out, by what readers call it.
_PARTS = {"seed": "seed", "prompt": "prompt", "base_model": "base model"}


@documented_by(ScoreModel)
def leave_one_out(
    experiment: Experiment,
    a: str,
    b: str,
    dimension: str,
    *,
    quantity: Quantity = "difference",
    conf_level: float = CONF_LEVEL,
    kind: Kind = "linear",
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
) -> Result:
    """Estimate a comparison again without each seed, each prompt and each base model.

    Parameters
    ----------
    experiment
        What `select_experiment` chose.
    a, b
        Two designs; `b` may be the control where a difference is asked.
    dimension
        Whose scores.
    quantity
        The ``"difference"`` of a and b, or the relative ``"gain"`` of a over b.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        One row for all data, then one for each part left out: columns dimension, contrast,
        left_out ("nothing", "seed", "prompt", "base model"), which (of these; empty with all data),
        estimate, conf_low, conf_high, excludes_zero (whether the interval does), agrees (in sign
        with all data), main (all data), reason (why there is no estimate; else empty), method.

    Raises
    ------
    InputError
        If a design, the dimension or an option is unknown, or all data cannot be modelled.

    Examples
    --------
    >>> left = pls.outcomes.leave_one_out(experiment, "majority", "preserve", "toxicity")
    >>> left.table["left_out"].value_counts().to_dict()
    {'prompt': 8, 'seed': 3, 'nothing': 1}
    """
    check_level(conf_level)
    check_pair(experiment, a, b, quantity)
    label = experiment.meaning.label(dimension)
    model = ScoreModel(
        kind=kind, by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling
    )
    whole = estimate(experiment, a, b, dimension, quantity, model, conf_level)
    parts = {("nothing", ""): experiment, **_parts(experiment, dimension)}

    def without(choice: Choice) -> dict[str, Any]:
        rest = parts[choice["left_out"], choice["which"]]
        if rest is experiment:
            return whole
        found = estimate(rest, a, b, dimension, quantity, model, conf_level)
        lost = replicated(experiment) and not replicated(rest)
        return {**found, **NO_INTERVAL, "reason": _ONE_LEFT} if lost else found

    table = analyse([{"left_out": part, "which": which} for part, which in parts], without)
    table = _named(table, label, a, b)
    title = f"{_QUANTITIES[quantity]} of {a} and {b} on {label}, with parts left out"
    notes = ("A seed that is left out takes the runs of every design with that seed along.",)
    interval = str(whole["interval"])
    doubts = () if replicated(experiment) else (ONE_RUN,)
    unit, sentence = UNITS[quantity], _sentence(table, UNITS[quantity])
    return experiment_result(
        experiment, table, sentence, title,
        unit=unit, conf_level=conf_level, interval=interval, warnings=doubts, notes=notes,
    )  # fmt: skip


#: What readers call the kinds of models.
_KINDS: dict[Kind, str] = {"linear": "linear", "ordinal": "ordinal", "bayes": "Bayesian"}


def model_kinds(
    experiment: Experiment,
    a: str,
    b: str,
    dimension: str,
    *,
    quantity: Quantity = "difference",
    kinds: Sequence[Kind] = ("linear", "ordinal"),
    conf_level: float = CONF_LEVEL,
    sampling: Sampling = SAMPLING,
) -> Result:
    """Estimate a comparison by each kind of model.

    Parameters
    ----------
    experiment, a, b, dimension, quantity, conf_level
        As for `leave_one_out`.
    kinds
        Of those that `fit_outcomes` knows; the first is what others are held against. The Bayesian
        one has ordered categories, as the ordinal one.
    sampling
        How the posterior of the Bayesian model is sampled.

    Returns
    -------
    Result
        One row per kind: columns dimension, contrast, model, estimate, conf_low, conf_high,
        excludes_zero, agrees (in sign with the first), main (the first), reason (why there is no
        estimate), method.

    Raises
    ------
    InputError
        If a design, the dimension or a kind is unknown, or the first cannot be fitted.

    Examples
    --------
    >>> made = pls.outcomes.model_kinds(experiment, "majority", "preserve", "toxicity")
    >>> made.table["model"].tolist()
    ['linear', 'ordinal']
    """
    check_level(conf_level)
    check_pair(experiment, a, b, quantity)
    for kind in kinds:
        if kind not in _KINDS:
            raise InputError(one_of("a kind of model", kind, _KINDS))
    label = experiment.meaning.label(dimension)
    doubts = [] if replicated(experiment) else [ONE_RUN]
    by_name = {_KINDS[kind]: kind for kind in kinds}

    def by_kind(name: str) -> dict[str, Any]:
        kind = by_name[name]
        ordered = kind != "linear"
        model = ScoreModel(kind=kind, rounded=ordered, family="cumulative", sampling=sampling)
        fit = fit_scores(experiment, dimension, model)
        found = compare_in(fit, experiment, a, b, quantity, conf_level)
        doubts.extend(reworded(n, f"{name}: {n}") for n in doubts_and_notes(fit)[0])
        return found

    made = {name: by_kind(name) for name in [*by_name][:1]}
    analyses = [{"model": name} for name in by_name]
    table = analyse(analyses, lambda c: made.get(c["model"]) or by_kind(c["model"]))
    table = _named(table, label, a, b)
    title = f"{_QUANTITIES[quantity]} of {a} and {b} on {label}, by kind of model"
    interval = "intervals (of a Bayesian model: credible)"
    unit, sentence = UNITS[quantity], _kinds_sentence(table, UNITS[quantity])
    return experiment_result(
        experiment, table, sentence, title,
        unit=unit, conf_level=conf_level, interval=interval, warnings=doubts,
    )  # fmt: skip


def _named(table: pd.DataFrame, dimension: str, a: str, b: str) -> pd.DataFrame:
    """Analyses of one comparison, which stands in the first columns."""
    table.insert(0, "dimension", dimension)
    table.insert(1, "contrast", contrast_label(a, b))
    return table


def _kinds_sentence(table: pd.DataFrame, unit: str) -> str:
    fitted, form = table[table["estimate"].notna()], PLACES[unit]
    told = ", ".join(
        f"{row['model']} {with_interval(row, form, unit)}" for _, row in fitted.iterrows()
    )
    same = fitted["agrees"].all() and fitted["excludes_zero"].nunique(dropna=False) == 1
    answer = f"The answer {'does not hang' if same else 'hangs'} on the kind of model"
    if len(fitted) == 1:
        answer = f"Only one of {counted(len(table), 'kind of model')} has an estimate"
    elif fitted["excludes_zero"].isna().all():
        answer = "Whether the difference is clear of zero is not known by any kind of model"
    elif not fitted["excludes_zero"].any():
        answer = "By no kind of model is the difference clear of zero"
    return f"{answer}: {told}."


#: What takes the place of an interval that rests on one run of each design.
NO_INTERVAL = {"conf_low": np.nan, "conf_high": np.nan}

_ONE_LEFT = "no interval: one run of each design is left"

_QUANTITIES = {"difference": "Difference", "gain": "Relative gain"}


def check_pair(experiment: Experiment, a: str, b: str, quantity: str) -> None:
    """Refuse designs that cannot be compared, and unknown quantities."""
    if quantity not in get_args(Quantity):
        raise InputError(one_of("'quantity'", quantity, get_args(Quantity)))
    experiment.check_design("a", a)
    experiment.check_design("b", b)
    control = experiment.control_label
    if a == b or (quantity == "gain" and control in (a, b)):
        beside = " beside the control" if quantity == "gain" else ""
        raise InputError(f"a {quantity} needs two different designs{beside}, not '{a}' and '{b}'")


def estimate(
    experiment: Experiment,
    a: str,
    b: str,
    dimension: str,
    quantity: Quantity,
    model: ScoreModel,
    conf_level: float,
) -> dict[str, Any]:
    """A comparison of two designs: estimate, conf_low, conf_high, interval, method.

    Raises
    ------
    InputError
        If the scores cannot be modelled.
    """
    fit = fit_scores(experiment, dimension, model)
    return compare_in(fit, experiment, a, b, quantity, conf_level)


def compare_in(
    fit: Fit, experiment: Experiment, a: str, b: str, quantity: Quantity, conf_level: float
) -> dict[str, Any]:
    """The same in a model that was fitted."""
    if quantity == "gain":
        row = gain_row(fit, (a, b), experiment.control_label, conf_level)
    else:
        row = _difference(fit, (a, b), conf_level)
    found = {name: float(row[name]) for name in ("estimate", "conf_low", "conf_high")}
    if not np.isfinite(found["estimate"]):
        raise InputError("the data do not tell the designs apart from other terms of the model")
    fieller = quantity == "gain" and not fit.bayesian
    interval = "Fieller's intervals" if fieller else kind_of(fit)
    return found | {"method": str(fit.method), "interval": interval}


def _difference(fit: Fit, pair: tuple[str, str], conf_level: float) -> dict[str, Any]:
    how = infer(fit, EffectOptions(conf_level=conf_level, adjust="none"))
    return tabulate(fit, differences(design_means(fit), [pair]), how).iloc[0].to_dict()


def _parts(experiment: Experiment, dimension: str) -> dict[tuple[str, str], Experiment]:
    """What remains without each part that can be left out."""
    data, rest = experiment.of(dimension), {}
    for column, part in _PARTS.items():
        own = data[data["tuned"] == 1] if column == "seed" else data
        levels = sorted(own[column].unique())
        for level in levels if len(levels) > 1 else ():
            rest[part, str(level)] = experiment.without(column, level)
    return rest


def _sentence(table: pd.DataFrame, unit: str) -> str:
    whole, rest = table.iloc[0], table.iloc[1:]
    fitted = rest[rest["estimate"].notna()]
    if rest.empty:
        return "There is one seed, prompt and base model only, so nothing can be left out."
    if fitted.empty:
        why = some(dict.fromkeys(reason for reason in rest["reason"] if reason), 2)
        none = f"Without any one of {counted(len(rest), 'part')} nothing could be estimated"
        return f"{none}: {why}." if why else f"{none}."
    low, high = fitted["estimate"].min(), fitted["estimate"].max()
    form = PLACES[unit]
    told = minus(
        f"The estimate is {whole['estimate']:+{form}} {unit} with all data and goes from "
        f"{low:+{form}} to {high:+{form}} when one seed, prompt or base model is left out"
    )
    hangs = [
        f"its {what} hangs on {_names(fitted[changed])}"
        for what, changed in (
            ("sign", ~fitted["agrees"]),
            ("being clear of 0 or not", fitted["excludes_zero"] != whole["excludes_zero"]),
        )
        if changed.any()
    ]
    steady = "neither its sign nor its clearness hangs on one"
    if pd.isna(whole["excludes_zero"]):
        steady = "its sign hangs on none; whether it is clear of 0 is not known"
    lost = len(rest) - len(fitted)
    some_lost = f"; {lost} of {len(rest)} could not be estimated" if lost else ""
    return f"{told}; {' and '.join(hangs) or steady}{some_lost}."


def _names(rows: pd.DataFrame) -> str:
    named = [f"{part} {which}" for part, which in zip(rows["left_out"], rows["which"], strict=True)]
    first, rest = named[:4], len(named) - 4
    return ", ".join(first) + (f" and {rest} other{'s' if rest > 1 else ''}" if rest > 0 else "")
