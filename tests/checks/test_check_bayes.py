"""Checks of Bayesian fits: draws, replicated ratings, priors; and what is refused."""

from dataclasses import replace
from html import escape

import arviz as az
import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.predictive import predictive_check
from pluralign_stats.checks.sampling import sampling_check
from pluralign_stats.checks.sensitivity import prior_sensitivity
from pluralign_stats.models.bayes.convergence import effects_rhat_and_ess, rhat_by_chance
from pluralign_stats.models.bayes.log_prior import log_prior_draws
from pluralign_stats.models.bayes.pointwise import log_likelihood

FORMULA = "rating ~ kind + x + (1|rater) + (1|item)"
QUICK = {"draws": 300, "tune": 200, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def bayes(ratings):
    return pls.fit_bayes(FORMULA, ratings, **QUICK)


@pytest.fixture(scope="module")
def gaussian(ratings):
    return pls.fit_bayes(FORMULA.replace("rating", "latent"), ratings, family="gaussian", **QUICK)


@pytest.fixture(scope="module")
def settled(bayes):
    """The fit as if its draws were independent."""
    rng = np.random.default_rng(0)
    effects = tuple(rng.normal(size=each.shape) for each in bayes.draws.effects)
    draws = replace(bayes.draws, effects=effects)
    convergence = replace(
        bayes.convergence,
        table=bayes.convergence.table.assign(rhat=1.001, ess_bulk=600.0, ess_tail=500.0),
        effects=effects_rhat_and_ess(bayes.random, draws),
        n_divergent=0,
        n_deep=0,
        e_bfmi=1.0,
    )
    return replace(bayes, draws=draws, convergence=convergence)


def test_good_draws_pass(settled):
    check = sampling_check(settled)
    assert check.passed is True
    table = check.result.table
    assert list(table.columns[:4]) == ["term", "value", "limit", "ok"]
    assert table["ok"].all()
    assert "The draws can be trusted" in check.result.sentence
    assert not table["worst"].str.contains("person-|q1").any()
    (ranks,) = check.details
    np.testing.assert_allclose(ranks.table.groupby(["term", "chain"])["estimate"].sum(), 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"n_divergent": 3}, "divergent draws 3, at most 0 asked"),
        ({"n_deep": 10}, "paths of maximum tree depth 10, at most 6"),
        ({"e_bfmi": 0.1}, "E-BFMI 0.10, at least 0.30"),
        ({"complete": False}, "interrupted"),
    ],
)
def test_bad_signs_of_the_sampler_are_told(settled, changes, told):
    check = sampling_check(replace(settled, convergence=replace(settled.convergence, **changes)))
    assert check.passed is False
    assert told in check.result.sentence


def test_bad_parameters_and_bad_effects_are_told(settled):
    c = settled.convergence
    table = c.table.copy()
    table.loc[table["term"] == "x", ["rhat", "ess_tail"]] = 1.2, 30.0
    check = sampling_check(replace(settled, convergence=replace(c, table=table)))
    bad = check.result.table[~check.result.table["ok"]].set_index("term")
    assert dict(bad["worst"]) == {
        "R-hat of parameters": "x",
        "effective draws, tails of parameters": "x",
    }
    assert bad["value"].iloc[0] == "1.200"
    effects = settled.draws.effects[0].copy()
    effects[300:, 7] += 3.0
    draws = replace(settled.draws, effects=(effects, *settled.draws.effects[1:]))
    c = replace(c, effects=effects_rhat_and_ess(settled.random, draws))
    moved = replace(settled, draws=draws, convergence=c)
    table = sampling_check(moved).result.table.set_index("term")
    assert not table.loc["R-hat of random effects", "ok"]
    assert table.loc["R-hat of random effects", "worst"] == "an effect of raters"


