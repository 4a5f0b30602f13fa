"""Signs of not reading, each planted in made-up raters."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.outcomes import RatingFinding, rating_choices, rating_multiverse
from pluralign_stats.study.careless import (
    alike_rows,
    commonest_rows,
    contradictory_rows,
    copied,
    haste,
    shares_by_rater,
)

NAN = np.nan
DIMENSIONS = {
    "kind": {"scale": [1, 5], "valence": 1},
    "rude": {"scale": [1, 7], "valence": -1},
    "useful": {"scale": [1, 5], "valence": 1},
}


def test_rows_are_alike_where_all_that_was_given_is():
    rows = [[3, 3, 3], [3, 3, 4], [3, NAN, 3], [NAN, NAN, NAN], [1, 1, 1]]
    np.testing.assert_equal(alike_rows(np.array(rows, float)), [1, 0, NAN, NAN, 1])


def test_with_few_dimensions_rows_are_held_against_one_another():
    rater = np.array([0, 0, 0, 0, 1, 1, 1])
    ratings = np.array([4, 4, 4, 2, 1, 2, NAN])[:, None]
    np.testing.assert_equal(commonest_rows(ratings, rater), [1, 1, 1, 0, 1, 0, NAN])


def test_contradictions_are_of_dimensions_that_others_use_in_opposite_ways():
    rng = np.random.default_rng(1)
    kind = rng.random(200)
    rude = np.clip(1 - kind + rng.normal(0, 0.1, 200), 0, 1)
    kind[:3], rude[:3] = [0.9, 0.1, 0.9], [0.95, 0.05, 0.1]
    other = rng.random(200)
    found = contradictory_rows(np.column_stack([kind, rude, other]))
    np.testing.assert_equal(found[:3], [1, 1, 0])
    assert np.isnan(contradictory_rows(np.column_stack([kind, other]))).all()


def test_haste_is_measured_by_medians():
    rater = np.repeat([0, 1, 2], 4)
    seconds = np.array([10, 12, 11, 500, 2, 2, 3, 1, 10, 9, 11, NAN])
    made = haste(seconds, rater, 4)
    np.testing.assert_allclose(made[:2], [11.5 / 6.75, 2 / 6.75])
    assert np.isnan(made[2])


def test_copies_are_found_whatever_their_case_and_space():
    texts = pd.Series(
        [
            "This is a nice answer",
            "this is  a NICE answer",
            "ok",
            "ok",
            None,
            "Something else here",
        ]
    )
    np.testing.assert_equal(copied([texts]), [1, 1, NAN, NAN, NAN, 0])


def test_raters_of_few_rows_are_not_judged():
    made = shares_by_rater(np.array([1, 1, 0, 1, NAN]), np.array([0, 0, 0, 1, 1]), 2)
    np.testing.assert_allclose(made, [2 / 3, np.nan])


def frame(n=40, per=6, seed=2):
    """Raters 0 to 3 give one answer throughout, 4 and 5 are fast, 6 and 7 copy, 8 contradicts."""
    rng = np.random.default_rng(seed)
    rater, item = np.repeat(np.arange(n), per), np.tile(np.arange(per), n)
    good = rng.normal(size=n * per) + np.linspace(-1, 1, per)[item]
    kind = np.clip(np.round(3 + 1.2 * good), 1, 5)
    rude = np.clip(np.round(4 - 2 * good), 1, 7)
    useful = np.clip(np.round(3 + good + rng.normal(size=n * per)), 1, 5)
    straight, both = rater < 4, rater == 8
    kind[straight], rude[straight], useful[straight] = 3, 3, 3
    kind[both], rude[both] = 5, 7
    why = [
        "I just copied this text" if k in (6, 7) else f"reason {k} and {j} of my own"
        for k, j in zip(rater, item, strict=True)
    ]
    return pd.DataFrame(
        {
            "rater": [f"r{k:02}" for k in rater],
            "item": [f"i{k}" for k in item],
            "kind": kind,
            "rude": rude,
            "useful": useful,
            "seconds": np.where(np.isin(rater, [4, 5]), 2.0, 20 + rng.random(n * per)),
            "why": why,
            "group": np.where(rater % 2, "odd", "even"),
        }
    )


CARELESS = {"duration": "seconds", "texts": "why"}


@pytest.fixture
def make(study_of):
    return lambda **rules: study_of(
        frame(), dimensions=DIMENSIONS, demographics={"group": {}}, careless=CARELESS | rules
    )


def test_each_kind_of_rater_is_found(make):
    flags = make().careless.set_index("rater").astype(bool)
    found = {name: list(flags.index[flags[name]]) for name in flags}
    assert found == {
        "straight_lining": ["r00", "r01", "r02", "r03"],
        "contradictions": ["r08"],
        "too_fast": ["r04", "r05"],
        "repeated_texts": ["r06", "r07"],
    }


def test_the_table_counts_them(make):
    made = pls.describe.careless_raters(make(), min_cell=1)
    table = made.table.set_index("term")
    assert table["n_raters"].to_list() == [4, 1, 2, 2, 9]
    assert (table["n_judged"] == 40).all()
    assert table.loc["the same answer throughout", "n_ratings"] == 4 * 6 * 3
    assert made.sentence.startswith(
        "Of 40 raters, 4 (10.0%) gave the same answer throughout, 1 (2.5%) contradicted themselves"
    )
    assert made.plot().alt


def test_signs_of_few_raters_are_not_counted(make):
    made = pls.describe.careless_raters(make())
    about_few = ["estimate", "conf_low", "conf_high", "n_raters", "n_ratings"]
    assert made.table[about_few].isna().all(axis=None)
    assert made.sentence.startswith("Of 40 raters, fewer than 10 gave the same answer throughout")
    assert "few" not in made.table


def test_without_columns_only_ratings_are_looked_at(study_of):
    study = study_of(frame(), dimensions=DIMENSIONS)
    assert list(study.careless) == ["rater", "straight_lining", "contradictions"]


def test_they_are_left_out_where_the_codebook_says_so(make):
    left = make(leave_out=["straight_lining", "too_fast"])
    assert len(left.raters) == 34
    told = left.exclusions.set_index("filter")
    assert told.loc["careless: straight_lining", ["rows", "raters"]].to_list() == [24, 4]
    assert told.loc["careless: too_fast", ["rows", "raters"]].to_list() == [12, 2]
    assert not left.careless["straight_lining"].any()
    assert any("left out beforehand" in n for n in pls.describe.careless_raters(left).meta.notes)


def test_long_files_give_the_same(study_of):
    wide = frame()
    long = wide.melt(["rater", "item", "group"], list(DIMENSIONS), "what", "rating")
    columns = {"rater": "rater", "item": "item", "dimension": "what", "rating": "rating"}
    found = study_of(long.sample(frac=1, random_state=1), dimensions=DIMENSIONS, columns=columns)
    other = study_of(wide, dimensions=DIMENSIONS)
    pd.testing.assert_frame_equal(
        found.careless.sort_values("rater", ignore_index=True), other.careless
    )


def test_the_multiverse_leaves_them_out_in_one_branch(make):
    finding = RatingFinding("odd", "kind", "group", "odd", "even")
    study = make()
    assert rating_choices(study, finding)["raters"] == ["as in the study", "attentive only"]
    choices = {"model": ["linear"], "raters": ["as in the study", "attentive only"]}
    table = rating_multiverse(study, finding, choices).table
    alone = study.without([f"r0{k}" for k in range(9)])
    same = rating_multiverse(alone, finding, {"model": ["linear"]}).table
    assert table["estimate"].iloc[1] == pytest.approx(same["estimate"].iloc[0])
    assert table["estimate"].iloc[0] != pytest.approx(table["estimate"].iloc[1])


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"duration": "minutes"}, "unknown column for the duration"),
        ({"duration": "why"}, r"column 'why'.*allowed: numbers of at least 0"),
        ({"texts": "because"}, "unknown column for the texts of raters"),
        ({"leave_out": ["straight"]}, "straight_lining"),
        ({"straight_lining": 0}, "straight_lining"),
        ({"duration": None, "leave_out": ["too_fast"]}, "'too_fast' cannot be looked for"),
        ({"fewest_rows": 1}, "fewest_rows"),
    ],
)
def test_rules_that_cannot_be_followed_are_refused(make, rules, message):
    with pytest.raises((InputError, ValueError), match=message):
        make(**rules)


def test_a_study_without_raters_is_refused(make):
    study = make()
    with pytest.raises(InputError, match="no rater is left"):
        study.without(study.raters["rater"])
    assert study.without(["nobody"]) is study
