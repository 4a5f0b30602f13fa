"""Log-likelihoods, replicates and log priors at draws, against scipy and brute force."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

import pluralign_stats as pls
from pluralign_stats.models.bayes import by_rater, pointwise
from pluralign_stats.models.bayes.by_rater import own_terms, rater_log_likelihood
from pluralign_stats.models.bayes.log_prior import log_prior_draws
from pluralign_stats.models.bayes.pointwise import log_likelihood, total_log_likelihood
from pluralign_stats.models.bayes.predictive import replicate

QUICK = {"draws": 100, "tune": 100, "chains": 1, "progress": False}


@pytest.fixture(scope="module")
def sample(ratings: pd.DataFrame) -> Callable[..., pls.Fit]:
    def draw(formula: str, **options: object) -> pls.Fit:
        return pls.fit_bayes(formula, ratings, **{**QUICK, **options})

    return draw


@pytest.fixture(scope="module")
def rich(sample: Callable[..., pls.Fit]) -> pls.Fit:
    formula = "r4 ~ x + (1 + z|rater) + (1|item)"
    return sample(formula, scale="z", nominal="group", weights="weight")


def latent(fit: pls.Fit, data: pd.DataFrame, s: int, without: Sequence[str] = ()) -> np.ndarray:
    """Predictors of all rows at one draw, from the columns of the data."""
    eta = fit.draws.coefficients[s] @ fit.design.fixed.columns.T
    for part, effects in zip(fit.random, fit.draws.effects, strict=True):
        design = part.design
        if design.term.group in without:
            continue
        columns = [np.ones(len(data)) if e == "Intercept" else data[e] for e in design.effects]
        own = effects[s][design.levels.get_indexer(data[design.term.group])]
        eta = eta + (np.column_stack(columns) * own).sum(axis=1)
    return eta


def by_scipy(
    fit: pls.Fit, data: pd.DataFrame, s: int, eta: np.ndarray, cdf: Callable[..., np.ndarray]
) -> np.ndarray:
    """Weighted log-probabilities of the ratings r4."""
    scale = np.exp(data["z"] * fit.draws.log_scale[s, 0]) if fit.design.scale else 1.0
    section = np.zeros(len(data), dtype=int)
    if fit.design.nominal is not None:
        columns = np.column_stack([data["group"] == level for level in "bc"])
        section = (fit.layout.sections[None] == columns[:, None]).all(axis=2).argmax(axis=1)
    cuts = fit.draws.cuts[s][section]
    ends = np.full((len(data), 1), np.inf)
    bounds = (np.hstack([-ends, cuts, ends]) - eta[:, None]) / np.reshape(scale, (-1, 1))
    probability = np.diff(cdf(bounds), axis=1)[np.arange(len(data)), data["r4"] - 1]
    weight = data["weight"] if "weight" in fit.design.data else 1.0
    return weight * np.log(probability)


def test_log_probabilities_are_those_of_scipy(rich, ratings):
    found = log_likelihood(rich, np.arange(len(ratings)))
    for s in (0, 50, 99):
        expected = by_scipy(rich, ratings, s, latent(rich, ratings, s), stats.logistic.cdf)
        np.testing.assert_allclose(found[s], expected, rtol=1e-9)
    np.testing.assert_allclose(log_likelihood(rich, np.array([7, 3])), found[:, [7, 3]])


def test_probit_log_probabilities(sample, ratings):
    fit = sample("r4 ~ x + (1|rater)", link="probit")
    expected = by_scipy(fit, ratings, 5, latent(fit, ratings, 5), stats.norm.cdf)
    np.testing.assert_allclose(log_likelihood(fit, np.arange(90))[5], expected, rtol=1e-8)


def test_gaussian_log_densities_weigh_the_precision(sample, ratings):
    fit = sample("y ~ x + (1|item)", family="gaussian", weights="weight")
    sd = np.exp(fit.draws.log_scale[4, 0]) / np.sqrt(ratings["weight"])
    expected = stats.norm.logpdf(ratings["y"], latent(fit, ratings, 4), sd)
    np.testing.assert_allclose(log_likelihood(fit, np.arange(90))[4], expected, rtol=1e-9)


def test_blocks_change_nothing(rich, ratings, monkeypatch):
    raters = pd.factorize(ratings["rater"])[0]
    whole = total_log_likelihood(rich), list(rater_log_likelihood(rich, raters))
    monkeypatch.setattr(pointwise, "BLOCK", 700)
    monkeypatch.setattr(by_rater, "BLOCK", 1500)
    np.testing.assert_allclose(total_log_likelihood(rich), whole[0])
    pieces = list(rater_log_likelihood(rich, raters))
    assert len(pieces) > 3
    np.testing.assert_array_equal(np.concatenate([n for n, _ in pieces]), np.arange(9))
    np.testing.assert_allclose(np.hstack([v for _, v in pieces]), whole[1][0][1])


def marginal(fit: pls.Fit, ratings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    raters = pd.factorize(ratings["rater"])[0]
    ((_, found),) = rater_log_likelihood(fit, raters)
    return raters, found


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_one_effect_of_a_rater_is_integrated_out(sample, ratings, link):
    fit = sample("r4 ~ x + (1|rater) + (1|item)", link=link)
    cdf = {"logit": stats.logistic.cdf, "probit": stats.norm.cdf}[link]
    raters, found = marginal(fit, ratings)
    for s, rater in ((0, 0), (60, 4)):
        sd = np.sqrt(fit.draws.covariances[0][s, 0, 0])
        rest = latent(fit, ratings, s, without=("rater",))
        own = raters == rater

        def density(v: float, s: int = s, sd: float = sd, rest=rest, own=own) -> float:
            each = by_scipy(fit, ratings, s, rest + sd * v, cdf)[own]
            return float(np.exp(each.sum()) * stats.norm.pdf(v))

        exact = np.log(integrate.quad(density, -9, 9, epsabs=0, epsrel=1e-9)[0])
        assert found[s, rater] == pytest.approx(exact, abs=2e-4)


@pytest.mark.parametrize(
    ("term", "size", "tolerance"),
    [("1 + z", 2, 1e-3), ("0 + kind", 3, 5e-3), ("0 + kind + z", 4, 2e-2)],
)
def test_several_effects_of_a_rater_are_integrated_out(ratings, term, size, tolerance):
    data = ratings.assign(kind=pd.Categorical(np.array(list("abc"))[np.arange(90) % 3]))
    fit = pls.fit_bayes(f"r4 ~ x + ({term}|rater) + (1|item)", data, **QUICK)
    raters, found = marginal(fit, data)
    normal = stats.qmc.MultivariateNormalQMC(np.zeros(size), rng=np.random.default_rng(3))
    v = normal.random(2**17)
    for s, rater in ((0, 0), (60, 4)):
        own = raters == rater
        rest = latent(fit, data, s, without=("rater",))
        z = fit.random[0].design.z[own]
        effects = v @ np.linalg.cholesky(fit.draws.covariances[0][s]).T
        total = np.zeros(len(v))
        for i, row in enumerate(np.flatnonzero(own)):
            eta = rest[row] + effects @ z[i]
            ends = np.concatenate([[-np.inf], fit.draws.cuts[s, 0], [np.inf]])
            k = data["r4"].iloc[row]
            p = stats.logistic.cdf(ends[k] - eta) - stats.logistic.cdf(ends[k - 1] - eta)
            total += np.log(p)
        brute = logsumexp(total) - np.log(len(v))
        assert found[s, rater] == pytest.approx(brute, abs=tolerance)


def test_gaussian_raters_are_multivariate_normal(sample, ratings):
    fit = sample("y ~ x + (1 + z|rater) + (1|item)", family="gaussian", weights="weight")
    raters, found = marginal(fit, ratings)
    own = raters == 2
    z = fit.random[0].design.z[own]
    residual = np.exp(2 * fit.draws.log_scale[9, 0]) / ratings["weight"][own]
    covariance = z @ fit.draws.covariances[0][9] @ z.T + np.diag(residual)
    mean = latent(fit, ratings, 9, without=("rater",))[own]
    exact = stats.multivariate_normal.logpdf(ratings["y"][own], mean, covariance)
    assert found[9, 2] == pytest.approx(exact, abs=1e-6)


def test_a_rater_without_effects_has_the_sum(sample, ratings):
    fit = sample("r4 ~ x + (1|item)")
    raters, found = marginal(fit, ratings)
    each = log_likelihood(fit, np.arange(90))
    np.testing.assert_allclose(found[:, 3], each[:, raters == 3].sum(axis=1))


def test_only_what_is_nested_in_raters_is_theirs(ratings):
    data = ratings.assign(session=ratings["rater"] * 2 + np.arange(90) % 2)
    fit = pls.fit_bayes("r4 ~ x + (1|item) + (1|session) + (1|rater)", data, **QUICK)
    raters = pd.factorize(data["rater"])[0]
    assert [fit.random[k].design.term.group for k in own_terms(fit, raters)] == ["session", "rater"]
    assert np.isfinite(np.hstack([v for _, v in rater_log_likelihood(fit, raters)])).all()


def test_rules_integrate_polynomials_of_a_normal():
    for size in (1, 2, 3, 5, 7, 9):
        x, log_w = by_rater.nodes_for(size, exact=False)
        w = np.exp(log_w)
        assert w.sum() == pytest.approx(1)
        np.testing.assert_allclose((x.T * w) @ x, np.eye(size), atol=1e-9)
        if size <= by_rater.MOST_EFFECTS:
            assert w @ x[:, 0] ** 4 == pytest.approx(3)
            assert w @ (x[:, 0] * x[:, -1]) ** 2 == pytest.approx(1 if size > 1 else 3)


def test_replicates_have_the_probabilities_of_their_draw(rich, ratings):
    rng = np.random.default_rng(0)
    many = np.array(list(replicate(rich, np.full(4000, 7), (), rng)))
    eta = latent(rich, ratings, 7)
    for k in range(4):
        log_p = by_scipy(rich, ratings.assign(r4=k + 1), 7, eta, stats.logistic.cdf)
        expected = np.exp(log_p / ratings["weight"])
        np.testing.assert_allclose((many == k).mean(axis=0), expected, atol=0.04)


def test_replicates_with_new_effects_spread_as_those(sample, ratings):
    fit = sample("y ~ x + (1|rater)", family="gaussian")
    rng = np.random.default_rng(0)
    many = np.array(list(replicate(fit, np.full(3000, 7), (0,), rng)))
    variance = fit.draws.covariances[0][7, 0, 0] + np.exp(2 * fit.draws.log_scale[7, 0])
    assert many.var(axis=0).mean() == pytest.approx(variance, rel=0.03)
    mean = latent(fit, ratings, 7, without=("rater",))
    np.testing.assert_allclose(many.mean(axis=0), mean, atol=0.2)


def test_log_priors_are_those_of_scipy(rich, sample):
    found = log_prior_draws(rich)
    draws = rich.draws
    shift = draws.coefficients @ rich.layout.centre
    x_sd = rich.chosen.table().set_index("parameter")["prior"]["x"]
    sd = float(x_sd.partition(",")[2].strip(" )"))
    expected = {
        "coefficients": stats.norm.logpdf(draws.coefficients[:, 0], 0, sd),
        "thresholds": stats.logistic.logpdf(draws.cuts - shift[:, None, None]).sum(axis=(1, 2)),
        "scale": stats.norm.logpdf(draws.log_scale[:, 0], 0, 0.5),
    }
    sds = np.hstack([np.sqrt(np.einsum("see->se", c)) for c in draws.covariances])
    table = rich.chosen.table().set_index("parameter")["prior"]
    labels = [label for part in rich.random for label in part.design.labels]
    rates = np.array([float(table[f"sd({name})"][len("exponential(") : -1]) for name in labels])
    expected["sd"] = stats.expon.logpdf(sds, scale=1 / rates).sum(axis=1)
    covariance = draws.covariances[0]
    correlation = covariance[:, 0, 1] / np.sqrt(covariance[:, 0, 0] * covariance[:, 1, 1])
    expected["correlations"] = stats.beta.logpdf((correlation + 1) / 2, 2, 2)
    assert set(found) == set(expected)
    for name, values in expected.items():
        # Up to a constant, and to the four figures in which the prior is written.
        np.testing.assert_allclose(np.ptp(found[name] - values), 0, atol=1e-3, err_msg=name)


def test_log_priors_of_other_kinds(sample, ratings):
    given = {
        "coefficients": "student_t(3, 0, 1)",
        "residual": "normal(1, 0.5)",
        "Intercept": "normal(1, 2)",
    }
    fit = sample("y ~ x + (1|rater)", family="gaussian", priors=given)
    found, draws = log_prior_draws(fit), fit.draws
    centred = draws.coefficients[:, 0] + draws.coefficients[:, 1] * ratings["x"].mean()
    expected = stats.t.logpdf(draws.coefficients[:, 1], 3) + stats.norm.logpdf(centred, 1, 2)
    np.testing.assert_allclose(np.ptp(found["coefficients"] - expected), 0, atol=1e-9)
    expected = stats.norm.logpdf(np.exp(draws.log_scale[:, 0]), 1, 0.5)
    np.testing.assert_allclose(np.ptp(found["residual"] - expected), 0, atol=1e-9)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_log_prior_of_category_probabilities(sample, link):
    fit = sample("r4 ~ 1 + (1|rater)", link=link, priors={"thresholds": "dirichlet(2)"})
    law = {"logit": stats.logistic, "probit": stats.norm}[link]
    cuts = fit.draws.cuts[:, 0]
    inside = np.diff(law.cdf(cuts), prepend=0, append=1, axis=1)
    expected = law.logpdf(cuts).sum(axis=1) + np.log(inside).sum(axis=1)
    found = log_prior_draws(fit)["thresholds"]
    np.testing.assert_allclose(np.ptp(found - expected), 0, atol=1e-8)
