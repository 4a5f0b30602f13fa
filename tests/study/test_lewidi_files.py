"""Files of a shared task as they are published: JSON by name, a map from raters to ratings."""

import pandas as pd

from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.tables import RawTable


def tables(folder, name, **raters):
    stack = {"stack": [f"{name}_dev.json", f"{name}_test.json"], "key": "item"}
    book = codebook_from(
        {
            "name": name,
            "files": {
                "ratings": {
                    **stack,
                    "map": {"column": "annotations", "key": "rater", "value": "rating"},
                },
                "raters": {"path": f"{name}_annotators_meta.json", "key": "rater", **raters},
                "items": stack,
            },
            "columns": {"rater": "rater", "item": "item", "prompt": "text.context"},
            "dimensions": {"rating": {}},
        },
        "lewidi.yaml",
    )
    return [read_table(spec, folder, book.missing) for spec in book.files.specs]


def given(ratings: RawTable, raters: RawTable, column: str) -> pd.DataFrame:
    people = raters.frame.set_index("rater")[column]
    frame = ratings.frame.assign(group=ratings.frame["rater"].map(people))
    return frame.assign(rating=frame["rating"].astype(float)).groupby("group")["rating"]


def test_sarcasm_ratings_and_their_raters(lewidi_folder):
    ratings, raters, items = tables(lewidi_folder, "CSC")
    frame = ratings.frame
    assert (len(frame), frame["rater"].nunique(), frame["item"].nunique()) == (6410, 872, 1408)
    counts = frame["rating"].value_counts().sort_index()
    assert counts.tolist() == [2377, 975, 820, 1052, 745, 441]
    assert len(items.frame) == 1408
    assert items.frame["text.context"].nunique() == 71
    assert raters.answers("Gender", "it").value_counts()[["Male", "Female"]].tolist() == [418, 397]
    assert not raters.answers("Gender", "it").isin(["DATA_EXPIRED", "CONSENT_REVOKED"]).any()
    by_gender = given(ratings, raters, "Gender")
    assert by_gender.mean().round(3)[["Female", "Male"]].tolist() == [2.739, 2.683]
    assert by_gender.size()[["Female", "Male"]].tolist() == [2942, 3017]
    assert set(ratings.hashes) == {"CSC_dev.json", "CSC_test.json"}


def test_irony_ratings_whose_raters_are_named_without_their_prefix(lewidi_folder):
    ratings, raters, items = tables(lewidi_folder, "MP", prefix={"rater": "Ann"})
    frame = ratings.frame
    assert (len(frame), frame["rater"].nunique(), len(items.frame)) == (33871, 506, 6761)
    assert frame["rating"].value_counts().to_dict() == {"0": 22740, "1": 11131}
    assert set(frame["rater"]) == set(raters.frame["rater"])
    by_gender = given(ratings, raters, "Gender")
    assert by_gender.mean().round(3)[["Female", "Male"]].tolist() == [0.336, 0.322]
    assert by_gender.size()[["Female", "Male"]].tolist() == [15262, 18476]
    assert frame["lang"].nunique() == 9
