import numpy as np
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.deletion import deletions
from pluralign_stats.checks.influence import influence_check
from pluralign_stats.models.linear import linear_engine
from pluralign_stats.models.rebuild import engine_of


def refit(fit, rows):
    """The same model without some rows, fitted from scratch."""
    again = pls.fit_ordinal if isinstance(fit, pls.OrdinalFit) else pls.fit_linear
    keep = np.setdiff1d(np.arange(fit.nobs), rows)
    return again(fit.formula, fit.design.data.iloc[keep])


def sets_of(fit, group):
    codes = next(p.design.codes for p in fit.random if p.design.term.group == group)
    return [np.flatnonzero(codes == k) for k in range(codes.max() + 1)]


def test_the_engine_is_rebuilt_at_the_optimum(ordinal_fit):
    engine = engine_of(ordinal_fit)
    assert engine.state.loglik == pytest.approx(ordinal_fit.loglik, abs=1e-7)
    gradient = engine.root.T @ engine.gradient(engine.model.problem, engine.state)
    assert np.abs(gradient).max() < 1e-3
    np.testing.assert_allclose(engine.back @ engine.psi, ordinal_fit.joint.estimates, atol=1e-12)


def test_relative_factors_are_those_of_the_covariances(ratings):
    for formula in ("latent ~ kind + (1 + x|rater) + (1|item)", "latent ~ kind + (x||rater)"):
        fit = pls.fit_linear(formula, ratings)
        engine = linear_engine(fit)
        factors = engine.prepared.layout.covariance.factors(engine.theta)
        for part, T, L in zip(fit.random, engine.prepared.transforms, factors, strict=True):
            root = fit.sigma * T @ L
            np.testing.assert_allclose(root @ root.T, part.covariance, atol=1e-8)


@pytest.mark.parametrize("group", ["rater", "item"])
def test_steps_agree_with_refits_without_the_level(fit, group):
    sets = sets_of(fit, group)
    found = deletions(fit, sets)
    strongest = np.argsort(-found.distance)[:3]
    for k in (*strongest, 7):
        change = refit(fit, sets[k]).params - fit.params
        np.testing.assert_allclose(found.scaled[k], change / fit.se, atol=0.02)
        np.testing.assert_allclose(found.changes[k], found.scaled[k] * fit.se, rtol=1e-12)


def test_a_large_group_is_met_by_a_single_step(fit):
    """A third of all raters at once: the information of the others counts, not that of all."""
    many = np.concatenate(sets_of(fit, "rater")[:40])
    change = (refit(fit, many).params - fit.params) / fit.se
    found = deletions(fit, [many]).scaled[0]
    np.testing.assert_allclose(found, change, atol=0.12)
    assert np.abs(change).max() > 0.3


def test_linear_changes_are_those_of_generalized_least_squares(linear_fit):
    """With the variances held, by the dense covariance matrix of the rows that remain."""
    rows = sets_of(linear_fit, "rater")[3]
    keep = np.setdiff1d(np.arange(linear_fit.nobs), rows)
    V = linear_fit.sigma**2 * np.eye(linear_fit.nobs)
    for part in linear_fit.random:
        V += part.covariance[0, 0] * (part.design.codes[:, None] == part.design.codes)
    X, y = linear_fit.design.fixed.columns[keep], linear_fit.design.y[keep]
    W = np.linalg.inv(V[np.ix_(keep, keep)])
    beta = np.linalg.solve(X.T @ W @ X, X.T @ W @ y)
    found = deletions(linear_fit, [rows]).changes[0]
    np.testing.assert_allclose(found, beta - linear_fit.params, atol=1e-8)


def test_cooks_distance_without_groups_is_that_of_least_squares(ratings):
    from statsmodels.regression.linear_model import OLS

    fit = pls.fit_linear("latent ~ kind + x", ratings)
    cooks = OLS(fit.design.y, fit.design.fixed.columns).fit().get_influence().cooks_distance[0]
    found = deletions(fit, [np.array([k]) for k in range(20)])
    np.testing.assert_allclose(found.distance, cooks[:20], rtol=1e-6)


