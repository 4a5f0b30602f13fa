"""Whether the groups of a study use the rating scale alike, in a table for readers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from pluralign_stats.backing import COUNT_WITHHELD
from pluralign_stats.demographics.bayesian import bayesian_effects
from pluralign_stats.demographics.effects import chosen, default_factors, named_note, one_dimension
from pluralign_stats.demographics.invariance import (
    SAME,
    Invariance,
    measurement_invariance,
)
from pluralign_stats.demographics.plans import formula_of, given_ratings
from pluralign_stats.demographics.references import (
    Groups,
    groups_of,
    no_demographics,
    nothing_compared,
    replaced,
)
from pluralign_stats.describe.disclosure import hide_counts, published
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.response_style import LEVEL, RATED
from pluralign_stats.errors import InputError, MissingExtraError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL, MIN_CELL, MOST_LEVELS
from pluralign_stats.study.entries import LANGUAGE
from pluralign_stats.study.study import Study
from pluralign_stats.suppression import check_min_cell, suppressed

#: Of more groups, those of most raters are compared: each has thresholds of its own.
MOST_GROUPS = 8

#: Share of ratings that may sway a model before its comparison is doubted.
FEW_BAD = 0.01

_COLUMNS = ["dimension", "term", "contrast", "level", "reference", "model", "part", "estimate"]
_COLUMNS += ["sd", "conf_low", "conf_high", "prob_positive", "n_raters", "n_ratings", "method"]


@documented_by(bayesian_effects)
def scale_use(
    study: Study,
    group: str = "",
    dimension: str = "",
    *,
    min_cell: int = MIN_CELL,
    conf_level: float = CONF_LEVEL,
    priors: Mapping[str, str] | None = None,
    sampling: Sampling = SAMPLING,
) -> Invariance:
    """Tell whether groups of raters use the scale alike on one dimension.

    Parameters
    ----------
    group
        ``"language"`` or a demographic; by default language if the ratings are in more than one,
        else the first demographic whose effects the codebook asks for.
    min_cell
        Levels of fewer raters are left out. Of more than eight levels, those of most raters are
        compared.

    Returns
    -------
    Invariance
        As of `measurement_invariance`, with a table of the differences as rated under one scale for
        all, and of what is left of them (the level) where each group has its own: columns
        dimension, term, contrast, model, part, estimate, sd, conf_low, conf_high, prob_positive,
        n_raters, n_ratings, method. Empty where there are no two groups, or no model.

    Raises
    ------
    InputError
        If the group or the dimension is not in the study.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.

    Examples
    --------
    >>> scale = pls.demographics.scale_use(study, "gender", "toxicity", sampling=sampling)
    >>> scale.result.table["model"].unique().tolist()
    ['same scale', 'own thresholds', 'own spread']
    """
    check_min_cell(min_cell)
    target = one_dimension(study, dimension)
    scale = study.codebook.dimensions[target].scale
    if not scale.categorical:
        why = (
            f"whether groups use a scale alike is asked of the borders between its ratings, and "
            f"{scale.size} has too many of them (more than {MOST_LEVELS})"
        )
        return _nothing(study, why)
    if len(scale.levels) == 2:
        why = (
            "of two ratings, a group that sees more cannot be told from one that gives the higher "
            "rating more readily, as there is one border between them, which moves with either"
        )
        return _nothing(study, why)
    data = given_ratings(study, target)
    known = (*study.demographics, *([LANGUAGE] if LANGUAGE in data else []))
    label = _label(study)
    spoken = [LANGUAGE] if LANGUAGE in data and data[LANGUAGE].nunique() > 1 else []
    candidates = chosen(
        "group", [group] if group else [], known, (*spoken, *default_factors(study))
    )
    lacking = []
    for name in candidates:
        found = groups_of(data, name, label(name), min_cell)
        if found.reference:
            kept, told = _enough(data, name, found, label(name), min_cell)
            fitting = partial(
                measurement_invariance, conf_level=conf_level, priors=priors, sampling=sampling
            )
            return _compare(study, target, name, kept, told, min_cell, fitting)
        lacking.append(found.lacking)
    none = [] if candidates else [no_demographics(map(label, study.demographics))]
    lacking = ["no rating was given"] if data.empty else lacking
    first = "there are no two groups of raters whose use of the scale to compare"
    return _nothing(study, first, *none, *lacking)


def _label(study: Study) -> Callable[[str], str]:
    return lambda name: "Language" if name == LANGUAGE else study.codebook.label(name)


def _nothing(study: Study, *why: str) -> Invariance:
    nothing = Result.of(
        study,
        pd.DataFrame(columns=_COLUMNS),
        nothing_compared(why),
        "Do groups use the scale alike?",
        figure=FOREST,
    )
    return Invariance({}, nothing, nothing, nothing)


def _enough(
    data: pd.DataFrame, name: str, found: Groups, label: str, min_cell: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of the levels that are compared, and what was left out."""
    raters = data.groupby(name, observed=True)["rater"].nunique()
    large = raters[raters >= min_cell].sort_values(ascending=False, kind="stable")
    # The first level is the reference: of languages the one of most raters.
    reference = large.index[0] if name == LANGUAGE else found.reference
    kept = [reference, *(level for level in large.index if level != reference)][:MOST_GROUPS]
    order = [reference, *(x for x in data[name].cat.categories if x in kept and x != reference)]
    rows = data[data[name].isin(kept)]
    usual = reference if name == LANGUAGE else str(data[name].cat.categories[0])
    told = [f"{other}." for other in [replaced(label, usual, reference, min_cell)] if other]
    if len(kept) < len(raters):
        few = f", and all but the {MOST_GROUPS} largest." if len(large) > MOST_GROUPS else "."
        told.append(f"Some groups are left out: those of few raters{few}")
    return rows.assign(**{name: rows[name].cat.set_categories(order)}), tuple(told)


