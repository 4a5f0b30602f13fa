"""What users of `fit_bayes` meet with: bad input, seeds, interruptions, displays."""

import pickle
import warnings
from types import SimpleNamespace

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from pluralign_stats import InputError
from pluralign_stats.fits.bayes import fit_bayes
from pluralign_stats.models.bayes.sampler import longest

FORMULA = "r4 ~ x + (1|rater)"
SHORT = {"draws": 100, "tune": 100, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def fit(ratings):
    return fit_bayes("r4 ~ x + group + (1 + x|rater) + (1|item)", ratings, **SHORT)


@pytest.fixture(scope="module")
def bad(ratings):
    """Ratings with columns that no model takes."""
    n = len(ratings)
    words = np.random.default_rng(1).choice(["no", "perhaps", "yes"], n)
    return ratings.assign(words=words, one=1, huge=np.where(np.arange(n) == 3, np.inf, 1.0))


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        (FORMULA, {"family": "ordinal"}, "'family' must be one of 'cumulative', 'gaussian', 'bern"),
        (FORMULA, {"link": "cloglog"}, "'link' must be one of 'logit', 'probit', not 'cloglog'"),
        (FORMULA, {"family": "bernoulli"}, "family 'bernoulli' needs two categories, and the resp"),
        ("words ~ x", {"family": "gaussian"}, "the response 'words' must be one column of numbers"),
        ("words ~ x", {}, "the response 'words' holds text, whose order is not known"),
        ("y ~ x", {}, "the response 'y' has 90 different values, which is too many for categories"),
        ("one ~ x", {}, "the response 'one' is 1 in every row used"),
        ("r4 ~ nothing", {}, "a variable of the formula must be one of"),
        ("r4 ~ x + (1|raters)", {}, "did you mean 'rater'?"),
        ("r4 ~ huge", {}, "'huge' is not a finite number in row 3"),
        (
            "y ~ x",
            {"family": "gaussian", "scale": "x"},
            "'nominal' and 'scale' are for ordered cat",
        ),
        (FORMULA, {"nominal": "x"}, "thresholds can vary by the levels of one factor"),
        (FORMULA, {"weights": "z"}, "weights must be finite and above 0, not"),
        (FORMULA, {"priors": {"z": "normal(0, 1)"}}, "the name of a prior must be one of 'x'"),
        (FORMULA, {"priors": {"x": "lkj(1)"}}, "the prior of 'x' must be one of 'normal', 'stud"),
        (FORMULA, {"priors": {"x": "normal(0, 0)"}}, "sd of normal(mean, sd) must be above 0, not"),
        (FORMULA, {"draws": 99}, "'draws' must be a whole number of 100 or more, not 99"),
        (FORMULA, {"draws": 200.5}, "'draws' must be a whole number of 100 or more, not 200.5"),
        (FORMULA, {"tune": 10}, "'tune' must be a whole number of 100 or more, not 10"),
        (FORMULA, {"chains": 0}, "'chains' must be a whole number of 1 or more, not 0"),
        (FORMULA, {"chains": True}, "'chains' must be a whole number of 1 or more, not True"),
        (FORMULA, {"seed": -1}, "'seed' must be a whole number of 0 or more, not -1"),
        (FORMULA, {"seed": "a"}, "'seed' must be a whole number of 0 or more, not a"),
        (FORMULA, {"target_accept": 1.0}, "'target_accept' must be from 0.5 to below 1, not 1.0"),
        (FORMULA, {"target_accept": "high"}, "'target_accept' must be from 0.5 to below 1, not hi"),
        (FORMULA, {"priors": {"x": "normal(1e200, 1)"}}, "the posterior density is zero at the st"),
        (FORMULA, {"priors": {"x": "normal(1e300, 1e-300)"}}, "the posterior density is zero at"),
    ],
)
def test_says_in_one_line_what_is_wrong(bad, formula, options, message):
    with pytest.raises(InputError) as error, np.errstate(all="ignore"):
        fit_bayes(formula, bad, **(SHORT | options))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_counts_rows_left_out(ratings):
    holes = ratings.assign(x=ratings["x"].mask(ratings.index < 5))
    fit = fit_bayes("r2 ~ x", holes, family="bernoulli", **SHORT)
    assert fit.design.n_dropped == 5
    assert fit.nobs == len(ratings) - 5
    assert "rows left out for missing values: 5" in fit.summary().sentence


