import json

import numpy as np
import pandas as pd
import pytest

from pluralign_stats.simulate import Truth, parameters, simulate_tables
from pluralign_stats.simulate.margins import mean_rating
from pluralign_stats.simulate.parameters import DIMENSIONS, LEVELS, analysis_levels
from pluralign_stats.simulate.population import draw_population
from pluralign_stats.simulate.simulate import draw_effects, draw_ratings
from pluralign_stats.simulate.truth import COLUMNS, coefficients, design_matrix, plant_truth

REPORTED = {
    ("toxicity", "gender", "Male"): -18.0,
    ("emotional_awareness", "politics", "Conservative"): 27.9,
    ("emotional_awareness", "ethnicity", "Black or African American"): 44.0,
}


@pytest.fixture(scope="module")
def profiles():
    return analysis_levels(draw_population(1095, 1.0, np.random.default_rng(1)).raters)


@pytest.fixture(scope="module", params=["odds", "mean"])
def truth(request, profiles):
    return plant_truth(1, profiles, request.param)


def test_reported_percentages_are_planted_in_the_reading_asked_for(truth):
    planted = truth.effects[truth.effects["planted"]]
    shares = planted.set_index(["dimension", "term", "level"])[f"percent_{truth.reading}"]
    assert shares.to_dict() == pytest.approx(REPORTED, abs=1e-8)


def test_odds_are_the_exponentials_of_the_estimates(truth):
    expected = 100 * (np.exp(truth.effects["estimate"]) - 1)
    np.testing.assert_allclose(truth.effects["percent_odds"], expected, atol=1e-10)


def test_every_level_but_the_reference_has_an_effect_on_every_dimension(truth):
    effects = truth.effects
    assert len(effects) == len(DIMENSIONS) * sum(len(levels) - 1 for levels in LEVELS.values())
    assert not effects.duplicated(["dimension", "term", "level"]).any()
    assert not effects["level"].eq(effects["reference"]).any()
    assert (effects["estimate"] == 0).any()


def test_only_the_planted_effects_depend_on_the_reading(profiles):
    odds, mean = (plant_truth(1, profiles, reading).effects for reading in ("odds", "mean"))
    same = odds["estimate"] == mean["estimate"]
    assert same.tolist() == (~odds["planted"]).tolist()


def test_parameters_name_only_known_levels():
    for terms in parameters.EFFECTS.values():
        for term, levels in terms.items():
            assert set(levels) <= set(LEVELS[term][1:])
    assert list(parameters.EFFECTS) == list(DIMENSIONS)


@pytest.mark.parametrize("matrix", [parameters.RATER_CORR, parameters.ITEM_CORR])
def test_correlations_are_proper_and_have_the_intended_signs(matrix):
    corr = pd.DataFrame(matrix, DIMENSIONS, DIMENSIONS)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1)
    assert np.linalg.eigvalsh(matrix).min() > 0.1
    assert corr.loc["toxicity", "stereotypical_bias"] > 0
    assert corr.loc["emotional_awareness", "sensitivity"] > 0
    assert corr.loc["helpfulness", ["emotional_awareness", "sensitivity"]].min() > 0
    assert corr.loc["toxicity", "emotional_awareness"] < 0


def test_design_matrix_has_no_effect_for_a_declined_answer():
    profile = pd.DataFrame({term: [levels[-1], np.nan] for term, levels in LEVELS.items()})
    X = design_matrix(profile)
    assert X[0].sum() == len(LEVELS)
    assert X[1].sum() == 0


def test_coefficients_follow_the_columns(truth):
    b = pd.DataFrame(coefficients(truth), pd.MultiIndex.from_tuples(COLUMNS), DIMENSIONS)
    for row in truth.effects.itertuples():
        assert b.loc[(row.term, row.level), row.dimension] == row.estimate


@pytest.mark.parametrize(("dimension", "term", "level"), REPORTED)
def test_mean_percentages_against_brute_force(truth, profiles, dimension, term, level):
    rng = np.random.default_rng(7)
    row = truth.effects.set_index(["dimension", "term", "level"]).loc[(dimension, term, level)]
    everyone = pd.concat([profiles] * 500, ignore_index=True)
    column = DIMENSIONS.index(dimension)
    means, errors = [], []
    for setting in (level, row["reference"]):
        fixed = design_matrix(everyone.assign(**{term: setting})) @ coefficients(truth)[:, column]
        eta = fixed + sum(
            draw_effects(sd, corr, len(everyone), rng)[:, column]
            for sd, corr in (
                (truth.rater_sd, truth.rater_corr),
                (truth.item_sd, truth.item_corr),
            )
        )
        ratings = draw_ratings(eta[:, None], truth.thresholds.to_numpy()[[column]], rng)
        means.append(ratings.mean())
        errors.append(ratings.std() / np.sqrt(len(everyone)) / ratings.mean())
    ratio = means[0] / means[1]
    standard_error = 100 * ratio * np.hypot(*errors)
    assert standard_error < 0.2
    assert abs(100 * (ratio - 1) - row["percent_mean"]) < 4 * standard_error


def test_mean_percentages_are_over_all_raters_also_those_who_declined(truth, profiles):
    assert profiles.isna().any(axis=None)
    for d, dimension in enumerate(DIMENSIONS):
        cuts = truth.thresholds.loc[dimension].to_numpy()
        sd = np.hypot(truth.rater_sd[dimension], truth.item_sd[dimension])
        b = coefficients(truth)[:, d]
        germans, americans = (
            mean_rating(design_matrix(profiles.assign(country=country)) @ b, cuts, sd).mean()
            for country in ("Germany", "US")
        )
        row = truth.effects.query("dimension == @dimension and level == 'Germany'")
        expected = 100 * (germans / americans - 1)
        assert row["percent_mean"].item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n_raters", [20, 60])
def test_mean_reading_holds_in_small_studies(n_raters):
    for seed in range(5):
        truth = simulate_tables(seed, n_raters=n_raters, reading="mean").truth
        planted = truth.effects[truth.effects["planted"]]
        assert sorted(planted["percent_mean"]) == pytest.approx(sorted(REPORTED.values()))


def test_json_round_trip_is_exact(truth):
    back = Truth.from_dict(json.loads(json.dumps(truth.to_dict())))
    assert (back.seed, back.reading) == (truth.seed, truth.reading)
    for name in ("thresholds", "effects", "rater_corr", "item_corr"):
        pd.testing.assert_frame_equal(getattr(back, name), getattr(truth, name), check_exact=True)
    for name in ("rater_sd", "item_sd"):
        pd.testing.assert_series_equal(getattr(back, name), getattr(truth, name), check_exact=True)
