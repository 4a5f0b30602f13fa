"""Files with one row for each respondent, and files of several sheets, drafted."""

import json

import numpy as np
import pandas as pd
import pytest

from pluralign_stats.drafting.study import Stated, draft_study
from pluralign_stats.drafting.wide import guess_wide
from pluralign_stats.errors import InputError

N, ITEMS = 40, 8
WORDS = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]


def answers(form, dimensions, words=None, items=range(1, ITEMS + 1)):
    """Ratings of three of the items by each respondent, one column for each."""
    rng, items = np.random.default_rng(3), list(items)
    shown = np.stack([rng.permutation(len(items)) < 3 for _ in range(N)])
    cells = {}
    for d in dimensions:
        rating = rng.integers(1, 6, shown.shape)
        for k, item in enumerate(items):
            own = [words[r - 1] if words else str(r) for r in rating[:, k]]
            cells[form.format(d=d, i=item)] = np.where(shown[:, k], own, None)
    return pd.DataFrame(cells, dtype=object)


def people(**columns):
    return pd.DataFrame(
        {
            "respondent": [f"p{k}" for k in range(N)],
            "gender": ["Female", "Male"] * (N // 2),
            "age": [str(20 + k) for k in range(N)],
            **columns,
        }
    )


def survey(form, dimensions, **more):
    return pd.concat([people(), answers(form, dimensions, **more)], axis=1)


FORMS = [
    ("{d}_{i}", ("toxicity", "helpful"), "{dimension}_{item}"),
    ("{i}_{d}", ("Q5", "Q6"), "{item}_{dimension}"),
    ("{d}[SQ{i:03}]", ("tox", "G1Q2"), "{dimension}[{item}]"),
    ("{d} [Response {i}]", ("How toxic?", "How helpful?"), "{dimension} [{item}]"),
    ("{d}{i}", ("tox", "help"), "{dimension}{item}"),
    ("{d}.{i}", ("tox", "help"), "{dimension}.{item}"),
    ("{d}_r{i}", ("tox_now", "help_now"), "{dimension}_{item}"),
    ("rating_{i}", ("",), "{dimension}_{item}"),
]


@pytest.mark.parametrize(("form", "dimensions", "pattern"), FORMS)
def test_names_as_survey_programs_make_them_are_known(form, dimensions, pattern):
    guess = guess_wide(survey(form, dimensions), {}, None)
    assert (guess.entry, guess.undecided) == (pattern, "")
    assert guess.n_columns == len(dimensions) * ITEMS
    assert [role.role for role in guess.roles[:2]] == ["rater", "item"]
    assert len(guess.sought.ratings) == len(dimensions)


def test_which_of_two_numbers_is_the_item_is_asked_and_told():
    frame = survey("Q{i}_{d}", ("1", "2"))
    guess = guess_wide(frame, {}, None)
    assert guess.entry == "{item}_{dimension}"  # there are more items than dimensions
    assert "which part of names such as 'Q1_1' says what was rated: 'Q1' was taken" in (
        guess.undecided
    )
    asked = []

    def ask(question, allowed, default):
        asked.append((question, allowed, default))
        return "1"

    said = guess_wide(frame, {}, ask)
    assert (said.entry, said.undecided) == ("{dimension}_{item}", "")
    assert asked == [
        (
            "In columns such as 'Q1_1', which part of the name says what was rated?",
            ["Q1", "1"],
            "Q1",
        )
    ]


def test_wordings_say_which_part_has_the_longer_text():
    frame = survey("Q{i}_{d}", ("1", "2"), items=range(1, 3))
    text = "A reply of the assistant that goes on for some time, number {}"
    wordings = {f"Q{i}_{d}": f"Is it so? {i} - {text.format(d)}" for i in (1, 2) for d in (1, 2)}
    assert guess_wide(frame, wordings, None).entry == "{dimension}_{item}"
    turned = {f"Q{i}_{d}": f"{text.format(i)} - toxic {d}" for i in (1, 2) for d in (1, 2)}
    assert guess_wide(frame, turned, None).entry == "{item}_{dimension}"


def test_times_and_texts_of_items_stand_beside_and_others_are_left_out():
    frame = survey("{d}_{i}", ("toxic", "helpful"))
    for k in range(1, ITEMS + 1):
        frame[f"seconds_{k}"] = [f"{10 + r + k / 7:.3f}" for r in range(N)]
        frame[f"why_{k}"] = [f"because of {r} and {k}, in my view, it is so" for r in range(N)]
    frame["toxic_total"] = "9"
    frame["Toxic (mean)"] = "3"
    guess = guess_wide(frame, {}, None)
    assert guess.entry == {
        "pattern": "{dimension}_{item}",
        "also": ["seconds", "why"],
        "leave_out": ["toxic_total", "Toxic (mean)"],
    }


def test_raters_in_columns():
    frame = answers("annotator_{i}", ("",)).assign(text_id=[f"t{k}" for k in range(N)])
    guess = guess_wide(frame, {}, None)
    assert guess.entry == "annotator_{rater}"
    assert [(g.column, g.role) for g in guess.roles] == [
        ("text_id", "item"),
        ("rater", "rater"),
        ("rating", "rating"),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"rater": list("abcdabcd"), "q1": list("12342341"), "q2": list("23453215"),
                      "q3": list("12121221"), "q4": list("21212212")}),
        people(),
        people(bfi_1="3", other=[str(k % 5) for k in range(N)]),
        pd.DataFrame({"x_1": list("1212"), "x_2": list("2121"), "y_1": list("1212"),
                      "y_2": list("1122")}),
    ],
    ids=["raters have several rows", "no items", "one column", "nobody"],
)  # fmt: skip
def test_files_that_are_not_wide_are_left_alone(frame, tmp_path):
    if "rater" in frame:
        frame.assign(item=list("xxxxyyyy")).to_csv(tmp_path / "t.csv", index=False)
        drafted = draft_study([tmp_path / "t.csv"], tmp_path, Stated(), None)
        assert drafted.content["files"] == {"ratings": "t.csv"}
    else:
        assert guess_wide(frame, {}, None) is None


