import json

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File, Join, Stack
from pluralign_stats.study.wide_columns import Sought, readings

HEAD = "person,age,toxicity_17,toxicity_18,helpful_17,helpful_18\n"
ROWS = "p1,30,1,,2,\np2,40,,5,,4\np3,50,3,2,4,\np4,50,,,,\n"
SOUGHT = Sought(("toxicity", "helpful"), frozenset({"person", "age"}))
PATTERN = "{dimension}_{item}"


@pytest.fixture
def read(tmp_path):
    def write_and_read(text=HEAD + ROWS, wide=PATTERN, sought=SOUGHT, missing=("", "NA"), **spec):
        (tmp_path / "t.csv").write_text(text, "utf-8")
        file = File.model_validate({"path": "t.csv", "wide": wide, **spec})
        return read_table(file, tmp_path, missing, sought)

    return write_and_read


def cells(table, *columns):
    frame = table.frame[list(columns)]
    return [tuple(row) for row in frame.astype(object).where(frame.notna(), None).to_numpy()]


LONG = [
    ("p1", "17", "1", "2"),
    ("p2", "18", "5", "4"),
    ("p3", "17", "3", "4"),
    ("p3", "18", "2", None),
]


def test_each_item_becomes_a_row_in_the_order_of_the_file(read):
    table = read()
    assert cells(table, "person", "item", "toxicity", "helpful") == LONG
    assert list(table.frame) == ["person", "age", "item", "toxicity", "helpful"]
    assert table.places["row"].tolist() == [2, 3, 4, 4]


def test_cells_that_were_not_shown_are_counted_as_not_asked(read):
    assert read().notes == (
        "t.csv: 4 columns such as 'toxicity_17' are read as one row for each item",
        "t.csv: of 8 pairs of a row and item 4 hold nothing: read as not asked, not as unanswered",
        "t.csv: fewer than 10 rows hold nothing for any item, and were left out",
    )
    silent = read(HEAD + ROWS + "".join(f"q{k},20,,,,\n" for k in range(11)))
    assert silent.notes[-1] == "t.csv: 12 rows hold nothing for any item, and were left out"
    full = read("person,age,toxicity_1\np1,30,4\n", sought=Sought(("toxicity",)))
    assert len(full.notes) == 1


def test_na_as_programs_write_it_is_not_asked_and_a_code_of_the_user_is_no_answer(read):
    text = HEAD + ROWS.replace("p2,40,,5,,4", "p2,40,NA,5,NA,4").replace("4,\np4", "4,-99\np4")
    table = read(text, missing=("", "NA", "-99"))
    assert cells(table, "person", "item")[:2] == [("p1", "17"), ("p2", "18")]
    assert cells(table, "helpful")[-1] == ("-99",)
    unstated = read(text, missing=("",))
    assert ("p2", "17") in cells(unstated, "person", "item")


@pytest.mark.parametrize(
    ("pattern", "names", "columns"),
    [
        ("{item}_{dimension}", ("toxicity", "helpful"), "{item}_{name}"),
        ("{item}_{dimension}", ("Q5", "Q6"), "{item}_{name}"),  # loop and merge of Qualtrics
        ("{dimension}[{item}]", ("G1Q1", "G1Q2"), "{name}[{item}]"),  # LimeSurvey
        ("{dimension} [{item}]", ("How toxic?", "How helpful?"), "{name} [{item}]"),  # Google Forms
        ("{dimension}{item}", ("tox", "help"), "{name}{item}"),
        ("S3.{dimension}({item})*", ("a.b", "a.c"), "S3.{name}({item})*"),
    ],
)
def test_names_as_survey_programs_make_them(read, pattern, names, columns):
    header = [columns.format(name=name, item=item) for name in names for item in (17, 18)]
    text = HEAD + ROWS
    for old, new in zip(HEAD.strip().split(",")[2:], header, strict=True):
        text = text.replace(old, f'"{new}"')
    table = read(text, pattern, Sought(names, SOUGHT.others))
    assert cells(table, "person", "item", *names) == LONG


def test_of_two_dimensions_that_fit_the_longer_is_meant(read):
    text = "person,tox_1,tox_high_1\np1,2,5\n"
    table = read(text, sought=Sought(("tox", "tox_high")))
    assert cells(table, "item", "tox", "tox_high") == [("1", "2", "5")]


