"""Whether an answer hangs on one seed, one prompt or one base model."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.describe.intervals import check_level
from pluralign_stats.effects.estimates import infer, tabulate
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.fit import Fit
from pluralign_stats.outcomes.contrasts import about, kind_of
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.gain import gain_row
from pluralign_stats.outcomes.models import (
    UNIT,
    Kind,
    design_means,
    differences,
    fit_outcomes,
    replicated,
)
from pluralign_stats.results import Result, minus
from pluralign_stats.settings import CONF_LEVEL

#: What is asked: a difference in score points, or a relative gain in percent.
Quantity = Literal["difference", "gain"]

UNITS = {"difference": UNIT, "gain": "percent"}

#: What is left out, by what readers call it.
_PARTS = {"seed": "seed", "prompt": "prompt", "base_model": "base model"}


def leave_one_out(
    experiment: Experiment,
    a: str,
    b: str,
    dimension: str,
    *,
    quantity: Quantity = "difference",
    kind: Kind = "linear",
    conf_level: float = CONF_LEVEL,
    **options: Any,
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
    kind, conf_level, options
        As for `fit_outcomes`, and the level of the intervals.

    Returns
    -------
    Result
        One row for all data, then one for each part left out: columns dimension, contrast,
        left_out ("nothing", "seed", "prompt", "base model"), level, estimate, conf_low, conf_high,
        clear ("yes" where the interval leaves out 0), same_sign (as with all data), reason (why
        there is no estimate; else empty), method.

    Raises
    ------
    InputError
        If a design, the dimension or an option is unknown, or all data cannot be modelled.
    """
    check_level(conf_level)
    check_pair(experiment, a, b, quantity)
    label = experiment.meaning.label(dimension)
    whole = estimate(experiment, a, b, dimension, quantity, kind, conf_level, **options)
    rows = [{"left_out": "nothing", "level": "", **whole}]
    for part, level, rest in _parts(experiment, dimension):
        try:
            found = estimate(rest, a, b, dimension, quantity, kind, conf_level, **options)
            if replicated(experiment) and not replicated(rest):
                found |= _WITHOUT_RUNS
        except InputError as error:
            found = {"reason": str(error)}
        rows.append({"left_out": part, "level": str(level), **found})
    table = pd.DataFrame([{"reason": "", **row} for row in rows])
    table["same_sign"] = _same_sign(table)
    table = table.assign(dimension=label, contrast=f"{a} vs {b}")
    columns = ["dimension", "contrast", "left_out", "level", "estimate", "conf_low", "conf_high"]
    columns += ["clear", "same_sign", "reason", "method"]
    title = f"{_QUANTITIES[quantity]} of {a} and {b} on {label.lower()}, with parts left out"
    notes = ("A seed that is left out takes the runs of every design with that seed along.",)
    interval = str(whole["interval"])
    meta = about(experiment, title, UNITS[quantity], conf_level, interval, (), notes)
    return Result(table[columns], _sentence(table, UNITS[quantity]), meta)


#: What takes the place of an interval where a design is left with one run.
_WITHOUT_RUNS = {
    "conf_low": np.nan,
    "conf_high": np.nan,
    "clear": "",
    "reason": "no interval: one run of each design is left",
}

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
    kind: Kind,
    conf_level: float,
    **options: Any,
) -> dict[str, Any]:
    """A comparison of two designs: estimate, conf_low, conf_high, clear, interval, method.

    Raises
    ------
    InputError
        If the scores cannot be modelled.
    """
    fit = fit_outcomes(experiment, dimension, kind, **options)
    if quantity == "gain":
        row = gain_row(fit, (a, b), experiment.control_label, conf_level)
    else:
        row = _difference(fit, (a, b), conf_level)
    found = {name: float(row[name]) for name in ("estimate", "conf_low", "conf_high")}
    if not np.isfinite(found["estimate"]):
        raise InputError("the data do not tell the designs apart from other terms of the model")
    clear = found["conf_low"] > 0 or found["conf_high"] < 0
    kinds = {"difference": kind_of(fit), "gain": "Fieller's intervals"}
    interval = kinds["difference"] if kind == "bayes" else kinds[quantity]
    method = {"clear": "yes" if clear else "no", "method": fit.method, "interval": interval}
    return found | method


def _difference(fit: Fit, pair: tuple[str, str], conf_level: float) -> dict[str, Any]:
    how = infer(fit, conf_level, "delta", "none", 1000, 1)
    return tabulate(fit, differences(design_means(fit), [pair]), how).iloc[0].to_dict()


def _parts(experiment: Experiment, dimension: str) -> Iterator[tuple[str, object, Experiment]]:
    """Each part that can be left out, and what remains."""
    data = experiment.of(dimension)
    for column, part in _PARTS.items():
        own = data[data["tuned"] == 1] if column == "seed" else data
        levels = sorted(own[column].unique())
        for level in levels if len(levels) > 1 else ():
            yield part, level, experiment.without(column, level)


def _same_sign(table: pd.DataFrame) -> pd.Series:
    same = np.sign(table["estimate"]) == np.sign(table["estimate"].iloc[0])
    return same.map({True: "yes", False: "no"}).where(table["estimate"].notna(), "")


_OTHER = {"yes": "no", "no": "yes"}


def _sentence(table: pd.DataFrame, unit: str) -> str:
    whole, rest = table.iloc[0], table.iloc[1:]
    fitted = rest[rest["estimate"].notna()]
    if fitted.empty:
        return "There is one seed, prompt and base model only, so nothing can be left out."
    low, high = fitted["estimate"].min(), fitted["estimate"].max()
    told = minus(
        f"The estimate is {whole['estimate']:+.2f} {unit} with all data and goes from {low:+.2f} "
        f"to {high:+.2f} when one seed, prompt or base model is left out"
    )
    hangs = [
        f"its {what} hangs on {_names(fitted[changed])}"
        for what, changed in (
            ("sign", fitted["same_sign"] == "no"),
            ("being clear of 0 or not", fitted["clear"].map(_OTHER) == whole["clear"]),
        )
        if changed.any()
    ]
    return f"{told}; {' and '.join(hangs) or 'neither its sign nor its clearness hangs on one'}."


def _names(rows: pd.DataFrame) -> str:
    named = [f"{part} {level}" for part, level in zip(rows["left_out"], rows["level"], strict=True)]
    return ", ".join(named[:4]) + (f" and {len(named) - 4} others" if len(named) > 4 else "")