def test_seed_decides_the_draws(ratings):
    first, same, other = (fit_bayes(FORMULA, ratings, seed=s, **SHORT) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.draws.joint, same.draws.joint)
    assert not np.allclose(first.draws.joint, other.draws.joint)
    huge = fit_bayes(FORMULA, ratings, seed=2**80, **SHORT)
    assert np.isfinite(huge.draws.joint).all()


@pytest.mark.parametrize("chains", [1, 3])
def test_any_number_of_chains(ratings, chains):
    fit = fit_bayes("y ~ x + (1|rater)", ratings, family="gaussian", **SHORT | {"chains": chains})
    assert fit.idata.posterior.sizes["chain"] == fit.convergence.n_chains == chains
    assert np.isfinite(fit.convergence.table["rhat"]).all()


def test_says_that_one_rater_tells_nothing_of_their_spread(ratings):
    options = {"draws": 100, "tune": 100, "chains": 1, "progress": False}
    one = fit_bayes("r3 ~ x + (1|rater)", ratings.assign(rater="r"), **options)
    assert any("'rater' has one level only" in warning for warning in one.warnings)
    assert "100 draws of 1 chain in" in one.summary().sentence


def test_estimates_are_means_and_sds_of_the_draws(fit):
    draws = fit.idata.posterior
    np.testing.assert_allclose(fit.params, draws["coefficients"].mean(("chain", "draw")))
    np.testing.assert_allclose(fit.se, draws["coefficients"].std(("chain", "draw"), ddof=1))
    np.testing.assert_allclose(fit.thresholds, draws["thresholds"].mean(("chain", "draw")))
    np.testing.assert_allclose(fit.random_sd, draws["sd"].mean(("chain", "draw")))
    assert list(fit.random_sd.index) == ["rater", "rater: x", "item"]
    assert fit.random_corr["estimate"].item() == pytest.approx(draws["cor"].mean().item())
    effects = draws["effects of item"].mean(("chain", "draw")).to_numpy()[:, 0]
    table = fit.random_effects().query("group == 'item'")
    np.testing.assert_allclose(table["estimate"], effects)


def test_draws_are_an_arviz_object(fit, ratings):
    assert isinstance(fit.idata, xr.DataTree)
    assert {"posterior", "sample_stats", "observed_data"} <= set(fit.idata.children)
    posterior = fit.idata.posterior
    assert posterior.sizes["draw"] == SHORT["draws"]
    assert list(posterior["coefficients_name"].values) == ["x", "group[T.b]", "group[T.c]"]
    assert posterior["effects of rater"].shape == (2, 100, ratings["rater"].nunique(), 2)


def test_its_table_is_that_of_arviz(fit):
    ours, level = fit.summary().table, fit.summary().meta.conf_level
    how = {"ci_kind": "eti", "ci_prob": level, "round_to": "none"}
    theirs = az.summary(fit.idata, var_names=["coefficients", "thresholds", "sd", "cor"], **how)
    for term, row in zip(ours["term"], theirs.index, strict=True):
        assert row.split("[", 1)[1].rstrip("]") in term
    low, high = (name for name in theirs if name.startswith("eti"))
    names = {"estimate": "mean", "sd": "sd", "conf_low": low, "conf_high": high, "rhat": "r_hat"}
    names["ess_bulk"] = "ess_bulk"
    for mine, other in names.items():
        np.testing.assert_allclose(ours[mine], theirs[other].astype(float), rtol=1e-10)
    tails = az.ess(fit.idata, method="tail", prob=(0.05, 0.95))["coefficients"]  # not of intervals
    np.testing.assert_allclose(ours["ess_tail"][: tails.size], tails, rtol=1e-10)
    assert fit.convergence.e_bfmi == pytest.approx(az.bfmi(fit.idata)["energy"].min().item())


