"""Models as statsmodels states them have the likelihoods that ours have, and the same optima."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLMParams

import pluralign_stats as pls
from pluralign_stats import InputError


@pytest.fixture(scope="module")
def data():
    rng, n = np.random.default_rng(0), 500
    rater, item = rng.integers(0, 40, n), rng.integers(0, 15, n)
    x, z = rng.normal(size=(2, n))
    slope = 0.4 + rng.normal(0, 0.4, 40)[rater]
    y = slope * x + rng.normal(0, 0.8, 40)[rater] + rng.normal(0, 0.5, 15)[item]
    y += rng.normal(0, 0.6, 5)[rater // 8] + rng.normal(size=n)
    part = rng.integers(0, 2, n)
    y += rng.normal(0, 0.8, (40, 2))[rater, part]
    rating = np.clip(np.round(y + 3), 1, 5).astype(int)
    columns = {
        "y": y,
        "rating": rating,
        "rater": rater,
        "item": item,
        "lab": rater // 8,
        "part": part,
    }
    return pd.DataFrame({**columns, "x": x, "z": z, "w": rng.uniform(0.5, 2, n)})


def at_our_estimates(fit, model):
    """Log-likelihood of a MixedLM where our fit has its optimum; statsmodels profiles the scale."""
    ours = {part.design.labels: part.covariance / fit.sigma**2 for part in fit.random}
    whole = {tuple(model.data.exog_re_names): None} if model.k_re else {}
    covariance = next((c for labels, c in ours.items() if labels in whole), None)
    each = {
        name: v for labels, c in ours.items() for name, v in zip(labels, np.diag(c), strict=True)
    }
    values = MixedLMParams.from_components(
        fit.params.to_numpy(),
        cov_re=np.zeros((0, 0)) if covariance is None else covariance,
        vcomp=np.array([each[name] for name in model.exog_vc.names]),
    )
    model.reml, model.cov_pen, model._cov_sing = fit.reml, None, 0  # as its fit begins
    return model.loglike(values, profile_fe=False)


FORMULAS = [
    "(1|rater)",
    "(1 + x|rater)",
    "(1 + x||rater)",
    "(0 + x|rater)",
    "(1|rater) + (1|item)",
    "(1|lab/rater)",
    "(1|lab) + (1 + x||rater)",
    "(1 + x||rater) + (1|item)",
    "(1 + x|rater) + (1|rater:part)",
]


@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
@pytest.mark.parametrize("random", FORMULAS)
def test_linear_models_have_the_same_likelihood(data, random, reml):
    fit = pls.fit_linear(f"y ~ x + z + {random}", data, reml=reml)
    model = fit.to_statsmodels()
    assert at_our_estimates(fit, model) == pytest.approx(fit.loglik, abs=1e-6)


@pytest.mark.parametrize("random", ["(1 + x|rater)", "(1|rater) + (1|item)"])
def test_statsmodels_finds_the_same_optimum(data, random):
    fit = pls.fit_linear(f"y ~ x + z + {random}", data)
    other = fit.to_statsmodels().fit(reml=fit.reml, method="lbfgs")
    assert other.llf == pytest.approx(fit.loglik, abs=1e-4)
    assert list(other.fe_params.index) == list(fit.params.index)
    np.testing.assert_allclose(other.fe_params, fit.params, atol=1e-4)


def test_without_random_effects_it_is_least_squares(data):
    fit = pls.fit_linear("y ~ x + z", data, weights="w", reml=False)
    other = fit.to_statsmodels().fit()
    assert other.llf == pytest.approx(fit.loglik)
    np.testing.assert_allclose(other.params, fit.params)


@pytest.mark.parametrize("response", ["rating", "two"])
@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_ordinal_models_have_the_same_optimum(data, link, response):
    fit = pls.fit_ordinal(f"{response} ~ x + z", data.assign(two=data["rating"] > 3), link=link)
    model = fit.to_statsmodels()
    other = model.fit(method="bfgs", disp=False, gtol=1e-8)
    assert other.llf == pytest.approx(fit.loglik, abs=1e-6)
    np.testing.assert_allclose(other.params[["x", "z"]], fit.params, atol=1e-5)
    cuts = model.transform_threshold_params(other.params)[1:-1]
    np.testing.assert_allclose(cuts, fit.thresholds, atol=1e-4)


@pytest.mark.parametrize(
    ("formula", "how", "told"),
    [
        ("y ~ x + (1 + x|rater) + (1|item)", {}, r"\(1 \+ x \| rater\) are correlated"),
        ("y ~ 0 + (1|rater)", {}, "needs? a fixed effect"),
        ("y ~ x + (1|rater)", {"weights": "w"}, "takes no weights"),
    ],
)
def test_linear_models_without_an_equivalent_say_why(data, formula, how, told):
    with pytest.raises(InputError, match=f"^statsmodels has no model equivalent.*{told}") as error:
        pls.fit_linear(formula, data, **how).to_statsmodels()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("formula", "how", "told"),
    [
        ("rating ~ x + (1|rater)", {}, r"no random effects; leave \(1 \| rater\) out"),
        ("rating ~ x", {"nominal": "z"}, "no 'nominal' effects"),
        ("rating ~ x", {"scale": "z"}, "no 'scale' effects"),
        ("rating ~ x", {"thresholds": "symmetric"}, "no symmetric thresholds"),
        ("rating ~ x", {"weights": "w"}, "takes no weights"),
        ("rating ~ 1", {}, "needs an effect"),
    ],
)
def test_ordinal_models_without_an_equivalent_say_why(data, formula, how, told):
    with pytest.raises(InputError, match=f"^statsmodels has no model equivalent.*{told}"):
        pls.fit_ordinal(formula, data, **how).to_statsmodels()


def test_a_bayesian_fit_has_none(data):
    quick = {"draws": 100, "tune": 100, "chains": 1, "progress": False}
    with pytest.raises(InputError, match=r"^statsmodels has no model equivalent.*pymc_model\(\)"):
        pls.fit_bayes("rating ~ x", data, **quick).to_statsmodels()