def test_one_dimension_needs_no_name_in_the_pattern(read):
    text = "person,resp1,resp2\np1,2,5\n"
    assert cells(read(text, "resp{item}", Sought(("score",))), "item", "score") == [
        ("1", "2"),
        ("2", "5"),
    ]


def test_raters_may_stand_in_columns(read):
    table = read("text,ann_a,ann_b\nt1,2,\nt2,3,4\n", "ann_{rater}", Sought(("toxicity",)))
    assert cells(table, "text", "rater", "toxicity") == [
        ("t1", "a", "2"),
        ("t2", "a", "3"),
        ("t2", "b", "4"),
    ]


def test_several_parts_and_columns_beside_the_ratings(read):
    text = "person,w1_tox_7,w1_sec_7,w2_tox_7,w2_sec_7\np1,2,30,5,\np2,,,,9\n"
    wide = {"pattern": "w{wave}_{dimension}_{item}", "also": "sec"}
    table = read(text, wide, Sought(("tox",), frozenset({"sec"})))
    assert cells(table, "person", "wave", "item", "tox", "sec") == [
        ("p1", "1", "7", "2", "30"),
        ("p1", "2", "7", "5", None),
        ("p2", "2", "7", None, "9"),  # shown, for a time was taken, and not answered
    ]


def test_items_that_were_drawn_stand_in_columns_of_their_own(read):
    text = "person,item_1,item_2,tox_1,tox_2\np1,a,b,2,3\np2,b,c,4,5\n"
    wide = {"pattern": "{dimension}_{place}", "also": ["item"]}
    table = read(text, wide, Sought(("tox",), frozenset({"person", "item"})))
    assert cells(table, "place", "item", "tox") == [
        ("1", "a", "2"),
        ("2", "b", "3"),
        ("1", "b", "4"),
        ("2", "c", "5"),
    ]


def test_parts_can_be_stated_by_column_beside_a_pattern_or_alone(read):
    text = "person,Q1,Q2,toxicity_19\np1,2,3,4\n"
    parts = {
        "Q1": {"dimension": "toxicity", "item": 17},
        "Q2": {"dimension": "helpful", "item": 17},
    }
    table = read(text, {"pattern": PATTERN, "parts": parts})
    assert cells(table, "item", "toxicity", "helpful") == [("17", "2", "3"), ("19", "4", None)]
    alone = read(text, {"parts": parts, "leave_out": "toxicity_19"})
    assert cells(alone, "item", "toxicity", "helpful") == [("17", "2", "3")]
    one = read(text, {"parts": {"Q1": {"item": "x"}}}, Sought(("score",)))
    assert cells(one, "item", "score") == [("x", "2")]


def test_items_may_be_called_anything_where_the_columns_are_listed(read):
    text = "person,age,cat,dog\np1,30,1,2\n"
    wide = {"pattern": "{item}", "columns": ["cat", "dog"]}
    assert cells(read(text, wide, Sought(("cute",))), "item", "cute") == [
        ("cat", "1"),
        ("dog", "2"),
    ]


def test_columns_that_the_codebook_names_are_none_of_items(read):
    text = HEAD.replace("age", "toxicity_seen") + ROWS
    table = read(text, sought=Sought(SOUGHT.ratings, frozenset({"person", "toxicity_seen"})))
    assert cells(table, "person", "item", "toxicity", "helpful") == LONG
    assert "toxicity_seen" in table.frame