def _compare(
    study: Study,
    dimension: str,
    name: str,
    data: pd.DataFrame,
    left_out: tuple[str, ...],
    min_cell: int,
    fitting: Callable[[str, pd.DataFrame, str], Invariance],
) -> Invariance:
    label = _label(study)(name)
    try:
        made = fitting(formula_of(data, (name,)), data, name)
    except (InputError, MissingExtraError) as error:
        why = f"no models of how groups by {label} use the scale: {error}"
        return _nothing(study, why)
    table = made.result.table
    first = (table["model"] == SAME) & (table["part"] == RATED)
    table = table[first | ((table["model"] != SAME) & (table["part"] == LEVEL))]
    shown = _without_counts(study, name, table.reset_index(drop=True), min_cell)
    shown = shown.assign(dimension=study.codebook.label(dimension), term=label)
    named = "" if name == LANGUAGE else named_note(study, [name])
    notes = [*made.result.meta.notes, *left_out, *([f"{named}."] if named else [])]
    notes += [COUNT_WITHHELD] if shown["n_raters"].isna().any() else []
    meta = replace(
        made.result.meta,
        title=f"Do groups by {label} use the scale alike?",
        notes=tuple(notes),
        published=published(study, [] if name == LANGUAGE else [name], min_cell),
    )
    labels = {LANGUAGE: _label(study)(LANGUAGE), **study.labels}
    table = shown[ordered_columns(shown)]
    result = Result(table, made.result.sentence, meta, figure=FOREST).labelled(labels)
    tests = made.tests.table.assign(term=label)
    if left_out or shown["n_raters"].isna().any():
        # How many raters of all were tested would tell how many the others are.
        tests = tests.assign(n_units=np.nan, n_ratings=np.nan, df_residual=np.nan)
    tests = replace(made.tests, table=tests).labelled(labels)
    return replace(made, result=result, comparison=_compared(made), tests=tests)


def _compared(made: Invariance) -> Result:
    """The comparison of models, without the warnings that the fits have given already.

    Single ratings that sway a model change no comparison, and are a note.
    """
    table, meta = made.comparison.table, made.comparison.meta
    bad, n = int(table["n_bad"].max()), int(table["n_ratings"].max())
    told = f"At most {bad / n:.1%} of ratings sway a model too far to be predicted by weighting."
    swayed = bad > FEW_BAD * n
    meta = replace(
        meta,
        notes=(*meta.notes, *([told] if bad and not swayed else [])),
        warnings=(told,) if swayed else (),
    )
    return replace(made.comparison, meta=meta)


def _without_counts(study: Study, name: str, table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    levels = table["level"]
    if name != LANGUAGE:
        return hide_counts(study, name, table, levels, min_cell)
    raters = study.ratings.groupby(LANGUAGE, observed=True)["rater"].nunique()
    withheld = raters.index[suppressed(raters.to_numpy(), min_cell)]
    hidden = levels.isin(withheld)
    return table.assign(**{c: table[c].where(~hidden, np.nan) for c in ("n_raters", "n_ratings")})