#: Changes to a good fit's convergence, and of its worst parameter; what then is told of it.
STATES = {
    "good": ({}, {}, ""),
    "chains apart": ({}, {"rhat": 1.02}, "the chains do not agree: R-hat of x is 1.020"),
    "R-hat missing": ({}, {"rhat": np.nan}, "the chains do not agree: R-hat of x is nan"),
    "R-hat at its limit": ({}, {"rhat": 1.01}, ""),
    "few in the centre": ({}, {"ess_bulk": 150.0}, "for the centre of the posterior: 150 for x"),
    "few in the tails": ({}, {"ess_tail": 199.9}, "for the tails of the posterior: 200 for x"),
    "divergent": ({"n_divergent": 1}, {}, "1 of 600 draws diverged"),
    "deep": ({"n_deep": 7}, {}, "7 of 600 paths reached the maximum tree depth"),
    "deep at its limit": ({"n_deep": 6}, {}, ""),
    "energy": ({"e_bfmi": 0.29}, {}, "E-BFMI 0.29, below 0.30"),
    "no energy": ({"e_bfmi": np.nan}, {}, "E-BFMI nan"),
    "interrupted": ({"complete": False}, {}, "interrupted after 300 draws of each chain"),
    "one chain": ({"n_chains": 1}, {}, ""),
    "one chain in parts": (
        {"n_chains": 1},
        {"rhat": 1.02},
        "the parts of the chain do not agree: R-hat of x between them is 1.020",
    ),
    "one chain, fewer draws": ({"n_chains": 1}, {"ess_tail": 150.0}, ""),
    "approximation": ({"n_chains": 1, "e_bfmi": np.nan, "pareto_k": 0.3}, {"rhat": 1.3}, ""),
    "bad approximation": (
        {"n_chains": 1, "e_bfmi": np.nan, "pareto_k": 0.8},
        {},
        "the approximation does not hold (Pareto k 0.80, above 0.70)",
    ),
    "poor approximation": (
        {"n_chains": 1, "e_bfmi": np.nan, "pareto_k": 0.3},
        {"ess_bulk": 60.0},
        "few effective draws for the centre of the posterior: 60 for x, 100 are needed",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_warnings_and_the_check_follow_one_rule(settled, state):
    changes, worst, told = STATES[state]
    c = settled.convergence
    table = c.table.copy()
    table.loc[table["term"] == "x", list(worst)] = list(worst.values())
    fit = replace(settled, convergence=replace(c, table=table, **changes))
    notes = fit.convergence.notes()
    check = sampling_check(fit)
    assert check.passed is (not notes) is (not told)
    assert len(notes) == bool(told)
    assert told in " ".join(notes)
    assert check.result.sentence.startswith("The draws can be trusted") is check.passed


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("nuts", {"chains": 1, "draws": 100, "tune": 100}),
        ("nuts", {"chains": 1, "draws": 600, "tune": 300}),
        ("nuts", {"chains": 2, "draws": 150, "tune": 100}),
        ("laplace", {"draws": 100}),
        ("laplace", {"draws": 1000}),
    ],
)
def test_a_fit_s_warnings_never_contradict_its_check(ratings, method, options):
    fit = pls.fit_bayes(FORMULA, ratings, method=method, progress=False, **options)
    check = sampling_check(fit)
    assert fit.converged is check.passed is (not fit.warnings)
    terms = set(check.result.table["term"])
    assert ("Pareto k" in terms) is (method == "laplace")
    assert ("R-hat of parameters within the chain" in terms) is (options.get("chains") == 1)


def test_effects_that_do_not_agree_are_told_in_the_warnings_too(settled):
    effects = settled.draws.effects[0].copy()
    effects[300:, 7] += 3.0
    draws = replace(settled.draws, effects=(effects, *settled.draws.effects[1:]))
    moved = replace(settled.convergence, effects=effects_rhat_and_ess(settled.random, draws))
    note, *_ = moved.notes()
    assert note.startswith("the chains do not agree: R-hat of an effect of rater is")
    alone = effects_rhat_and_ess(settled.random, replace(draws, n_chains=1))
    note, *_ = replace(settled.convergence, effects=alone, n_chains=1).notes()
    assert note.startswith("the parts of the chain do not agree: R-hat of an effect of rater")


@pytest.mark.parametrize(
    ("n_chains", "compared"), [(1, "the quarters of the chain"), (2, "the halves of all chains")]
)
def test_the_note_says_what_rhat_compares(settled, n_chains, compared):
    fit = replace(
        settled,
        convergence=replace(settled.convergence, n_chains=n_chains),
        draws=replace(settled.draws, n_chains=n_chains),
    )
    note = sampling_check(fit).result.meta.notes[0]
    assert note.startswith(f"R-hat compares {compared} with each other")