def draft(tmp_path, *names, ask=None):
    return draft_study([tmp_path / name for name in names], tmp_path, Stated(), ask)


def test_a_wide_file_gives_its_codebook(tmp_path):
    survey("{d}_{i}", ("toxicity", "helpful")).to_csv(tmp_path / "s.csv", index=False)
    drafted = draft(tmp_path, "s.csv")
    assert drafted.content["files"] == {"ratings": {"path": "s.csv", "wide": "{dimension}_{item}"}}
    assert drafted.content["columns"] == {"rater": "respondent", "item": "item"}
    assert list(drafted.content["dimensions"]) == ["toxicity", "helpful"]
    assert {d["valence"] for d in drafted.content["dimensions"].values()} == {None}
    assert list(drafted.content["demographics"]) == ["gender", "age"]
    assert len(drafted.tables.ratings.frame) == 3 * N
    assert [each.why for each in drafted.inferred if each.role == "file of ratings"] == [
        "16 columns such as 'toxicity_1' hold 8 items"
    ]


def test_qualtrics_with_three_rows_of_header_and_an_export_of_prolific(tmp_path):
    made = survey("{i}_{d}", ("Q5", "Q6"), words=WORDS).drop(columns=["age"])
    made = made.rename(columns={"respondent": "PROLIFIC_PID"})
    made.insert(0, "StartDate", "2024-01-31 10:00:00")
    made.insert(1, "ResponseId", [f"R_{k}" for k in range(N)])
    head = pd.DataFrame(
        [{c: f"How? {c}" for c in made}, {c: json.dumps({"ImportId": c}) for c in made}]
    )
    head.loc[0, ["StartDate", "ResponseId"]] = ["Start Date", "Response ID"]
    pd.concat([head, made]).to_csv(tmp_path / "q.csv", index=False)
    export = people().drop(columns="gender")
    export = export.rename(columns={"respondent": "Participant id", "age": "Age"})
    export.to_csv(tmp_path / "p.csv", index=False)
    drafted = draft(tmp_path, "q.csv", "p.csv")
    assert drafted.content["files"] == {
        "ratings": {"path": "q.csv", "wide": "{item}_{dimension}"},
        "raters": {
            "join": [
                {"path": "q.csv"},
                {"path": "p.csv", "rename": {"Participant id": "PROLIFIC_PID"}},
            ],
            "by": "PROLIFIC_PID",
        },
    }
    assert list(drafted.content["demographics"]) == ["gender", "Age"]
    assert drafted.content["dimensions"]["Q5"]["labels"][5] == "Strongly agree"
    assert {g.column for g in drafted.left_out} == {"StartDate", "ResponseId"}


