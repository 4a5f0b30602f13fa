"""Levels whose names hold what contrasts and lists are put together with stay whole everywhere."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import pluralign_stats as pls
from pluralign_stats.backing import beside
from pluralign_stats.figures.outcomes import against_control
from tests.reports.odd_studies import Odd, write_odd

GENDER = ("A vs B", "A", "x: y, z")
AREA = ("Black, African American", "gender: A", "B vs C")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> pls.Study:
    odd = Odd({"toxic": [1, 5]}, {"gender": [*GENDER], "area": [*AREA]})
    return pls.read_study(write_odd(tmp_path_factory.mktemp("levels") / "study", odd))


@pytest.fixture(scope="module")
def effects(study) -> pls.demographics.DemographicEffects:
    return pls.demographic_effects(study)


def test_tables_hold_level_and_reference(effects):
    for result in (effects.differences, effects.percents):
        for term, levels in (("Gender", GENDER), ("Area", AREA)):
            rows = result.table[result.table["term"] == term]
            assert set(rows["level"]) == set(levels[1:])
            assert set(rows["reference"]) == {levels[0]}
            n = rows.groupby("level")["n_raters"].first()
            assert n.to_dict() == dict.fromkeys(levels[1:], 20)


def test_rows_of_the_forest_are_called_by_their_levels(effects):
    picture = pls.figures.forest(effects.differences)
    words = {text.get_text().replace("\n", " ") for text in picture.figure.findobj(Text)}
    for levels, term in ((GENDER, "Gender"), (AREA, "Area")):
        assert f"{term}, vs {levels[0]}" in words
        assert {f"{level} (20)" for level in levels[1:]} <= words


def test_all_pairs_have_names_of_their_own(study):
    data = study.ratings.assign(
        group=pd.Categorical(np.resize(["A", "A vs B", "B vs C", "C"], len(study.ratings)))
    )
    fit = pls.fit_linear("rating ~ group + (1|rater)", data)
    table = pls.comparisons(fit, "group", pairs="all").table
    assert table["contrast"].is_unique
    assert set(zip(table["level"], table["reference"], strict=True)) == {
        (b, a) for k, a in enumerate(fit.design.data["group"].cat.categories)
        for b in fit.design.data["group"].cat.categories[k + 1 :]
    }  # fmt: skip


def test_counts_beside_those_of_other_tables_are_found_by_level():
    table = pd.DataFrame(
        {"term": "Gender", "contrast": "A vs B vs C", "level": ["A", "A vs B"],
         "dimension": "d", "n_raters": [50.0, 50.0], "n_ratings": 1.0}
    )  # fmt: skip
    shown, some = beside(table, {"Gender": {"A": 50, "A vs B": 53}}, 10)
    assert some
    assert shown["n_raters"].isna().tolist() == [False, True]


def test_labels_take_no_part_of_a_level(effects):
    named = effects.differences.labelled({"gender": "Sex", "A": "no"})
    assert set(named.table["level"]) == set(effects.differences.table["level"])


def test_level_and_reference_are_for_files_not_for_readers(effects, tmp_path):
    shown = effects.differences._repr_html_()
    assert ">level<" not in shown
    assert ">contrast<" in shown
    columns = pd.read_csv(effects.differences.save(tmp_path / "table")[2]).columns
    assert {"level", "reference"} <= set(columns)
    assert "level" not in repr(effects.differences).splitlines()[1].split()


def test_a_hand_made_table_without_them_is_told_so(effects):
    old = pls.Result(effects.differences.table.drop(columns="level"), "x")
    with pytest.raises(pls.InputError, match="it belongs to another figure"):
        against_control(old)


def test_hyphens_of_names_stay_hyphens():
    from pluralign_stats.formatting import minus

    assert minus("5-point, 18-30: -0.5 [-1.0, -.2]") == "5-point, 18-30: −0.5 [−1.0, −.2]"
