"""The model of a Bayesian fit stated in PyMC: to be read, extended, or sampled by other means."""

from typing import TYPE_CHECKING, Any

import numpy as np

from pluralign_stats.errors import MissingExtraError
from pluralign_stats.models.bayes.fit import PosteriorEstimates
from pluralign_stats.models.bayes.layout import Layout
from pluralign_stats.models.bayes.log_densities import PROBIT, concentrations
from pluralign_stats.models.bayes.priors import Distribution, Priors
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.matrices import RandomDesign
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates

if TYPE_CHECKING:
    import pymc as pm


def pymc_model(fit: PosteriorEstimates) -> "pm.Model":
    """State the model of a fit in PyMC, with the fit's data and priors.

    Its posterior is the one that `fit_bayes` samples. The parameters are those of
    ``fit.priors()`` under the same names, with these differences: the prior of thresholds through
    shares of categories is a Dirichlet distribution of `shares`; effects of raters, items and the
    like are ``effects (term)``, products of standard normal ``raw effects (term)``; correlations
    are given by a Cholesky factor, ``cor (term)``; the constant of a Gaussian model is the one for
    average covariates, ``Intercept at means``.

    Raises
    ------
    MissingExtraError
        If PyMC is not installed.

    Examples
    --------
    Sampled by PyMC itself::

        with fit.pymc_model():
            idata = pm.sample()
    """
    return state(fit, fit.layout, fit.chosen)


def state(fit: ModelEstimates, layout: Layout, priors: Priors) -> "pm.Model":
    """State the model of any fit in PyMC; see `pymc_model`."""
    try:
        import pymc as pm
        import pytensor.tensor as pt
    except ImportError as error:
        if error.name in ("pymc", "pytensor"):
            raise MissingExtraError("A PyMC model", "bayes") from None
        raise

    design, p = fit.design, layout.sizes[0]
    prior = {k: distribution for slot, distribution, _ in priors for k in slot.where}
    with pm.Model() as model:
        names = [
            f"{name} at means" if constant else name
            for name, constant in zip(layout.names[:p], layout.constant, strict=True)
        ]
        beta = [_parameter(name, prior[k]) for k, name in enumerate(names)]
        centre = pt.dot(layout.centre, pt.stack(beta)) if beta else 0.0
        eta = pt.dot(design.fixed.columns, pt.stack(beta)) if beta else np.zeros(len(design.y))
        for k, (sizes, partials) in zip(layout.terms, layout.blocks(), strict=True):
            term = design.random[k]
            sd = [_parameter(layout.names[j], prior[j], positive=True) for j in _range(sizes)]
            eta = eta + _contribution(term, sd, [prior[j] for j in _range(partials)])
        if isinstance(fit, OrderedBetaEstimates):
            _between(fit, layout, prior, eta - centre)
        elif layout.data.n_cuts:
            _ordinal(fit, layout, prior, eta, centre)
        else:
            sigma = _parameter("residual", prior[p], positive=True)
            pm.Normal(
                design.formula.outcome,
                eta - centre,
                sigma / np.sqrt(design.weight),
                observed=design.y,
            )
    return model


def _range(where: slice) -> range:
    return range(where.start, where.stop)


def _parameter(name: str, prior: Distribution, *, positive: bool = False, **options: Any) -> Any:
    """A parameter with its prior, or with the part of it above 0."""
    import pymc as pm

    kinds = {"normal": pm.Normal, "student_t": pm.StudentT, "exponential": pm.Exponential}
    words = {"normal": ("mu", "sigma"), "student_t": ("nu", "mu", "sigma"), "exponential": ("lam",)}
    kind, given = kinds[prior.name], dict(zip(words[prior.name], prior.arguments, strict=True))
    if not positive or prior.name == "exponential":
        return kind(name, **given, **options)
    if given["mu"] != 0:
        return pm.Truncated(name, kind.dist(**given), lower=0.0)
    del given["mu"]
    return (
        pm.HalfNormal(name, **given) if prior.name == "normal" else pm.HalfStudentT(name, **given)
    )


def _contribution(term: RandomDesign, sd: list[Any], correlations: list[Distribution]) -> Any:
    """What the effects of one random term add to each row."""
    import pymc as pm
    import pytensor.tensor as pt

    label = str(term.term).replace(" | ", "|")
    L, q = len(term.levels), len(sd)
    root = pt.stack(sd)[:, None] * np.eye(q)
    if correlations:
        eta = correlations[0].arguments[0]
        root = pt.stack(sd)[:, None] * pm.LKJCorr(f"cor {label}", n=q, eta=eta)
    raw = pm.Normal(f"raw effects {label}", shape=(L, q))
    effects = pm.Deterministic(f"effects {label}", pt.dot(raw, root.T))
    return (term.z * effects[term.codes]).sum(axis=1)


