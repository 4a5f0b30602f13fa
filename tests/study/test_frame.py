import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError

ROLES = {"rater": "who", "item": "reply"}


def made(n=12, per=3, **columns):
    """`n` raters who rate `per` of four replies each, with a dimension `good`."""
    rows = [(f"p{r}", f"r{(r + k) % 4}", 1 + (r + 2 * k) % 5) for r in range(n) for k in range(per)]
    frame = pd.DataFrame(rows, columns=["who", "reply", "good"])
    frame["gender"] = ["Female" if int(who[1:]) % 3 else "Male" for who in frame["who"]]
    frame["age"] = [20 + 4 * int(who[1:]) for who in frame["who"]]
    return frame.assign(**columns)


def study(frame, **more):
    return pls.Study.from_frame(
        frame, **{**ROLES, "dimensions": ["good"], "demographics": ["gender", "age"], **more}
    )


def test_a_wide_frame():
    found = study(made(), valence={"good": 1})
    assert found.summary_counts() == {"raters": 12, "items": 4, "ratings": 36, "dimensions": 1}
    assert found.levels("age") == ("18-30", "31-40", "41-50", "51-60", "over 60")
    assert found.raters["gender"].cat.categories.tolist() == ["Female", "Male"]
    assert found.codebook.dimensions["good"].valence == 1
    told = found.inferred.table.set_index("column")
    assert list(told) == ["role", "taken_as", "why"]
    assert told.loc["good", "taken_as"] == "whole numbers 1 to 5"
    assert "ages in years" in told.loc["age", "why"]


def test_the_same_as_a_file_with_a_codebook(tmp_path):
    frame = made()
    frame.to_csv(tmp_path / "ratings.csv", index=False)
    (tmp_path / "study.yaml").write_text(
        "name: study\nfiles: {ratings: ratings.csv}\ncolumns: {rater: who, item: reply}\n"
        "dimensions: {good: {}}\ndemographics:\n  gender: {levels: [Female, Male]}\n"
    )
    read = pls.read_study(tmp_path / "study.yaml")
    pd.testing.assert_frame_equal(study(frame, demographics=["gender"]).ratings, read.ratings)


def test_a_long_frame_is_the_wide_one():
    wide = made(bad=lambda f: 6 - f["good"])
    long = wide.melt(["who", "reply", "gender", "age"], ["good", "bad"], "about", "score")
    both = study(wide, dimensions=["good", "bad"])
    found = study(long, dimensions=(), rating="score", dimension="about")
    keys = ["rater", "item", "dimension"]

    def plain(ratings):
        return ratings.astype(dict.fromkeys(keys, str)).sort_values(keys, ignore_index=True)

    assert found.dimensions == ("good", "bad")
    columns = [*keys, "rating", "gender", "age"]
    pd.testing.assert_frame_equal(
        plain(found.ratings)[columns], plain(both.ratings)[columns], check_categorical=False
    )


def test_one_column_of_ratings_alone():
    found = study(made(), dimensions=(), rating="good")
    assert found.dimensions == ("good",)


def test_several_columns_may_name_the_item_and_one_of_them_the_prompt():
    frame = made(version=lambda f: f["reply"].str[-1], prompt=lambda f: "q" + f["reply"].str[-1])
    found = study(frame, item=["prompt", "version"], prompt="prompt")
    assert found.items["item"].tolist()[:2] == ["q0:0", "q1:1"]
    assert found.items["prompt"].tolist()[:2] == ["q0", "q1"]


def test_texts_and_languages_and_covariates():
    frame = made(said=lambda f: "Text of " + f["reply"], tag="de", source=list("ab") * 18)
    found = study(frame, text={"de": "said"}, language="tag", covariates=["source"])
    assert found.items["response_text_de"].tolist()[0] == "Text of r0"
    assert found.ratings["source"].cat.categories.tolist() == ["a", "b"]
    assert found.ratings["language"].unique().tolist() == ["de"]
    assert "response_text_en" in study(frame, text="said").items


