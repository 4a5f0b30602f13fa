"""Populations that come with Pluralign."""

import numpy as np
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError


def test_the_us_table_has_every_cell_once_and_says_where_it_is_from():
    table = pls.example_population("us-2022")
    assert table.columns.tolist() == ["age", "gender", "ethnicity", "n", "n_error"]
    assert len(table) == 6 * 2 * 4
    assert not table.duplicated(["age", "gender", "ethnicity"]).any()
    # Adults of these groups; all adults of the US were about 260 million in 2022.
    assert 235e6 < table["n"].sum() < 260e6
    assert (table["n_error"] > 0).all()
    assert (table["n_error"] < 0.05 * table["n"]).all()
    assert "American Community Survey 2022" in table.attrs["source"]
    assert "counted in both" in table.attrs["source"]


def test_a_population_that_does_not_ship_is_refused():
    with pytest.raises(InputError, match=r"'example', 'us-2022', not 'us-2020'; did you mean"):
        pls.example_population("us-2020")


def test_other_age_bands_are_refused_in_one_line_before_a_model_is_fitted(small_study):
    american = small_study.where(country="US")
    for weigh in (
        lambda: pls.demographics.population_ratings(american, "us-2022", "toxicity"),
        lambda: pls.weighting.rake(american, pls.example_population("us-2022")),
    ):
        with pytest.raises(InputError) as error:
            weigh()
        told = str(error.value)
        assert "'age' has '18-24', '25-34'" in told
        assert "the raters are '18-30'" in told
        assert "leave 'age' out of it" in told
        assert "\n" not in told


def test_raters_are_raked_to_sex_and_race_of_the_us():
    study = pls.simulate_study(3, n_raters=600, n_prompts=6).where(country="US")
    people = pls.example_population("us-2022").drop(columns="age")
    raked = pls.weighting.rake(study, people)
    assert raked.converged
    table = raked.result.table.set_index(["term", "group"])
    share = people.groupby("ethnicity")["n"].sum() / people["n"].sum()
    for level, expected in share.items():
        row = table.loc[("Ethnicity", level)]
        np.testing.assert_allclose(row[["target_share", "weighted_share"]].tolist(), expected)
    assert any("American Community Survey" in note for note in raked.result.meta.notes)
