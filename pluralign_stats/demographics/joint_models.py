"""One model of all dimensions of a study, in tables for readers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.demographics.bayesian import bayesian_effects
from pluralign_stats.demographics.effects import chosen, default_factors, named_note
from pluralign_stats.demographics.references import (
    groups_of,
    large_references,
    no_demographics,
    nothing_compared,
    replaced,
)
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import InputError, MissingExtraError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.joint import JointFit, fit_joint
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, MOST_LEVELS
from pluralign_stats.significance import excludes_zero
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import contrast_labels
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.words import joined

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "estimate", "sd", "conf_low"]
_COLUMNS += ["conf_high", "prob_positive", "n_raters", "n_ratings", "method"]


@dataclass(frozen=True)
class JointEffects:
    """What one model of all dimensions says.

    Attributes
    ----------
    pooled
        Differences between groups averaged over the dimensions, in log odds.
    correlations
        How effects of raters and of items go together on different dimensions.
    fit
        The model; None where there is none.

    Examples
    --------
    >>> together.correlations.table.shape[0] > 0
    True
    """

    pooled: Result
    correlations: Result
    fit: JointFit | None


@documented_by(bayesian_effects)
def joint_effects(
    study: Study,
    demographics: Sequence[str] = (),
    *,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> JointEffects:
    """Fit one model of all dimensions of a study.

    Parameters
    ----------
    demographics
        Which to model; by default those whose effects the codebook asks for, as far as all raters
        were asked.
    min_cell
        Levels of fewer raters stay in the model but are not shown.

    Returns
    -------
    JointEffects
        Empty, and saying why, where there is no such model.

    Raises
    ------
    InputError
        If a demographic is not in the study.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.
    Lewandowski, Kurowicka & Joe (2009), Journal of Multivariate Analysis 100, 1989-2001, for
    the prior of correlations.

    Examples
    --------
    >>> together = pls.demographics.joint_effects(both, ["gender"], sampling=sampling)
    >>> together.pooled.table["contrast"].tolist()
    ['Male vs Female', 'Non-binary vs Female']
    """
    check_min_cell(min_cell)
    factors = chosen("demographic", demographics, study.demographics, default_factors(study))
    data = study.ratings
    data = data[data["rating"].notna()]
    left_out = [d for d, about in study.codebook.dimensions.items() if not about.scale.categorical]
    if len(left_out) == len(study.dimensions):
        return _nothing(study, _numbers(study, left_out))
    data = data[~data["dimension"].isin(left_out)]
    gaps = {f: not_asked(study, f) for f in factors}
    used = [f for f in factors if not gaps[f] and data[f].nunique() > 1]
    if lacking := _lacking(study, data, gaps, used, min_cell):
        return _nothing(study, *lacking)
    data = large_references(data, used, min_cell)
    rated = set(data["dimension"])
    try:
        valence = study.codebook.signs(sorted(rated), "averages over dimensions")
        fit = fit_joint(data, used, valence=valence, priors=priors, **asdict(sampling))
    except (InputError, MissingExtraError) as error:
        return _nothing(study, f"no model of all dimensions together: {error}")
    made = (
        _pooled(study, fit, used, min_cell, conf_level),
        _correlations(study, fit, conf_level),
    )
    told = (f"{_numbers(study, left_out)}.",) if left_out else ()
    pooled, correlations = (
        replace(one, meta=replace(one.meta, notes=(*one.meta.notes, *told))) for one in made
    )
    return JointEffects(pooled, correlations, fit)


def _numbers(study: Study, dimensions: Sequence[str]) -> str:
    """Why dimensions are not in the model."""
    labels = joined(map(study.codebook.label, dimensions))
    return (
        f"the model of all dimensions together is ordinal and leaves out {labels}, on which there "
        f"are more than {MOST_LEVELS} ratings"
    )


def _lacking(
    study: Study, data: pd.DataFrame, gaps: dict[str, str], used: list[str], min_cell: int
) -> list[str]:
    """Why no demographic has two groups to compare; empty where one has."""
    label = study.codebook.label
    if not gaps:
        return [no_demographics(map(label, study.demographics))]
    if data.empty:
        return ["no rating was given"]
    complete = data.dropna(subset=used)
    found = {f: groups_of(complete if f in used else data, f, label(f), min_cell) for f in gaps}
    if any(found[f].reference for f in used):
        return []
    return [
        f"{label(f)} was not asked in all groups ({gap})" if gap else found[f].lacking
        for f, gap in gaps.items()
    ]


def _nothing(study: Study, *why: str) -> JointEffects:
    nothing = Result.of(
        study,
        pd.DataFrame(columns=_COLUMNS),
        nothing_compared(why),
        "All dimensions in one model",
        figure=FOREST,
    )
    return JointEffects(nothing, nothing, None)


def _pooled(
    study: Study, fit: JointFit, used: Sequence[str], min_cell: int, conf_level: float
) -> Result:
    """Pooled coefficients as contrasts with the reference levels."""
    pooled = fit.pooled(conf_level)
    by_term = pooled.table.set_index("term")
    first = next(iter(fit.fits.values()))
    method = f"{first.method}, all dimensions"
    names_of = {c.parts: c.name for c in first.coefficients}
    tables, told = [], []
    data, label = first.design.data, study.codebook.label
    questions, named = study.ratings.attrs["questions"], named_note(study, used)
    for factor in used:
        reference, *levels = data[factor].cat.categories
        usual = str(study.raters[factor].cat.categories[0])
        found = groups_of(data, factor, label(factor), min_cell)
        told += [found.lacking, replaced(label(factor), usual, found.reference or usual, min_cell)]
        raters = data.groupby(factor, observed=False)["rater"].nunique()
        if factor in questions:
            own = _against_everyone(fit, factor, questions, conf_level)
        else:
            names = [names_of.get(((factor, str(level)),), "") for level in levels]
            own = by_term.reindex(names).reset_index(drop=True)
        own = own.assign(
            term=label(factor),
            contrast=contrast_labels([(level, reference) for level in levels]),
            level=levels,
            reference=reference,
            n_raters=raters[levels].to_numpy(),
            n_ratings=data[factor].value_counts()[levels].to_numpy(),
            method=method,
        )
        enough = (raters[levels].to_numpy() >= min_cell) & (raters[reference] >= min_cell)
        shown = hide_counts(study, factor, own, pd.Series(levels, own.index), min_cell)
        tables.append(shown[enough & own["estimate"].notna().to_numpy()])
    table = pd.concat(tables, ignore_index=True).assign(dimension="All dimensions")
    meta = replace(
        pooled.meta,
        title="Differences between groups averaged over the dimensions",
        data=study.data_kind,
        published=published(study, used, min_cell),
        notes=(
            fit.describe_valence(label),
            "Counts of raters and ratings are those of one dimension.",
            f"{named}, whatever else either of them named." if named else "",
            *(f"{text[:1].upper()}{text[1:]}." for text in told if text),
        ),
    )
    return Result(table[ordered_columns(table)], _sentence(table), meta, figure=FOREST)


def _against_everyone(
    fit: JointFit, factor: str, questions: Mapping[str, str], conf_level: float
) -> pd.DataFrame:
    """One answer to a question against all raters who did not name it, from a model of all answers.

    With effects b of all answers it is ``b_k + sum_j b_j d_j``, where d_j is by how much more often
    answer j goes with answer k, other demographics held equal: the coefficient of a model without
    the other answers (the omitted-variable formula; exact for least squares). Raters count once.
    """
    first = next(iter(fit.fits.values()))
    design = first.design
    one = ~design.data["rater"].duplicated().to_numpy()
    X, chosen = design.fixed.columns[one], design.data[factor].cat.codes.to_numpy()[one]
    answers = {name for name, question in questions.items() if question == questions[factor]}
    beside = [not answers & {*c.variables} for c in design.fixed.coefficients]
    Z = np.column_stack([np.ones(len(X)), X[:, beside], chosen])
    weight = np.linalg.lstsq(Z, X, rcond=None)[0][-1]
    return summarize((fit.average @ weight)[:, None], conf_level)


def _sentence(table: pd.DataFrame) -> str:
    if table.empty:
        return nothing_compared(["the model tells no two groups of enough raters apart"])
    top = table.loc[(table["estimate"] / table["sd"]).abs().idxmax()]
    the = "the clearest" if len(table) > 1 else "the one"
    clear = "leaves out" if excludes_zero(table).loc[top.name] else "holds"
    return (
        f"Over all dimensions, {the} difference is {top['contrast']}: "
        f"{with_interval(top, '.2f', 'log odds')} (positive means a better rating); its interval "
        f"{clear} 0."
    )


def _correlations(study: Study, fit: JointFit, conf_level: float) -> Result:
    made = fit.correlations(conf_level)
    label = study.codebook.label
    table = made.table.assign(
        group=made.table["group"].map({"rater": "raters", "item": "items"}),
        first=made.table["first"].map(label),
        second=made.table["second"].map(label),
    )
    table = table[["group", "first", "second", *table.columns.drop(["group", "first", "second"])]]
    top = table.loc[table["estimate"].abs().idxmax()]
    which = "closest" if len(table) > 1 else "one"
    told = (
        f"The {which} pair: effects of {top['group']} on {top['first']} and "
        f"{top['second']}, {with_interval(top, '.2f', 'correlation')}."
    )
    return Result(table, told, replace(made.meta, data=study.data_kind), figure=FOREST)
