"""One finding under all reasonable choices of analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from pluralign_stats.designs import CONTROL
from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.figures.charts import SPECIFICATION_CURVE
from pluralign_stats.outcomes.choose_runs import EQUAL
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.models import ScoreModel, replicated
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.robust import (
    NO_INTERVAL,
    PLACES,
    UNITS,
    Quantity,
    check_pair,
    estimate,
)
from pluralign_stats.outcomes.schema import TUNING
from pluralign_stats.outcomes.select import Malformed, select_experiment
from pluralign_stats.outcomes.specification_curve import (
    ALL,
    Choice,
    Offered,
    Selection,
    agreement_sentence,
    analyse,
    check_offered,
    choice_notes,
    combinations,
)
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.significance import check_level
from pluralign_stats.words import counted

#: Ways of modelling scores, with what `fit_outcomes` needs for them.
MODELS = {
    "linear": ScoreModel(),
    "ordinal": ScoreModel(kind="ordinal", rounded=True),
    "linear by prompt": ScoreModel(by_prompt=True),
}

_EVERYTHING = (("language", ALL), ("base_model", ALL))

_CHOICES = ("judge", "model", "malformed", "language", "base_model", *TUNING)

#: Factors of which other values answer the same question.
_SAME_QUESTION = ("scale", "strategy", "labels", "languages", "min_margin", "max_per_prompt")


@dataclass(frozen=True)
class Finding:
    """A comparison of two designs on one dimension.

    Attributes
    ----------
    name
        The finding in a few words.
    factor
        What varies; see `select_experiment`.
    a, b
        The designs; b may be the control where a difference is asked.
    dimension
        Whose scores.
    quantity
        The ``"difference"``, or the relative ``"gain"`` of a over b.
    fixed
        Values of other factors, in every analysis.

    Examples
    --------
    >>> finding = pls.outcomes.Finding("gain", "strategy", "preserve", "majority", "toxicity")
    >>> finding.quantity
    'gain'
    """

    name: str
    factor: str | tuple[str, ...]
    a: str
    b: str
    dimension: str
    quantity: Quantity = "gain"
    fixed: Mapping[str, Any] = field(default_factory=dict)


def reasonable_choices(
    outcomes: Outcomes | Mapping[str, Outcomes], finding: Finding
) -> dict[str, list[str]]:
    """Choices that the data offer for a finding; the first of each makes the main analysis.

    Judge, model, malformed generations, language, base model, budget, and those other ways of
    making feedback under which both designs were trained. The main analysis has the natural budget
    and what else `select_experiment` takes unless told otherwise.

    Parameters
    ----------
    outcomes
        The scores; several by the name of their judge.
    finding
        The finding.

    Returns
    -------
    dict of str to list of str
        Options by choice.

    Raises
    ------
    InputError
        If there is no such factor, value or condition.

    Examples
    --------
    >>> finding = pls.outcomes.Finding(
    ...     "majority", "strategy", "majority", "control", "toxicity", "difference"
    ... )
    >>> list(pls.outcomes.reasonable_choices(outcomes, finding))
    ['judge', 'model', 'malformed']
    """
    by_judge = _by_judge(outcomes)
    main = next(iter(by_judge.values()))
    table = main.table
    tuned = table[table["optimizer"] != CONTROL].drop_duplicates("run")
    offered = {
        "judge": list(by_judge),
        "model": list(MODELS),
        "malformed": ["dropped", "worst" if main.codebook else "kept"],
        "language": [ALL, *sorted(table["language"].unique())],
        "base_model": [ALL, *sorted(tuned["base_model"].unique())],
    }
    offered = {k: v for k, v in offered.items() if v[0] != ALL or len(v) > 2}
    varied = (finding.factor,) if isinstance(finding.factor, str) else finding.factor
    settled = {*varied, *finding.fixed}
    if len(varied) == 1:
        both = [
            set(tuned.loc[tuned[varied[0]] == level, "run"])
            for level in (finding.a, finding.b)
            if level != CONTROL
        ]
        parts = [tuned[tuned["run"].isin(runs)] for runs in both]
        if "budget" not in settled and all((p["budget"] != "natural").any() for p in parts):
            offered["budget"] = ["natural", EQUAL]
        setting = select_experiment(main, varied, fixed=finding.fixed).fixed
        for name in _SAME_QUESTION:
            shared = set.intersection(*(set(p[name]) for p in parts)) - {CONTROL}
            if name not in settled and len(shared) > 1:
                offered[name] = sorted(shared, key=lambda v: (v != setting[name], v))
    return {name: values for name, values in offered.items() if name not in finding.fixed}


def multiverse(
    outcomes: Outcomes | Mapping[str, Outcomes],
    finding: Finding,
    choices: Mapping[str, Sequence[str]] | None = None,
    *,
    conf_level: float = CONF_LEVEL,
) -> Result:
    """Estimate one finding under every combination of choices.

    Parameters
    ----------
    outcomes
        The scores; by several judges as mapping of judge to scores.
    finding
        What is estimated.
    choices
        Options of each choice, the first of which makes the main analysis: model (``"linear"``,
        ``"ordinal"``, ``"linear by prompt"``), malformed, language and base_model (``"all"`` or
        one), judge, and any factor of tuning but those that vary (budget: ``"natural"``,
        ``"equal"``). By default what `reasonable_choices` gives, without combinations for which
        there are no runs, or the same runs as for another.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        One row per analysis, the main one first: one column per choice, then estimate, conf_low,
        conf_high, excludes_zero, agrees (in sign with the main analysis), main, n_runs and
        n_generations (of both designs together), reason (why there is no estimate, or no
        interval), method.

    Raises
    ------
    InputError
        If a choice is unknown, or there are too many analyses.

    References
    ----------
    Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), Perspectives on Psychological Science 11,
    702-712.

    Examples
    --------
    >>> finding = pls.outcomes.Finding(
    ...     "majority", "strategy", "majority", "control", "toxicity", "difference"
    ... )
    >>> bool(pls.outcomes.multiverse(outcomes, finding).table["agrees"].all())
    True
    """
    check_level(conf_level)
    by_judge = _by_judge(outcomes)
    offered = {**(reasonable_choices(outcomes, finding) if choices is None else choices)}
    _refuse_parts(offered, finding)
    check_offered(offered, _CHOICES, {"judge": by_judge, "model": MODELS})
    selection = Selection(partial(_select, by_judge, finding), ("model",))
    analyses = combinations(offered)
    left_out: list[str] = []
    if choices is None:
        possible = [choice for choice in analyses if selection.possible(choice)]
        absent = len(analyses) - len(possible)
        left_out += [f"For {absent} more combinations there are no runs."] if absent else []
        # Where none is possible, the first stays and tells why.
        analyses, others = selection.distinct(possible or analyses[:1], _same, "runs")
        left_out += others
    found = partial(_estimate, selection, finding, conf_level)
    table = analyse(analyses, found, ("n_runs", "n_generations"))
    data = next(iter(by_judge.values()))
    unit = UNITS[finding.quantity]
    fixed = ", ".join(f"{name} {value}" for name, value in finding.fixed.items())
    everywhere = [f"In every analysis: {fixed}."] if fixed else []
    what = "relative gain" if finding.quantity == "gain" else "difference"
    bare = "none has an interval, as training was not repeated"
    return Result.of(
        data,
        table,
        agreement_sentence(finding.name, table, what, unit, PLACES[unit], bare),
        f"{finding.name}: {counted(len(table), 'analysis')}",
        unit=unit,
        conf_level=conf_level,
        interval="Fieller's intervals" if finding.quantity == "gain" else "intervals from t",
        notes=(*choice_notes(offered, *everywhere), *left_out),
        figure=SPECIFICATION_CURVE,
    )


def _by_judge(outcomes: Outcomes | Mapping[str, Outcomes]) -> dict[str, Outcomes]:
    return {outcomes.judge: outcomes} if isinstance(outcomes, Outcomes) else dict(outcomes)


def _refuse_parts(offered: Offered, finding: Finding) -> None:
    """Refuse choices of what the finding itself states."""
    varied = (finding.factor,) if isinstance(finding.factor, str) else finding.factor
    for name in offered:
        if name in (*varied, *finding.fixed):
            raise InputError(f"'{name}' is part of the finding '{finding.name}', and no choice")


def _select(by_judge: Mapping[str, Outcomes], finding: Finding, choice: Choice) -> Experiment:
    """The conditions of an analysis, both designs of the finding among them."""
    fixed = {
        name: value
        for name, value in choice.items()
        if name not in ("judge", "model") and (name, value) not in _EVERYTHING
    }
    whole = by_judge[choice.get("judge", next(iter(by_judge)))]
    check_one_of("the dimension", finding.dimension, whole.dimensions)
    own = whole.table["dimension"] == finding.dimension
    outcomes = replace(whole, table=whole.table[own])
    malformed = cast("Malformed", fixed.pop("malformed", "dropped"))
    made = select_experiment(
        outcomes, finding.factor, malformed=malformed, fixed={**finding.fixed, **fixed}
    )
    check_pair(made, finding.a, finding.b, finding.quantity)
    return made


def _same(choice: Choice, experiment: Experiment) -> tuple[object, ...]:
    """What tells an analysis apart from others: its runs, and what is done with them."""
    how = tuple(choice.get(name) for name in ("judge", "model", "malformed", "language"))
    return (*how, frozenset(experiment.table["run"]))


def _estimate(
    selection: Selection[Experiment], finding: Finding, level: float, choice: Choice
) -> dict[str, Any]:
    """One analysis."""
    experiment, a, b = selection.of(choice), finding.a, finding.b
    model = MODELS[choice.get("model", "linear")]
    found = estimate(experiment, a, b, finding.dimension, finding.quantity, model, level)
    counts = experiment.counts(finding.dimension).loc[[a, b], ["n_runs", "n_generations"]]
    found |= {name: int(n) for name, n in counts.sum().items()}
    return found if replicated(experiment) else {**found, **NO_INTERVAL, "reason": ONE_EACH}


#: Why an analysis has no interval.
ONE_EACH = "no interval: one run of each design"
