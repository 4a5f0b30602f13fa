"""The compiled log density against the same model in PyMC, and its gradient against differences."""

import warnings

import numpy as np
import pytest
from scipy import stats

from pluralign_stats.models.bayes.log_densities import BETWEEN, PROBIT
from pluralign_stats.models.bayes.pymc_model import state

#: Formula and options of `fit_bayes`, by what they test.
MODELS = {
    "logit, 5 categories, 2 terms": ("r5 ~ x + group + (1|rater) + (1|item)", {}),
    "logit, 3 terms": ("r4 ~ x + (1|rater) + (1|item) + (1|place)", {}),
    "logit, no covariates": ("r3 ~ 1 + (1|rater)", {"priors": {"sd": "student_t(3, 0, 2)"}}),
    "logit, no random terms": (
        "r4 ~ x + group",
        {"priors": {"thresholds": "dirichlet(3)", "x": "student_t(4, 1, 2)"}},
    ),
    "probit, 3 categories": (
        "r3 ~ x + (1|rater) + (1|item)",
        {"link": "probit", "priors": {"thresholds": "dirichlet(0.5)", "sd": "normal(0, 1)"}},
    ),
    "slopes, correlated": (
        "r4 ~ x + (1 + x|rater) + (1|item)",
        {"priors": {"correlations": "lkj(3)", "sd(rater: x)": "normal(0.5, 0.4)"}},
    ),
    "three slopes, correlated": (
        "r4 ~ x + (1 + x + z|rater) + (1 + x|item)",
        {"priors": {"cor(rater)": "lkj(1)", "sd(rater)": "student_t(5, 1, 1)"}},
    ),
    "slopes, uncorrelated": (
        "r4 ~ x + z + (1 + x||rater) + (1|item)",
        {"link": "probit", "priors": {"coefficients": "normal(0.2, 0.7)"}},
    ),
    "scale": (
        "r5 ~ x + (1|rater)",
        {"scale": "group + x", "priors": {"thresholds": "normal(0.1, 2)"}},
    ),
    "scale, probit": (
        "r4 ~ group + (1|rater) + (1|item)",
        {"link": "probit", "scale": "group", "priors": {"scale": "student_t(3, 0, 1)"}},
    ),
    "nominal": (
        "r3 ~ x + (1|rater) + (1|item)",
        {"nominal": "group", "priors": {"thresholds": "dirichlet(2)"}},
    ),
    "nominal, scale, slopes": (
        "r3 ~ x + (1 + x|rater) + (1|item)",
        {
            "nominal": "group",
            "scale": "x",
            "link": "probit",
            "priors": {"thresholds": "student_t(4, 0, 2)"},
        },
    ),
    "weights": ("r4 ~ x + (1|rater) + (1|item)", {"weights": "weight"}),
    "weights, probit": ("r3 ~ x + (1|rater)", {"weights": "weight", "link": "probit"}),
    "bernoulli": ("r2 ~ x + group + (1|rater) + (1|item)", {"family": "bernoulli"}),
    "bernoulli, probit": (
        "r2 ~ x + (1 + x|rater)",
        {"family": "bernoulli", "link": "probit", "priors": {"thresholds": "normal(0, 1)"}},
    ),
    "gaussian": ("y ~ x + group + (1|rater) + (1|item)", {"family": "gaussian"}),
    "gaussian, slopes, weights": (
        "y ~ x + (1 + x|rater) + (1|item) + (1|place)",
        {
            "family": "gaussian",
            "weights": "weight",
            "priors": {"residual": "student_t(3, 0, 2)", "Intercept": "normal(1, 3)"},
        },
    ),
    "gaussian, no constant": ("y ~ 0 + x + (1|rater)", {"family": "gaussian"}),
    "gaussian, no random terms": ("y ~ x + z", {"family": "gaussian"}),
    "ordered beta": (
        "slider ~ x + group + (1|rater) + (1|item)",
        {"family": "ordered_beta", "bounds": (0, 100)},
    ),
    "ordered beta, slopes, weights": (
        "slider ~ x + (1 + x|rater) + (1|item)",
        {
            "family": "ordered_beta",
            "bounds": (0, 100),
            "weights": "weight",
            "priors": {"precision": "student_t(3, 0, 5)", "thresholds": "normal(0.1, 2)"},
        },
    ),
    "ordered beta, one end, no constant": (
        "slider ~ 0 + x + (1|rater)",
        {"family": "ordered_beta", "bounds": (-1, 100)},
    ),
    "ordered beta, no end, no random terms": (
        "inner ~ x",
        {"family": "ordered_beta", "bounds": (0, 1), "priors": {"Intercept": "normal(1, 2)"}},
    ),
}