def test_chance_sets_the_limit_of_many_effects(bayes):
    rng = np.random.default_rng(1)
    c = bayes.convergence
    largest = [max(az.rhat(rng.normal(size=(2, 300))) for _ in range(50)) for _ in range(30)]
    effects = pd.DataFrame({"ess_bulk": np.full(50, 600.0), "ess_tail": np.full(50, 600.0)})
    assert np.mean(np.array(largest) > rhat_by_chance(effects, c)) < 0.1
    assert rhat_by_chance(effects * 10, replace(c, n_draws=6000)) < 1.01
    assert rhat_by_chance(effects / 2, c) > rhat_by_chance(effects, c)


def test_the_right_model_passes_the_predictive_check(bayes, gaussian, ratings):
    for fit in (bayes, gaussian):
        for by in (None, "rater", "kind"):
            assert predictive_check(fit, by, n_draws=99).passed is True
    table = predictive_check(bayes, n_draws=99).result.table
    block = table[table["group"] == "b"].set_index("rating")["observed"]
    given = ratings.loc[ratings["kind"] == "b", "rating"].value_counts(normalize=True)
    np.testing.assert_allclose(block, given.sort_index())
    moments = predictive_check(gaussian, n_draws=99).result.table
    first = moments.set_index(["group", "statistic"])["observed"]
    own = ratings.loc[ratings["kind"] == "a", "latent"]
    assert first["a", "mean"] == pytest.approx(own.mean())
    assert first["a", "standard deviation"] == pytest.approx(own.std(ddof=0))


@pytest.mark.parametrize("new", ["raters", "all", "none"])
def test_a_group_of_another_spread_is_found(draw, new):
    data = draw(2, spread=3.0)
    wrong = predictive_check(pls.fit_bayes(FORMULA, data, **QUICK), "kind", new=new)
    assert wrong.passed is False
    assert "do not look like" in wrong.result.sentence
    assert wrong.p_value == pytest.approx(0.005, abs=0.01)
    right = pls.fit_bayes(FORMULA, data, scale="kind", **QUICK)
    assert predictive_check(right, "kind", new=new).passed is True


def test_raters_who_use_the_ends_only_are_found(ratings):
    ends = ratings.assign(rating=np.where(ratings["latent"] > 0.3, 5.0, 1.0))
    person = pd.factorize(ends["rater"])[0]
    middle = (person % 2 == 0) & (np.arange(len(ends)) % 5 > 0)
    data = ends.assign(rating=np.where(middle, 3.0, ends["rating"]))
    check = predictive_check(pls.fit_bayes("rating ~ x + (1|rater)", data, **QUICK), "rater")
    assert check.passed is False


def test_raters_stay_without_names_and_small_groups_hidden(bayes, ratings):
    check = predictive_check(bayes, "rater", n_draws=49)
    assert "person-" not in check._repr_html_()
    assert set(check.result.table["statistic"]) == {
        "mean of a rater's ratings",
        "spread (SD) of a rater's ratings",
    }
    number = ratings["rater"].str.removeprefix("person-").astype(int)
    few = pd.cut(number, [-1, 4, 30, 70, 200], labels=list("stuv"))
    table = predictive_check(bayes, few.rename("few"), n_draws=49).result.table
    assert set(table["group"]) == {"All", "u", "v"}
    handful = ratings[ratings["rater"].isin([f"person-{k}" for k in range(9)])]
    small = pls.fit_bayes("rating ~ x + (1|rater)", handful, **QUICK)
    with pytest.raises(pls.InputError, match="fewer than 10 raters"):
        predictive_check(small, "rater")


def test_priors_that_say_little_leave_it_to_the_data(bayes):
    result = prior_sensitivity(bayes)
    table = result.table.set_index("term")
    assert set(table["diagnosis"]) == {"the prior hardly matters"}
    assert "The data decide" in result.sentence
    assert {"prior of coefficients", "prior of thresholds", "prior of sd"} <= set(table)


