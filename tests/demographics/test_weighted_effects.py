"""Differences by the raters' survey weights beside those without, checked against R's survey."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, Study, demographic_effects
from pluralign_stats.demographics import side_by_side
from pluralign_stats.fits.marginal import fit_marginal
from pluralign_stats.outcomes import RatingFinding, rating_choices, rating_multiverse

#: By `svyglm(rating ~ g + h, svydesign(ids = ~rater, weights = ~w))` of survey 4.1.1.
ESTIMATES = [2.544394929, 0.5135720603, 0.3029032983, -0.09182885195]
ERRORS = [0.1555328096, 0.18118757, 0.1981521362, 0.1559794255]


def weighted(n=120, k=5):
    rng = np.random.default_rng(11)
    rater, u = np.repeat(np.arange(n), k), rng.normal(0, 0.8, n)
    g, h, w = np.arange(n) % 3, np.arange(n) // 3 % 2, (1 + np.arange(n) * 7 % 13) / 5
    eta = u[rater] + 0.6 * (g[rater] == 1) * (w[rater] > 1.5) - 0.3 * h[rater]
    return pd.DataFrame(
        {
            "rater": [f"r{i}" for i in rater],
            "item": [f"i{i % 40}" for i in np.arange(n * k)],
            "g": pd.Categorical(np.array(["a", "b", "c"])[g[rater]]),
            "h": pd.Categorical(np.array(["x", "y"])[h[rater]]),
            "w": w[rater],
            "rating": 1 + np.searchsorted([-1.5, -0.3, 0.8, 1.9], eta + rng.logistic(size=n * k)),
        }
    )


@pytest.fixture(scope="module")
def study():
    return Study.from_frame(
        weighted(), rater="rater", item="item", rating="rating", demographics=["g", "h"], weight="w"
    )


def test_least_squares_by_weights_are_those_of_survey():
    data = weighted()
    fit = fit_marginal("rating ~ g + h", data, "OLS", weights="w", rater="rater")
    np.testing.assert_allclose(fit.params, ESTIMATES, rtol=1e-7)
    # CR1 divides by n - k where survey divides by n - 1.
    n, k = len(data), len(fit.params)
    np.testing.assert_allclose(fit.se * np.sqrt((n - k) / (n - 1)), ERRORS, rtol=1e-7)
    tenfold = data.assign(w=10 * data["w"])
    again = fit_marginal("rating ~ g + h", tenfold, "OLS", weights="w", rater="rater")
    pd.testing.assert_series_equal(again.se, fit.se)
    assert again.rating_sd == pytest.approx(fit.rating_sd)


def test_equal_weights_change_nothing():
    data = weighted().assign(w=3.0)
    fits = [fit_marginal("rating ~ g", data, "OLS", weights=w, rater="rater") for w in (None, "w")]
    pd.testing.assert_series_equal(*(fit.params for fit in fits))
    pd.testing.assert_series_equal(*(fit.se for fit in fits))


def test_weights_are_for_least_squares():
    with pytest.raises(InputError, match="'weights' are for kind='OLS', not for 'linear GEE'"):
        fit_marginal("rating ~ g", weighted(), "linear GEE", weights="w", rater="rater")


def test_they_stand_beside_other_models(study):
    kinds = ("ordinal", "linear", "OLS", "weighted OLS")
    made = [demographic_effects(study, model=kind) for kind in kinds]
    result = side_by_side(*made)
    table = result.table.pivot(index="contrast", columns="model", values="estimate")
    np.testing.assert_allclose(
        table.loc[["b vs a", "c vs a", "y vs x"], "weighted OLS"], ESTIMATES[1:], rtol=1e-7
    )
    gap = (table["OLS"] - table["weighted OLS"]).abs().max()
    assert gap > 0.05
    assert f"Survey weights move estimates of least squares by up to {gap:.2f}" in result.sentence


def test_the_multiverse_has_them_where_raters_have_weights(study, small_study):
    finding = RatingFinding("b", "rating", "g", "b", "a")
    assert "weighted OLS" in rating_choices(study, finding)["model"]
    choices = {"model": ["OLS", "weighted OLS"]}
    table = rating_multiverse(study, finding, choices).table
    assert table["estimate"].notna().all()
    assert table["estimate"].nunique() == 2
    other = RatingFinding("men", "toxicity", "gender", "Male", "Female")
    assert "weighted OLS" not in rating_choices(small_study, other)["model"]


def test_without_weights_there_is_no_such_model(small_study):
    made = demographic_effects(small_study, ["gender"], ["toxicity"], model="weighted OLS")
    assert "no survey weights; name their column" in " ".join(made.differences.warnings)