def _ordinal(
    fit: ModelEstimates, layout: Layout, prior: dict[int, Distribution], eta: Any, centre: Any
) -> None:
    """Thresholds, scale and ratings of an ordinal model with linear predictor `eta` (n,)."""
    import pymc as pm
    import pytensor.tensor as pt

    design, (p, m, s) = fit.design, layout.sizes
    section = np.empty(len(design.y), dtype=np.int64)
    section[layout.order] = layout.data.section
    cuts = pm.Deterministic("thresholds", _cuts(layout, prior[p]) + centre)
    spread = np.ones(len(design.y))
    if design.scale is not None:
        zeta = [_parameter(layout.names[k], prior[k]) for k in range(p + m, p + m + s)]
        spread = pt.exp(pt.dot(design.scale.columns, pt.stack(zeta)))
    probit = layout.data.family == PROBIT
    if layout.data.n_cuts == 1:
        latent = (eta - cuts[section, 0]) / spread
        one, given = pm.Bernoulli, {"logit_p": latent}
        if probit:
            given = {"p": pm.math.invprobit(latent)}
    else:
        one = pm.OrderedProbit if probit else pm.OrderedLogistic
        given = {"eta": eta / spread, "cutpoints": cuts[section] / spread[:, None]}
    if (design.weight == 1).all():
        more = {} if layout.data.n_cuts == 1 else {"compute_p": False}
        one(design.formula.outcome, **given, **more, observed=design.y)
    else:
        each = pm.logp(one.dist(**given), design.y)
        pm.Potential(design.formula.outcome, (design.weight * each).sum())


def _between(
    fit: OrderedBetaEstimates, layout: Layout, prior: dict[int, Distribution], eta: Any
) -> None:
    """Cuts, precision and ratings between two ends with predictors `eta` (n,)."""
    import pymc as pm
    import pytensor.tensor as pt

    p, m, _ = layout.sizes
    phi = _parameter("precision", prior[p + m], positive=True)
    place = fit.placed.y
    between = np.flatnonzero((place > 0) & (place < 1))
    low, high = np.flatnonzero(place == 0), np.flatnonzero(place == 1)
    cuts: list[Any] = [-np.inf, np.inf]
    if layout.data.n_cuts:
        found = pm.Deterministic("thresholds", _cuts(layout, prior[p]))
        for k, end in enumerate(np.flatnonzero(fit.ends)):
            cuts[end] = found[0, k]
    inside = eta[between]
    mu = pm.math.sigmoid(inside)
    density = pm.logp(pm.Beta.dist(mu * phi, (1 - mu) * phi), place[between])
    upper = pm.math.sigmoid(cuts[1] - inside) if fit.ends[1] else 1.0
    lower = pm.math.sigmoid(cuts[0] - inside) if fit.ends[0] else 0.0
    weight, total = fit.design.weight, (fit.design.weight[between] * density).sum()
    total += (weight[between] * pt.log(upper - lower)).sum()
    if len(low):
        total += (weight[low] * pt.log(pm.math.sigmoid(cuts[0] - eta[low]))).sum()
    if len(high):
        total += (weight[high] * pt.log(pm.math.sigmoid(eta[high] - cuts[1]))).sum()
    pm.Potential(fit.design.formula.outcome, total)


def _cuts(layout: Layout, prior: Distribution) -> Any:
    """Thresholds (G, C) for average covariates."""
    import pymc as pm
    import pytensor.tensor as pt

    G, C = layout.data.n_sections, layout.data.n_cuts
    if prior.name == "dirichlet":
        shares = pm.Dirichlet(
            "shares", concentrations(layout.data.family, C, prior.arguments[0]), shape=(G, C + 1)
        )
        below = pt.cumsum(shares, axis=1)[:, :-1]
        probit = layout.data.family == PROBIT
        return pm.math.probit(below) if probit else pm.math.logit(below)
    start = np.tile(np.linspace(-1.0, 1.0, C), (G, 1))
    ordered = pm.distributions.transforms.ordered
    return _parameter(
        "thresholds at means", prior, shape=(G, C), default_transform=ordered, initval=start
    )