def test_a_prior_against_the_data_is_told(ratings):
    priors = {"x": "normal(-3, 0.3)"}
    result = prior_sensitivity(pls.fit_bayes(FORMULA, ratings, priors=priors, **QUICK))
    row = result.table.set_index("term").loc["x"]
    assert row["diagnosis"] == "prior and data pull apart"
    assert row["prior of coefficients"] > 5 * row["prior of thresholds"]
    assert "prior and data pull apart for" in result.sentence


def test_a_prior_that_decides_is_told(ratings):
    priors = {"kind[T.b]": "normal(0, 0.01)"}
    result = prior_sensitivity(pls.fit_bayes(FORMULA, ratings, priors=priors, **QUICK))
    row = result.table.set_index("term").loc["kind[T.b]"]
    assert row["diagnosis"] == "the prior decides"
    assert "the prior decides about kind[T.b]" in result.sentence


def test_sensitivity_agrees_with_arviz(gaussian):
    by_chain = gaussian.draws.by_chain
    groups = {
        "posterior": {"b": by_chain(gaussian.draws.coefficients)},
        "log_likelihood": {"y": by_chain(log_likelihood(gaussian, np.arange(gaussian.nobs)))},
        "log_prior": {k: by_chain(v) for k, v in log_prior_draws(gaussian).items()},
    }
    theirs = az.psense_summary(az.from_dict(groups), round_to=6)
    ours = prior_sensitivity(gaussian).table.head(3)
    np.testing.assert_allclose(
        ours[["prior", "likelihood"]], theirs[["prior", "likelihood"]], atol=2e-6
    )


def test_priors_of_a_joint_model_are_not_scaled_for_one_dimension(bayes):
    entries = bayes.chosen.entries[1:]
    with pytest.raises(pls.InputError, match="belong to all dimensions"):
        prior_sensitivity(replace(bayes, chosen=replace(bayes.chosen, entries=entries)))


@pytest.mark.extended
def test_all_checks_of_a_bayesian_fit(bayes, ratings):
    made = pls.checks.check(bayes, n_simulations=39)
    assert [each.name for each in made] == [
        "sampling",
        "predictive",
        "predictive",
        "leave one rating out",
        "leave one rater out",
    ]
    for each in made:
        assert isinstance(each.passed, bool)
        assert each.result.meta.data == "simulated"
        assert escape(each.result.sentence) in each._repr_html_()
        assert "person-" not in each._repr_html_()
    nobody = pls.fit_bayes("rating ~ x", ratings.drop(columns="rater"), **QUICK)
    assert len(pls.checks.check(nobody, n_simulations=39)) == 3


def test_checks_of_the_other_kind_are_refused(bayes, gaussian, ordinal_fit):
    for fit in (bayes, gaussian):
        with pytest.raises(pls.InputError, match=r"there is checks\.predictive_check"):
            pls.checks.residual_check(fit, "kind")
        with pytest.raises(pls.InputError, match=r"there is checks\.predictive_check"):
            pls.checks.calibration_check(fit, "kind")
        with pytest.raises(pls.InputError, match=r"there is fit\.loo\(by='rater'\)"):
            pls.checks.influence_check(fit)
    with pytest.raises(pls.InputError, match=r"checks\.calibration_check"):
        predictive_check(ordinal_fit)
    with pytest.raises(
        pls.InputError, match="this check is for fits that were sampled; fit the model by fit_bayes"
    ):
        sampling_check(ordinal_fit)
    with pytest.raises(pls.InputError, match="only Bayesian fits have priors"):
        prior_sensitivity(ordinal_fit)
    with pytest.raises(pls.InputError, match="'new' must be one of"):
        predictive_check(bayes, new="items")
    with pytest.raises(pls.InputError, match="whole number of 19 or more, not 5"):
        predictive_check(bayes, n_draws=5)


def test_few_draws_do_not_blame_the_prior(bayes, monkeypatch):
    found = iter([0.2, 0.3])
    module = "pluralign_stats.checks.sensitivity"
    monkeypatch.setattr(
        f"{module}.sensitivity", lambda draws, _: np.full(draws.shape[1], next(found, 0.0))
    )
    limits = iter([0.1, 0.4])
    monkeypatch.setattr(f"{module}.by_chance", lambda *_: next(limits))
    result = prior_sensitivity(bayes)
    assert set(result.table["diagnosis"]) == {"too few draws to tell"}
    assert "too few draws to tell whether" in result.sentence
