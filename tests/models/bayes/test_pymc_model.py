"""The model in PyMC as users meet it; that its density is ours, `test_density` holds."""

import sys

import numpy as np
import pytest

import pluralign_stats as pls
from pluralign_stats.errors import MissingExtraError
from pluralign_stats.models.bayes.pymc_model import state

pytestmark = pytest.mark.extended

MODELS = {
    "slopes": ("r4 ~ x + (1 + x|rater) + (1|item)", {}),
    "ordered thresholds": (
        "r5 ~ x + (1|rater)",
        {"nominal": "group", "priors": {"thresholds": "normal(0, 2)"}},
    ),
    "probit, scale, weights": (
        "r3 ~ group + (1|rater)",
        {"link": "probit", "scale": "x", "weights": "weight"},
    ),
    "bernoulli": ("r2 ~ x + (1|rater)", {"family": "bernoulli"}),
    "gaussian": (
        "y ~ x + (1|rater)",
        {"family": "gaussian", "priors": {"sd": "normal(1, 1)", "residual": "student_t(3, 1, 1)"}},
    ),
}


@pytest.mark.extended
@pytest.mark.parametrize("name", MODELS)
def test_sampling_can_start(build, ratings, name):
    pytensor = pytest.importorskip("pytensor")
    formula, options = MODELS[name]
    model = build(formula, ratings, **options)
    stated = state(model.start, model.layout, model.priors)
    log_p = pytensor.function(stated.value_vars, stated.logp(), mode="FAST_COMPILE")
    start = stated.initial_point()
    assert np.isfinite(log_p(*[start[variable.name] for variable in stated.value_vars]))


def test_parameters_have_the_names_of_the_priors(ratings):
    pytest.importorskip("pymc")
    fit = pls.fit_bayes(
        "y ~ x + (1 + x|rater)", ratings, family="gaussian", draws=100, tune=100, progress=False
    )
    names = {variable.name for variable in fit.pymc_model().free_RVs}
    assert names == {
        "Intercept at means",
        "x",
        "residual",
        "sd(rater)",
        "sd(rater: x)",
        "cor (1 + x|rater)",
        "raw effects (1 + x|rater)",
    }
    stated = fit.pymc_model()
    assert {"effects (1 + x|rater)", "y"} <= set(stated.named_vars)
    (observed,) = stated.observed_RVs
    np.testing.assert_allclose(stated.rvs_to_values[observed].data, ratings["y"])


def test_says_what_to_install_without_pymc(build, ratings, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymc", None)
    model = build("r4 ~ x", ratings)
    with pytest.raises(MissingExtraError, match=r"pip install 'pluralign\[bayes\]'"):
        state(model.start, model.layout, model.priors)
