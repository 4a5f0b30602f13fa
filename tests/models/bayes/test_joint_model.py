"""The model of all dimensions: against finite differences, known truth, and single dimensions."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.fits.joint import fit_joint
from pluralign_stats.models.bayes.density import (
    effects,
    log_density,
    natural,
    parameters,
    random_effects,
)
from pluralign_stats.models.bayes.expansion import linearize_at
from pluralign_stats.models.bayes.joint import APART, _dimension_draws, _start
from pluralign_stats.models.bayes.joint_layout import build_joint_layout, start_jointly
from pluralign_stats.models.bayes.layout import constrain
from pluralign_stats.models.bayes.priors import choose_priors

pytestmark = pytest.mark.extended

VALENCE = {"bad": -1, "good": 1, "fine": 1}
EFFECT = {"bad": -0.5, "good": 0.5, "fine": 0.5}


@pytest.fixture(scope="module")
def ratings():
    """Three dimensions; rater effects on two are correlated by 0.8, and turned on the third."""
    rng = np.random.default_rng(5)
    raters, items = 150, 30
    group = np.arange(raters) % 2
    age = rng.normal(50, 10, raters)
    common = rng.normal(size=raters)
    frames = []
    for name, sign in VALENCE.items():
        u = 0.9 * common * sign + 0.45 * rng.normal(size=raters)
        v = 0.7 * rng.normal(size=items)
        r = np.repeat(np.arange(raters), 6)
        i = rng.integers(0, items, len(r))
        eta = EFFECT[name] * group[r] + u[r] + v[i]
        cumulative = expit(np.array([-2.0, -0.7, 0.7, 2.0]) - eta[:, None])
        rating = 1 + (rng.random((len(r), 1)) > cumulative).sum(axis=1)
        frames.append(
            pd.DataFrame(
                {
                    "rater": r,
                    "item": i,
                    "dimension": name,
                    "rating": rating,
                    "group": np.array(["a", "b"])[group[r]],
                    "age": age[r],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def fit(ratings):
    options = {"draws": 900, "tune": 300, "progress": False}
    return fit_joint(ratings, ["group", "age"], valence=VALENCE, **options)


def test_the_gradient_is_that_of_differences(ratings):
    fits = _start(ratings, ["group", "age"], "logit")
    joint = build_joint_layout(fits, np.array(list(VALENCE.values()))[[0, 2, 1]])
    defaults = {f"sd(dimension: {p.name})": f"normal(0, {APART / p.span})" for p in joint.pooled}
    chosen = choose_priors(next(iter(fits.values())), joint.layout, None, defaults)
    prior = chosen.numbers(joint.layout)
    point = linearize_at(joint.layout, prior, *start_jointly(fits, joint))
    d = len(point.centre) + len(point.b)
    rng = np.random.default_rng(1)
    z, slope, unused = 0.5 * rng.normal(size=d), np.empty(d), np.empty(d)
    log_density(z, slope, joint.layout.data, point, prior)
    P = len(point.centre)
    for k in [*range(P), *(P + rng.integers(0, d - P, 20))]:
        step = np.zeros(d)
        step[k] = 1e-4
        ends = [log_density(z + s * step, unused, joint.layout.data, point, prior) for s in (1, -1)]
        assert slope[k] == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-4, abs=1e-4)


def test_draws_of_a_dimension_predict_as_the_density_does(ratings):
    """By hand from coefficients, thresholds and effects, where dimensions differ in who rated."""
    some = ratings[(ratings["dimension"] != "good") | (ratings["rater"] > 60)]
    some = some.assign(place=np.array(list("xyz"))[some["rater"] % 3])
    fits = _start(some, ["place", "age"], "logit")
    assert list(some).index("age") < list(some).index("place")
    joint = build_joint_layout(fits, np.array([-1, 1, 1]))
    layout, data = joint.layout, joint.layout.data
    chosen = choose_priors(next(iter(fits.values())), layout, None)
    point = linearize_at(layout, chosen.numbers(layout), *start_jointly(fits, joint))
    P = len(point.centre)
    z = np.random.default_rng(2).normal(size=(3, P + len(point.b)))
    phi, u = parameters(z, point), random_effects(z, data, point)
    values = [constrain(layout, each) for each in phi]
    for s in range(len(z)):
        beta, cuts, _, factors = natural(phi[s], data)
        eta = np.empty(len(data.y))
        eta[layout.order] = effects(z[s, P:], phi[s], cuts, beta, factors, data, point)[4]
        first = 0
        for d, (name, fit) in enumerate(fits.items()):
            rows = some[some["dimension"] == name]
            drawn = _dimension_draws(d, fit, joint, values, u, 1)
            columns = [rows["place"] == "y", rows["place"] == "z", rows["age"]]
            own = np.column_stack(columns) @ drawn.coefficients[s]
            for term, known in zip(drawn.effects, fit.random, strict=True):
                column = rows[known.design.term.group]
                own = own + term[s, known.design.levels.get_indexer(column), 0]
            inside = cuts[d] - eta[first : first + len(rows), None]
            np.testing.assert_allclose(drawn.cuts[s, 0] - own[:, None], inside, atol=1e-10)
            first += len(rows)


@pytest.mark.filterwarnings("error")
def test_dimensions_may_be_numbers_and_have_one_rater(ratings):
    alone = ratings[ratings["dimension"] != "fine"].assign(rater="r")
    alone["dimension"] = alone["dimension"].map({"bad": 0, "good": 1})
    options = {"draws": 100, "tune": 100, "chains": 1, "progress": False}
    fit = fit_joint(alone, ["age"], valence={0: -1}, **options)
    assert fit.valence == {"0": -1, "1": 1}
    assert any("'rater' has one level only" in warning for warning in fit["0"].warnings)
    assert len(fit.correlations().table) == 2


def test_what_was_planted_is_found(fit):
    assert not fit.warnings
    for name, effect in EFFECT.items():
        dimension = fit[name]
        k = list(dimension.params.index).index("group[T.b]")
        assert abs(dimension.params.iloc[k] - effect) < 3 * dimension.se.iloc[k]
        assert dimension.random_sd["rater"] == pytest.approx(1.0, abs=0.2)
        assert dimension.random_sd["item"] == pytest.approx(0.7, abs=0.3)
        assert abs(dimension.params["age"]) < 3 * dimension.se["age"]
    pooled = fit.pooled().table.set_index("term")
    assert abs(pooled.loc["group[T.b]", "estimate"] - 0.5) < 3 * pooled.loc["group[T.b]", "sd"]
    table = fit.correlations().table
    raters = table[table["group"] == "rater"].set_index(["first", "second"])
    assert raters.loc[("bad", "good"), "estimate"] == pytest.approx(-0.8, abs=0.12)
    assert raters.loc[("fine", "good"), "estimate"] == pytest.approx(0.8, abs=0.12)


def test_a_dimension_is_a_fit_like_any_other(fit, ratings):
    alone = pls.fit_bayes(
        "rating ~ group + age + (1|rater) + (1|item)",
        ratings[ratings["dimension"] == "good"],
        draws=500,
        progress=False,
    )
    together = fit["good"]
    np.testing.assert_allclose(together.params, alone.params, atol=1.5 * alone.se["group[T.b]"])
    np.testing.assert_allclose(together.thresholds, alone.thresholds, atol=0.6)
    assert together.se["group[T.b]"] < 1.05 * alone.se["group[T.b]"]
    shares = together.predict(kind="probability").mean()
    observed = ratings.loc[ratings["dimension"] == "good", "rating"].value_counts(normalize=True)
    np.testing.assert_allclose(shares, observed.sort_index(), atol=0.03)


def test_tables_have_every_dimension(fit):
    contrasts = fit.contrasts("group").table
    assert list(contrasts["dimension"]) == ["bad", "fine", "good"]
    assert {"estimate", "sd", "conf_low", "conf_high", "prob_positive"} <= set(contrasts)
    assert set(fit.summary().table["dimension"]) == set(VALENCE)
    priors = fit.priors().table.set_index("parameter")["prior"]
    assert priors["sd(dimension: group)"] == "normal(0, 0.25)"
    assert "3 dimensions" in fit.summary().sentence
    assert fit._repr_html_()


def test_what_cannot_be_used(ratings, fit):
    with pytest.raises(InputError, match="a column of the ratings must be one of"):
        fit_joint(ratings, ["gender"])
    with pytest.raises(InputError, match="must be a list of columns, not 'group'"):
        fit_joint(ratings, "group")
    with pytest.raises(InputError, match="the valence of 'bad' must be 1 or -1, not 2"):
        fit_joint(ratings, ["group"], valence={"bad": 2})
    with pytest.raises(InputError, match="a dimension of 'valence' must be one of"):
        fit_joint(ratings, ["group"], valence={"good one": 1})
    with pytest.raises(InputError, match="needs two dimensions or more"):
        fit_joint(ratings[ratings["dimension"] == "good"], ["group"])
    with pytest.raises(InputError, match="'rating' is no demographic"):
        fit_joint(ratings, ["rating"])
    with pytest.raises(InputError, match="do not tell all effects of 'twice' apart"):
        fit_joint(ratings.assign(twice=2 * ratings["age"]), ["age", "twice"])
    with pytest.raises(InputError, match="do not tell all effects of 'age' apart"):
        fit_joint(ratings.assign(age=1.0), ["age"])
    for table in (fit.correlations, fit.pooled, fit.summary):
        with pytest.raises(InputError, match="conf_level must lie between 0 and 1"):
            table(conf_level=95)
    fewer = ratings[(ratings["dimension"] != "good") | (ratings["rating"] < 5)]
    with pytest.raises(InputError, match="must use the same categories"):
        fit_joint(fewer, ["group"])
    with pytest.raises(InputError, match=r"the dimension must be one of .* not 'god'"):
        fit["god"]