def test_quadrature_has_its_own_gradient(ratings):
    data = ratings[ratings["rater"].isin(ratings["rater"].unique()[:60])]
    fit = pls.fit_ordinal("rating ~ kind + (1|rater)", data, n_nodes=7)
    rows = sets_of(fit, "rater")[5]
    again = pls.fit_ordinal(
        "rating ~ kind + (1|rater)", fit.design.data.drop(fit.design.data.index[rows]), n_nodes=7
    )
    change = ((again.params - fit.params) / fit.se).to_numpy()
    np.testing.assert_allclose(deletions(fit, [rows]).scaled[0], change, atol=0.01)


def test_one_bad_rater_is_found(ratings):
    bad = ratings.assign(heavy=np.where(ratings["rater"] == "person-0", 40.0, ratings["x"]))
    bad.loc[bad["rater"] == "person-0", "latent"] = 60.0
    check = influence_check(pls.fit_linear("latent ~ heavy + (1|rater) + (1|item)", bad))
    assert check.passed is False
    assert check.result.table["estimate"].abs().iloc[0] > 1
    assert check.result.table["distance"].iloc[0] > 5 * check.result.table["distance"].iloc[1]
    assert check.result.sentence.startswith("1 of 120 raters moves a coefficient by more than 1 st")


def test_a_coefficient_that_hangs_on_one_item(ratings):
    only = ratings.assign(first=(ratings["item"] == "q0").astype(float))
    for model in (pls.fit_ordinal, pls.fit_linear):
        check = influence_check(model("rating ~ kind + first + (1|item)", only), "item")
        assert check.passed is False
        assert check.result.sentence.startswith("first cannot be estimated without q0")
        row = check.result.table.iloc[0]
        assert np.isnan(row["estimate"])
        assert np.isinf(row["distance"])
        fit = model("rating ~ kind + first + (1|item)", only)
        without = deletions(fit, [np.flatnonzero(only["item"] == "q0")])
        assert np.isfinite(without.changes[0]).sum() == len(fit.params) - 1


def test_a_sound_model_passes_and_no_rater_is_named(fit):
    check = influence_check(fit)
    assert check.passed is True
    shown = repr(check.result) + check._repr_html_() + "".join(map(repr, check.details))
    assert "person-" not in shown
    assert list(check.result.table["group"][:2]) == [
        "1st most influential rater",
        "2nd most influential rater",
    ]
    assert (check.result.table["contrast"] == "").all()
    assert "kind: b" in check.result.meta.notes[1]
    assert check.result.meta.data == "simulated"


def test_items_are_named_and_tell_of_coefficients_if_enough_raters_stand_behind_them(ordinal_fit):
    table = influence_check(ordinal_fit, "item").result.table
    counts = ordinal_fit.design.data.groupby("item")["rater"].nunique()
    assert table["n_raters"].tolist() == counts[table["group"]].tolist()
    assert (counts[table["group"]] >= 10).tolist() == (table["contrast"] != "").tolist()
    hidden = influence_check(ordinal_fit, "item", named=False).result.table
    assert hidden["group"].str.endswith("most influential item").all()


def test_single_ratings_are_left_out_one_by_one(linear_fit):
    (details,) = influence_check(linear_fit).details
    row = details.table.iloc[0]
    codes = linear_fit.random[0].design.codes
    found = deletions(linear_fit, [np.array([k]) for k in range(linear_fit.nobs)]).scaled
    first = details.table["group"] == "1st most influential rater"
    expected = [np.abs(found[codes == k]).tolist() for k in range(codes.max() + 1)]
    flat = {round(v, 9) for rows in expected for r in rows for v in r}
    assert {round(abs(v), 9) for v in details.table.loc[first, "estimate"]} <= flat
    assert row["given"].startswith(("q", "item "))


def test_an_unknown_group(ordinal_fit):
    with pytest.raises(pls.InputError, match="'group' must be one of 'rater', 'item', not 'ratr'"):
        influence_check(ordinal_fit, "ratr")
    with pytest.raises(pls.InputError, match="no grouping factor"):
        influence_check(pls.fit_ordinal("rating ~ x", ordinal_fit.design.data))
