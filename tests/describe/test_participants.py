from itertools import product

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import composition, exclusions, nonresponse
from pluralign_stats.describe.participants import not_asked
from pluralign_stats.suppression import is_safe, suppressed


def tables(seed, n=300):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        size = rng.integers(1, 7)
        top = rng.choice([3, 12, 40])
        yield rng.integers(0, top, size), int(rng.integers(2, 15))


@pytest.mark.parametrize("seed", range(3))
def test_no_small_cell_can_be_read_or_computed(seed):
    for counts, min_cell in tables(seed):
        hide = suppressed(counts, min_cell)
        small = (counts > 0) & (counts < min_cell)
        assert hide[small].all()
        assert not hide[counts == 0].any()
        if hide.any():
            # The total less the shown cells is the sum of the withheld ones.
            assert is_safe(counts, hide, min_cell) or hide[counts > 0].all()
        if not small.any():
            assert not hide.any()


def test_no_more_is_withheld_than_it_takes():
    for counts, min_cell in tables(9):
        hide, small = suppressed(counts, min_cell), (counts > 0) & (counts < min_cell)
        for extra in np.flatnonzero(hide & ~small):
            less = hide.copy()
            less[extra] = False
            assert not is_safe(counts, less, min_cell)


def sizes_left(counts, hide, min_cell):
    """By enumeration, how many sizes each small withheld cell can have, of what is known."""
    at = np.flatnonzero(hide)
    small = counts[at] < min_cell
    total = counts[at].sum()
    ranges = [range(1, min_cell) if s else range(min_cell, total + 1) for s in small]
    whole = [sizes for sizes in product(*ranges) if sum(sizes) == total]
    return [len({sizes[k] for sizes in whole}) for k in np.flatnonzero(small)]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_withheld_together_leaves_small_sizes_open(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        counts, min_cell = rng.integers(0, 9, rng.integers(2, 5)), int(rng.integers(2, 6))
        hide = suppressed(counts, min_cell)
        if hide.any() and (counts[~hide] > 0).any():
            assert min(sizes_left(counts, hide, min_cell)) >= (min_cell - 1) / 2
            assert counts[hide].sum() >= min_cell


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ([50, 30, 20], []),
        ([50, 30, 4], [1, 2]),
        ([50, 7, 4], [1, 2]),
        ([50, 30, 10, 0], []),
        ([5, 0, 0], [0]),
        ([50, 12, 12, 1], [0, 3]),
        ([100, 90, 1], [1, 2]),
        ([100, 1, 1], [0, 1, 2]),
        ([20, 9, 9], [0, 1, 2]),
        ([100, 10, 1], [0, 2]),
    ],
)
def test_examples(counts, hidden):
    assert np.flatnonzero(suppressed(np.array(counts), 10)).tolist() == hidden


def study_with(study_of, counts, seed=0):
    """A study whose raters fall into the given cells; some cells are nonresponse."""
    rng = np.random.default_rng(seed)
    group = np.repeat(list(counts), list(counts.values()))
    rng.shuffle(group)
    n = len(group)
    frame = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(n)], 2)})
    frame["item"] = ["a", "b"] * n
    frame["rating"] = rng.integers(1, 6, 2 * n)
    frame.loc[:1, "rating"] = [1, 5]
    frame["g"] = np.repeat(group, 2)
    frame["g"] = frame["g"].replace("missing", "")
    return study_of(frame, demographics={"g": {"declined": "declined", "effects": False}})


def test_counts_of_a_small_study(toy):
    result = composition(toy.read(), min_cell=2)
    assert result.table.to_dict("records")[:2] == [
        {"term": "Gender", "group": "Male", "n_raters": 3, "share": 0.5, "n_ratings": 18},
        {"term": "Gender", "group": "Female", "n_raters": 3, "share": 0.5, "n_ratings": 18},
    ]
    assert list(result.table["group"])[2:] == ["Liberal", "Centre", "Conservative"]
    assert result.sentence == "6 raters gave 36 ratings of 3 items on 2 dimensions."
    assert result.meta.data == "observed"


def test_unanswered_ratings_are_not_counted(toy):
    study = toy.read({"ratings.csv": toy.changed("ratings.csv", "p1,a1,1,5", "p1,a1,,")})
    table = composition(study, min_cell=2).table.set_index("group")
    assert table.loc["Female", "n_ratings"] == 16


def test_nonresponse_has_rows_of_its_own(study_of):
    study = study_with(study_of, {"a": 20, "b": 15, "declined": 11, "missing": 14})
    table = composition(study).table.set_index("group")
    expected = {"a": 20, "b": 15, "declined to answer": 11, "no answer recorded": 14}
    assert table["n_raters"].to_dict() == expected
    assert table["share"].sum() == pytest.approx(1)


