import numpy as np
import pandas as pd
import pytest

from pluralign_stats.errors import InputError
from pluralign_stats.simulate import simulate_tables
from pluralign_stats.simulate.margins import exceedance, mean_rating
from pluralign_stats.simulate.parameters import DIMENSIONS, analysis_levels
from pluralign_stats.simulate.simulate import draw_effects, draw_ratings
from pluralign_stats.simulate.truth import coefficients, design_matrix

RATINGS = [f"rating_{dimension}" for dimension in DIMENSIONS]


@pytest.fixture(scope="module")
def study():
    return simulate_tables(1)


@pytest.fixture(scope="module")
def large():
    return simulate_tables(11, n_raters=8000, n_prompts=500, missing=0, items_per_rater=8)


def assert_same(first, second):
    for name in ("ratings", "raters", "items"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_the_published_design(study):
    ratings = study.ratings
    assert len(ratings) == 5475
    assert ratings[RATINGS].size == 27_375
    assert ratings["participant_id"].nunique() == len(study.raters) == 1095
    assert not ratings.duplicated(["participant_id", "prompt_id"]).any()
    assert ratings.groupby("participant_id").size().eq(5).all()
    assert len(study.items) == 200
    assert study.items["question_id"].nunique() == 50
    assert set(ratings["prompt_id"]) == set(study.items["prompt_id"])


def test_the_layout_of_the_files(study):
    assert list(study.ratings) == [
        "participant_id",
        "question_id",
        "prompt_id",
        "gender_focused",
        "language",
        *RATINGS,
        "attention",
        "attention2",
        "attention3",
    ]
    assert set(study.raters) == {
        "participant_id",
        "age",
        "gender_identity",
        "country_of_residence",
        "ethnicity",
        "political_spectrum",
        "political_party",
    }
    assert study.raters["participant_id"].iloc[0] == "P0001"
    assert (study.ratings[["attention", "attention2", "attention3"]] == 1).all(axis=None)
    assert (study.ratings[RATINGS].dtypes == "Int64").all()
    assert set(study.items["source"]) == {"simulated"}


def test_keys_agree_with_items_and_raters(study):
    keys = ["question_id", "gender_focused"]
    items = study.items.set_index("prompt_id").loc[study.ratings["prompt_id"], keys]
    pd.testing.assert_frame_equal(study.ratings[keys], items.reset_index(drop=True))
    country = study.raters.set_index("participant_id")["country_of_residence"]
    spoken = study.ratings["participant_id"].map(country).map({"US": "en", "Germany": "de"})
    assert spoken.eq(study.ratings["language"])[spoken.notna()].all()
    assert study.ratings.groupby("participant_id")["language"].nunique().eq(1).all()


def test_every_rating_is_on_the_scale_and_every_category_is_used(study):
    for column in RATINGS:
        assert set(study.ratings[column].dropna()) == {1, 2, 3, 4, 5}


def test_the_same_seed_gives_the_same_study(study):
    again = simulate_tables(1)
    assert_same(again, study)
    pd.testing.assert_frame_equal(again.truth.effects, study.truth.effects)
    assert not simulate_tables(2).ratings.equals(study.ratings)


def test_missing_answers_change_nothing_else(study):
    complete = simulate_tables(1, missing=0)
    assert complete.ratings[RATINGS].notna().all(axis=None)
    assert_same(
        complete,
        type(study)(
            study.ratings.assign(**study.ratings[RATINGS].fillna(complete.ratings[RATINGS])),
            study.raters,
            study.items,
            study.truth,
        ),
    )


@pytest.mark.parametrize("missing", [0.01, 0.2])
def test_missing_rate(missing):
    answers = simulate_tables(3, missing=missing).ratings[RATINGS]
    standard_error = np.sqrt(missing * (1 - missing) / answers.size)
    assert abs(answers.isna().mean(axis=None) - missing) < 4 * standard_error


def test_conditional_odds_are_the_planted_ones(study):
    rng = np.random.default_rng(5)
    planted = study.truth.effects.query("planted")
    for dimension, b in zip(planted["dimension"], planted["estimate"], strict=True):
        cuts = study.truth.thresholds.loc[[dimension]].to_numpy()
        level, reference = (
            draw_ratings(np.full((400_000, 1), eta), cuts, rng) for eta in (0.4 + b, 0.4)
        )
        for k in range(1, 5):
            above = np.array([(level > k).sum(), (reference > k).sum()])
            log_odds = np.log(above / (400_000 - above))
            standard_error = np.sqrt((1 / above + 1 / (400_000 - above)).sum())
            assert abs(log_odds[0] - log_odds[1] - b) < 4 * standard_error


def test_cumulative_probabilities_are_the_integral_over_raters_and_items(study):
    truth, rng, n = study.truth, np.random.default_rng(6), 400_000
    eta = 0.3 + draw_effects(truth.rater_sd, truth.rater_corr, n, rng)
    eta += draw_effects(truth.item_sd, truth.item_corr, n, rng)
    ratings = draw_ratings(eta, truth.thresholds.to_numpy(), rng)
    for d, dimension in enumerate(DIMENSIONS):
        sd = np.hypot(truth.rater_sd[dimension], truth.item_sd[dimension])
        above = exceedance(np.array([0.3]), truth.thresholds.loc[dimension].to_numpy(), sd)[0]
        found = [(ratings[:, d] > k).mean() for k in range(1, 5)]
        assert (np.abs(found - above) < 4 * np.sqrt(above * (1 - above) / n)).all()


def test_random_effects_have_the_planted_correlations(study):
    truth, n = study.truth, 200_000
    drawn = draw_effects(truth.rater_sd, truth.rater_corr, n, np.random.default_rng(8))
    np.testing.assert_allclose(np.corrcoef(drawn.T), truth.rater_corr, atol=4 / np.sqrt(n))
    relative = drawn.std(axis=0) / truth.rater_sd.to_numpy() - 1
    assert np.abs(relative).max() < 4 / np.sqrt(2 * n)


@pytest.mark.parametrize("reading", ["odds", "mean"])
@pytest.mark.parametrize(
    ("dimension", "term", "level", "reference"),
    [
        ("toxicity", "gender", "Male", "Female"),
        ("emotional_awareness", "politics", "Conservative", "Liberal"),
        ("emotional_awareness", "ethnicity", "Black or African American", "White"),
        ("helpfulness", "country", "Germany", "US"),
    ],
)
def test_groups_of_a_whole_study_differ_as_planted(dimension, term, level, reference, reading):
    tables = simulate_tables(11, n_raters=8000, n_prompts=500, missing=0, reading=reading)
    truth, levels = tables.truth, analysis_levels(tables.raters)
    d = DIMENSIONS.index(dimension)
    by_rater = tables.ratings.groupby("participant_id")[RATINGS[d]].mean().to_numpy(float)
    sd = np.hypot(truth.rater_sd[dimension], truth.item_sd[dimension])
    eta = design_matrix(levels) @ coefficients(truth)[:, d]
    expected = mean_rating(eta, truth.thresholds.loc[dimension].to_numpy(), sd)
    one, other = (levels[term].eq(value).to_numpy() for value in (level, reference))
    standard_error = np.hypot(*(by_rater[g].std() / np.sqrt(g.sum()) for g in (one, other)))
    found, planted = (v[one].mean() - v[other].mean() for v in (by_rater, expected))
    assert abs(found - planted) < 4 * standard_error
    assert abs(found) > 2 * standard_error


def cross_covariances(values, groups):
    """Mean product of two different rows of each group, shape (groups, dimensions, dimensions)."""
    centred = values - values.mean(axis=0)
    sums = pd.DataFrame(centred).groupby(groups).sum().to_numpy()
    squares = centred[:, :, None] * centred[:, None, :]
    own = pd.DataFrame(squares.reshape(len(values), -1)).groupby(groups).sum().to_numpy()
    sizes = np.bincount(groups)[:, None, None]
    own = own.reshape(sums.shape + sums.shape[1:])
    return (sums[:, :, None] * sums[:, None, :] - own) / (sizes * (sizes - 1))


def shared_covariance(cuts, first, second, shared, other):
    """Covariance of two mean ratings given the effects that a group shares.

    `shared` and `other` are covariance matrices of what a group shares and of what it does not.
    """
    z, w = np.polynomial.hermite_e.hermegauss(31)
    w = w / w.sum()
    rho = shared[first, second] / np.sqrt(shared[first, first] * shared[second, second])
    correlated = rho * z[:, None] + np.sqrt(max(0.0, 1 - rho**2)) * z
    one, two = (
        mean_rating(
            np.sqrt(shared[d, d]) * nodes.ravel(),
            cuts[d],
            np.sqrt(other[d, d]),
        ).reshape(nodes.shape)
        for d, nodes in ((first, z), (second, correlated))
    )
    return w @ (one * (two @ w)) - (w @ one) * (w @ two @ w)


@pytest.mark.parametrize("group", ["participant_id", "prompt_id"])
def test_a_whole_study_has_the_planted_rater_and_item_effects(large, group):
    truth, ratings = large.truth, large.ratings
    groups = pd.factorize(ratings[group])[0]
    products = cross_covariances(ratings[RATINGS].to_numpy(float), groups)
    found = products.mean(axis=0)
    standard_errors = products.std(axis=0) / np.sqrt(len(products))

    fixed = design_matrix(analysis_levels(large.raters)) @ coefficients(truth)
    raters = truth.rater_corr.to_numpy() * np.outer(truth.rater_sd, truth.rater_sd)
    items = truth.item_corr.to_numpy() * np.outer(truth.item_sd, truth.item_sd)
    raters += np.cov(fixed.T)
    cuts = truth.thresholds.to_numpy() - fixed.mean(axis=0)[:, None]
    shared, other = (raters, items) if group == "participant_id" else (items, raters)
    expected = [
        [shared_covariance(cuts, first, second, shared, other) for second in range(5)]
        for first in range(5)
    ]
    assert (standard_errors < 0.03).all()
    assert (np.abs(found - expected) < 4 * standard_errors).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"seed": None}, "seed must be a whole number, not None"),
        ({"seed": True}, "seed must be a whole number, not True"),
        ({"n_raters": 5}, "n_raters must be at least 20, not 5"),
        ({"n_raters": 100.5}, "n_raters must be a whole number, not 100.5"),
        ({"n_prompts": 0}, "n_prompts must be at least 1, not 0"),
        ({"responses_per_prompt": 27}, "responses_per_prompt must be at most 26, not 27"),
        ({"n_prompts": 2, "responses_per_prompt": 2}, "items_per_rater must be at most 4, not 5"),
        ({"missing": 0.95}, "missing must be a number between 0 and 0.9, not 0.95"),
        ({"missing": float("nan")}, "missing must be a number between 0 and 0.9, not nan"),
        ({"declined": -1}, "declined must be a number between 0 and 10, not -1"),
        ({"declined": "some"}, "declined must be a number between 0 and 10, not 'some'"),
        ({"reading": "odd"}, "reading must be one of 'odds', 'mean', not 'odd'; did you mean"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(InputError) as error:
        simulate_tables(**{"seed": 1} | arguments)
    assert str(error.value).startswith(message)


def test_numpy_integers_are_whole_numbers(study):
    assert_same(simulate_tables(np.int64(1), n_raters=np.int32(1095)), study)


@pytest.mark.parametrize("responses", [1, 2, 9])
def test_other_designs(responses):
    tables = simulate_tables(
        1, n_raters=20, n_prompts=60, responses_per_prompt=responses, items_per_rater=7
    )
    assert len(tables.ratings) == 140
    assert len(tables.items) == 60 * responses