ERRORS = [
    (
        HEAD + ROWS,
        "{item}-{dimension}",
        "no column fits '{item}-{dimension}', where 'dimension' is",
    ),
    (
        HEAD.replace("helpful_18", "Helpful_18") + ROWS,
        PATTERN,
        "column 'Helpful_18' is called like those of 'helpful' and does not fit",
    ),
    (
        HEAD.replace("helpful_18", "helpful 18") + ROWS,
        PATTERN,
        "column 'helpful 18' is called like those of 'helpful'",
    ),
    (
        HEAD.replace("helpful_18", "18_helpful") + ROWS,
        PATTERN,
        "name it under 'leave_out' of 'wide'",
    ),
    (
        HEAD.replace("helpful_18", "17_toxicity") + ROWS,
        [PATTERN, "{item}_{dimension}"],
        "columns 'toxicity_17' and '17_toxicity' both hold item '17', dimension 'toxicity'; rename",
    ),
    (HEAD.replace("age", "item") + ROWS, PATTERN, "makes a column 'item', and the file has one"),
    (
        HEAD.replace("age", "toxicity") + ROWS,
        PATTERN,
        "column 'toxicity' holds one value for the whole row, and 'wide' makes a row of each item",
    ),
    (
        "person,toxicity_a_b_c\np1,3\n",
        "{dimension}_{item}_{wave}",
        "column 'toxicity_a_b_c' fits '{dimension}_{item}_{wave}' in two ways",
    ),
    (HEAD + "p1,30,,,,\n", PATTERN, "hold nothing; there are no ratings in them"),
    (HEAD + ROWS, "toxicity_{item}", "says nothing of the dimension, and there are 'toxicity'"),
    (
        HEAD + ROWS,
        {"pattern": PATTERN, "columns": ["toxicity_17", "age"]},
        "column 'age' does not fit '{dimension}_{item}'",
    ),
    (HEAD + ROWS, {"pattern": PATTERN, "leave_out": ["toxicity_9"]}, "did you mean 'toxicity_18'"),
    (
        HEAD + ROWS,
        {"parts": {"toxicity_17": {"dimension": "tox", "item": 1}}},
        "the dimension of column 'toxicity_17' must be one of 'toxicity', 'helpful', not 'tox'",
    ),
    (HEAD + ROWS, {"parts": {"Q1": {"dimension": "toxicity", "item": 1}}}, "not 'Q1'"),
]


@pytest.mark.parametrize(("text", "wide", "told"), ERRORS)
def test_what_cannot_be_read_is_told_in_one_line(read, text, wide, told):
    with pytest.raises(InputError) as error:
        read(text, wide)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_column_of_another_question_whose_name_begins_alike_is_no_error(read):
    text = "person,Q3_1,Q3_2,Q30,Q31_1,pQ3x\np1,2,3,a,b,c\n"
    table = read(text, "{dimension}_{item}", Sought(("Q3",)))
    assert cells(table, "item", "Q3", "Q31_1") == [("1", "2", "b"), ("2", "3", "b")]


@pytest.mark.parametrize(
    ("wide", "told"),
    [
        ("tox", "has no part in braces"),
        ("{dimension}", "name a part besides 'dimension'"),
        ("{dimension}_{item", "has no part in braces, or a brace alone"),
        ("{dimension}_{}", "name each part by a word"),
        ("{item}_{dimension}_{item}", "names one part twice"),
        ("{dimension}_{item}{wave}", "put something between 'item', 'wave'"),
        ("{item}", "fits every column; name the columns"),
        ([PATTERN, "{dimension}_{reply}"], "some columns have the parts 'item' and others 'reply'"),
        ({"columns": ["a"], "parts": {"a": {"item": 1}}}, "'columns' needs a 'pattern'"),
        ({"also": "x"}, "state a 'pattern'"),
    ],
)
def test_entries_that_do_not_say_what_is_what(tmp_path, wide, told):
    with pytest.raises(ValueError, match="wide") as error:
        File.model_validate({"path": "t.csv", "wide": wide})
    assert told in str(error.value)


def test_readings_of_a_name():
    assert readings("a_1", PATTERN, ["a"]) == [{"item": "1", "dimension": "a"}]
    assert readings("a_", PATTERN, ["a"]) == []
    assert readings("a_ ", PATTERN, ["a"]) == []
    assert len(readings("a_1_2_3", "{dimension}_{item}_{wave}", ["a"])) == 2


STUDY = """
name: t
files: {{ratings: {files}, items: items.csv}}
columns: {{rater: person, item: item}}
dimensions: {{toxicity: {{}}, helpful: {{}}}}
demographics: {{age: {{}}}}
"""


def study(tmp_path, files, items="17\n18\n"):
    (tmp_path / "items.csv").write_text(f"item\n{items}")
    (tmp_path / "s.yaml").write_text(STUDY.format(files=files))
    return pls.read_study(tmp_path / "s.yaml")


WIDE = "{path: t.csv, wide: '{dimension}_{item}'}"


