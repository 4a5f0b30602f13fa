"""Thresholds that are kept in order, with categories that nobody of some group chose."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2

import pluralign_stats as pls
from pluralign_stats import InputError, fit_ordinal
from pluralign_stats.checks import likelihood_ratio
from pluralign_stats.models.ordered import in_order

#: Ratings from 1 to 5 by group, the first of which is the reference.
TABLES = [
    ((8, 0, 8, 8, 8), (8, 8, 8, 8, 8)),
    ((8, 8, 8, 8, 8), (8, 0, 8, 8, 8)),
    ((17, 2, 0, 3, 18), (21, 1, 2, 1, 15)),
    ((8, 0, 0, 8, 8), (8, 8, 0, 8, 8)),
    ((8, 0, 0, 0, 8), (8, 8, 8, 0, 8), (3, 0, 5, 5, 5)),
    ((9, 4, 0, 2, 5), (6, 0, 7, 7, 1), (5, 0, 0, 9, 12)),
]


def ratings(table):
    rows = [
        (k, g) for g, c in zip("abc", table, strict=False) for k in range(5) for _ in range(c[k])
    ]
    data = pd.DataFrame(rows, columns=["y", "g"])
    return data.assign(y=pd.Categorical(data["y"] + 1, [1, 2, 3, 4, 5], ordered=True))


def cuts_of(t, structure):
    """Thresholds in order, from parameters of which all but the first are positive."""
    if structure == "equidistant":
        return t[0] + np.arange(4) * t[1]
    return t[0] + np.array([-t[1] - t[2], -t[1], t[1], t[1] + t[2]])


def largest(counts, structure):
    """Log-likelihood of one group at its maximum: in closed form, or by scipy."""
    counts = np.array(counts)
    if structure == "flexible":
        chosen = counts[counts > 0]
        return float(chosen @ np.log(chosen / counts.sum()))

    def loss(t):
        shares = np.diff([0, *expit(cuts_of(t, structure)), 1])
        return -(counts * np.log(np.maximum(shares, 1e-300))).sum()

    size = {"equidistant": 2, "symmetric": 3}[structure]
    options = {"maxiter": 10000, "ftol": 1e-14, "gtol": 1e-9, "maxfun": 100000}
    bounds = [(-30, 30), *[(0, 30)] * (size - 1)]
    starts = [np.array([-1.0, *[width] * (size - 1)]) for width in (0.3, 1.0)]
    return max(-minimize(loss, s, bounds=bounds, options=options).fun for s in starts)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("structure", ["flexible", "symmetric", "equidistant"])
def test_each_group_is_fitted_by_itself_whichever_lacks_a_category(table, structure):
    fit = fit_ordinal("y ~ 1", ratings(table), nominal="g", thresholds=structure)
    expected = sum(largest(counts, structure) for counts in table)
    assert fit.loglik == pytest.approx(expected, abs=1e-4)
    assert fit.converged
    assert fit.predict(kind="probability").to_numpy().min() >= 0


@pytest.mark.parametrize("table", TABLES)
def test_the_order_of_groups_changes_nothing_with_random_effects(table):
    data = ratings(table)
    data["r"] = np.random.default_rng(0).integers(0, 12, len(data))
    fits = [
        fit_ordinal("y ~ 1 + (1|r)", data.assign(g=pd.Categorical(data["g"], levels)), nominal="g")
        for levels in (list("abc")[: len(table)], list("cba")[-len(table) :])
    ]
    assert all(fit.converged for fit in fits)
    assert fits[0].loglik == pytest.approx(fits[1].loglik, abs=1e-5)
    assert fits[0].loglik >= sum(largest(counts, "flexible") for counts in table) - 1e-4


@pytest.mark.parametrize("seed", [102, 106, 107, 118])
def test_thresholds_by_two_numbers_are_those_of_constrained_maximization(seed):
    rng = np.random.default_rng(seed)
    x, z, y = rng.normal(size=150), rng.exponential(size=150), rng.integers(1, 6, 150)
    y = np.where((x > 0.3) & (y == 3), 4, y)
    y = np.where((z > 1) & (y == 2), 1, y)
    fit = fit_ordinal("y ~ 1", pd.DataFrame({"x": x, "z": z, "y": y}), nominal="x + z")
    assert fit.predict(kind="probability").to_numpy().min() >= 0
    design = np.column_stack([np.ones(150), x, z])
    rows = np.arange(150)

    def loss(t):
        below = expit(design @ t.reshape(3, 4))
        chosen = np.diff(below, axis=1, prepend=0, append=1)[rows, y - 1]
        return -np.log(np.maximum(chosen, 1e-12)).sum()

    in_order = np.kron(design, np.diff(np.eye(4), axis=0))
    found = minimize(
        loss,
        np.append([-1.0, -0.3, 0.3, 1.0], np.zeros(8)),
        constraints={"type": "ineq", "fun": lambda t: in_order @ t, "jac": lambda t: in_order},
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-10},
    )
    assert fit.loglik == pytest.approx(-found.fun, abs=1e-3)


@pytest.mark.parametrize("groups", ["ab", "ba"])
def test_degrees_of_freedom_do_not_depend_on_what_a_group_lacks(groups):
    """Numbers of parameters and the first log-likelihood are those of R 4.2.2's ordinal 2022.11-16.

    The second is in closed form, as clm lets thresholds cross.
    """
    table = ((11, 14, 0, 0, 9), (10, 13, 9, 8, 12))
    data = ratings(table)
    data["g"] = pd.Categorical(data["g"], list(groups))
    fits = fit_ordinal("y ~ g", data), fit_ordinal("y ~ 1", data, nominal="g")
    row = likelihood_ratio(*fits).table.iloc[1]
    assert [fit.n_parameters for fit in fits] == [5, 8]
    assert row["df"] == 3
    statistic = 2 * (sum(largest(counts, "flexible") for counts in table) + 128.2895496)
    assert row["statistic"] == pytest.approx(statistic, abs=1e-4)
    assert row["p_value"] == pytest.approx(chi2.sf(statistic, 3), rel=1e-3)


@pytest.mark.parametrize(
    ("structure", "counts"), [("flexible", (4, 6)), ("symmetric", (3, 4)), ("equidistant", (3, 4))]
)
def test_a_category_that_nobody_at_all_chose_has_no_parameter(structure, counts):
    """As in R after droplevels."""
    lacking = ratings(((11, 14, 0, 7, 9), (10, 13, 0, 8, 12)))
    fits = (
        fit_ordinal("y ~ g", lacking, thresholds=structure),
        fit_ordinal("y ~ 1", lacking, nominal="g", thresholds=structure),
    )
    assert tuple(fit.n_parameters for fit in fits) == counts


@pytest.fixture(scope="module")
def by_number():
    """Outer categories are chosen the more, the larger x: thresholds come close."""
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 1, 500)
    spread = 0.4 + 2.0 * (1 - x)
    y = 1 + np.searchsorted([-1, 1], spread * rng.logistic(size=500) / 2)
    y = np.where((rng.random(500) < 0.8 * x) & (y == 2), rng.choice([1, 3], 500), y)
    return fit_ordinal("y ~ 1", pd.DataFrame({"x": x, "y": y}), nominal="x")


def test_rows_whose_thresholds_cross_are_refused(by_number):
    assert by_number.predict(kind="probability").to_numpy().min() >= 0
    far = pd.DataFrame({"x": [0.5, 0.2, 30.0]}, index=["p", "q", "r"])
    refused = r"in row r, with x = 30.0, .*'1\|2' and '2\|3' cross, .*about such x as were rated"
    for kind in ("mean", "probability"):
        with pytest.raises(InputError, match=refused):
            by_number.predict(far, kind=kind)
    assert len(by_number.predict(far, kind="linear")) == 3
    assert len(by_number.predict(far.iloc[:2])) == 2
    for ask in (
        lambda: by_number.predictions(newdata=far),
        lambda: by_number.comparisons("x", step=20),
        lambda: by_number.predictions(newdata=far, kind="probability"),
    ):
        with pytest.raises(InputError, match="cross, so that a probability would be negative"):
            ask()


def test_a_cell_of_two_factors_that_nobody_rated_is_refused_if_its_thresholds_cross():
    middle = {("a", "p"): 30, ("b", "p"): 2, ("a", "q"): 2}
    data = pd.DataFrame(
        [
            (y, *cell)
            for cell, n in middle.items()
            for y, m in ((1, 30), (2, n), (3, 30))
            for _ in range(m)
        ],
        columns=["y", "g", "h"],
    )
    fit = fit_ordinal("y ~ 1", data, nominal="g + h")
    unseen = pd.DataFrame({"g": ["b"], "h": ["q"]})
    for ask in (
        lambda: fit.predict(unseen, kind="probability"),
        lambda: fit.contrasts("g"),
        lambda: fit.comparisons("g"),
    ):
        with pytest.raises(InputError, match=r"with g = b, h = q.* in 'nominal'"):
            ask()
    assert fit.predictions(by="g").table["estimate"].notna().all()


def test_the_note_on_thresholds_that_coincide_says_for_whom():
    some = fit_ordinal("y ~ 1", ratings(TABLES[0]), nominal="g")
    told = "the thresholds '1|2' and '2|3' coincide for some rows: nobody there chose what lies"
    assert any(note.startswith(told) for note in some.warnings)
    nobody = ratings(((11, 14, 0, 7, 9), (10, 13, 0, 8, 12)))
    every = fit_ordinal("y ~ 1", nobody, nominal="g", thresholds="symmetric")
    told = (
        "the thresholds '2|3' and '3|4' coincide: nobody chose what lies between, and predictions"
    )
    assert any(note.startswith(told) for note in every.warnings)


def test_draws_for_simulation_keep_the_thresholds_in_order():
    """A category of a handful of ratings: its thresholds are close, and their draws cross."""
    rng = np.random.default_rng(2)
    rating = rng.choice([1, 2, 3, 4], p=[0.4, 0.01, 0.2, 0.39], size=400)
    data = pd.DataFrame({"rating": rating, "group": np.resize(["a", "b"], 400)})
    fit = pls.fit_ordinal("rating ~ group", data)
    result = pls.predictions(fit, by="group", kind="probability", interval="simulation")
    plain = pls.predictions(fit, by="group", kind="probability")
    (note,) = (note for note in result.meta.notes if "thresholds crossed" in note)
    assert re.match(r"Of \d,\d{3} draws of the parameters \d+ were left out", note)
    compared = pls.comparisons(fit, "group", interval="simulation").meta.notes
    assert note in next(told for told in compared if told.startswith("p adjusted"))
    assert (result.table["conf_low"] >= 0).all()
    assert not [n for n in plain.meta.notes if "crossed" in n]


def test_parameters_in_order_are_told_from_others():
    data = pd.DataFrame({"rating": np.resize([1, 2, 3], 90), "group": np.resize([*"ab"], 90)})
    fit = pls.fit_ordinal("rating ~ 1", data, nominal="group")
    estimates = fit.joint.estimates
    crossed = estimates.copy()
    crossed[:2] = crossed[1::-1]
    low = estimates.copy()
    low[3] = low[2] - 5
    both = np.array([estimates, crossed, low])
    assert in_order(fit.design, fit.basis, both).tolist() == [True, False, False]
