"""The choice of an experiment: which conditions differ in one factor only, and their scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.designs import CONTROL
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, listing
from pluralign_stats.outcomes.choose_runs import (
    commonest_setting,
    commonest_training,
    controls_of,
    in_order,
    label_designs,
    of_levels,
    uneven_models,
    with_values,
)
from pluralign_stats.outcomes.experiments import CONDITION, Experiment
from pluralign_stats.outcomes.read import DimensionInfo, Outcomes, data_notes
from pluralign_stats.outcomes.schema import FACTORS, GENERATION, TUNING

#: What is done with generations that the judge calls malformed.
Malformed = Literal["dropped", "kept", "worst"]

_ROWS = ("base_model", "chat_template", "seed", "language", "prompt")


def select_experiment(
    outcomes: Outcomes,
    factor: str | Sequence[str],
    *,
    levels: Sequence[str] = (),
    malformed: Malformed = "dropped",
    fixed: Mapping[str, Any] | None = None,
) -> Experiment:
    """Choose the conditions that differ in one factor only.

    Parameters
    ----------
    outcomes
        The scores.
    factor
        A factor of the condition, such as ``"strategy"``; several for their combinations.
    levels
        Which of its levels, and in which order; all by default, in the study's order.
    malformed
        What becomes of generations that the judge calls malformed. ``"dropped"``: they are left
        out, whether or not they have a score. ``"kept"``: they stay if they have one. ``"worst"``:
        they get the bad end of the scale, which bounds what leaving them out can hide. What has no
        score otherwise is left out. Whatever is left out is counted in `Experiment.excluded`.
    fixed
        Values of other factors, such as ``{"objective": "toxicity", "budget": "equal"}`` (any
        budget but the natural one). Of base_model, chat_template, seed, language and prompt also
        several values; all of them are used unless stated. Factors of tuning that are not stated
        are as in the setting in which most levels of `factor` were tried, then in most runs.

    Returns
    -------
    Experiment
        The scores by design.

    Raises
    ------
    InputError
        If there is no such factor, value or condition.

    Notes
    -----
    Training options (``settings``) may differ between base models and always differ between
    optimizers, so they are chosen for each base model, and for each optimizer where that varies.

    Examples
    --------
    >>> pls.outcomes.select_experiment(outcomes, "strategy").designs
    ('control', 'preserve', 'majority')
    """
    names, fixed = (factor,) if isinstance(factor, str) else tuple(factor), fixed or {}
    _check(names, malformed, fixed)
    table = _chosen_rows(outcomes.table, {k: v for k, v in fixed.items() if k in _ROWS})
    chosen = _choose(table, names, levels, fixed)
    order = list(levels) or in_order(chosen.tuned, names, outcomes)
    meaning = DimensionInfo(outcomes.codebook)
    used, excluded = _used(chosen.scores(table, order), malformed, meaning)
    _refuse_empty(used, excluded)
    values = chosen.tuned.drop_duplicates("design").set_index("design")[[*names]].to_dict("index")
    return Experiment(
        table=_sorted(used, outcomes.dimensions),
        factor=", ".join(names),
        levels=tuple(order),
        fixed=chosen.setting,
        values={design: values[design] for design in order if design in values},
        excluded=excluded,
        meaning=meaning,
        data_kind=outcomes.data_kind,
        data_note=outcomes.data_note,
        notes=(*data_notes(outcomes), *chosen.notes),
    )


def _check(names: tuple[str, ...], malformed: str, fixed: Mapping[str, Any]) -> None:
    for name in names:
        check_one_of("the factor", name, TUNING)
    check_one_of("'malformed'", malformed, get_args(Malformed))
    for name in fixed:
        check_one_of("a factor to fix", name, (*TUNING, *_ROWS))
        if name in names:
            raise InputError(f"'{name}' varies, and cannot be fixed; state 'levels' instead")


@dataclass(frozen=True)
class _Chosen:
    """The runs of an experiment.

    Attributes
    ----------
    tuned, controls
        One row per run: run, the factors of its condition, and the design.
    setting
        What all tuned runs share.
    notes
        What a reader has to know of the choice.
    """

    tuned: pd.DataFrame
    controls: pd.DataFrame
    setting: dict[str, str]
    notes: tuple[str, ...]

    def scores(self, table: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
        """Their scores, with the design (categorical, the control first) and base model of each."""
        known = pd.concat([self.controls, self.tuned]).set_index("run")
        rows = table[table["run"].isin(known.index)].reset_index(drop=True)
        design = pd.Categorical(rows["run"].map(known["design"]), [CONTROL, *order])
        templates = rows.groupby("base_model")["chat_template"].transform("nunique") > 1
        base = rows["base_model"] + np.where(templates, " (" + rows["chat_template"] + ")", "")
        tuned = (rows["optimizer"] != CONTROL).astype(int)
        return rows.assign(design=design, tuned=tuned, base_model=base)


def _choose(
    table: pd.DataFrame, names: tuple[str, ...], levels: Sequence[str], fixed: Mapping[str, Any]
) -> _Chosen:
    """The tuned runs that differ in the factors named only, and their controls."""
    runs = table.drop_duplicates("run")[["run", *FACTORS]]
    tuned = runs[runs["optimizer"] != CONTROL]
    tuned = of_levels(tuned.assign(design=label_designs(tuned, names)), levels, names)
    tuned = with_values(tuned, {k: v for k, v in fixed.items() if k in TUNING})
    setting, tuned = commonest_setting(tuned, names)
    tuned, notes = commonest_training(tuned, names)
    controls = controls_of(runs, tuned)
    lacking = sorted(set(tuned["base_model"]) - set(controls["base_model"]))
    notes += [f"Without a control: {listing(lacking)}."] if lacking else []
    return _Chosen(tuned, controls, setting, (*notes, *uneven_models(tuned)))


def _refuse_empty(used: pd.DataFrame, excluded: pd.DataFrame) -> None:
    if used.empty:
        counts = excluded.groupby("reason")["n"].sum()
        reasons = "; ".join(f"{n} {reason}" for reason, n in counts.items())
        raise NotApplicableError(
            f"no score of these models can be used ({reasons}); look at what they say and at how "
            "it was judged"
        )


def _chosen_rows(table: pd.DataFrame, fixed: Mapping[str, Any]) -> pd.DataFrame:
    for name, wanted in fixed.items():
        values = list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]
        own = table[name]
        exempt = (table["optimizer"] == CONTROL) & (name == "seed")
        known = own[~exempt].unique()
        for value in values:
            check_one_of(f"'{name}'", value, known)
        table = table[own.isin(values) | exempt]
    return table


_KEPT = [
    "design", "tuned", "run", *CONDITION, "seed", "base_model", "prompt", "language", "sample",
    "dimension", "score",
]  # fmt: skip


def _used(
    rows: pd.DataFrame, malformed: Malformed, meaning: DimensionInfo
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scores to use, and how many are not, by design, dimension and reason."""
    score = rows["score"]
    bad = rows["malformed"]
    if malformed == "worst":
        score = score.mask(bad, rows["dimension"].map(_worst(rows, meaning)))
    broken = bad if malformed == "dropped" else bad & score.isna()
    reason = np.select([broken, score.isna()], ["of malformed text", "that are missing"], "")
    told = rows[["design", "dimension"]].assign(reason=reason)
    by = ["design", "dimension"]
    found = told[told["reason"] != ""].groupby([*by, "reason"], observed=True, sort=True).size()
    of = told.groupby(by, observed=True).size().rename("of")
    excluded = found.rename("n").reset_index().merge(of.reset_index(), on=by)
    used = rows.assign(score=score)[reason == ""][_KEPT].reset_index(drop=True)
    return used, excluded[[*by, "reason", "n", "of"]]


def _worst(rows: pd.DataFrame, meaning: DimensionInfo) -> dict[str, float]:
    """The bad end of each dimension's scale."""
    ends = {}
    for name in rows["dimension"].unique():
        sign = meaning.valence(name)
        if sign is None:
            raise InputError(
                f"malformed='worst' needs to know which end of '{name}' is bad; read the outcomes "
                "with their study, whose codebook states its 'valence': "
                "read_outcomes(path, study=study)"
            )
        ends[name] = float(meaning.scale(name)[0 if sign == 1 else 1])
    return ends


def _sorted(table: pd.DataFrame, dimensions: tuple[str, ...]) -> pd.DataFrame:
    place = table["dimension"].map({name: k for k, name in enumerate(dimensions)})
    keys = [place.to_numpy(), table["design"].cat.codes, *(table[c] for c in GENERATION)]
    return table.iloc[np.lexsort(keys[::-1])].reset_index(drop=True)