def test_a_study_of_a_wide_file_is_that_of_the_long_one(tmp_path):
    (tmp_path / "t.csv").write_text(HEAD + ROWS)
    wide = study(tmp_path, WIDE)
    pd.DataFrame(
        [(*row, {"p1": 30, "p2": 40, "p3": 50}[row[0]]) for row in LONG],
        columns=["person", "item", "toxicity", "helpful", "age"],
    ).to_csv(tmp_path / "long.csv", index=False)
    long = study(tmp_path, "long.csv")
    pd.testing.assert_frame_equal(wide.ratings, long.ratings)
    assert wide.codes[["column", "cells"]].to_numpy().tolist() == [["helpful", 1]]


def test_errors_name_the_columns_and_rows_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text(HEAD + ROWS)
    with pytest.raises(InputError) as error:
        study(tmp_path, WIDE, items="17\n")
    assert "t.csv: column 'toxicity_18', rows 3, 4: value '18'; allowed: items that" in str(
        error.value
    )
    (tmp_path / "t.csv").write_text(HEAD + ROWS.replace("p3,50,3,2,4", "p3,50,9,2,9"))
    with pytest.raises(InputError, match=r"t.csv: column 'toxicity_17', row 4: value '9'; allowed"):
        study(tmp_path, WIDE)
    (tmp_path / "t.csv").write_text(HEAD + ROWS + ROWS)
    with pytest.raises(InputError, match=r"rows 6, 7, 8.*rater 'p1' rates item '17' a second time"):
        study(tmp_path, WIDE)


def test_a_dimension_without_a_column_is_an_error(tmp_path):
    (tmp_path / "t.csv").write_text("person,age,toxicity_17\np1,30,1\np2,30,2\n")
    with pytest.raises(InputError, match="unknown column for dimension 'helpful'"):
        study(tmp_path, WIDE)


def test_keys_of_wide_are_named_where_one_is_unknown(tmp_path):
    (tmp_path / "t.csv").write_text(HEAD + ROWS)
    with pytest.raises(
        InputError, match=r"files.ratings.wide.paths.*'pattern', 'columns', 'parts'"
    ):
        study(tmp_path, "{path: t.csv, wide: {pattern: '{dimension}_{item}', paths: [a]}}")


def test_qualtrics_and_prolific_together(tmp_path):
    names = ["ResponseId", "PROLIFIC_PID", "1_Q5", "2_Q5", "1_Q6", "2_Q6"]
    worded = ["Response ID", "PROLIFIC_PID", *[f"How? - {k}" for k in range(4)]]
    ids = [json.dumps({"ImportId": name}) for name in names]
    rows = [["R_1", "x", "1", "", "2", ""], ["R_2", "y", "", "5", "", "4"]]
    frame = pd.DataFrame([worded, ids, *rows], columns=names)
    frame.to_csv(tmp_path / "q.csv", index=False)
    prolific = "Participant id,Age\nx,30\ny,CONSENT_REVOKED\nz,20\n"
    (tmp_path / "p.csv").write_text(prolific)
    survey = {"path": "q.csv", "rename": {"PROLIFIC_PID": "pid"}}
    export = {"path": "p.csv", "rename": {"Participant id": "pid"}}
    sought = Sought(("Q5", "Q6"), frozenset({"pid", "Age"}))
    pattern = "{item}_{dimension}"
    inside = Join.model_validate({"join": [{**survey, "wide": pattern}, export], "by": "pid"})
    beside = Join.model_validate({"join": [survey, export], "by": "pid", "wide": pattern})
    for spec in (inside, beside):
        table = read_table(spec, tmp_path, ("",), sought)
        assert cells(table, "pid", "item", "Q5", "Q6", "Age") == [
            ("x", "1", "1", "2", "30"),
            ("y", "2", "5", "4", "CONSENT_REVOKED"),
        ]
        assert "q.csv: rows 2 and 3 are read as Qualtrics'" in table.notes[0]
        assert table.place(table.frame.index[:1], "Q5").endswith("column '1_Q5', row 4")


def test_waves_in_two_files_stand_one_below_the_other(tmp_path):
    (tmp_path / "a.csv").write_text("person,toxicity_1\np1,3\n")
    (tmp_path / "b.csv").write_text("person,toxicity_1,helpful_2\np1,4,5\n")
    spec = Stack.model_validate(
        {"stack": ["a.csv", "b.csv"], "wide": PATTERN, "column": "wave", "restart": "item"}
    )
    table = read_table(spec, tmp_path, ("",), SOUGHT)
    assert cells(table, "item", "toxicity", "helpful", "wave") == [
        ("a:1", "3", None, "a"),
        ("b:1", "4", None, "b"),
        ("b:2", None, "5", "b"),
    ]
    assert table.place(table.frame.index, "toxicity") == (
        "a.csv: columns 'toxicity_1', row 2; b.csv: columns 'toxicity_1', row 2"
    ).replace("columns", "column")


