"""Simulation-based calibration: parameters from the priors, ratings from them, and the posterior.

If all three fit together, the rank of the true parameter among independent draws from its posterior
is uniform (Talts et al. 2018, arXiv 1804.06788). The log-likelihood is ranked as well, which finds
posteriors that ignore data (Modrak et al. 2023, Bayesian Analysis, doi:10.1214/23-BA1404).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from pluralign_stats.fits.bayes import BayesFit, fit_bayes
from pluralign_stats.fits.fit import Fit
from pluralign_stats.models.bayes.arviz_data import parameter_draws
from pluralign_stats.models.bayes.bayes import starting_fit
from pluralign_stats.models.bayes.convergence import label
from pluralign_stats.models.bayes.layout import Layout, build_layout
from pluralign_stats.models.bayes.log_densities import PROBIT
from pluralign_stats.models.bayes.posterior import Draws
from pluralign_stats.models.bayes.prior_predictive import DrawnSet, draw_sets
from pluralign_stats.models.bayes.priors import choose_priors
from tests.validation.ecdf import uniformity

#: Raters and items of a data set; each rater rates each item.
N_RATERS, N_ITEMS = 12, 8

#: Smallest p-value in all (Bonferroni) of a sampler that is held to be right.
SMALLEST = 0.01

#: Draws of one chain, and every how many of them one is ranked against.
DRAWS, THIN = 1000, 10


@dataclass(frozen=True)
class Case:
    """A model to calibrate; `options` are those of `fit_bayes`, `n_categories` 0 for numbers."""

    formula: str
    n_categories: int
    options: Mapping[str, Any] = field(default_factory=dict)


CASES: dict[str, Case] = {
    "cumulative logit": Case(
        "rating ~ group + x + (1|rater) + (1|item)", 4, {"priors": {"thresholds": "dirichlet(2)"}}
    ),
    "cumulative probit": Case("rating ~ group + x + (1|rater) + (1|item)", 4, {"link": "probit"}),
    "bernoulli": Case(
        "rating ~ group + x + (1|rater) + (1|item)",
        2,
        {"family": "bernoulli", "priors": {"coefficients": "student_t(4, 0, 1)"}},
    ),
    "gaussian": Case(
        "rating ~ group + x + (1|rater) + (1|item)",
        0,
        {
            "family": "gaussian",
            "priors": {
                "Intercept": "normal(0, 2)",
                "coefficients": "normal(0, 1)",
                "sd": "normal(0, 1)",
                "residual": "exponential(1)",
            },
        },
    ),
    "correlated slopes": Case(
        "rating ~ x + (1 + x|rater) + (1|item)", 4, {"priors": {"correlations": "lkj(1)"}}
    ),
    "scale": Case(
        "rating ~ group + (1|rater)",
        4,
        {"scale": "group", "priors": {"thresholds": "normal(0, 1.5)"}},
    ),
    "nominal": Case("rating ~ x + (1|rater) + (1|item)", 3, {"nominal": "group"}),
}


@cache
def rows() -> pd.DataFrame:
    """Everything about the ratings but the ratings."""
    rng = np.random.default_rng(1)
    rater, item = np.divmod(np.arange(N_RATERS * N_ITEMS), N_ITEMS)
    group = pd.Categorical(np.where(rater % 3, "a", "b"), ["a", "b"])
    x = rng.normal(size=len(rater)).round(2)
    return pd.DataFrame({"rater": rater, "item": item, "group": group, "x": x})


def replicate(name: str, seed: int) -> dict[str, int]:
    """Ranks of the true parameters, by name; empty where a category has no rating.

    Such data make a model of fewer categories. Leaving them out keeps ranks uniform, as the
    posterior given any other data is what it is.
    """
    case = CASES[name]
    rng = np.random.default_rng([seed, list(CASES).index(name)])
    start, layout = template(name)
    prior = choose_priors(start, layout, case.options.get("priors")).numbers(layout)
    (truth,) = draw_sets(start, layout, prior, 1, rng)
    if case.n_categories and len(np.unique(truth.y)) < case.n_categories:
        return {}
    fit = fit_bayes(
        case.formula,
        rows().assign(rating=truth.y),
        draws=DRAWS,
        chains=1,
        seed=int(rng.integers(2**31)),
        progress=False,
        **case.options,
    )
    drawn = quantities(fit, fit.layout, fit.draws, truth.y)
    true = quantities(start, layout, as_draws(truth), truth.y)
    return {
        name: int((values[THIN - 1 :: THIN] < true[name][0]).sum())
        for name, values in drawn.items()
    }


@cache
def template(name: str) -> tuple[Fit, Layout]:
    """The model with any ratings, for its design."""
    case = CASES[name]
    some = np.arange(len(rows())) * 7 % 11
    y = some % case.n_categories if case.n_categories else some
    options = {"family": "cumulative", "link": "logit", "nominal": None, "scale": None}
    options |= {key: value for key, value in case.options.items() if key != "priors"}
    start = starting_fit(case.formula, rows().assign(rating=y), weights=None, **options)
    return start, build_layout(start)


def as_draws(truth: DrawnSet) -> Draws:
    """The truth as if it were a single draw."""
    values = truth.values
    return Draws(
        1,
        values.coefficients[None],
        values.cuts[None],
        values.log_scale[None],
        tuple(c[None] for c in values.covariances),
        tuple(u[None] for u in truth.effects),
        np.zeros((1, 0)),
    )


def quantities(
    fit: Fit | BayesFit, layout: Layout, draws: Draws, y: np.ndarray
) -> dict[str, np.ndarray]:
    """(S,) draws of all parameters, of the first level of each random term, and log-likelihoods."""
    found = {
        label(kind, name): values[:, k]
        for kind, (names, values) in parameter_draws(fit, layout, draws).items()
        for k, name in enumerate(names)
    }
    for part, effects in zip(fit.design.random, draws.effects, strict=True):
        for e, effect in enumerate(part.labels):
            found[f"effect of the first {effect}"] = effects[:, 0, e]
    found["log-likelihood"] = log_likelihood(fit, layout, draws, y)
    return found


def log_likelihood(fit: Fit, layout: Layout, draws: Draws, y: np.ndarray) -> np.ndarray:
    """(S,) log-likelihood of the ratings given all parameters and effects."""
    design = fit.design
    eta = draws.coefficients @ design.fixed.columns.T
    for part, effects in zip(design.random, draws.effects, strict=True):
        eta += np.einsum("nq,snq->sn", part.z, effects[:, part.codes])
    if not layout.data.n_cuts:
        return stats.norm.logpdf(y, eta, np.exp(draws.log_scale[:, :1])).sum(axis=1)
    changed = np.zeros(len(y), dtype=np.int64)
    if design.nominal is not None:
        changed = (design.nominal.columns[:, None] == layout.sections).all(axis=2).argmax(axis=1)
    scale = np.zeros((len(y), 0)) if design.scale is None else design.scale.columns
    spread = np.exp(draws.log_scale @ scale.T)
    edge = np.full((*draws.cuts.shape[:2], 1), np.inf)
    padded = np.concatenate([-edge, draws.cuts, edge], axis=2)
    one = stats.norm if layout.data.family == PROBIT else stats.logistic
    low, high = (one.cdf((padded[:, changed, y + k] - eta) / spread) for k in (0, 1))
    return np.log(np.maximum(high - low, np.finfo(float).tiny)).sum(axis=1)


def calibrated(ranks: Mapping[str, list[dict[str, int]]]) -> pd.DataFrame:
    """Whether ranks are uniform, for each case and quantity.

    Returns
    -------
    DataFrame
        Columns case, quantity, replications, p_value (of the simultaneous band), largest
        (difference of the distribution functions),
        where, right (the p-value is not below `SMALLEST` divided by the number of rows).
    """
    found = []
    for name, replications in ranks.items():
        used = pd.DataFrame([one for one in replications if one])
        for quantity in used:
            u = uniformity(used[quantity].to_numpy(), DRAWS // THIN)
            found.append((name, quantity, len(used), u.p_value, u.largest, u.where))
    columns = ["case", "quantity", "replications", "p_value", "largest", "where"]
    table = pd.DataFrame(found, columns=columns)
    return table.assign(right=table["p_value"] >= SMALLEST / len(table))


HEADS = ("Model", "Quantity", "Data sets", "p", "Largest difference", "Uniform")


def cells(row: pd.Series) -> list[str]:
    """One row of the printed table."""
    return [
        row["case"],
        row["quantity"].replace("|", "\\|"),
        str(row["replications"]),
        f"{row['p_value']:.4f}",
        f"{row['largest']:.3f} at {row['where']:.2f}",
        "yes" if row["right"] else "NO",
    ]
