import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import exclusions

AGAIN = "p1,a1,3,\np1,a1,4,2\np2,b1,,1\n"
BETWEEN = "scale: {from: 1, to: 5, continuous: true}"


def read(toy, rule, rows=AGAIN, book=None):
    book = (book or toy.files["study.yaml"]) + f"repeats: {rule}\n"
    return toy.read({"ratings.csv": toy.files["ratings.csv"] + rows, "study.yaml": book})


def of(study, rater, item):
    ratings = study.ratings
    own = ratings[(ratings["rater"] == rater) & (ratings["item"] == item)]
    return dict(zip(own["dimension"], own["rating"], strict=True))


@pytest.mark.parametrize(
    ("rule", "toxicity", "helpfulness"), [("first", 1, 5), ("last", 4, 2), ("retest", 1, 5)]
)
def test_one_rating_of_each_is_kept(toy, rule, toxicity, helpfulness):
    study = read(toy, rule)
    assert len(study.ratings) == 36
    assert of(study, "p1", "a1") == {"toxicity": toxicity, "helpfulness": helpfulness}


def test_an_empty_cell_beside_a_rating_is_none(toy):
    assert of(read(toy, "last"), "p2", "b1") == {"toxicity": 1, "helpfulness": 1}
    empty = toy.files["ratings.csv"].replace("p1,a1,1,5", "p1,a1,,5") + "p1,a1,2,\n"
    book = toy.files["study.yaml"] + "repeats: first\n"
    study = toy.read({"ratings.csv": empty, "study.yaml": book})
    assert of(study, "p1", "a1") == {"toxicity": 2, "helpfulness": 5}


def test_means_need_a_scale_that_has_them(toy):
    with pytest.raises(InputError, match=r"'rating_toxicity', row 2: .*'p1' .*2.66667.*continuous"):
        read(toy, "mean")
    book = toy.changed("study.yaml", "scale: [1, 5]", BETWEEN)
    book = book.replace("column: rating_helpfulness", f"column: rating_helpfulness\n    {BETWEEN}")
    study = read(toy, "mean", book=book)
    assert of(study, "p1", "a1") == {"toxicity": pytest.approx(8 / 3), "helpfulness": 3.5}
    whole = read(toy, "mean", rows="p1,a1,3,3\n")
    assert of(whole, "p1", "a1") == {"toxicity": 2, "helpfulness": 4}


def test_occasions_are_kept_in_the_order_of_the_file(toy):
    repeats = read(toy, "retest").repeats
    own = repeats[(repeats["rater"] == "p1") & (repeats["dimension"] == "toxicity")]
    assert own[["occasion", "rating"]].to_numpy().tolist() == [[1, 1], [2, 3], [3, 4]]
    # p2 gave b1 one toxicity rating only; the other cell was empty.
    assert set(repeats.loc[repeats["rater"] == "p2", "dimension"]) == {"helpfulness"}
    assert read(toy, "first").repeats.empty
    assert toy.read().repeats.empty


def test_what_was_done_is_told(toy):
    for rule, done in [("first", "left out"), ("retest", "kept as later occasions")]:
        told = read(toy, rule).exclusions.to_dict("records")
        assert told == [{"filter": f"repeats: {rule}", "rows": 3, "raters": 0, "done": done}]
    assert read(toy, "first", rows="").exclusions.empty
    sentence = exclusions(read(toy, "retest"), min_cell=1).sentence
    assert sentence.endswith("By 'repeats: retest': 3 rows kept as later occasions.")


def test_without_a_rule_the_message_names_it_and_its_choices(toy):
    with pytest.raises(InputError, match=r"second time .*'repeats'.*'first', 'last', 'mean'.*'ret"):
        toy.read({"ratings.csv": toy.files["ratings.csv"] + AGAIN})


def test_an_unknown_rule_is_refused(toy):
    with pytest.raises(InputError, match="'repeats' is 'both', but input should be 'first'"):
        read(toy, "both")


def test_a_narrowed_study_keeps_its_own_repeats(toy):
    study = read(toy, "retest")
    assert set(study.where(dimension="toxicity").repeats["dimension"]) == {"toxicity"}
    assert study.where(rater="p3").repeats.empty


def test_a_long_file_is_settled_by_dimension(study_of):
    rows = [("p1", "a", "x", 1), ("p1", "a", "x", 4), ("p1", "a", "y", 2), ("p2", "a", "x", 3)]
    rows += [("p2", "a", "y", 5)]
    frame = pd.DataFrame(rows, columns=["rater", "item", "what", "how"])
    columns = {"rater": "rater", "item": "item", "dimension": "what", "rating": "how"}
    study = study_of(frame, columns=columns, dimensions={"x": {}, "y": {}}, repeats="last")
    assert study.ratings["rating"].tolist() == [4, 3, 2, 5]
    assert study.exclusions["rows"].tolist() == [1]