def test_google_forms_has_no_name_of_a_respondent_but_the_time(tmp_path):
    made = survey("{d} [Response {i}]", ("How toxic?", "How helpful?"), words=WORDS)
    made["respondent"] = [f"2024/01/31 {k // 4}:{k % 60:02}:07 PM GMT+1" for k in range(N)]
    made.rename(columns={"respondent": "Timestamp"}).to_csv(tmp_path / "f.csv", index=False)
    drafted = draft(tmp_path, "f.csv")
    assert drafted.content["columns"]["rater"] == "Timestamp"
    assert "whether rater is 'Timestamp'" in drafted.open[0]
    assert drafted.content["dimensions"]["How_toxic"]["column"] == "How toxic?"


def book(tmp_path, **sheets):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(tmp_path / "book.xlsx") as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)


def long():
    rows = [(f"p{r}", f"r{(r + k) % 5}", 1 + (r + k * k) % 5) for r in range(N) for k in range(3)]
    return pd.DataFrame(rows, columns=["respondent", "reply", "toxic"])


def test_sheets_of_ratings_raters_and_notes(tmp_path):
    notes = pd.DataFrame({"Field": ["a", "b"], "Meaning": ["this", "that"]})
    book(tmp_path, Notes=notes, People=people(), Ratings=long())
    drafted = draft(tmp_path, "book.xlsx")
    assert drafted.content["files"] == {
        "ratings": {"path": "book.xlsx", "sheet": "Ratings"},
        "raters": {"path": "book.xlsx", "sheet": "People"},
    }
    assert [(g.column, g.why) for g in drafted.left_out] == [
        ("sheet 'Notes'", "shares no names with the ratings")
    ]
    assert drafted.tables.ratings.name == "book.xlsx (Ratings)"


def test_sheets_of_one_form_stand_one_below_the_other(tmp_path):
    book(tmp_path, May=long(), June=long().assign(reply=lambda f: "j" + f["reply"]))
    drafted = draft(tmp_path, "book.xlsx")
    assert drafted.content["files"]["ratings"]["stack"] == {
        "book.xlsx (May)": {"path": "book.xlsx", "sheet": "May"},
        "book.xlsx (June)": {"path": "book.xlsx", "sheet": "June"},
    }
    assert len(drafted.tables.ratings.frame) == 6 * N
    assert set(drafted.tables.ratings.placed["file"]) == {"book.xlsx (May)", "book.xlsx (June)"}


def test_files_that_share_nothing_are_still_an_error(tmp_path):
    long().to_csv(tmp_path / "r.csv", index=False)
    pd.DataFrame({"a": ["x", "y"], "b": ["1", "2"]}).to_csv(tmp_path / "n.csv", index=False)
    with pytest.raises(InputError, match=r"n\.csv: shares no names with r\.csv"):
        draft(tmp_path, "r.csv", "n.csv")