#: Points at which differences of the log densities are compared.
POINTS = 3

#: Central differences of sixth order: steps, and their weights.
STEPS = np.array([-3, -2, -1, 1, 2, 3])
WEIGHTS = np.array([-1, 9, -45, 45, -9, 1]) / 60


@pytest.fixture(params=MODELS)
def model(request, build, ratings):
    formula, options = MODELS[request.param]
    return build(formula, ratings, **options)


def points(model, n=POINTS):
    return 0.6 * np.random.default_rng(2).normal(size=(n, model.size))


def pymc_values(model, z):
    """Values of PyMC's free variables at coordinates (m, d), by name."""
    draws, layout = model.draws(z), model.layout
    p, m, s = layout.sizes
    shift = draws.coefficients @ layout.centre
    found = {}
    for k, name in enumerate(layout.names[:p]):
        own = f"{name} at means" if layout.constant[k] else name
        found[own] = draws.coefficients[:, k] + layout.constant[k] * shift
    if m:
        cuts = draws.cuts - layout.shift_of_cuts(draws.coefficients)[:, None, None]
        cdf = stats.norm.cdf if layout.data.family == PROBIT else stats.logistic.cdf
        edge = np.ones((*cuts.shape[:2], 1))
        found["shares"] = np.diff(np.concatenate([0 * edge, cdf(cuts), edge], axis=2))
        found["thresholds at means"] = cuts
        for k in range(s):
            found[layout.names[p + m + k]] = draws.log_scale[:, k]
    if layout.data.family == BETWEEN:
        found["precision"] = np.exp(draws.log_scale[:, 0])
    elif not m:
        found["residual"] = np.exp(draws.log_scale[:, 0])
    for part, covariance, effects in zip(
        model.start.design.random, draws.covariances, draws.effects, strict=True
    ):
        label = str(part.term).replace(" | ", "|")
        sd = np.sqrt(np.einsum("see->se", covariance))
        for e, name in enumerate(part.labels):
            found[f"sd({name})"] = sd[:, e]
        root = np.linalg.cholesky(covariance)
        found[f"cor {label}"] = root / sd[:, :, None]
        found[f"raw effects {label}"] = np.linalg.solve(root[:, None], effects[..., None])[..., 0]
    return found


def free(name, value):
    """The entries (m, k) of values (m, ...) that determine the others."""
    if name == "shares":
        value = value[:, :, :-1]
    if name.startswith("cor "):
        rows, columns = np.tril_indices(value.shape[-1], -1)
        return value[:, rows, columns]
    return value.reshape(len(value), -1)


def log_jacobian(model, names, z, step=5e-3):
    """Log absolute determinant of the slopes of PyMC's free variables by z, numerically."""
    near = z + step * STEPS[:, None, None] * np.eye(model.size)
    values = pymc_values(model, near.reshape(-1, model.size))
    flat = np.hstack([free(name, values[name]) for name in names])
    slopes = np.einsum("k,kdv->dv", WEIGHTS, flat.reshape(len(STEPS), model.size, -1)) / step
    assert slopes.shape == (model.size, model.size)
    return np.linalg.slogdet(slopes)[1]


@pytest.mark.extended
def test_density_is_that_of_pymc(model):
    pytensor = pytest.importorskip("pytensor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        from pymc.model.transform.conditioning import remove_value_transforms

    # By default PyTensor takes the square root of 2 in probits in single precision.
    with pytensor.config.change_flags(cast_policy="numpy+floatX"):
        stated = state(model.start, model.layout, model.priors)
        stated.rvs_to_initial_values = dict.fromkeys(stated.rvs_to_initial_values)
        stated = remove_value_transforms(stated)
        variables = {rv.name: stated.rvs_to_values[rv] for rv in stated.free_RVs}
        density = stated.logp(jacobian=False)
        log_p = pytensor.function(list(variables.values()), density, mode="FAST_COMPILE")
    z = points(model)
    values = pymc_values(model, z)
    theirs = [
        float(log_p(*[values[name][k] for name in variables]))
        + log_jacobian(model, list(variables), z[k])
        for k in range(len(z))
    ]
    ours = [model.log_density(point)[0] for point in z]
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-8, atol=1e-8)


def test_gradient_is_that_of_differences(model):
    step = 2e-3
    for z in points(model, 2):
        near = z + step * STEPS[:, None, None] * np.eye(model.size)
        values = [[model.log_density(point)[0] for point in row] for row in near]
        by_difference = WEIGHTS @ np.array(values) / step
        value, slope = model.log_density(z)
        assert np.isfinite(value)
        np.testing.assert_allclose(slope, by_difference, rtol=1e-7, atol=1e-7)