SCALE = {1: "not at all", 7: "completely"}


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_labels_of_values_and_codes_of_statistics_programs(tmp_path, kind):
    pyreadstat = pytest.importorskip("pyreadstat")
    data = pd.DataFrame(
        {"person": ["p1", "p2", "p3"], "tox_1": [1.0, 7, np.nan], "tox_2": [np.nan, 4, 99]}
    )
    labels = {"tox_1": SCALE, "tox_2": SCALE}
    path = tmp_path / f"t.{kind}"
    if kind == "sav":
        gone = {"tox_2": [99]}
        pyreadstat.write_sav(data, path, variable_value_labels=labels, missing_ranges=gone)
    else:
        data["tox_2"] = pd.Series([np.nan, 4, "a"], dtype=object)
        gone = {"tox_2": ["a"]}
        pyreadstat.write_dta(data, path, variable_value_labels=labels, missing_user_values=gone)
    file = File.model_validate({"path": path.name, "wide": PATTERN})
    table = read_table(file, tmp_path, ("",), Sought(("tox",)))
    code = "99" if kind == "sav" else "a"
    assert cells(table, "person", "item", "tox") == [
        ("p1", "1", "1"),
        ("p2", "1", "7"),
        ("p2", "2", "4"),
        ("p3", "2", code),
    ]
    assert table.codes(column="tox") == ["", "CONSENT_REVOKED", "DATA_EXPIRED", code]
    assert any("the numbers are read in all its columns, 'tox_1' too" in n for n in table.notes)


def test_a_code_that_one_column_declares_missing_and_another_holds_is_an_error(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    data = pd.DataFrame({"person": ["p1", "p2"], "tox_1": [1.0, 9], "tox_2": [9.0, 4]})
    pyreadstat.write_sav(data, tmp_path / "t.sav", missing_ranges={"tox_1": [9]})
    file = File.model_validate({"path": "t.sav", "wide": PATTERN})
    with pytest.raises(InputError, match="'9' is declared missing in column 'tox_1' and is an"):
        read_table(file, tmp_path, ("",), Sought(("tox",)))


FRAME = pd.DataFrame(
    {
        "person": [f"p{k}" for k in range(12)],
        "gender": ["Female", "Male"] * 6,
        "w": np.linspace(0.5, 2, 12),
        "toxicity_1": [1, 2, 3, 4, 5, None] * 2,
        "toxicity_2": [None, 5, 4, 3, 2, 1] * 2,
        "helpful_1": [1, 2, 3, 4, 5, None] * 2,
    }
)


def made(**more):
    given = {"dimensions": ["toxicity", "helpful"], "demographics": ["gender"], "wide": PATTERN}
    return pls.Study.from_frame(FRAME, rater="person", item="item", **given | more)


def test_a_wide_frame_and_its_codebook(tmp_path):
    found = made(weight="w")
    assert found.summary_counts() == {"raters": 12, "items": 2, "ratings": 30, "dimensions": 2}
    assert "of 24 pairs of a row and item 4 hold nothing" in found.notes[1]
    FRAME.to_csv(tmp_path / "ratings.csv", index=False)
    read = pls.read_study(found.to_yaml(tmp_path / "s.yaml"))
    assert "wide: '{dimension}_{item}'" in (tmp_path / "s.yaml").read_text()
    assert read.fingerprint == found.fingerprint
    pd.testing.assert_frame_equal(read.ratings, found.ratings)
    pd.testing.assert_frame_equal(read.raters, found.raters)


@pytest.mark.parametrize(
    ("wide", "told"),
    [
        ({"patern": PATTERN}, "wide: a key must be one of 'pattern'.*did you mean 'pattern'"),
        ("toxicity", "wide: 'toxicity' has no part in braces"),
        (3, "wide: .*dictionary"),
        ("{dimension}-{item}", "the frame: no column fits"),
    ],
)
def test_a_frame_that_is_not_so(wide, told):
    with pytest.raises(InputError, match=told):
        made(wide=wide)
