import numpy as np
import pandas as pd
import pytest

from pluralign_stats import fit_linear


def test_a_balanced_split_plot_has_the_degrees_of_an_analysis_of_variance():
    rng = np.random.default_rng(1)
    whole, part = np.repeat(np.arange(12), 4), np.tile(np.arange(4), 12)
    data = pd.DataFrame({"plot": whole, "between": whole % 2, "within": part})
    data["y"] = rng.normal(size=12)[whole] + 0.5 * rng.normal(size=48)
    fit = fit_linear("y ~ between + C(within) + (1|plot)", data)
    df = fit.degrees(np.eye(5))
    assert df[1] == pytest.approx(10, rel=1e-4)  # 12 plots less 2 groups
    np.testing.assert_allclose(df[2:], 33, rtol=1e-4)  # (12 - 1) (4 - 1)


def test_without_random_effects_they_are_those_of_least_squares():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.normal(size=30), "y": rng.normal(size=30)})
    np.testing.assert_allclose(fit_linear("y ~ x", data).degrees(np.eye(2)), 28, rtol=1e-6)


def test_terms_that_cannot_be_told_apart_are_said_to_be():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(20), 5)
    data = pd.DataFrame({"g": group, "same": group + 100, "x": rng.normal(size=100)})
    data["y"] = rng.normal(size=20)[group] + rng.normal(size=100)
    fit = fit_linear("y ~ x + (1|g) + (1|same)", data)
    assert any("'g' and 'same' make the same groups" in w for w in fit.warnings)
    alone = fit_linear("y ~ x + (1|g)", data)
    assert alone.warnings == ()
    assert np.hypot(*fit.random_sd[["g", "same"]]) == pytest.approx(alone.random_sd["g"], rel=1e-3)
