import io
import json
import sys

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from tests.conftest import SHARED_DATA


def ratings(n=24, per=5, items=10):
    rng = np.random.default_rng(2)
    rater = np.repeat(np.arange(n), per)
    item = np.concatenate([rng.permutation(items)[:per] for _ in range(n)])
    frame = pd.DataFrame({"worker": [f"w{k}" for k in rater], "reply": [f"r{k}" for k in item]})
    frame["toxic"] = 1 + rng.permutation(len(frame)) % 5
    frame["kind"] = np.array(["agree", "disagree", "strongly agree"])[
        rng.integers(0, 3, len(frame))
    ]
    return frame


def people(n=24):
    return pd.DataFrame(
        {
            "worker": [f"w{k}" for k in range(n)],
            "sex": np.array(["f", "m"])[np.arange(n) % 2],
            "age": 20 + 2 * np.arange(n),
        }
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def one(folder):
    """One file that holds all."""
    ratings().merge(people()).to_csv("all.csv", index=False)
    return folder


def answer(monkeypatch, *lines):
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_one_file_gives_a_codebook_with_its_reasons(one, pluralign):
    ran = pluralign("init", "all.csv", "--yes")
    assert (ran.status, ran.err) == (0, "")
    text = (one / "study.yaml").read_text()
    for line in (
        "# rater: 'worker' (named so; 24 different ones, 5 rows each)",
        "columns: {rater: worker, item: reply}",
        "# - whether a high rating is good (valence: 1) or bad (valence: -1) of 'toxic', 'kind';",
        "    valence: null",
        "    labels: {1: strongly disagree, 2: disagree, 3: agree, 4: strongly agree}",
        "      18-30: [18, 30]",
    ):
        assert line in text.split("\n"), line
    assert "pluralign check study.yaml" in ran.out
    assert "My study: no errors found." in ran.out
    assert "24 raters gave 240 ratings of 10 items on 2 dimensions." in ran.out
    study = pls.read_study(one / "study.yaml")
    assert study.dimensions == ("toxic", "kind")
    assert study.demographics == ("sex", "age")


def test_it_is_what_from_frame_makes(one, pluralign):
    pluralign("init", "all.csv", "--yes")
    read = pls.read_study(one / "study.yaml")
    made = pls.Study.from_frame(
        pd.read_csv("all.csv"), rater="worker", item="reply", dimensions=["toxic", "kind"],
        demographics=["sex", "age"],
    )  # fmt: skip
    pd.testing.assert_frame_equal(read.ratings, made.ratings)


def test_a_codebook_that_is_there_is_left_alone(one, pluralign):
    (one / "study.yaml").write_text("mine")
    ran = pluralign("init", "all.csv", "--yes")
    assert ran.status == 2
    assert "study.yaml: exists already and was left as it is" in ran.err
    assert (one / "study.yaml").read_text() == "mine"
    assert pluralign("init", "all.csv", "--yes", "--overwrite").status == 0
    assert pluralign("init", "all.csv", "--yes", "--out", "other.yaml").status == 0


def test_only_what_it_cannot_tell_is_asked(one, pluralign, monkeypatch):
    answer(monkeypatch, "bad", "neither", "")
    ran = pluralign("init", "all.csv")
    assert ran.status == 0
    assert ran.out.count("Is a high rating of") == 2 + 1  # once more after an answer that is none
    assert "'neither' is none of these" in ran.out
    assert "Which column" not in ran.out
    dimensions = pls.read_study(one / "study.yaml").codebook.dimensions
    assert [dimensions[d].valence for d in ("toxic", "kind")] == [-1, None]


def test_who_and_what_are_asked_where_no_name_says_it(one, pluralign, monkeypatch):
    frame = pd.read_csv("all.csv").rename(columns={"worker": "a", "reply": "b"})
    frame.drop(columns="kind").to_csv("all.csv", index=False)
    answer(monkeypatch, "", "b", "bad")
    ran = pluralign("init", "all.csv")
    assert ran.status == 0, ran.err
    assert ran.out.count("Which column says") == 2
    columns = pls.read_study(one / "study.yaml").codebook.columns
    assert (columns.rater, columns.item) == ("a", ("b",))
    ran = pluralign("init", "all.csv", "--yes", "--out", "guessed.yaml")
    assert "Left to decide: whether rater is 'a': a guess by what the columns hold" in ran.out


def test_without_anyone_to_answer_nothing_is_written(one, pluralign, monkeypatch):
    answer(monkeypatch)
    ran = pluralign("init", "all.csv")
    assert ran.status == 2
    assert "nobody answers (Is a high rating of 'toxic' good or bad?)" in ran.err
    assert "--yes" in ran.err
    assert not (one / "study.yaml").exists()


def test_options_answer_beforehand(one, pluralign, monkeypatch):
    answer(monkeypatch)
    ran = pluralign(
        "init", "all.csv", "--rater", "worker", "--item", "reply", "--rating", "toxic",
        "--valence", "toxic=-1", "--scale", "toxic=1,7",
    )  # fmt: skip
    assert (ran.status, ran.err) == (0, "")
    toxic = pls.read_study(one / "study.yaml").codebook.dimensions["toxic"]
    assert (toxic.valence, tuple(toxic.scale)) == (-1, (1, 7))


def test_raters_and_items_in_files_of_their_own(folder, pluralign):
    ratings().to_csv("ratings.csv", index=False)
    people().rename(columns={"worker": "id"}).to_csv("people.csv", index=False, sep=";")
    items = pd.DataFrame({"reply": [f"r{k}" for k in range(10)], "prompt": ["q1", "q2"] * 5})
    items["text"] = [f"This is what the model answered as number {k} of all" for k in range(10)]
    items.to_parquet("items.parquet")
    ran = pluralign("init", "items.parquet", "people.csv", "ratings.csv", "--yes")
    assert (ran.status, ran.err) == (0, "")
    study = pls.read_study("study.yaml")
    assert study.demographics == ("sex", "age")
    assert study.items["prompt"].nunique() == 2
    assert study.items["response_text_en"][0].startswith("This is what")
    files = study.codebook.files
    assert (files.ratings.path, files.raters.separator) == ("ratings.csv", ";")
    assert files.raters.rename == {"id": "worker"}


def test_excel_is_read(one, pluralign):
    pd.read_csv("all.csv").to_excel("all.xlsx", index=False)
    assert pluralign("init", "all.xlsx", "--yes").status == 0
    assert pls.read_study("study.yaml").dimensions == ("toxic", "kind")


def test_maps_in_cells_and_parts_of_one_table(folder, pluralign):
    told = ratings()
    for part, few in told.groupby(told["reply"] < "r5"):
        cells = {
            reply: {
                "text": {"reply": f"A reply that is long enough to be a text, number {reply}"},
                "annotations": dict(zip(g["worker"], g["toxic"].astype(str), strict=True)),
                "lang": "en",
            }
            for reply, g in few.groupby("reply")
        }
        (folder / f"part{part}.json").write_text(json.dumps(cells))
    meta = people().assign(worker=lambda f: f["worker"].str[1:]).set_index("worker")
    (folder / "meta.json").write_text(json.dumps(meta[:20].to_dict("index")))
    ran = pluralign("init", "partTrue.json", "partFalse.json", "meta.json", "--yes")
    assert (ran.status, ran.err) == (0, "")
    study = pls.read_study("study.yaml")
    assert study.summary_counts() == {"raters": 24, "items": 10, "ratings": 120, "dimensions": 1}
    assert study.raters["sex"].notna().sum() == 20
    assert study.codebook.files.raters.prefix == {"rater": "w"}
    assert study.codebook.raters.not_described == "add"


def test_attention_checks_are_filters_where_a_word_says_who_passed(one, pluralign):
    frame = pd.read_csv("all.csv")
    frame["check"] = np.where(frame["worker"] == "w3", "failed", "passed")
    frame["attention"] = np.where(frame["reply"] == "r3", "red", "blue")
    frame.to_csv("all.csv", index=False)
    ran = pluralign("init", "all.csv", "--yes")
    assert ran.status == 0
    assert list(pls.read_study("study.yaml").codebook.filters) == ["check"]
    assert "which answers to 'attention' pass: it looks like an attention check" in ran.out


def test_a_draft_that_check_refuses_is_there_to_be_corrected(one, pluralign):
    frame = pd.read_csv("all.csv")
    frame.loc[frame["worker"] == "w0", "age"] = 150
    frame.to_csv("all.csv", index=False)
    ran = pluralign("init", "all.csv", "--yes")
    assert ran.status == 1
    first, second = ran.err.strip().split("\n")
    assert first.startswith("pluralign: all.csv: column 'age', row 2: value '150'")
    assert second == "The draft is in study.yaml: correct it, and run: pluralign check study.yaml"
    assert (one / "study.yaml").exists()


WRONG = {
    "no such file": (["none.csv"], "none.csv: no such file"),
    "no such column": (["all.csv", "--rater", "wrker"], "--rater: no column 'wrker'; there are"),
    "one row a rater": (["people.csv"], "no column says who rated|every row has a rater"),
    "no ratings": (["bare.csv"], "no column of ratings was found"),
    "nothing shared": (["all.csv", "other.csv"], "other.csv: shares no names with all.csv"),
    "two files of raters": (["r.csv", "people.csv", "more.csv"], "a second file of raters"),
    "a valence": (["all.csv", "--valence", "toxic=2"], "toxic=2: must be 1 .* or -1"),
    "valence of nothing": (["all.csv", "--valence", "tox=1"], "did you mean 'toxic'"),
    "a scale that does not hold": (
        ["all.csv", "--rating", "odd"],
        "order is not known .*--scale odd=",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_written(what, one, pluralign):
    words, message = WRONG[what]
    frame = pd.read_csv("all.csv").assign(odd=["meh", "wow"] * 60)
    frame.to_csv("all.csv", index=False)
    frame[["worker", "reply", "sex"]].to_csv("bare.csv", index=False)
    ratings().to_csv("r.csv", index=False)
    people().to_csv("people.csv", index=False)
    people().rename(columns={"sex": "gender", "age": "income"}).to_csv("more.csv", index=False)
    pd.DataFrame({"x": ["k1", "k2", "k3"], "y": [1, 2, 3]}).to_csv("other.csv", index=False)
    ran = pluralign("init", *words, "--yes")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert pytest.importorskip("re").search(message, ran.err), ran.err
    assert not (one / "study.yaml").exists()


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (["CSC_dev", "CSC_test", "CSC_annotators_meta"], (872, 1408, 6410)),
        (["MP_dev", "MP_test", "MP_annotators_meta"], (506, 6761, 33871)),
    ],
)
@pytest.mark.extended
def test_published_sets_of_maps(names, counts, folder, pluralign):
    paths = [SHARED_DATA / "lewidi" / f"{name}.json" for name in names]
    if not paths[0].exists():
        pytest.skip(f"{paths[0]} is absent")
    ran = pluralign("init", *paths, "--yes")
    assert (ran.status, ran.err) == (0, "")
    found = pls.read_study("study.yaml").summary_counts()
    assert tuple(found[what] for what in ("raters", "items", "ratings")) == counts


def test_a_draft_with_codes_for_no_answer_passes_its_check(folder, pluralign):
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"worker": np.repeat([f"w{k}" for k in range(30)], 4)})
    rows["reply"] = np.tile(["r1", "r2", "r3", "r4"], 30)
    rows["toxic"] = 1 + rng.permutation(len(rows)) % 5
    rows["age"] = np.repeat([999, *range(20, 49)], 4)
    rows["politics"] = np.repeat([-99, *(1 + np.arange(29) % 7)], 4)
    rows.to_csv("all.csv", index=False)
    ran = pluralign("init", "all.csv", "--yes")
    assert (ran.status, ran.err) == (0, "")
    assert "999" in ran.out
    codebook = pls.read_study("study.yaml").codebook
    assert codebook.demographics["age"].missing == ("999",)
    assert codebook.demographics["politics"].missing == ("-99",)


