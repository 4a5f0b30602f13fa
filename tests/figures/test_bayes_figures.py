"""Figures of Bayesian fits: what is drawn is what the tables hold."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.leave_one_out import loo_check
from pluralign_stats.checks.sampling import sampling_check
from pluralign_stats.results import Metadata, Result


@pytest.fixture(scope="module")
def bayes(small_study):
    ratings = small_study.ratings
    data = ratings[ratings["dimension"] == small_study.dimensions[0]]
    formula = "rating ~ gender + politics + (1|rater) + (1|item)"
    return pls.fit_bayes(formula, data, draws=300, tune=200, chains=2, progress=False)


def offsets(ax):
    points = np.vstack([c.get_offsets().data for c in ax.collections if len(c.get_offsets())])
    return {round(float(x), 9) for x in points[:, 0] if np.isfinite(x)}


def test_predictive_figure_shows_what_was_observed(bayes, inside, texts):
    check = pls.checks.predictive_check(bayes, "politics", n_draws=39)
    picture = check.figure()
    axes = picture.figure.axes
    assert [ax.get_title(loc="center") for ax in axes] == [f"Rating {k}" for k in range(1, 6)]
    for ax, (_, block) in zip(axes, check.result.released().table.groupby("rating"), strict=True):
        assert {round(x, 9) for x in block["observed"]} <= offsets(ax)
    assert inside(picture)
    assert any("raters in brackets" in text for text in texts(picture))


def test_predictive_figure_of_raters(bayes, inside, texts):
    picture = pls.checks.predictive_check(bayes, "rater", n_draws=39).figure()
    assert len(picture.figure.axes) == 2
    words = " ".join(texts(picture))
    assert "Spread (SD) of a rater's ratings" in words
    assert not any(str(name) in words for name in bayes.random[0].design.levels)
    assert inside(picture)


def test_ridges_stand_where_the_draws_are(inside, texts):
    rng = np.random.default_rng(0)
    centres = {"Male vs Female": 0.4, "Liberal vs Conservative": -0.8}
    table = pd.concat(
        pd.DataFrame({"dimension": d, "contrast": c, "estimate": rng.normal(m + shift, 0.1, 500)})
        for d, shift in (("Toxicity", 0.0), ("Helpfulness", 0.3))
        for c, m in centres.items()
    )
    result = Result(
        table, "Two differences.", Metadata("Effects", data="simulated", unit="log odds")
    )
    picture = pls.figures.ridge(result)
    assert [ax.get_title(loc="center") for ax in picture.figure.axes] == ["Toxicity", "Helpfulness"]
    means = table.groupby(["dimension", "contrast"])["estimate"].mean()
    panels = zip(["Toxicity", "Helpfulness"], picture.figure.axes, strict=True)
    drawn = {name: offsets(ax) for name, ax in panels}
    for (dimension, _), mean in means.items():
        assert round(mean, 9) in drawn[dimension]
    words = " ".join(texts(picture))
    assert "Male vs Female" in words
    assert "simulated study" in words
    assert inside(picture)
    alone = result.table.query("dimension == 'Toxicity'").drop(columns="dimension")
    assert len(pls.figures.ridge(Result(alone, "One.")).figure.axes) == 1


def test_a_constant_effect_has_a_ridge_too(inside, in_rows):
    table = pd.DataFrame({"contrast": "a", "estimate": np.zeros(20)})
    picture = pls.figures.ridge(Result(table, "Nothing."))
    assert inside(picture)
    assert in_rows(picture.figure.axes[0])


@pytest.mark.parametrize("by", ["rating", "rater"])
def test_pareto_figure_marks_what_is_above_the_limit(bayes, inside, by, monkeypatch):
    monkeypatch.setattr("pluralign_stats.checks.leave_one_out.LARGEST_K", 0.3)
    check = loo_check(bayes, by)
    picture = check.figure()
    (ax,) = picture.figure.axes
    drawn = ax.collections[0].get_offsets()[:, 1]
    assert (drawn > 0.3).sum() == check.result.bad.sum() > 0
    assert ax.get_xlabel() == f"Share of {by}s, largest k first"
    assert inside(picture)


def test_sampling_figure_has_a_panel_for_each_bad_parameter(bayes, inside, texts):
    check = sampling_check(bayes)
    picture = check.figure()
    worst = bayes.convergence.table.sort_values("rhat")["term"].tail(4)
    names = {bayes.convergence.words.get(name, name) for name in worst}
    assert {ax.get_title(loc="left") for ax in picture.figure.axes} == names
    assert {"chain 1", "chain 2"} <= set(texts(picture))
    assert inside(picture)


def test_tables_of_another_kind_are_refused(bayes):
    with pytest.raises(pls.InputError, match="no column 'group', 'observed'; it belongs"):
        pls.figures.predictive(bayes.summary())
    with pytest.raises(pls.InputError, match="no column 'contrast'"):
        pls.figures.ridge(bayes.summary())
    with pytest.raises(pls.InputError, match="no column 'share'"):
        pls.figures.pareto(pls.checks.loo(bayes))
