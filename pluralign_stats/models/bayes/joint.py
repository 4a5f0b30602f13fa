"""One model of all dimensions of a study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, NotApplicableError, check_one_of, one_of
from pluralign_stats.models.bayes.adapt import sample_well
from pluralign_stats.models.bayes.arviz_data import NamedDraws, correlations_of
from pluralign_stats.models.bayes.convergence import Convergence, diagnose
from pluralign_stats.models.bayes.density import ExpansionPoint, parameters, random_effects
from pluralign_stats.models.bayes.expansion import linearize_at
from pluralign_stats.models.bayes.fit import BayesOrdinalEstimates
from pluralign_stats.models.bayes.fitting import as_posterior
from pluralign_stats.models.bayes.joint_layout import (
    JointLayout,
    build_joint_layout,
    start_jointly,
)
from pluralign_stats.models.bayes.joint_vector import joint_at
from pluralign_stats.models.bayes.layout import Natural, build_layout, constrain
from pluralign_stats.models.bayes.options import Attempt, Sampling
from pluralign_stats.models.bayes.posterior import Draws
from pluralign_stats.models.bayes.priors import Priors, choose_priors
from pluralign_stats.models.bayes.sampler import Sampled, sample
from pluralign_stats.models.ordinal import OrdinalEstimates, estimate_ordinal
from pluralign_stats.models.raters import RATER, find_raters
from pluralign_stats.notes import Note

#: Scale of the half-normal prior of how far effects differ between dimensions, per SD of a number.
APART = 0.25

#: Draws of each chain where none are given, at first.
DRAWS_JOINTLY = 750

#: Columns of the ratings that are no demographics.
ROLES = (RATER, "item", "dimension", "rating")


@dataclass(frozen=True, eq=False, repr=False)
class JointEstimates:
    """A model of all dimensions; ``fit["toxicity"]`` is a Bayesian fit of one of them.

    Attributes
    ----------
    fits
        For each dimension the posterior of its own parameters, informed by all the others; every
        effect, prediction and check of a Bayesian fit works on it.
    average, apart
        Draws (S, p) of the demographic effects averaged over the dimensions, and (S, m) of the
        standard deviations between dimensions, of each demographic.
    spreads
        What these standard deviations are called.
    covariances
        For items and raters, (S, D, D) draws of the covariance of their effects on the dimensions.
    convergence
        Of all these.
    chosen
        The priors.
    valence
        By which effects were turned before they were pooled.
    warnings
        What to doubt.
    """

    fits: Mapping[str, BayesOrdinalEstimates]
    average: np.ndarray
    apart: np.ndarray
    spreads: tuple[str, ...]
    covariances: dict[str, np.ndarray]
    convergence: Convergence
    chosen: Priors
    valence: dict[str, int]
    warnings: tuple[Note, ...]

    def __getitem__(self, dimension: str) -> BayesOrdinalEstimates:
        """The posterior of one dimension.

        Raises
        ------
        InputError
            If there is no such dimension.
        """
        check_one_of("the dimension", dimension, self.fits)
        return self.fits[dimension]

    @property
    def first(self) -> BayesOrdinalEstimates:
        """The posterior of the first dimension."""
        return next(iter(self.fits.values()))

    @property
    def data_kind(self) -> str:
        """Whether the data are simulated; see `Metadata`."""
        return self.first.data_kind

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return self.first.interval

    @property
    def sampling(self) -> str:
        """How it was sampled; see `Metadata`."""
        return self.first.sampling

    @property
    def converged(self) -> bool:
        """Whether the sampler gave no reason to doubt."""
        return not self.warnings


def estimate_joint(
    ratings: pd.DataFrame,
    demographics: Sequence[str],
    how: Sampling,
    *,
    valence: Mapping[str, int] | None = None,
    link: str = "logit",
    priors: Mapping[str, str] | None = None,
    rater: str | Sequence[str] = RATER,
) -> JointEstimates:
    """Sample one ordinal model of all dimensions; see `fit_joint`."""
    if rater != RATER:
        codes = np.asarray(find_raters(rater, ratings, ()).codes)
        ratings = ratings.assign(**{RATER: pd.Categorical(codes)})
    fits = _start(ratings, demographics, link)
    signs = _signs(valence or {}, list(fits))
    joint = build_joint_layout(fits, signs)
    first = next(iter(fits.values()))
    defaults = {p.spread: f"normal(0, {APART / p.span})" for p in joint.pooled}
    chosen = choose_priors(first, joint.layout, priors, defaults)
    prior = chosen.numbers(joint.layout)
    point = linearize_at(joint.layout, prior, *start_jointly(fits, joint))
    turned = dict(zip(fits, signs.tolist(), strict=True))

    def once(attempt: Attempt) -> JointEstimates:
        sampled = sample(joint.layout.data, point, prior, attempt)
        return _posterior(fits, joint, point, chosen, sampled, turned)

    return sample_well(how, once, DRAWS_JOINTLY)


def _posterior(
    fits: Mapping[str, OrdinalEstimates],
    joint: JointLayout,
    point: ExpansionPoint,
    chosen: Priors,
    sampled: Sampled,
    valence: dict[str, int],
) -> JointEstimates:
    """What was sampled as estimates of all dimensions."""
    first = next(iter(fits.values()))
    flat = sampled.z.reshape(-1, sampled.z.shape[-1])
    values = [constrain(joint.layout, phi) for phi in parameters(flat, point)]
    u = random_effects(flat, joint.layout.data, point)
    judge = partial(diagnose, sampled=sampled)
    made = {}
    for d, (name, fit) in enumerate(fits.items()):
        drawn = _dimension_draws(d, fit, joint, values, u, len(sampled.z))
        made[name] = cast(
            "BayesOrdinalEstimates", as_posterior(fit, drawn, chosen, judge, sampled.stats)
        )
    average = np.array([v.coefficients for v in values])
    apart = np.array([[np.sqrt(c[0, 0]) for c in v.covariances[:-2]] for v in values])
    covariances = {
        first.design.random[k].term.group: np.array([v.covariances[at] for v in values])
        for k, at in ((1, -2), (0, -1))
    }
    convergence = _convergence(made, average, apart, covariances, judge, first)
    return JointEstimates(
        made,
        average,
        apart,
        tuple(p.spread for p in joint.pooled),
        covariances,
        convergence,
        chosen,
        valence,
        convergence.notes(),
    )


def _start(
    ratings: pd.DataFrame, demographics: Sequence[str], link: str
) -> dict[str, OrdinalEstimates]:
    """A mixed model of each dimension."""
    if not demographics or isinstance(demographics, str):
        raise InputError(f"'demographics' must be a list of columns, not {demographics!r}")
    for column in (*ROLES, *demographics):
        check_one_of("a column of the ratings", column, ratings.columns)
    for column in demographics:
        if column in ROLES:
            raise InputError(f"'{column}' is no demographic; leave it out of 'demographics'")
    formula = f"rating ~ {' + '.join(f'`{name}`' for name in demographics)} + (1|rater) + (1|item)"
    dimensions = ratings["dimension"].astype("category").cat.remove_unused_categories()
    names = list(dimensions.cat.categories)
    if len(names) < 2:
        raise NotApplicableError(
            "a joint model needs two dimensions or more; use fit_bayes for one"
        )
    return {
        str(name): estimate_ordinal(
            formula, ratings[(dimensions == name).to_numpy()], link=link, whole=True
        )
        for name in names
    }


def _dimension_draws(
    d: int,
    fit: OrdinalEstimates,
    joint: JointLayout,
    values: list[Natural],
    u: np.ndarray,
    n_chains: int,
) -> Draws:
    """Draws of one dimension's own parameters."""
    average = np.array([v.coefficients for v in values])
    cuts = np.array([v.cuts for v in values])
    coefficients = joint.coefficients(d, average, u)
    thresholds = joint.thresholds(d, cuts, coefficients)
    covariances, effects = [], []
    for term, known, k in ((-1, joint.raters, 0), (-2, joint.items, 1)):
        covariances.append(np.array([v.covariances[term][d : d + 1, d : d + 1] for v in values]))
        rows = known.get_indexer(fit.random[k].design.levels)
        effects.append(joint.effects(term, u)[:, rows, d : d + 1])
    layout = build_layout(fit)
    none = np.zeros(0)
    vectors = [
        joint_at(fit, layout, Natural(c, t[None], none, (r, i)))
        for c, t, r, i in zip(coefficients, thresholds, *covariances, strict=True)
    ]
    return Draws(
        n_chains,
        coefficients,
        thresholds[:, None],
        np.zeros((len(u), 0)),
        tuple(covariances),
        tuple(effects),
        np.array(vectors),
    )


