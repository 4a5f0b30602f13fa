import numpy as np
import pytest

from pluralign_stats import InputError, demographic_effects, fit_linear
from pluralign_stats.demographics import (
    bayesian_effects,
    intersections,
    joint_effects,
    scale_use,
    side_by_side,
)
from pluralign_stats.demographics.plans import family_of, given_ratings, numbers_note
from pluralign_stats.fits.linear import LinearFit
from pluralign_stats.fits.ordinal import OrdinalFit
from pluralign_stats.models.bayes.options import Sampling

QUICK = {"draws": 100, "tune": 100, "chains": 2, "progress": False}
NUMBERS = "Ratings are numbers to a linear model on"


@pytest.fixture(scope="module")
def effects(slider_study):
    return demographic_effects(slider_study)


def test_the_scale_decides_on_the_model(effects):
    kinds = {dimension: type(fit) for (dimension, _), fit in effects.fits.items()}
    assert kinds == {"toxicity": LinearFit, "trust": OrdinalFit, "warmth": LinearFit}
    told = (
        f"{NUMBERS} Toxicity (a scale of 101 ratings, 0 to 100); Warmth (a continuous scale, 0 to "
        "1): ordinal models are for scales of 15 ratings or fewer."
    )
    assert told in effects.differences.meta.notes
    assert told in effects.percents.meta.notes


@pytest.mark.parametrize(("dimension", "planted"), [("Toxicity", 12), ("Warmth", 0.12)])
def test_differences_are_those_of_the_means_where_everybody_rates_everything(
    slider_study, dimension, planted
):
    made = demographic_effects(slider_study, ["gender"])
    table = made.differences.table.set_index("dimension")
    data = given_ratings(slider_study, dimension.lower())
    means = data.groupby("gender", observed=True)["rating"].mean()
    row = table.loc[dimension]
    assert row["estimate"] == pytest.approx(means["Male"] - means["Female"], rel=1e-9)
    assert row["conf_low"] < planted < row["conf_high"]
    # The classical t test of the raters' own means, which a balanced design leaves of the model.
    own = data.groupby(["gender", "rater"], observed=True)["rating"].mean()
    error = np.sqrt(sum(own[g].var(ddof=1) / len(own[g]) for g in ("Male", "Female")))
    pooled = np.sqrt(
        sum((len(own[g]) - 1) * own[g].var(ddof=1) for g in ("Male", "Female"))
        / (len(own) - 2)
        * sum(1 / len(own[g]) for g in ("Male", "Female"))
    )
    assert row["std_error"] == pytest.approx(pooled, rel=1e-4)
    assert error == pytest.approx(pooled, rel=0.05)


def test_what_only_one_kind_of_model_says_is_said_of_its_dimensions(effects):
    notes = effects.percents.meta.notes
    approximated = [note for note in notes if "only an approximation" in note]
    assert [note.partition(":")[0] for note in approximated] == ["Toxicity and Warmth"]


def test_a_model_asked_for_by_name_is_used_or_refused(slider_study):
    linear = demographic_effects(slider_study, dimensions=["trust"], model="linear")
    assert all(isinstance(fit, LinearFit) for fit in linear.fits.values())
    for dimension, size in (("toxicity", "101 ratings"), ("warmth", "a continuous scale")):
        with pytest.raises(InputError, match=rf"{size}.* 15 whole numbers or fewer.* to 'linear'"):
            demographic_effects(slider_study, dimensions=[dimension], model="ordinal")
    with pytest.raises(
        InputError,
        match="'model' must be one of 'auto', 'ordinal', 'linear', 'ordered beta', 'bayes'",
    ):
        demographic_effects(slider_study, model="logit")


def test_only_dimensions_with_two_models_are_set_side_by_side(slider_study, effects):
    both = side_by_side(effects, demographic_effects(slider_study, model="linear"))
    assert set(both.table["dimension"]) == {"Trust"}
    assert any("Nothing is compared on Toxicity and Warmth" in note for note in both.meta.notes)
    numbers = ["toxicity", "warmth"]
    alone = demographic_effects(slider_study, dimensions=numbers)
    nothing = side_by_side(alone, demographic_effects(slider_study, [], numbers, model="linear"))
    assert nothing.table.empty
    assert nothing.sentence.startswith("Nothing is compared on Toxicity and Warmth, where both")


def test_bayesian_models_of_a_slider_are_gaussian(slider_study, effects):
    assert family_of(slider_study, "trust") == "cumulative"
    made = bayesian_effects(slider_study, "toxicity", sampling=Sampling(**QUICK, seed=1))
    assert made.fit is not None
    assert made.fit.method.family == "linear"
    estimates = [
        result.table.set_index(["dimension", "contrast"])["estimate"]["Toxicity", "Male vs Female"]
        for result in (made.effects.differences, effects.differences)
    ]
    assert estimates[0] == pytest.approx(estimates[1], abs=2)
    both = side_by_side(demographic_effects(slider_study, [], ["toxicity"]), made.effects)
    assert len(both.table) == 4


def test_intersections_on_a_slider_are_in_rating_points(slider_study):
    made = intersections(
        slider_study, dimension="warmth", min_cell=2, sampling=Sampling(**QUICK, seed=1)
    )
    assert len(made.table) == 4
    assert (made.table["estimate"] - made.table["observed"]).abs().max() < 0.1
    assert any("rating points [" in note for note in made.meta.notes)
    assert any(note.startswith(f"{NUMBERS} Warmth") for note in made.meta.notes)


def test_what_is_asked_of_the_borders_between_ratings_is_not_asked_of_numbers(slider_study):
    made = scale_use(slider_study, "gender", "toxicity")
    assert made.result.table.empty
    assert "a scale of 101 ratings has too many of them" in made.result.sentence
    together = joint_effects(slider_study.where(dimension=["toxicity", "warmth"]))
    assert together.fit is None
    assert "leaves out Toxicity and Warmth" in together.pooled.sentence


def test_nothing_is_told_where_no_ratings_are_numbers(slider_study):
    assert numbers_note(slider_study, ["trust"]) == ""


def test_the_model_by_hand_is_the_same(slider_study, effects):
    data = given_ratings(slider_study, "warmth")
    by_hand = fit_linear("rating ~ gender + place + (1|rater) + (1|item)", data)
    assert effects.fits["warmth", "gender"].params.to_dict() == by_hand.params.to_dict()
