"""Demographic effects on a slider, by the linear and by the ordered beta model."""

import numpy as np
import pytest
import yaml

import pluralign_stats as pls
from tests.effects.test_ordered_beta_effects import slider_ratings


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of one slider and one scale of five ratings."""
    folder = tmp_path_factory.mktemp("sliders")
    rows = slider_ratings()
    table = rows[["rater", "item", "prompt", "gender", "politics"]].assign(
        slider=rows["rating"].round(2), steps=1 + (rows["rating"] // 25).clip(upper=4)
    )
    table.to_csv(folder / "ratings.csv", index=False)
    book = {
        "name": "sliders",
        "files": {"ratings": "ratings.csv"},
        "columns": {"rater": "rater", "item": "item", "prompt": "prompt"},
        "dimensions": {
            "slider": {
                "column": "slider",
                "scale": {"from": 0, "to": 100, "continuous": True},
                "valence": 1,
                "positive_from": 60,
            },
            "steps": {"column": "steps", "scale": [1, 5], "valence": 1},
        },
        "demographics": {
            "gender": {"levels": ["Female", "Male", "Non-binary"]},
            "politics": {"levels": ["Liberal", "Centre", "Conservative"]},
        },
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(book, sort_keys=False), "utf-8")
    return pls.read_study(folder / "study.yaml")


def test_a_slider_is_a_number_to_the_linear_model(study):
    effects = pls.demographic_effects(study, ["gender"], ["slider"])
    fit = effects.fits["slider", "gender"]
    assert isinstance(fit, pls.LinearFit)
    data = study.where(dimension="slider").ratings
    plain = pls.fit_linear("rating ~ gender + (1|rater) + (1|item)", data)
    np.testing.assert_allclose(fit.params, plain.params, atol=1e-9)
    told = effects.differences.meta.notes
    assert any("numbers to a linear model on Slider" in note for note in told)


def test_the_ordered_beta_model_has_the_scale_of_the_codebook(study):
    effects = pls.demographic_effects(study, ["gender"], ["slider"], model="ordered beta")
    fit = effects.fits["slider", "gender"]
    assert isinstance(fit, pls.OrderedBetaFit)
    assert fit.bounds == (0.0, 100.0)
    assert fit.positive_from == 60
    assert effects.differences.meta.unit == "rating points"
    table = effects.differences.table
    assert table["method"].str.startswith("ordered beta logit mixed model").all()
    assert not any("linear model" in note for note in effects.differences.meta.notes)
    assert effects.percents.table["reading"].tolist()[:1] == ["mean"]


def test_it_is_not_for_few_steps(study):
    with pytest.raises(pls.InputError, match="an ordered beta model is for continuous scales"):
        pls.demographic_effects(study, ["gender"], model="ordered beta")


def test_the_multiverse_of_a_slider_has_it_beside_the_others(study):
    finding = pls.outcomes.RatingFinding("men", "slider", "gender", "Male", "Female")
    assert "ordered beta" in pls.outcomes.rating_choices(study, finding)["model"]
    choices = {"model": ["linear", "ordered beta"], "scale": ["as-rated"]}
    table = pls.outcomes.rating_multiverse(study, finding, choices).table
    linear, between = table["estimate"]
    assert between == pytest.approx(linear, abs=0.08)
    steps = pls.outcomes.RatingFinding("men", "steps", "gender", "Male", "Female")
    assert "ordered beta" not in pls.outcomes.rating_choices(study, steps)["model"]
    asked = {"model": ["ordered beta"], "scale": ["binary"]}
    reason = pls.outcomes.rating_multiverse(study, finding, asked).table["reason"].iloc[0]
    assert reason == "an ordered beta model is for a slider's ratings as they were given"


@pytest.mark.extended
def test_by_default_it_is_fitted_to_ratings_as_given_only(study):
    finding = pls.outcomes.RatingFinding("men", "slider", "gender", "Male", "Female")
    result = pls.outcomes.rating_multiverse(study, finding)
    fitted = result.table[result.table["model"] == "ordered beta"]
    assert set(fitted["scale"]) == {"as-rated"}
    assert (fitted["reason"] == "").all()
    assert fitted["estimate"].notna().all()
    assert any("to ratings as they were given only" in note for note in result.meta.notes)


def test_both_stand_side_by_side(study):
    linear, between = (
        pls.demographic_effects(study, ["gender", "politics"], ["slider"], model=model)
        for model in ("linear", "ordered beta")
    )
    result = pls.demographics.side_by_side(linear, between)
    assert result.table["model"].unique().tolist() == ["linear", "ordered beta"]
    wide = result.table.pivot(index=["term", "contrast"], columns="model", values="estimate")
    gap = (wide["linear"] - wide["ordered beta"]).abs().max()
    assert gap < 4
    assert f"{gap:.2f} rating points" in result.sentence