def test_the_largest_groups_that_may_be_told_stand_in_the_sentence(study_of):
    def told(counts, **settings):
        sentence = composition(study_with(study_of, counts), **settings).sentence
        return sentence.partition("on 1 dimension.")[2]

    assert told({"a": 30, "b": 50}) == " Largest groups by G: b (62%), a (38%)."
    counts = {"a": 30, "b": 50, "declined": 20}
    assert told(counts) == " Largest groups by G: b (50%), a (30%), …"
    many = {"a": 10, "b": 20, "c": 30, "d": 40}
    assert told(many) == " Largest groups by G: d (40%), c (30%), b (20%), …"
    small = {"a": 40, "b": 15, "c": 3}
    assert told(small) == told(small, min_cell=1) == " Largest groups by G: a (69%), …"
    assert told({"a": 6, "b": 5}, min_cell=1) == ""


def test_withheld_cells_are_missing_and_announced(study_of):
    result = composition(study_with(study_of, {"a": 40, "b": 15, "c": 3}))
    table = result.table.set_index("group")
    hidden = table.loc[["b", "c"], ["n_raters", "share", "n_ratings"]]
    assert hidden.isna().all(axis=None)
    assert table.loc["a", "n_raters"] == 40
    assert "2 cells are withheld" in result.meta.notes[0]
    assert "fewer than 10 raters" in result.meta.notes[0]


def test_few_without_an_answer_cost_the_next_level_its_counts(study_of):
    """Else they would be the total less what is shown."""
    study = study_with(study_of, {"a": 40, "b": 15, "declined": 3})
    table = composition(study).table.set_index("group")["n_raters"]
    assert table["a"] == 40
    assert table[["b", "declined to answer"]].isna().all()
    study = study_with(study_of, {"a": 40, "b": 15, "declined": 3, "missing": 30})
    table = composition(study).table.set_index("group")["n_raters"]
    assert table[["a", "b"]].tolist() == [40, 15]
    assert table[["no answer recorded", "declined to answer"]].isna().all()


@pytest.mark.parametrize("seed", range(12))
def test_nonresponse_never_tells_what_composition_withholds(study_of, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.choice([0, 2, 3, 6, 9, 11, 25], 5)
    names = ["a", "b", "c", "declined", "missing"]
    counts = {name: int(n) for name, n in zip(names, sizes, strict=True)}
    counts["a"] += 5
    study = study_with(study_of, counts, seed)
    shown = composition(study).table.set_index("group")["n_raters"]
    row = nonresponse(study).table.iloc[0]
    total = sum(counts.values())
    told = {"declined": "declined to answer", "missing": "no answer recorded"}
    for name, group in told.items():
        share = row[f"{name}_share"]
        if counts[name] == 0:
            assert share == 0
        elif np.isnan(shown[group]):
            assert np.isnan(share)
            assert np.isnan(row["n_raters"])
        else:
            assert share == pytest.approx(counts[name] / total)
    if not np.isnan(row["n_raters"]):
        assert row["n_raters"] == counts["a"] + counts["b"] + counts["c"]


def test_a_group_that_was_not_asked(study_of):
    n = 60
    frame = pd.DataFrame({"rater": [f"p{i}" for i in range(n)], "item": "a"})
    frame["rating"] = np.arange(n) % 5 + 1
    frame["country"] = np.repeat(["US", "China", "Peru"], [20, 30, 10])
    frame["politics"] = np.where(frame["country"] == "US", "left", "right")
    frame.loc[frame["country"] == "China", "politics"] = ""
    frame.loc[frame["country"] == "Peru", "politics"] = "hush"
    book = {"country": {}, "politics": {"declined": "hush", "effects": False}}
    study = study_of(frame, demographics=book)
    assert not_asked(study, "politics") == "Country = China"
    assert not_asked(study, "country") == ""
    assert not_asked(study, "politics", min_cell=31) == ""
    assert nonresponse(study).sentence == "Politics: no answers at all for Country = China."


def test_a_study_without_demographics(study_of):
    frame = pd.DataFrame({"rater": ["p", "q"], "item": "a", "rating": [1, 2]})
    study = study_of(frame)
    assert composition(study).table.empty
    assert "no demographics" in composition(study).sentence
    assert nonresponse(study).table.empty


def test_min_cell_must_be_one_or_more(small_study):
    for analysis in (composition, nonresponse):
        with pytest.raises(InputError, match="min_cell must be 1 or more, not 0"):
            analysis(small_study, min_cell=0)


def test_simulated_studies_say_so(small_study):
    for analysis in (composition, nonresponse, exclusions):
        assert analysis(small_study).meta.data == "simulated"


def test_exclusions_by_filter(small_study, toy):
    table = exclusions(small_study).table
    assert table.to_dict("records") == [{"filter": "attention checks", "n_rows": 0, "n_raters": 0}]
    assert "names no filter" in exclusions(toy.read()).sentence


def test_trustamas_tells_that_politics_was_not_asked_in_china(trustamas):
    result = nonresponse(trustamas)
    row = result.table.set_index("term").loc["Political ideology"]
    assert row["not_asked"] == "Country = China"
    assert "Political ideology: no answers at all for Country = China" in result.sentence
    others = result.table.loc[result.table["term"] != "Political ideology", "not_asked"]
    assert (others == "").all()
    left_out = exclusions(trustamas)
    assert left_out.table["n_rows"].tolist() == [1_977]
    assert "Rows left out: 1,977; raters left without any row: 200" in left_out.sentence