def test_choices_are_drafted_and_checked(folder, pluralign):
    rows = [(f"j{k % 9}", f"q{k // 3}", "x", "y", "ab="[k % 3]) for k in range(36)]
    frame = pd.DataFrame(rows, columns=["judge", "question_id", "model_a", "model_b", "winner"])
    frame.replace({"winner": {"=": "tie"}}).to_csv("arena.csv", index=False)
    ran = pluralign("init", "arena.csv", "--yes")
    assert (ran.status, ran.err) == (0, "")
    assert "choices: 36" in ran.out
    assert "Left to decide: whether 'model_a', 'model_b' stand in the order" in ran.out
    text = (folder / "study.yaml").read_text()
    assert "  words: {a: model_a, b: model_b}" in text.split("\n")
    assert pls.read_choices("study.yaml").pairs["outcome"].astype(str).value_counts().tolist() == [
        12, 12, 12,
    ]  # fmt: skip


def test_a_wide_file_is_drafted_and_checked(folder, pluralign):
    rng = np.random.default_rng(5)
    cells = {f"{d}_{k}": rng.integers(1, 6, 24) for d in ("toxic", "helpful") for k in range(1, 7)}
    people().assign(**cells).to_csv("survey.csv", index=False)
    ran = pluralign("init", "survey.csv", "--yes")
    assert (ran.status, ran.err) == (0, "")
    assert "24 raters gave 288 ratings of 6 items on 2 dimensions." in ran.out
    assert "12 columns such as 'toxic_1' are read as one row for each item." in ran.out
    read = pls.read_study("study.yaml").ratings
    own = read[(read["rater"] == "w3") & (read["item"] == "2")].set_index("dimension")["rating"]
    assert own.to_dict() == {"toxic": cells["toxic_2"][3], "helpful": cells["helpful_2"][3]}
