"""Each group of a question with several answers against all who did not name it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import Sampling, demographic_effects, fit_ordinal
from pluralign_stats.demographics import intersections, joint_effects
from pluralign_stats.demographics.crossed_groups import _first_two
from pluralign_stats.demographics.joint_models import _against_everyone
from pluralign_stats.demographics.plans import plans

ORIGIN = {
    "levels": ["White", "Black", "Asian"],
    "label": "Ethnicity",
    "multiple": {"as": "indicators"},
}


def crossed(answers, n_items=6):
    """Everybody rates every item; who named Black rates a point higher."""
    rng = np.random.default_rng(5)
    n = len(answers)
    rater, item = (k.ravel() for k in np.divmod(np.arange(n * n_items), n_items))
    black = np.array(["Black" in answer for answer in answers])[rater]
    latent = 50 + 10 * black + rng.normal(size=n)[rater] * 5 + rng.normal(size=n * n_items) * 8
    return pd.DataFrame(
        {
            "rater": [f"p{k:02}" for k in rater],
            "item": [f"i{k}" for k in item],
            "rating": latent.round().clip(0, 100).astype(int),
            "origin": np.array(answers)[rater],
            "gender": np.where(rater % 2, "Male", "Female"),
        }
    )


ANSWERS = [*["White"] * 20, *["Black"] * 14, *["White;Black"] * 10, *["Asian"] * 12, "Asian;White"]


def test_a_group_is_compared_with_all_who_did_not_name_it(study_of):
    frame = crossed(ANSWERS)
    scale = {"rating": {"scale": [0, 100]}}
    study = study_of(frame, dimensions=scale, demographics={"origin": ORIGIN})
    made = demographic_effects(study)
    table = made.differences.table.set_index("contrast")
    assert list(table.index) == ["White vs not White", "Black vs not Black", "Asian vs not Asian"]
    for group in ORIGIN["levels"]:
        named = frame["origin"].str.contains(group)
        apart = frame.loc[named, "rating"].mean() - frame.loc[~named, "rating"].mean()
        assert table.loc[f"{group} vs not {group}", "estimate"] == pytest.approx(apart, abs=1e-6)
        assert table.loc[f"{group} vs not {group}", "term"] == f"Ethnicity: {group}"
        assert table.loc[f"{group} vs not {group}", "n_raters"] == sum(group in a for a in ANSWERS)
    (note,) = [note for note in made.differences.meta.notes if "model of its own" in note]
    assert (
        "Ethnicity: Black: raters who named Black, alone or with other answers, against all raters "
        "who did not name it" in note
    )


def test_models_of_other_demographics_hold_the_answers_but_one(study_of):
    study = study_of(
        crossed(ANSWERS),
        demographics={"origin": ORIGIN, "gender": {}},
        dimensions={"rating": {"scale": [0, 100]}},
    )
    gaps = dict.fromkeys(study.demographics, "")
    found = plans(study.ratings, gaps)
    assert found == [
        (("gender",), ("gender", "origin_black", "origin_asian")),
        (("origin_white",), ("gender", "origin_white")),
        (("origin_black",), ("gender", "origin_black")),
        (("origin_asian",), ("gender", "origin_asian")),
    ]
    table = demographic_effects(study).differences.table
    assert table["estimate"].notna().all()


def test_no_warning_tells_how_the_one_rater_of_a_group_rates(study_of):
    """Whose ratings are all at the end of the scale, the model tells apart from all others."""
    frame = crossed(["White"] * 25)
    frame["rating"] = 1 + (frame["rating"] // 21)
    alone = frame["rater"] == "p24"
    frame["gender"] = frame["gender"].mask(alone, "Other")
    frame["rating"] = frame["rating"].mask(alone, 5)
    made = demographic_effects(study_of(frame, demographics={"gender": {}}))
    assert "separation" in " ".join(made.fits["rating", "gender"].warnings)
    assert made.differences.table["contrast"].tolist() == ["Male vs Female"]
    for result in (made.differences, made.percents):
        assert "Other" not in " ".join(result.warnings)
        assert any(
            "not shown, with fewer than 10 raters: Gender: Other" in n for n in result.meta.notes
        )


def test_a_model_of_all_answers_tells_what_those_of_one_answer_each_do():
    """Its effects hold other answers equal; combined they are against all who did not name one."""
    rng, n, k = np.random.default_rng(2), 300, 5
    white, black, asian = rng.random((3, n)) < np.array([[0.6], [0.3], [0.2]])
    black &= ~(white & (rng.random(n) < 0.7))
    gender = rng.random(n) < 0.3 + 0.4 * black
    rater = np.repeat(np.arange(n), k)
    eta = (0.2 * white + 0.9 * black - 0.6 * asian + 0.5 * gender + rng.normal(0, 0.6, n))[rater]
    named = {"gender": gender, "white": white, "black": black, "asian": asian}
    data = pd.DataFrame({"rater": rater.astype(str)}).assign(
        rating=1 + np.searchsorted([-1.0, 0.2, 1.5], eta + rng.logistic(size=n * k)),
        **{name: pd.Categorical(np.where(on, "yes", "no")[rater]) for name, on in named.items()},
    )
    whole = fit_ordinal("rating ~ gender + white + black + asian + (1|rater)", data)
    joint = SimpleNamespace(fits={"any": whole}, average=np.tile(whole.params, (2, 1)))
    questions = dict.fromkeys(["white", "black", "asian"], "origin")
    for name in questions:
        own = fit_ordinal(f"rating ~ gender + {name} + (1|rater)", data).params[f"{name}[T.yes]"]
        made = _against_everyone(joint, name, questions, 0.95)["estimate"].item()
        assert made == pytest.approx(own, abs=0.01)
    assert abs(whole.params["white[T.yes]"] - _against_everyone(
        joint, "white", questions, 0.95)["estimate"].item()) > 0.05  # fmt: skip


def test_two_answers_to_one_question_are_not_crossed_unasked():
    questions = {"white": "origin", "black": "origin", "tongue": "languages"}
    assert _first_two(["white", "black", "gender"], questions) == ("white", "gender")
    assert _first_two(["white", "black", "tongue"], questions) == ("white", "tongue")
    assert _first_two(["white", "black"], questions) == ("white",)


@pytest.mark.extended
def test_crossing_two_answers_says_that_they_are_of_one_question(study_of):
    study = study_of(
        crossed(ANSWERS),
        demographics={"origin": ORIGIN, "gender": {}},
        dimensions={"rating": {"scale": [0, 100]}},
    )
    few = Sampling(draws=100, tune=100, chains=2, attempts=1, progress=False)
    asked = intersections(study, ["origin_white", "origin_black"], sampling=few, min_cell=1)
    assert any("answers to one question" in note for note in asked.meta.notes)
    default = intersections(study, sampling=few, min_cell=1)
    assert not any("answers to one question" in note for note in default.meta.notes)


@pytest.mark.extended
def test_the_model_of_all_dimensions_holds_a_group_against_everyone(study_of):
    frame = crossed(ANSWERS)
    frame = frame.assign(rating=1 + frame["rating"] // 21, other=6 - frame["rating"] // 21)
    study = study_of(
        frame,
        demographics={"origin": ORIGIN, "gender": {}},
        dimensions={"rating": {"scale": [1, 5]}, "other": {"scale": [1, 5], "valence": -1}},
    )
    few = Sampling(draws=100, tune=150, chains=2, attempts=1, progress=False)
    made = joint_effects(study, sampling=few)
    table = made.pooled.table.set_index("contrast")
    assert set(table.index) >= {"White vs not White", "Black vs not Black", "Asian vs not Asian"}
    assert table["estimate"].notna().all()
    assert table["estimate"].drop("Male vs Female").idxmax() == "Black vs not Black"
    assert any("against all raters who did not name it" in n for n in made.pooled.meta.notes)
