"""Planned studies: their numbers, where these come from, and what is refused."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.planning.replicate import draw_study
from pluralign_stats.simulate.parameters import ITEM_SD, RATER_SD, THRESHOLDS

DESIGN = pls.planning.StudyDesign(200, 40, 5)


def test_a_percentage_is_one_of_the_odds() -> None:
    assert DESIGN.effect == pytest.approx(np.log(0.82))
    assert DESIGN.of_effect(np.log(0.7)).percent == pytest.approx(-30)
    assert DESIGN.group_raters == 24
    assert DESIGN.n_ratings == 1000


def test_the_mean_difference_is_that_of_drawn_ratings() -> None:
    design = pls.planning.StudyDesign(60_000, 400, 4, share=0.5, percent=-50)
    # The group is the first raters and items are drawn alike for all, so items cancel out.
    means = draw_study(design, 1, 0).groupby("group")["rating"].mean()
    assert means[1] - means[0] == pytest.approx(design.mean_difference, abs=0.03)


def test_the_grid_has_all_combinations_once() -> None:
    grid = DESIGN.grid({"raters": [100, 200, 100], "items": [10, 40]})
    assert [(d.raters, d.items) for d in grid] == [(100, 10), (100, 40), (200, 10), (200, 40)]
    with pytest.raises(pls.InputError, match="did you mean 'raters'"):
        DESIGN.grid({"rater": [100]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"raters": 3}, "'raters' must be a whole number of 4 or more, not 3"),
        ({"raters": 100.5}, "'raters' must be a whole number"),
        ({"items": 4}, "'items' must be a whole number of 5 or more"),
        ({"ratings_per_rater": 41}, "at most the number of items, 40, not 41"),
        ({"share": 1.0}, "'share' must be a number above 0 and below 1, not 1.0"),
        ({"share": 0.004}, "a share of 0.004 of 200 raters is 1"),
        ({"percent": -100}, "'percent' must be a number above -100, not -100"),
        ({"percent": float("nan")}, "'percent' must be a number above -100, not nan"),
        ({"thresholds": (1.0, 0.0)}, "'thresholds' must be increasing"),
        ({"thresholds": ()}, "'thresholds' must be increasing numbers, not ()"),
        ({"rater_sd": -1}, "'rater_sd' must be a number above 0 and below 10, not -1"),
    ],
)
def test_numbers_out_of_range_are_refused(change: dict[str, object], said: str) -> None:
    name, value = next(iter(change.items()))
    with pytest.raises(pls.InputError) as error:
        DESIGN.grid({name: [value]})
    assert said in str(error.value)


def test_the_simulated_studys_numbers_are_those_documented() -> None:
    design = pls.planning.design_from(dimension="helpfulness", raters=500)
    assert (design.raters, design.items, design.ratings_per_rater) == (500, 200, 5)
    assert design.thresholds == THRESHOLDS["helpfulness"]
    assert (design.rater_sd, design.item_sd) == (RATER_SD["helpfulness"], ITEM_SD["helpfulness"])
    with pytest.raises(pls.InputError, match="dimension must be one of"):
        pls.planning.design_from(dimension="helpful")


def test_a_studys_numbers_are_near_those_it_was_drawn_from(small_study: pls.Study) -> None:
    study = pls.simulate_study(3, n_raters=800)
    design = pls.planning.design_from(study, "toxicity", percent=20)
    assert (design.raters, design.items, design.ratings_per_rater) == (800, 200, 5)
    assert design.rater_sd == pytest.approx(RATER_SD["toxicity"], abs=0.15)
    assert design.item_sd == pytest.approx(ITEM_SD["toxicity"], abs=0.15)
    assert np.diff(design.thresholds) == pytest.approx(np.diff(THRESHOLDS["toxicity"]), abs=0.2)
    assert design.percent == 20
    with pytest.raises(pls.InputError, match="did you mean 'toxicity'"):
        pls.planning.design_from(small_study, "toxicty")


def test_a_study_without_a_spread_of_ratings_is_refused(study_of: Callable[..., pls.Study]) -> None:
    frame = pd.DataFrame({"rater": range(100), "item": list("vwxyz") * 20, "rating": [0, 1] * 50})
    study = study_of(frame, dimensions={"rating": {"scale": [0, 99]}})
    with pytest.raises(pls.InputError, match="cannot be planned with: the response"):
        pls.planning.design_from(study)


def test_drawn_ratings_have_the_design() -> None:
    data = draw_study(DESIGN, 1, 0)
    assert len(data) == 1000
    assert data["rater"].nunique() == 200
    assert data.groupby("rater")["item"].nunique().eq(5).all()
    assert data.drop_duplicates("rater")["group"].sum() == 24
    assert data["rating"].between(1, 5).all()
    assert not data.equals(draw_study(DESIGN, 1, 1))
    assert data.equals(draw_study(DESIGN, 1, 0))


def test_a_study_on_a_slider_is_planned_with_in_parts(slider_study: pls.Study) -> None:
    design = pls.planning.design_from(slider_study, "warmth")
    assert design.points == pytest.approx(0.1)
    assert len(design.thresholds) <= 9
    assert design.source.endswith("Warmth, in 10 equal parts of its scale")
    rated = draw_study(design, 1, 0)["rating"]
    assert np.unique(np.diff(np.unique(rated)).round(9)).tolist() == [0.1]
    large = pls.planning.StudyDesign(
        60_000, 400, 4, 0.5, -50, design.thresholds, design.rater_sd, design.item_sd, design.points
    )
    means = draw_study(large, 1, 0).groupby("group")["rating"].mean()
    assert means[1] - means[0] == pytest.approx(large.mean_difference, abs=0.003)


@pytest.mark.usefixtures("simulated_here")
def test_such_a_study_is_analysed_by_the_linear_model(slider_study: pls.Study) -> None:
    how = {"n_simulations": 2, "jobs": 1, "progress": False}
    of_slider = pls.power(pls.planning.design_from(slider_study, "toxicity"), **how)
    of_steps = pls.power(pls.planning.design_from(slider_study, "trust"), **how)
    assert of_slider.table["method"][0].startswith("linear mixed model")
    assert of_steps.table["method"][0].startswith("cumulative logit")
    with pytest.raises(pls.InputError, match="'points' must be a number above 0"):
        pls.planning.StudyDesign(200, 40, 5, points=0.0)
