"""One model of all dimensions of a study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing, stacked
from pluralign_stats.errors import InputError, NotApplicableError, one_of
from pluralign_stats.models.bayes.arviz_data import Parameters
from pluralign_stats.models.bayes.bayes import BayesOrdinalFit
from pluralign_stats.models.bayes.convergence import Convergence
from pluralign_stats.models.bayes.density import parameters, random_effects
from pluralign_stats.models.bayes.fitting import as_posterior, judge_of
from pluralign_stats.models.bayes.joint_layout import (
    JointLayout,
    lay_out_jointly,
    start_jointly,
)
from pluralign_stats.models.bayes.joint_vector import joint_at
from pluralign_stats.models.bayes.layout import Natural, lay_out, natural_of
from pluralign_stats.models.bayes.options import Sampling
from pluralign_stats.models.bayes.posterior import Draws
from pluralign_stats.models.bayes.priors import Priors, choose_priors
from pluralign_stats.models.bayes.reference import refer_at
from pluralign_stats.models.bayes.sampler import sample
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.models.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.models.raters import RATER, find_raters
from pluralign_stats.models.summary import coefficient_raters
from pluralign_stats.results import Metadata, Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL

#: Scale of the half-normal prior of how far effects differ between dimensions, per SD of a number.
APART = 0.25

#: Columns of the ratings that are no demographics.
ROLES = (RATER, "item", "dimension", "rating")


@dataclass(frozen=True, eq=False, repr=False)
class JointFit:
    """A model of all dimensions; ``fit["toxicity"]`` is a Bayesian fit of one of them.

    Attributes
    ----------
    fits
        For each dimension the posterior of its own parameters, informed by all the others; every
        effect, prediction and check of a Bayesian fit works on it.
    average, apart
        Draws (S, p) of the demographic effects averaged over the dimensions, and (S, m) of the
        standard deviations between dimensions, of each demographic.
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

    fits: dict[str, BayesOrdinalFit]
    average: np.ndarray
    apart: np.ndarray
    covariances: dict[str, np.ndarray]
    convergence: Convergence
    chosen: Priors
    valence: dict[str, int]
    warnings: tuple[str, ...]

    def __getitem__(self, dimension: str) -> BayesOrdinalFit:
        """The posterior of one dimension.

        Raises
        ------
        InputError
            If there is no such dimension.
        """
        if dimension not in self.fits:
            raise InputError(one_of("the dimension", dimension, self.fits))
        return self.fits[dimension]

    @property
    def converged(self) -> bool:
        """Whether the sampler gave no reason to doubt."""
        return not self.warnings

    def contrasts(self, factor: str, **options: Any) -> Result:
        """Differences between levels of a factor on every dimension; see `Fit.contrasts`."""
        return self._each("contrasts", factor, **options)

    def percent(self, factor: str, **options: Any) -> Result:
        """Differences in percent on every dimension; see `Fit.percent`."""
        return self._each("percent", factor, **options)

    def _each(self, verb: str, factor: str, **options: Any) -> Result:
        made = {name: getattr(fit, verb)(factor, **options) for name, fit in self.fits.items()}
        table = pd.concat([r.table.assign(dimension=name) for name, r in made.items()])
        last = list(made.values())[-1]
        told = " ".join(f"{name}: {r.sentence}" for name, r in made.items())
        return Result(
            table[ordered_columns(table)].reset_index(drop=True),
            told,
            Metadata(
                last.meta.title,
                last.meta.data,
                last.meta.unit,
                last.meta.conf_level,
                last.meta.interval,
                last.meta.notes,
                self.warnings,
            ),
            backing=stacked([r.backing for r in made.values() if r.backing]),
        )

    def correlations(self, conf_level: float = CONF_LEVEL) -> Result:
        """How the effects of raters, and of items, go together on different dimensions.

        Returns
        -------
        Result
            Columns group, first, second, estimate, sd, conf_low, conf_high, prob_positive.
        """
        dimensions, tables = list(self.fits), []
        for group, covariance in self.covariances.items():
            pairs, drawn = _correlations(covariance)
            table = summarize(drawn, conf_level).assign(
                group=group,
                first=[dimensions[i] for i, _ in pairs],
                second=[dimensions[j] for _, j in pairs],
            )
            tables.append(table[["group", "first", "second", *table.columns[:-3]]])
        made = pd.concat(tables, ignore_index=True)
        top = made.loc[made["estimate"].abs().idxmax()]
        meta = self._meta("Correlations between dimensions", "correlation", conf_level)
        told = (
            f"The closest pair: effects of {top['group']}s on {top['first']} and {top['second']}, "
            f"correlation {top['estimate']:.2f} [{top['conf_low']:.2f}, {top['conf_high']:.2f}]."
        )
        return Result(made, told, meta)

    def pooled(self, conf_level: float = CONF_LEVEL) -> Result:
        """Demographic effects averaged over dimensions, and how far they differ between them."""
        first = next(iter(self.fits.values()))
        names = list(first.params.index)
        average = summarize(self.average, conf_level).assign(term=names)
        apart = [slot.name for slot, _, _ in self.chosen if slot.name.startswith("sd(dimension")]
        spread = summarize(self.apart, conf_level, signed=False).assign(term=apart)
        table = pd.concat([average, spread], ignore_index=True)
        table = table[ordered_columns(table)]
        meta = self._meta("Effects averaged over the dimensions", first.unit, conf_level)
        turned = [name for name, v in self.valence.items() if v < 0]
        told = "Positive means a better rating"
        told += f" ({', '.join(turned)} turned round)." if turned else "."
        behind = np.append(coefficient_raters(first), [first.design.raters.n] * len(apart))
        return Result(table, told, meta, backing=Backing(behind))

    def summary(self, conf_level: float = CONF_LEVEL) -> Result:
        """Coefficients, thresholds and standard deviations of every dimension."""
        each = [fit.summary(conf_level) for fit in self.fits.values()]
        tables = [r.table.assign(dimension=d) for d, r in zip(self.fits, each, strict=True)]
        table = pd.concat(tables, ignore_index=True)
        first = next(iter(self.fits.values()))
        n = sum(fit.nobs for fit in self.fits.values())
        told = f"{len(self.fits)} dimensions; {self.convergence.told()}"
        meta = self._meta("All dimensions in one model", first.unit, conf_level)
        backing = stacked([r.backing for r in each if r.backing], lambda _: f"Ratings on {told}")
        table = table[ordered_columns(table)]
        return Result(table, f"{n:,} ratings on {told}", meta, backing=backing)

    def priors(self) -> Result:
        """The prior of every parameter."""
        table = self.chosen.table()
        return Result(table, "Change a prior by its name: priors={...}.", Metadata("Priors"))

    def _meta(self, title: str, unit: str, conf_level: float) -> Metadata:
        kind = next(iter(self.fits.values())).design.data_kind
        interval = "credible intervals (equal tails)"
        return Metadata(title, kind, unit, conf_level, interval, (), self.warnings)

    def __repr__(self) -> str:
        return repr(self.summary().released())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def fit_joint(
    ratings: pd.DataFrame,
    demographics: Sequence[str],
    *,
    valence: Mapping[str, int] | None = None,
    link: str = "logit",
    priors: Mapping[str, str] | None = None,
    draws: int = 750,
    tune: int = 300,
    chains: int | None = None,
    seed: int = 1,
    target_accept: float = 0.8,
    progress: bool | None = None,
    rater: str | Sequence[str] = RATER,
) -> JointFit:
    """Sample one ordinal model of all dimensions.

    Each dimension has thresholds of its own. A rater has an effect on every dimension, and these
    are correlated, as are an item's. Demographic effects are pooled in part: each dimension's
    differs from the average over dimensions by as much as the data say.

    Parameters
    ----------
    ratings
        One row per rater, item and dimension, with columns rater, item, dimension, rating and the
        demographics, such as ``study.ratings``.
    demographics
        Factors or numbers whose effects are modelled.
    valence
        1 for dimensions where agreement is good, -1 where it is bad, such as ``{"toxicity": -1}``;
        effects are turned by it before they are pooled. By default 1.
    link, priors, draws, tune, chains, seed, target_accept, progress
        As for `fit_bayes`; ``"sd(dimension: gender)"`` is how far effects of gender differ between
        dimensions.
    rater
        The column that tells raters apart where it is not called so, or several whose combinations
        do, such as ``["country", "id"]`` where ids begin anew in each country.

    Raises
    ------
    InputError
        If a column is absent, a valence is not 1 or -1, or the dimensions do not have the same
        categories and groups.
    """
    how = Sampling(draws, tune, chains, seed, target_accept, progress)
    fits = _start(_with_raters(ratings, rater), demographics, link)
    signs = _signs(valence or {}, list(fits))
    joint = lay_out_jointly(fits, signs)
    first = next(iter(fits.values()))
    defaults = {f"sd(dimension: {p.name})": f"normal(0, {APART / p.span})" for p in joint.pooled}
    chosen = choose_priors(first, joint.layout, priors, defaults)
    prior = chosen.numbers(joint.layout)
    reference = refer_at(joint.layout, prior, *start_jointly(fits, joint))
    sampled = sample(joint.layout.data, reference, prior, how)
    flat = sampled.z.reshape(-1, sampled.z.shape[-1])
    turn = natural_of(joint.layout)
    values = [turn(phi) for phi in parameters(flat, reference)]
    u = random_effects(flat, joint.layout.data, reference)
    judge = judge_of(sampled)
    made = {}
    for d, (name, fit) in enumerate(fits.items()):
        drawn = _dimension_draws(d, fit, joint, values, u, len(sampled.z))
        made[name] = cast("BayesOrdinalFit", as_posterior(fit, drawn, chosen, judge, sampled.stats))
    average = np.array([v.coefficients for v in values])
    apart = np.array([[np.sqrt(c[0, 0]) for c in v.covariances[:-2]] for v in values])
    covariances = {
        first.design.random[k].term.group: np.array([v.covariances[at] for v in values])
        for k, at in ((1, -2), (0, -1))
    }
    convergence = _convergence(made, average, apart, covariances, judge, first)
    return JointFit(
        made,
        average,
        apart,
        covariances,
        convergence,
        chosen,
        dict(zip(fits, signs.tolist(), strict=True)),
        convergence.notes(),
    )


