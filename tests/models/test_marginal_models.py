"""Marginal models against R (see reference/make_marginal_reference.R) and a known truth."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, logistic, norm

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.effects.standardized import standardized_difference
from pluralign_stats.fits.marginal import fit_marginal
from pluralign_stats.models.marginal import MARGINAL, ordinal_gee

REFERENCE = Path(__file__).parents[1] / "reference"
FORMULA = "rating ~ gender + politics + (1|rater) + (1|item)"


@pytest.fixture(scope="module")
def told():
    return json.loads((REFERENCE / "marginal.json").read_text())


@pytest.fixture(scope="module")
def data(told):
    read = pd.read_csv(REFERENCE / "sim_toxicity.csv.gz")
    read = read.dropna(subset=["gender", "politics"])
    return read.assign(**{n: pd.Categorical(read[n], v) for n, v in told["levels"].items()})


@pytest.fixture(scope="module")
def ordinal(data):
    return fit_marginal(FORMULA, data, "ordinal GEE")


def in_r(told, case, what):
    """Numbers by our names: R has neither brackets nor our bars between categories."""
    found = {}
    for name, value in told["cases"][case][what].items():
        factor = next((f for f in told["levels"] if name.startswith(f)), "")
        own = f"{factor}[T.{name.removeprefix(factor)}]" if factor else name
        found["Intercept" if name == "(Intercept)" else own] = value
    return pd.Series(found)


@pytest.mark.parametrize(("kind", "case", "tolerance"), [("OLS", "ols", 1e-9),
                                                         ("linear GEE", "gee", 2e-4)])  # fmt: skip
def test_linear_models_agree_with_r(data, told, kind, case, tolerance):
    """The correlation within raters, which GEE weigh by, is estimated with n - p there, n here."""
    fit = fit_marginal(FORMULA, data, kind)
    expected, errors = in_r(told, case, "estimate"), in_r(told, case, "std_error")
    assert fit.converged
    assert fit.params.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose((fit.params - expected) / errors, 0, atol=tolerance)
    np.testing.assert_allclose(fit.se, errors, rtol=tolerance)


def test_ordinal_equations_are_near_the_likelihood_with_robust_errors(ordinal, told):
    """That weighs pairs of a rater's ratings differently, so that the two are near, not equal."""
    expected, errors = in_r(told, "ordinal", "estimate"), in_r(told, "ordinal", "std_error")
    ours = pd.concat([ordinal.params, ordinal.thresholds])
    spread = pd.concat([ordinal.se, ordinal.thresholds_se])
    assert ours.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose((ours - expected) / errors, 0, atol=0.3)
    np.testing.assert_allclose(spread, errors, rtol=0.05)


def drawn(rng, effect, n=80, size=4, within=0.4):
    """Ratings whose marginal logits are exact, correlated within raters by a Gaussian copula."""
    shared, own = rng.normal(size=(n, 1)), rng.normal(size=(n, size))
    latent = logistic.ppf(norm.cdf(np.sqrt(within) * shared + np.sqrt(1 - within) * own))
    x, raters = np.arange(n) % 2, np.arange(n).repeat(size)
    codes = np.digitize((latent + effect * x[:, None]).ravel(), [-0.5, 1.0])
    return x.repeat(size)[:, None].astype(float), codes, raters


@pytest.mark.extended
def test_intervals_of_ordinal_equations_cover_a_known_marginal_effect():
    rng, effect, n = np.random.default_rng(3), 0.6, 100
    found = [ordinal_gee(*drawn(rng, effect)) for _ in range(n)]
    estimates = np.array([f.coefficients[0] for f in found])
    errors = np.array([np.sqrt(f.vcov[0, 0]) for f in found])
    assert abs(estimates.mean() - effect) < 4 * estimates.std(ddof=1) / np.sqrt(n)
    covered = int((np.abs(estimates - effect) < norm.isf(0.025) * errors).sum())
    assert binom.cdf(covered, n, 0.93) > 1e-4
    assert errors.mean() / estimates.std(ddof=1) == pytest.approx(1, abs=0.25)


def test_effects_are_on_the_scale_of_the_mixed_models(data, ordinal):
    """Marginal logits are nearer to 0; differences of means, and in SDs of a rating, compare."""
    mixed, linear = pls.fit_ordinal(FORMULA, data), pls.fit_linear(FORMULA, data)
    term = "gender[T.Male]"
    assert abs(ordinal.params[term]) < 0.9 * abs(mixed.params[term])
    fits = [mixed, linear, ordinal, *(fit_marginal(FORMULA, data, k) for k in MARGINAL[1:])]
    points = [fit.contrasts("gender").table.set_index("level").loc["Male"] for fit in fits]
    spread = points[0]["std_error"]
    assert np.ptp([row["estimate"] for row in points]) < spread
    assert np.ptp([row["std_error"] for row in points]) < 0.2 * spread
    unit = [standardized_difference(fit, "gender", "Male", "Female") for fit in fits]
    assert np.ptp([row["estimate"] for row in unit]) < unit[0]["std_error"]


def test_a_binary_scale_and_other_names_of_raters(data):
    binary = data.assign(rating=(data["rating"] > 3).astype(int)).rename(columns={"rater": "who"})
    fit = fit_marginal("rating ~ gender", binary, "ordinal GEE", rater="who")
    assert str(fit.method) == (
        "binary logit model, GEE, exchangeable within rater, robust by rater"
    )
    plain = pls.fit_ordinal("rating ~ gender", binary)
    np.testing.assert_allclose(fit.params, plain.params, atol=0.5 * plain.se.min())
    assert np.isnan(fit.loglik)


def test_raters_must_be_known(data):
    unknown = data.drop(columns="rater")
    with pytest.raises(InputError, match="errors by rater need to know the raters"):
        fit_marginal("rating ~ gender", unknown, "OLS")


@pytest.mark.parametrize("kind", MARGINAL)
def test_errors_by_rater_are_refused_for_one_rater(kind):
    one = pd.DataFrame({"rater": "r", "x": [1.0, 2, 4, 3, 5, 0], "rating": [1, 2, 3, 2, 1, 3]})
    with pytest.raises(InputError, match="need two raters or more, and all rows are of one"):
        fit_marginal("rating ~ x + (1|rater)", one, kind=kind)