KINDS = {
    "nullable": lambda s: s.astype("Int64"),
    "floats that are whole": lambda s: s.astype(float),
    "floats with a gap": lambda s: s.astype(float).where(s.index != 3),
    "nullable with a gap": lambda s: s.astype("Int64").where(s.index != 3),
    "text": lambda s: s.astype(str),
    "objects": lambda s: s.astype(object),
    "categories": lambda s: s.astype("category"),
    "categories of floats": lambda s: s.astype(float).astype("category"),
    "arrow": lambda s: s.astype("int64[pyarrow]"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_any_kind_are_the_same_and_read_back_alike(kind, tmp_path):
    frame = made(good=lambda f: KINDS[kind](f["good"]))
    frame["level"] = KINDS[kind](frame["age"] // 20)
    frame["level"] = frame.groupby("who")["level"].transform("last")
    found = study(frame, demographics=["level"])
    usual = study(made()).ratings["rating"]
    given = found.ratings["rating"]
    assert given[given.notna()].equals(usual[given.notna()])
    assert found.levels("level") == ("1", "2", "3")
    back(found, frame, tmp_path)


def back(found, frame, folder):
    """What is read from the codebook and the saved frame is the same study."""
    frame.to_csv(folder / "ratings.csv", index=False)
    read = pls.read_study(found.to_yaml(folder / "study.yaml"))
    for part in ("ratings", "raters", "items", "nonresponse"):
        pd.testing.assert_frame_equal(getattr(read, part), getattr(found, part))
    assert read.codebook == found.codebook
    assert read.fingerprint == found.fingerprint


def test_booleans_and_words_rate(tmp_path):
    words = ["disagree", "strongly agree", "neutral", "agree"]
    frame = made(ok=[True, False, True] * 12, said=words * 9)
    found = study(frame, dimensions=["ok", "said"])
    ratings = found.ratings.set_index("dimension")["rating"]
    assert ratings["ok"].tolist()[:3] == [1, 0, 1]
    assert ratings["said"].tolist()[:4] == [2, 5, 3, 4]
    back(found, frame, tmp_path)


def test_words_of_no_known_order_are_asked_for(tmp_path):
    frame = made(said=["meh", "wow", "so"] * 12)
    with pytest.raises(InputError) as error:
        study(frame, dimensions=["said"])
    assert str(error.value) == (
        "column 'said': the ratings are words whose order is not known ('meh', 'wow', 'so'); "
        "state it, the lowest first: scales={'said': [...]}, or of files "
        "--scale said=LOWEST,...,HIGHEST"
    )
    found = study(frame, dimensions=["said"], scales={"said": ["meh", "so", "wow"]})
    assert found.ratings["rating"].tolist()[:3] == [1, 3, 2]
    back(found, frame, tmp_path)
    ordered = pd.Categorical(frame["said"], ["wow", "so", "meh"], ordered=True)
    assert study(frame.assign(said=ordered), dimensions=["said"]).ratings["rating"][0] == 3


def test_categories_keep_their_order(tmp_path):
    frame = made()
    frame["gender"] = pd.Categorical(frame["gender"], ["Male", "Other", "Female"])
    frame["old"] = pd.cut(frame["age"], [0, 30, 50, 99], labels=["young", "middle", "aged"])
    found = study(frame, demographics=["gender", "old"])
    assert found.levels("gender") == ("Male", "Female")
    assert found.levels("old") == ("young", "middle", "aged")
    factors = found.codebook.demographics
    assert (factors["gender"].ordered, factors["old"].ordered) == (False, True)
    back(found, frame, tmp_path)


def test_names_that_no_formula_holds_get_one_that_can(tmp_path):
    frame = made().rename(columns={"good": "How good?\n(1-5)", "gender": "rater gender"})
    found = study(frame, dimensions=["How good?\n(1-5)"], demographics=["rater gender"])
    assert found.dimensions == ("How_good_1_5",)
    assert found.labels == {"How_good_1_5": "How good? (1-5)", "rater_gender": "rater gender"}
    back(found, frame, tmp_path)


def test_columns_may_be_named_by_numbers(tmp_path):
    frame = made()[["who", "reply", "good"]].set_axis([0, 1, 2], axis=1)
    found = pls.Study.from_frame(frame, rater=0, item=1, dimensions=[2])
    assert found.dimensions == ("dimension_2",)


def test_valence_is_never_guessed():
    found = study(made())
    assert found.codebook.dimensions["good"].valence is None
    told = found.inferred.table.set_index("role").loc["valence"]
    assert told["taken_as"] == "not declared"
    assert "valence={'good': 1}" in found.inferred.sentence
    assert "good (1) or bad (-1) cannot be seen" in found._repr_html_()
    with pytest.raises(InputError, match=r"under dimensions\.good in the codebook, or valence="):
        pls.preference_pairs(found, pls.feedback.Recipe(weights={"good": 1}))


def test_what_is_stated_is_not_inferred():
    found = study(made(), scales={"good": [0, 10]}, valence={"good": -1}, demographics=[])
    assert tuple(found.codebook.dimensions["good"].scale) == (0, 10)
    assert found.inferred.table.empty
    assert found.inferred.sentence == "Nothing was inferred."


WRONG = {
    "no frame": ({"data": "ratings.csv"}, "takes a pandas DataFrame as 'data', not 'ratings.csv'"),
    "an empty frame": ({"data": pd.DataFrame({"who": []})}, "the frame: is empty"),
    "an absent column": (
        {"rater": "whom"},
        "rater must be one of .* not 'whom'; did you mean 'who'",
    ),
    "an absent dimension": ({"dimensions": ["god"]}, "dimensions must be .* did you mean 'good'"),
    "an absent demographic": ({"demographics": ["sex"]}, "demographics must be one of"),
    "two roles": ({"demographics": ["who"]}, "'who' is named both rater and demographics"),
    "a role twice": ({"dimensions": ["good", "good"]}, "'good' is named twice in dimensions"),
    "no ratings": ({"dimensions": []}, "no column of ratings is named; .* the frame has 'who'"),
    "both forms": ({"rating": "age", "demographics": []}, "or rating .one column., not both"),
    "dimension alone": ({"dimensions": [], "dimension": "age"}, "name the column of its rating"),
    "valence of nothing": (
        {"valence": {"god": 1}},
        "a dimension of 'valence' must be one of 'good'",
    ),
    "a valence of 2": ({"valence": {"good": 2}}, "the valence of 'good' must be 1 .* not 2"),
    "a scale of nothing": ({"scales": {"god": [1, 5]}}, "a dimension of 'scales' must be one of"),
    "a scale too short": (
        {"scales": {"good": [1, 3]}},
        "rows 2, 4.* value '5', '4'; allowed: whole num",
    ),
    "rows for raters": ({"rater": "row"}, "every row has a rater of its own"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused_in_one_line(what):
    more, message = WRONG[what]
    frame = made(row=lambda f: np.arange(len(f)))
    with pytest.raises(InputError, match=message) as error:
        study(
            **{"frame": more.get("data", frame), **{k: v for k, v in more.items() if k != "data"}}
        )
    assert "\n" not in str(error.value)


def test_a_column_of_the_index_is_told():
    with pytest.raises(InputError, match=r"it is in the index: pass data.reset_index\(\)"):
        study(made().set_index("who"))


def test_columns_of_several_levels_are_refused():
    frame = made()
    frame.columns = pd.MultiIndex.from_product([["a"], frame.columns])
    with pytest.raises(InputError, match="several levels"):
        study(frame)


def test_two_columns_of_one_name_are_refused():
    frame = made(x=pd.Categorical(["a"] * 36))
    with pytest.raises(InputError, match="the column 'x' stands twice"):
        study(pd.concat([frame, frame[["x"]]], axis=1))


def test_weights_of_raters_are_those_of_a_file(tmp_path):
    frame = made(w=lambda f: 1 + f["who"].str[1:].astype(int) / 4)
    found = study(frame, weight="w")
    assert found.raters["weight"].tolist() == [1 + k / 4 for k in range(12)]
    frame.to_csv(tmp_path / "ratings.csv", index=False)
    read = pls.read_study(found.to_yaml(tmp_path / "study.yaml"))
    pd.testing.assert_frame_equal(read.raters, found.raters)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (lambda f: f["who"], "the frame: column 'w', rows 0.*a number from 0 upward"),
        (lambda f: range(len(f)), "has two different weights; keep one"),
        (lambda f: 0, "every weight is 0"),
    ],
)
def test_weights_that_are_none(cells, told):
    with pytest.raises(InputError, match=told):
        study(made(w=cells), weight="w")
    with pytest.raises(InputError, match="weight must be one of"):
        study(made(), weight="w")


def test_entries_of_a_demographic_state_what_is_not_to_be_inferred():
    stated = {
        "gender": {"reference": "Male", "label": "Gender"},
        "years": {"column": "age", "bands": {"young": [0, 40], "old": [41, 99]}},
    }
    found = study(made(), demographics=stated)
    assert found.raters["gender"].cat.categories.tolist() == ["Male", "Female"]
    assert found.levels("years") == ("young", "old")
    assert found.codebook.label("gender") == "Gender"
    assert "age" not in found.inferred.table["column"].tolist()
    with pytest.raises(InputError, match=r"unknown key 'demographics.gender.refernce'"):
        study(made(), demographics={"gender": {"refernce": "Male"}})


def test_repeats_and_codes_of_no_answer():
    twice = pd.concat([made(), made().assign(good=lambda f: 6 - f["good"])])
    with pytest.raises(InputError, match="'repeats'"):
        study(twice)
    first, last = study(twice, repeats="first"), study(twice, repeats="last")
    pd.testing.assert_series_equal(first.ratings["rating"], study(made()).ratings["rating"])
    assert (last.ratings["rating"] == 6 - first.ratings["rating"]).all()
    coded = study(
        made(
            gender=lambda f: [
                "?" if who == "p1" else g for who, g in zip(f["who"], f["gender"], strict=True)
            ]
        ),
        missing=["", "?"],
    )
    assert coded.levels("gender") == ("Female", "Male")
    assert coded.codes["code"].tolist() == ["?"]
