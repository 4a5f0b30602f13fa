"""Effects of demographics where ratings were given in several formats."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.outcomes import RatingFinding, rating_choices, rating_multiverse
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import Tables, tabulate

EFFECT = 0.8
OPTIONS = {"5 options": [1, 2, 3, 4, 5], "3 options": [2, 3, 4]}
FINDING = RatingFinding("men", "good", "sex", "Male", "Female")


@pytest.fixture(scope="module")
def study():
    """Men rate higher in either format; more men had three options."""
    rng = np.random.default_rng(3)
    n, n_items = 240, 8
    rater, item = np.repeat(np.arange(n), n_items), np.tile(np.arange(n_items), n)
    male = rng.random(n) < 0.5
    three = rng.random(n) < np.where(male, 0.6, 0.3)
    latent = EFFECT * male[rater] + rng.normal(size=n)[rater] + rng.logistic(size=len(rater))
    five = 1 + np.searchsorted([-1.5, -0.4, 0.6, 1.8], latent)
    few = 2 + np.searchsorted([-0.9, 1.4], latent)
    data = pd.DataFrame(
        {
            "who": [f"r{k}" for k in rater],
            "item": [f"i{k}" for k in item],
            "good": np.where(three[rater], few, five),
            "form": np.where(three, "3 options", "5 options")[rater],
            "sex": np.where(male, "Male", "Female")[rater],
        }
    )
    book = {
        "name": "t", "files": {"ratings": "r.csv"}, "columns": {"rater": "who", "item": "item"},
        "dimensions": {"good": {"scale": [1, 5]}}, "demographics": {"sex": {"reference": "Female"}},
        "formats": {"column": "form", "options": OPTIONS},
    }  # fmt: skip
    table = tabulate("r.csv", data.set_axis(pd.RangeIndex(2, 2 + len(data))), (), "0")
    return Study.of(Codebook.model_validate(book), Tables(table))


def test_the_ordinal_model_has_thresholds_for_each_format(study):
    fit = pls.demographic_effects(study).fits["good", "sex"]
    assert fit.converged
    estimate, error = fit.params["sex[T.Male]"], fit.se["sex[T.Male]"]
    assert abs(estimate - EFFECT) < 2 * error
    assert {"2|3: format[T.3 options]", "3|4: format[T.3 options]"} <= set(fit.params.index)


@pytest.mark.parametrize("model", ["linear", "GEE", "OLS"])
def test_other_models_have_the_format_beside_the_demographics(study, model):
    made = pls.demographic_effects(study, model=model)
    assert "format[T.3 options]" in made.fits["good", "sex"].params.index
    told = any(
        "a format moves all thresholds alike" in note for note in made.differences.meta.notes
    )
    assert told == (model == "GEE")


def test_formats_are_a_choice_of_the_multiverse(study):
    assert rating_choices(study, FINDING)["format"] == ["all", "3 options", "5 options"]
    choices = {"model": ["ordinal"], "format": ["all", "5 options", "3 options"]}
    table = rating_multiverse(study, FINDING, choices).table
    assert list(table["format"]) == ["all", "5 options", "3 options"]
    assert table["agrees"].all()
    assert table["estimate"].nunique() == 3
