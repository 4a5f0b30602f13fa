"""Differences split into level and use of the scale, where both are known."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, fit_bayes
from pluralign_stats.demographics.invariance import measurement_invariance
from pluralign_stats.effects.response_style import LEVEL, RATED, STYLE, response_style
from pluralign_stats.models.bayes.options import Sampling

SHORT = {"draws": 400, "tune": 300, "progress": False}
FORMULA = "rating ~ language + (1|rater) + (1|item)"


def simulate(cuts, shift, seed):
    """Ratings of two groups, the second with thresholds and a level of its own."""
    rng = np.random.default_rng(seed)
    r = np.repeat(np.arange(160), 8)
    item = rng.integers(0, 30, len(r))
    latent = 0.8 * rng.normal(size=160)[r] + 0.8 * rng.normal(size=30)[item]
    second = r % 2 == 1
    latent = latent + shift * second + rng.logistic(size=len(r))
    usual = np.array([-2.0, -0.7, 0.7, 2.0])
    above = np.where(second[:, None], np.asarray(cuts), usual)
    return pd.DataFrame(
        {
            "rater": r,
            "item": item,
            "language": pd.Categorical(np.where(second, "de", "en"), ["en", "de"]),
            "rating": 1 + (latent[:, None] > above).sum(axis=1),
        }
    )


@pytest.fixture(scope="module")
def extreme():
    """No difference in level; the second group goes to the ends of the scale."""
    return simulate([-1.0, -0.9, 0.9, 1.0], 0.0, 3)


@pytest.fixture(scope="module")
def skewed():
    """No difference in level on average, but the second group avoids the lowest ratings."""
    return simulate([-3.5, -1.0, 1.5, 3.0], 0.0, 4)


def parts(result):
    return result.table.set_index("part")


def test_the_parts_add_up(extreme):
    fit = fit_bayes(FORMULA, extreme, nominal="language", **SHORT)
    table = parts(response_style(fit, "language"))
    whole = fit.comparisons("language").table
    assert table.loc[RATED, "estimate"] == pytest.approx(whole["estimate"][0])
    total = table.loc[LEVEL, "estimate"] + table.loc[STYLE, "estimate"]
    assert total == pytest.approx(table.loc[RATED, "estimate"])
    assert (table["contrast"] == "de vs en").all()


@pytest.mark.extended
def test_use_of_the_scale_is_told_from_level(skewed):
    fit = fit_bayes(FORMULA, skewed, nominal="language", **SHORT)
    table = parts(response_style(fit, "language"))
    assert abs(table.loc[LEVEL, "estimate"]) < 2.5 * table.loc[LEVEL, "sd"]
    level = fit_bayes(FORMULA, simulate([-2, -0.7, 0.7, 2], 0.8, 5), nominal="language", **SHORT)
    table = parts(response_style(level, "language"))
    assert table.loc[LEVEL, "conf_low"] > 0.2
    assert abs(table.loc[STYLE, "estimate"]) < 2.5 * table.loc[STYLE, "sd"] + 0.02


@pytest.mark.extended
def test_groups_that_use_the_scale_differently_are_found(extreme):
    found = measurement_invariance(FORMULA, extreme, "language", sampling=Sampling(**SHORT))
    told = found.result.sentence
    assert told.startswith(
        "Groups by language use the scale differently: each has thresholds of its own (adjusted p "
    )
    tests = found.tests.table
    assert list(tests["against"]) == ["thresholds", "scale"]
    assert (tests["units"] == "rater").all()
    assert tests["p_adjusted"].min() < 1e-6
    assert set(found.fits) == {"same scale", "own thresholds", "own spread"}
    assert len(found.result.table) == 7
    assert found._repr_html_()


@pytest.mark.extended
def test_styles_of_single_raters_widen_the_intervals_and_are_no_difference_between_groups():
    """Every rater has thresholds of their own; the two languages are halves by chance."""
    rng = np.random.default_rng(2)
    alike = simulate([-2, -0.7, 0.7, 2], 0.0, 9)
    stretch = np.exp(rng.normal(0, 0.6, 160))[alike["rater"]]
    own = (3 + (alike["rating"] - 3) * stretch + rng.normal(0, 0.3, len(alike))).round()
    data = alike.assign(rating=own.clip(1, 5).astype(int))
    found = measurement_invariance(FORMULA, data, "language", sampling=Sampling(**SHORT))
    assert found.result.sentence.startswith("Nothing shows that groups by language use the scale")
    fit = found.fits["own spread"]
    style = parts(response_style(fit, "language"))
    alone = fit_bayes(FORMULA, alike, scale="language", **SHORT)
    apart = style.loc[STYLE, "sd"] / parts(response_style(alone, "language")).loc[STYLE, "sd"]
    assert apart > 1.3


@pytest.mark.extended
def test_groups_that_use_it_alike_are_not(skewed):
    alike = simulate([-2, -0.7, 0.7, 2], 0.5, 6)
    found = measurement_invariance(FORMULA, alike, "language", sampling=Sampling(**SHORT))
    assert found.result.sentence.startswith("Nothing shows that groups by language use the scale")


def test_what_cannot_be_used(extreme):
    fit = fit_bayes(FORMULA, extreme, **SHORT)
    with pytest.raises(InputError, match="neither thresholds nor spread of this model vary"):
        response_style(fit, "language")
    with pytest.raises(InputError, match="the group must be one of 'language', not 'lang'"):
        response_style(fit, "lang")
    with pytest.raises(InputError, match="must be among the fixed effects"):
        measurement_invariance("rating ~ 1 + (1|rater)", extreme, "language")
    with pytest.raises(InputError, match="read off a model of fit_bayes"):
        response_style(
            fit_bayes("rating ~ language", extreme, family="gaussian", **SHORT), "language"
        )
