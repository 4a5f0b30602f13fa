"""Joint tests: all coefficients of a variable, or of an interaction, at once."""

import numpy as np
import pandas as pd
from scipy.stats import chi2
from scipy.stats import f as fisher

from pluralign_stats.backing import Backing
from pluralign_stats.effects.counts import cell_raters
from pluralign_stats.effects.estimates import covariance
from pluralign_stats.effects.hypotheses import coefficients, fewest
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, listing
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.coefficients import coefficients_of
from pluralign_stats.models.few_units import (
    coefficient_variables,
    few_of_coefficients,
    shown_degrees,
)
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result
from pluralign_stats.settings import SIGNIFICANCE
from pluralign_stats.words import joined, p_told

#: What stands between the variables of an interaction.
CROSSED = ":"


def joint_test(fit: ModelEstimates, term: str) -> Result:
    """Test that all coefficients of a variable, or of an interaction, are 0.

    Interactions that contain what is tested are tested with it, as the notes say: it is the test
    against the model without all of these, whatever levels others are compared with. Of a term
    that no other contains it is that of R's ``joint_tests`` and of type III, which for others
    average over the variables that those have more.

    Parameters
    ----------
    fit
        A fitted model.
    term
        A variable of the fixed effects, or variables whose interaction is in the model, such as
        ``"gender:politics"``, in any order.

    Returns
    -------
    Result
        One row: columns term, statistic, df (of the test), df_residual (of an F), p_value, method.
        Linear models give F with Satterthwaite's degrees of freedom, others Wald's chi-squared, or
        F with the degrees of freedom of units where the variable differs between few of them.

    Raises
    ------
    InputError
        If the variable or the interaction is not in the model or not told apart from others, or
        the fit Bayesian.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), Journal of Statistical Software 82(13), section 2,
    for F; Fai & Cornelius (1996), Journal of Statistical Computation and Simulation 54, 363-378.

    Examples
    --------
    >>> pls.joint_test(fit, "politics").table["df"].tolist()
    [2]
    >>> crossed = pls.fit_linear("rating ~ gender * politics + (1|rater)", toxicity)
    >>> pls.joint_test(crossed, "politics:gender").table[["term", "df"]].values.tolist()
    [['gender:politics', 4]]
    """
    variables = _variables(fit, term)
    term = CROSSED.join(variables)
    _refuse_bayesian(fit, variables)
    places = _places(fit, variables)
    row, note = _tested(fit, places)
    table = pd.DataFrame([{"term": term} | row | {"method": str(fit.method)}])
    factors = [name for name in variables if name in fit.design.factors]
    behind = cell_raters(fit, factors).min() if factors else fit.design.raters.n
    return Result.of(
        fit,
        table,
        _sentence(variables, row["p_value"]),
        f"Joint test of {term}",
        notes=(note, _higher(fit, variables)),
        backing=Backing(np.array([behind]), fit.design.raters.unknown),
        figure=FOREST,
    )


def _variables(fit: ModelEstimates, term: str) -> tuple[str, ...]:
    """The variables of a term, in the order of the data."""
    known = fit.design.fixed_variables
    named = [term] if term in known else [part.strip() for part in str(term).split(CROSSED)]
    for name in named:
        check_one_of("the variable", name, known)
    return tuple(name for name in known if name in named)


def _refuse_bayesian(fit: ModelEstimates, variables: tuple[str, ...]) -> None:
    if fit.bayesian:
        first, *others = variables
        by = f", by={others}" if others else ""
        raise InputError(
            "a Bayesian fit has no joint test; read the credible intervals of "
            f"contrasts('{first}', pairs='all'{by}), or compare fits with and without it by "
            "`fit.loo()`"
        )


def _interactions(terms: list[tuple[str, ...]]) -> list[str]:
    """The interactions among the variables of coefficients."""
    return list(dict.fromkeys(CROSSED.join(names) for names in terms if len(names) > 1))


def _places(fit: ModelEstimates, variables: tuple[str, ...]) -> list[int]:
    """Numbers of the coefficients that all of the variables are in."""
    asked = {*variables}
    places = [k for k, names in enumerate(coefficient_variables(fit)) if asked <= {*names}]
    if places:
        return places
    term, design = CROSSED.join(variables), fit.design
    parts = [m for m in (design.scale, design.nominal) if m is not None]
    if any(asked <= {*c.variables} for m in parts for c in m.coefficients):
        raise InputError(
            f"'{term}' has effects on single thresholds or the scale only in this model, and none "
            "on the level of ratings; test it in a model without nominal= and scale=, or these "
            "effects by checks.proportional_odds"
        )
    formula = [c.variables for c in coefficients_of(design.fixed.spec, design.data.columns)]
    if any(asked <= {*names} for names in formula):
        raise NotApplicableError(
            f"the data do not tell the effects of '{term}' apart from those of the other "
            "variables; leave one of them out of the model"
        )
    there = _interactions(formula)
    has = f"its interactions are {listing(there)}" if there else "it has no interactions"
    raise InputError(
        f"the model has no interaction '{term}', {has}; fit one with + {term} in its formula"
    )


def _tested(fit: ModelEstimates, places: list[int]) -> tuple[dict[str, float], str | None]:
    """Statistic, degrees of freedom and p-value of coefficients, and what to note of them."""
    _, base = coefficients(fit)
    values, vectors = np.linalg.eigh(covariance(fit, base)[np.ix_(places, places)])
    components = vectors.T @ base.estimate[places]
    statistic = float((components**2 / values).sum())
    q = len(places)
    few = fewest([few_of_coefficients(fit)[place] for place in places])
    if fit.asymptotic and few is None:
        p = float(chi2.sf(statistic, q))
        return {"statistic": statistic, "df": q, "p_value": p}, None
    rows = vectors.T @ base.slopes[places]
    given = shown_degrees(fit, fit.design.raters.n, fit.degrees(rows))
    rest = few.df if few else _pooled_degrees(given)
    statistic /= few.inflation if few else 1.0
    p = float(fisher.sf(statistic / q, q, rest))
    row = {"statistic": statistic / q, "df": q, "df_residual": rest, "p_value": p}
    return row, few.note if few else None


def _pooled_degrees(each: np.ndarray) -> float:
    """Denominator degrees of freedom of an F from those of its q independent parts."""
    if len(each) == 1 or np.ptp(each) < 1e-8:
        return float(each.mean())
    if (each <= 2).any():
        return 2.0
    expected = (each / (each - 2)).sum()
    return float(2 * expected / (expected - len(each)))


def _sentence(variables: tuple[str, ...], p: float) -> str:
    if len(variables) == 1:
        by = f"by {variables[0]}"
        of, yes, no = "rating", f"differs {by}", f"does not clearly differ {by}"
    else:
        of, yes = f"effects of {joined(variables)}", "depend on each other"
        no = f"do not clearly {yes}"
    if np.isnan(p):
        return f"The data are too few to test whether the {of} {yes}."
    return f"The {of} {yes if p < SIGNIFICANCE else no} ({p_told(p)})."


def _higher(fit: ModelEstimates, variables: tuple[str, ...]) -> str | None:
    """Which interactions that contain it were tested with the term."""
    asked = {*variables}
    used = [names for names in coefficient_variables(fit) if asked < {*names}]
    told = _interactions(used)
    return f"Tested with the interactions that contain it: {joined(told)}." if told else None