def test_shows_itself(fit):
    assert "credible intervals (equal tails)" in repr(fit)
    html = fit._repr_html_()
    assert html.startswith("<p class='sentence'>")
    assert "sd(rater: x)" in html
    assert "prob positive" in html
    table = fit.summary().table
    columns = {"term", "estimate", "sd", "conf_low", "conf_high", "prob_positive"}
    assert set(table.columns[:6]) == columns
    assert not {"std_error", "p_value"} & set(table)


def test_tells_its_priors(fit):
    told = fit.priors()
    assert told.table["parameter"].tolist()[:3] == ["x", "group[T.b]", "group[T.c]"]
    assert "priors={...}" in told.sentence


def test_refuses_what_a_posterior_has_not(fit):
    with pytest.raises(InputError, match="'interval' must be one of 'credible', not 'wald'"):
        fit.summary(interval="wald")
    for name in ("aic", "bic"):
        with pytest.raises(InputError, match=f"a Bayesian fit has no {name.upper()}"):
            getattr(fit, name)


def test_few_draws_are_told_at_the_top(fit):
    assert any("few effective draws" in note for note in fit.warnings)
    assert not fit.converged
    assert "few effective draws" in fit._repr_html_().partition("<table")[0]


def test_comes_back_from_a_file(fit):
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(again.summary().table, fit.summary().table)
    np.testing.assert_array_equal(again.draws.joint, fit.draws.joint)


def test_warns_of_nothing_on_ordinary_data(ratings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_bayes("r5 ~ x + (1|rater) + (1|item)", ratings, **SHORT)


def interrupting(monkeypatch, lengths):
    """Let the sampler be interrupted when its chains have so many draws."""
    import nutpie

    real = nutpie.sample

    def sample(model, **options):
        trace = real(model, **options | {"blocking": True})
        draw = np.arange(trace.posterior.sizes["draw"])
        made = xr.DataArray(draw < np.array(lengths)[:, None], dims=("chain", "draw"))
        posterior = trace.posterior.to_dataset()
        trace["posterior"] = xr.DataTree(posterior.where(made).isel(draw=draw < max(lengths)))
        stats = trace.sample_stats.to_dataset()
        trace["sample_stats"] = xr.DataTree(stats.isel(draw=draw < max(lengths)))

        def wait():
            raise KeyboardInterrupt

        return SimpleNamespace(wait=wait, abort=lambda: trace)

    monkeypatch.setattr(nutpie, "sample", sample)


def test_interrupted_run_keeps_the_draws_that_all_chains_have(ratings, monkeypatch):
    interrupting(monkeypatch, (180, 150))
    fit = fit_bayes(FORMULA, ratings, **SHORT | {"draws": 200})
    assert fit.draws.joint.shape[0] == 300
    assert fit.idata.posterior.sizes["draw"] == fit.idata.sample_stats.sizes["draw"] == 150
    assert np.isfinite(fit.draws.joint).all()
    assert fit.warnings[0].startswith("sampling was interrupted after 150 draws of each chain")
    assert not fit.converged


def test_interrupted_run_leaves_out_chains_that_have_hardly_begun(ratings, monkeypatch):
    interrupting(monkeypatch, (180, 20))
    fit = fit_bayes(FORMULA, ratings, **SHORT | {"draws": 200})
    assert fit.convergence.n_chains == 1
    assert len(fit.draws.joint) == 180


def test_run_interrupted_early_gives_nothing(ratings, monkeypatch):
    interrupting(monkeypatch, (99, 99))
    with pytest.raises(KeyboardInterrupt):
        fit_bayes(FORMULA, ratings, **SHORT)


@pytest.mark.parametrize(
    ("lengths", "chosen", "length"),
    [((5, 5), [0, 1], 5), ((5, 4), [0, 1], 4), ((9, 1, 0), [0], 9), ((0, 0), [0, 1], 0)],
)
def test_longest_keeps_most_draws(lengths, chosen, length):
    z = np.where(np.arange(9)[:, None] < np.array(lengths)[:, None, None], 1.0, np.nan)
    found = longest(z)
    assert found[0].tolist() == chosen
    assert found[1] == length
