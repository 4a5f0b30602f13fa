import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.demographics import measurement_invariance
from pluralign_stats.errors import NotApplicableError

FEW = {"draws": 120, "tune": 120, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def study():
    return pls.simulate_study(5, n_raters=220, n_prompts=10, responses_per_prompt=2)


def test_languages_are_compared_first(study):
    made = pls.demographics.scale_use(study, dimension="toxicity", sampling=pls.Sampling(**FEW))
    table = made.result.table
    assert set(table["term"]) == {"Language"}
    assert set(table["dimension"]) == {"Toxicity"}
    assert table["model"].tolist() == ["same scale", "own thresholds", "own spread"]
    assert table["part"].tolist() == ["as rated", "level", "level"]
    assert "by Language" in made.result.sentence
    assert len(made.fits) == 3


def test_one_group_has_nothing_to_compare(study_of):
    frame = pd.DataFrame({"rater": list("abcdef"), "item": "x", "rating": [1, 2] * 3})
    made = pls.demographics.scale_use(study_of(frame))
    assert made.result.table.empty
    assert "no two groups" in made.result.sentence
    with pytest.raises(pls.InputError, match="the group must be one of"):
        pls.demographics.scale_use(study_of(frame), "age")


def test_two_ratings_are_refused_before_any_model_is_sampled(monkeypatch):
    def sampled(*_, **__):
        raise AssertionError("sampled")

    monkeypatch.setattr("pluralign_stats.demographics.invariance.fit_bayes", sampled)
    ratings = pd.DataFrame(
        {
            "rater": np.repeat([f"r{i}" for i in range(20)], 12),
            "group": np.repeat(["a", "b"], 120),
            "rating": np.random.default_rng(1).integers(0, 2, 240),
        }
    )
    with pytest.raises(NotApplicableError, match="with two categories there is one threshold"):
        measurement_invariance("rating ~ group + (1|rater)", ratings, "group")


def test_on_two_ratings_level_and_use_of_the_scale_are_one(study_of):
    frame = pd.DataFrame(
        {
            "rater": np.repeat([f"r{i}" for i in range(24)], 4),
            "item": np.tile(list("wxyz"), 24),
            "group": np.repeat(["a", "b"], 48),
            "rating": [0, 1, 1, 0] * 24,
        }
    )
    study = study_of(frame, dimensions={"rating": {"scale": [0, 1]}}, demographics={"group": {}})
    made = pls.demographics.scale_use(study)
    assert not made.fits
    assert "cannot be told from one that gives the higher rating more readily" in (
        made.result.sentence
    )