def _with_raters(ratings: pd.DataFrame, rater: str | Sequence[str]) -> pd.DataFrame:
    """The ratings with raters of any columns under the name that the model knows."""
    if rater == RATER:
        return ratings
    codes = find_raters(rater, ratings, ()).codes
    return ratings.assign(**{RATER: pd.Categorical(np.asarray(codes))})


def _start(ratings: pd.DataFrame, demographics: Sequence[str], link: str) -> dict[str, OrdinalFit]:
    """A mixed model of each dimension."""
    if not demographics or isinstance(demographics, str):
        raise InputError(f"'demographics' must be a list of columns, not {demographics!r}")
    for column in (*ROLES, *demographics):
        if column not in ratings:
            raise InputError(one_of("a column of the ratings", column, ratings.columns))
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
        str(name): fit_ordinal(formula, ratings[(dimensions == name).to_numpy()], link=link)
        for name in names
    }


def _dimension_draws(
    d: int, fit: OrdinalFit, joint: JointLayout, values: list[Natural], u: np.ndarray, n_chains: int
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
    layout = lay_out(fit)
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


def _correlations(covariance: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Pairs of dimensions, and (S, pairs) correlations of covariances (S, D, D)."""
    sd = np.sqrt(np.einsum("sdd->sd", covariance))
    pairs = [(i, j) for j in range(covariance.shape[1]) for i in range(j)]
    drawn = np.column_stack([covariance[:, i, j] / (sd[:, i] * sd[:, j]) for i, j in pairs])
    return pairs, drawn


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
    made: dict[str, BayesOrdinalFit],
    average: np.ndarray,
    apart: np.ndarray,
    covariances: dict[str, np.ndarray],
    judge: Callable[[Parameters], Convergence],
    first: OrdinalFit,
) -> Convergence:
    """R-hat and effective draws of everything that is reported."""
    reported: Parameters = {
        "average": ([f"average: {name}" for name in first.params.index], average),
        "apart": ([f"between dimensions {k + 1}" for k in range(apart.shape[1])], apart),
    }
    names = list(made)
    for group, covariance in covariances.items():
        pairs, drawn = _correlations(covariance)
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
    return replace(whole, table=table, effects=effects)