def _signs(valence: Mapping[str, int], names: list[str]) -> np.ndarray:
    """(D,) 1 or -1 of each dimension."""
    signs = dict.fromkeys(names, 1)
    for name, sign in valence.items():
        if str(name) not in signs:
            raise InputError(one_of("a dimension of 'valence'", name, names))
        if sign not in (1, -1):
            raise InputError(f"the valence of '{name}' must be 1 or -1, not {sign}")
        signs[str(name)] = sign
    return np.array(list(signs.values()))


def _convergence(
    made: dict[str, BayesOrdinalEstimates],
    average: np.ndarray,
    apart: np.ndarray,
    covariances: dict[str, np.ndarray],
    judge: Callable[[NamedDraws], Convergence],
    first: OrdinalEstimates,
) -> Convergence:
    """R-hat and effective draws of everything that is reported."""
    reported: NamedDraws = {
        "average": ([f"average: {name}" for name in first.params.index], average),
        "apart": ([f"between dimensions {k + 1}" for k in range(apart.shape[1])], apart),
    }
    names = list(made)
    for group, covariance in covariances.items():
        pairs, drawn = correlations_of(covariance)
        reported[group] = (
            [f"correlation of {group} effects: {names[i]}, {names[j]}" for i, j in pairs],
            drawn,
        )
    whole = judge(reported)
    tables = [
        fit.convergence.table.assign(term=f"{name}: " + fit.convergence.table["term"])
        for name, fit in made.items()
    ]
    effects = pd.concat([fit.convergence.effects for fit in made.values()], ignore_index=True)
    table = pd.concat([whole.table, *tables], ignore_index=True)
    words = {f"average: {c.name}": f"average: {c.words}" for c in first.coefficients}
    for name, fit in made.items():
        words |= {f"{name}: {t}": f"{name}: {w}" for t, w in fit.convergence.words.items()}
    return replace(whole, table=table, effects=effects, words=words)
