"""Bad input ends with one line that says all there is to know, and leaves nothing behind."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import reports
from pluralign_stats import InputError, read_study


def replaced(name, old, new):
    """Damage by replacing something in one file of the toy study."""
    return lambda toy: {name: toy.changed(name, old, new)}


def as_parquet(toy, change=lambda content: content):
    """The raters as a Parquet file, its bytes changed."""
    frame = pd.DataFrame({"person": [f"p{i}" for i in range(1, 7)]})
    frame["gender"], frame["spectrum"] = ["Female", "Male"] * 3, ["Liberal"] * 3 + ["Centre"] * 3
    return {
        "study.yaml": toy.changed("study.yaml", "raters.csv", "raters.parquet"),
        "raters.parquet": change(frame.to_parquet()),
    }


def appended(text):
    return lambda toy: {"study.yaml": toy.files["study.yaml"] + text}


RATINGS, RATERS, BOOK = "ratings.csv", "raters.csv", "study.yaml"

#: What is wrong, how it comes about, and all that the message must hold.
BAD = {
    "unknown column for the rater": (
        replaced(BOOK, "rater: person", "rater: persn"),
        ["ratings.csv", "unknown column", "'persn'", "'person', 'response'", "mean 'person'"],
    ),
    "unknown column of a dimension": (
        replaced(BOOK, "column: rating_toxicity", "column: rating_toxic"),
        ["ratings.csv", "'toxicity'", "not 'rating_toxic'", "did you mean 'rating_toxicity'"],
    ),
    "unknown column of a demographic": (
        replaced(BOOK, "column: spectrum", "column: spectre"),
        ["raters.csv", "'politics'", "'person', 'gender', 'spectrum'", "not 'spectre'"],
    ),
    "rating outside the scale": (
        replaced(RATINGS, "p2,a2,5,1", "p2,a2,6,1"),
        ["ratings.csv", "'rating_toxicity'", "row 6:", "'6'", "whole numbers 1 to 5"],
    ),
    "ratings outside the scale in several rows": (
        replaced(RATINGS, ",5,", ",0,"),
        ["ratings.csv", "'rating_toxicity'", "rows 6, 11, 16:", "'0'", "whole numbers 1 to 5"],
    ),
    "rating between two numbers": (
        replaced(RATINGS, "p1,a2,2,4", "p1,a2,2.5,4"),
        ["ratings.csv", "'rating_toxicity'", "row 3:", "'2.5'", "whole numbers 1 to 5"],
    ),
    "infinite rating": (
        replaced(RATINGS, "p1,a2,2,4", "p1,a2,inf,4"),
        ["ratings.csv", "'rating_toxicity'", "row 3:", "'inf'", "whole numbers 1 to 5"],
    ),
    "non-numeric rating": (
        replaced(RATINGS, "p6,b1,3,4", "p6,b1,3,four"),
        ["ratings.csv", "'rating_helpfulness'", "row 19:", "'four'", "whole numbers 1 to 5"],
    ),
    "non-numeric rating where words are known": (
        replaced(RATINGS, "p6,b1,3,4", "p6,b1,agree,4"),
        ["ratings.csv", "row 19:", "'agree'", "1 to 5", "'strongly agree'", "stimme voll und ganz"],
    ),
    "duplicate rater, item and dimension": (
        lambda toy: {RATINGS: toy.files[RATINGS] + "p2,a1,3,3\n"},
        ["ratings.csv", "row 20:", "'p2'", "'a1'", "'toxicity'", "'rating_toxicity'", "one rating"],
    ),
    "rater without demographics": (
        replaced(RATERS, "p4,Male,Centre\n", ""),
        ["ratings.csv", "'person'", "rows 11, 12, 13:", "'p4'", "raters.csv", "without demograph"],
    ),
    "rater described twice": (
        lambda toy: {RATERS: toy.files[RATERS] + "p1,Female,Liberal\n"},
        ["raters.csv", "'person'", "row 8:", "'p1'", "one row a rater"],
    ),
    "item that the items file lacks": (
        replaced("items.csv", "b1,b,work,Perhaps\n", ""),
        ["ratings.csv", "'response'", "rows 4, 7, 10,", "(6 in all)", "'b1'", "items.csv"],
    ),
    "row without a rater": (
        replaced(RATINGS, "p1,a2,2,4", ",a2,2,4"),
        ["ratings.csv", "'person'", "row 3:", "no value", "the rater of every row"],
    ),
    "empty file": (lambda toy: {RATINGS: ""}, ["ratings.csv", "is empty", "header", "row of data"]),
    "file of blank lines": (lambda toy: {RATERS: "\n \n"}, ["raters.csv", "is empty"]),
    "header without rows": (
        lambda toy: {RATINGS: toy.files[RATINGS].splitlines()[0] + "\n"},
        ["ratings.csv", "is empty", "at least one row of data"],
    ),
    "missing file": (
        replaced(BOOK, "ratings: ratings.csv", "ratings: rating.csv"),
        ["rating.csv", "no such file", "'files'", "--data"],
    ),
    "wrong encoding": (
        lambda toy: {RATERS: toy.changed(RATERS, "p3,Female", "p3,Weiblich ü").encode("latin-1")},
        ["raters.csv", "line 4", "0xfc", "UTF-8", "cp1252"],
    ),
    "unknown encoding": (
        replaced(BOOK, "raters: raters.csv", "raters: {path: raters.csv, encoding: utf-9}"),
        ["raters.csv", "unknown encoding 'utf-9'", "cp1252"],
    ),
    "row with a field too many": (
        replaced(RATINGS, "p1,a2,2,4", "p1,a2,2,4,4"),
        ["ratings.csv", "row 3", "5 fields", "header 4"],
    ),
    "column that stands twice": (
        replaced(RATERS, "person,gender,spectrum", "person,gender,gender"),
        ["raters.csv", "'gender'", "stands twice"],
    ),
    "wrong separator": (
        lambda toy: {
            RATERS: toy.files[RATERS].replace(",", ";"),
            BOOK: toy.changed(
                BOOK, "raters: raters.csv", "raters: {path: raters.csv, separator: ','}"
            ),
        },
        ["raters.csv", "one column", "'person;gender;spectrum'", 'separator: ";"'],
    ),
    "separator of two characters": (
        replaced(BOOK, "raters: raters.csv", "raters: {path: raters.csv, separator: '||'}"),
        ["separator", "'||'"],
    ),
    "lines that end as on old Macs": (
        lambda toy: {RATINGS: toy.files[RATINGS].replace("\n", "\r").encode()},
        ["ratings.csv"],
    ),
    "format that the ending does not tell": (
        lambda toy: {BOOK: toy.changed(BOOK, "raters.csv", "raters.dat"), "raters.dat": "a\n1\n"},
        ["raters.dat", "'.dat'", "'format: csv'", "'.parquet'", "'.jsonl'"],
    ),
    "malformed YAML": (appended("filters: [a, b\n"), ["study.yaml", "line", "malformed YAML"]),
    "malformed YAML: a tab": (appended("filters:\n\ta: 1\n"), ["study.yaml, line 32", "malformed"]),
    "YAML key that stands twice": (
        appended("name: again\n"),
        ["study.yaml, line 31", "'name'", "twice", "line 1"],
    ),
    "YAML key that is a mapping": (
        appended("{a: 1}: 2\n"),
        ["study.yaml, line 31"],
    ),
    "YAML key that is a list": (appended("[a, b]: 2\n"), ["study.yaml, line 31"]),
    "YAML that is a list": (lambda toy: {BOOK: "- a\n- b\n"}, ["study.yaml", "'key: value'"]),
    "empty YAML": (lambda toy: {BOOK: "# nothing\n"}, ["study.yaml", "is empty", "'key: value'"]),
    "YAML in another encoding": (
        lambda toy: {BOOK: toy.files[BOOK].encode("latin-1")},
        ["study.yaml", "not UTF-8", "save it as UTF-8"],
    ),
    "unknown key": (
        appended("filtres: {}\n"),
        ["study.yaml, line 31", "'filtres'", "'filters'", "did you mean 'filters'"],
    ),
    "unknown key of a dimension": (
        replaced(BOOK, "valence: -1", "valance: -1"),
        ["study.yaml, line 12", "'dimensions.toxicity.valance'", "did you mean 'valence'"],
    ),
    "unknown key of a file": (
        replaced(BOOK, "raters: raters.csv", "raters: {path: raters.csv, seperator: ','}"),
        ["study.yaml, line 3", "'files.raters.seperator'", "did you mean 'separator'"],
    ),
    "missing key": (replaced(BOOK, "name: toy\n", ""), ["study.yaml", "'name'", "missing"]),
    "value of a key that is not allowed": (
        replaced(BOOK, "valence: -1", "valence: 2"),
        ["study.yaml, line 12", "'dimensions.toxicity.valence'", "2", "1 or -1"],
    ),
    "level not in the codebook": (
        replaced(RATERS, "p5,Female,Conservative", "p5,Female,Green"),
        ["raters.csv", "'spectrum'", "row 6:", "'Green'", "'Liberal', 'Centre', 'Conservative'"],
    ),
    "level not in the codebook, of a covariate": (
        replaced("items.csv", "b1,b,work", "b1,b,school"),
        ["items.csv", "'topic'", "row 4:", "'school'", "'home', 'work'"],
    ),
    "reference level that is no level": (
        replaced(BOOK, "reference: Female", "reference: Femal"),
        ["study.yaml, line 16", "demographics.gender", "'Femal'", "did you mean 'Female'"],
    ),
    "reference level that does not occur": (
        lambda toy: {
            BOOK: toy.changed(BOOK, "[Male, Female]", "[Male, Female, Diverse]").replace(
                "reference: Female", "reference: Diverse"
            )
        },
        ["raters.csv", "'gender'", "'Diverse'", "does not occur", "'Female'", "'Male'"],
    ),
    "reference level of a covariate that does not occur": (
        replaced(
            BOOK, "levels: [home, work]", "levels: [home, work, school]\n    reference: school"
        ),
        ["items.csv", "'topic'", "'school'", "does not occur", "'home'", "'work'"],
    ),
    "dimension with one observed level": (
        lambda toy: {
            RATINGS: "\n".join(
                line if k == 0 else line[:-1] + "3"
                for k, line in enumerate(toy.files[RATINGS].splitlines())
            )
        },
        [
            "ratings.csv",
            "'rating_helpfulness'",
            "'helpfulness'",
            "one observed level",
            "is 3",
            "two",
        ],
    ),
    "dimension without ratings": (
        lambda toy: {
            RATINGS: "\n".join(
                line if k == 0 else line[:-1]
                for k, line in enumerate(toy.files[RATINGS].splitlines())
            )
        },
        ["ratings.csv", "'rating_helpfulness'", "no rating"],
    ),
    "unreadable Parquet": (
        lambda toy: as_parquet(toy, lambda content: content[:-20]),
        ["raters.parquet", "not a readable Parquet file"],
    ),
    "Parquet that is text": (
        lambda toy: as_parquet(toy, lambda _: b"person,gender\n"),
        ["raters.parquet", "not a readable Parquet file"],
    ),
    "quote that never closes": (
        replaced(RATINGS, "p2,a2,5,1", 'p2,"a2,5,1'),
        ["ratings.csv", "row 6", "column 'response'", "never closes"],
    ),
    "two stray quotes that swallow rows": (
        lambda toy: {
            RATINGS: toy.changed(RATINGS, "p2,a2,5,1", 'p2,"a2,5,1').replace("p4,a2", 'p4,a2"')
        },
        ["ratings.csv", "row 6", "column 'response'", "line 12", "look like rows of the table"],
    ),
    "text after a closing quote": (
        replaced(RATINGS, "p2,a2,5,1", 'p2,"a2"x,5,1'),
        ["ratings.csv", "row 6", "column 'response'", "closes before 'x,5,1'"],
    ),
    "column without a name that is not blank": (
        replaced(RATERS, "person,gender,spectrum", "person,,spectrum"),
        ["raters.csv", "column 2 has no name", "row 2", "'Female'"],
    ),
    "UTF-16 without a mark": (
        lambda toy: {RATERS: toy.files[RATERS].encode("utf-16-be")},
        ["raters.csv", "UTF-16", "'encoding: utf-16-be'"],
    ),
    "first line that tells another separator": (
        lambda toy: {
            BOOK: toy.changed(BOOK, "raters.csv", "{path: raters.csv, separator: ','}"),
            RATERS: "sep=;\n" + toy.files[RATERS].replace(",", ";"),
        },
        ["raters.csv", "'sep=;'", "separator"],
    ),
    "CSV that is an Excel file": (
        lambda toy: {RATERS: b"PK\x03\x04..."},
        ["raters.csv", "Excel or zip file", ".xlsx"],
    ),
    "Excel that is a CSV file": (
        lambda toy: {
            BOOK: toy.changed(BOOK, "raters.csv", "raters.xlsx"),
            "raters.xlsx": toy.files[RATERS],
        },
        ["raters.xlsx", "not a readable Excel file"],
    ),
    "level that is an empty entry": (
        replaced(BOOK, "column: spectrum", "column: spectrum\n    declined: [no, ~]"),
        ["study.yaml, line", "politics.declined", "empty entry"],
    ),
    "JSON object with a key twice": (
        lambda toy: {
            BOOK: toy.changed(BOOK, "raters.csv", "raters.jsonl"),
            "raters.jsonl": '{"person": "p1", "person": "p2"}\n',
        },
        ["raters.jsonl", "row 1", "'person'", "stands twice"],
    ),
    "malformed JSON line": (
        lambda toy: {
            BOOK: toy.changed(BOOK, "raters.csv", "raters.jsonl"),
            "raters.jsonl": '{"person": "p1"}\n\n{"person": "p2"\n',
        },
        ["raters.jsonl", "row 3", "malformed JSON"],
    ),
    "JSON line that is no object": (
        lambda toy: {
            BOOK: toy.changed(BOOK, "raters.csv", "raters.jsonl"),
            "raters.jsonl": "[1, 2]\n",
        },
        ["raters.jsonl", "row 1", "object", "[1, 2]"],
    ),
    "filter on an unknown column": (
        appended("filters: {attention: {columns: [rating_toxic], keep: 1}}\n"),
        ["ratings.csv", "'attention'", "not 'rating_toxic'", "did you mean 'rating_toxicity'"],
    ),
    "filter that leaves nothing": (
        appended("filters: {attention: {columns: [rating_toxicity], keep: [pass, 9]}}\n"),
        ["ratings.csv", "'attention'", "'pass', '9'", "'rating_toxicity'", "'1', '2', '3'", "keep"],
    ),
    "truth that is not JSON": (
        lambda toy: {BOOK: toy.files[BOOK] + "truth: truth.json\n", "truth.json": "{"},
        ["truth.json"],
    ),
    "truth that lacks its parts": (
        lambda toy: {BOOK: toy.files[BOOK] + "truth: truth.json\n", "truth.json": "{}"},
        ["truth.json"],
    ),
}


@dataclass(frozen=True)
class Case:
    codebook: Path
    expected: list[str]


@pytest.fixture(params=BAD)
def bad(request, toy) -> Case:
    damage, expected = BAD[request.param]
    return Case(toy.write(damage(toy)), expected)


def snapshot(folder: Path) -> dict[str, bytes | None]:
    found = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def assert_one_line(text: str, expected: list[str]) -> None:
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert "Traceback" not in text
    assert "unexpected" not in text
    for part in expected:
        assert part in text


def test_the_toy_study_itself_is_good(toy):
    assert read_study(toy.write()).summary_counts()["ratings"] == 36


def test_read_study_names_what_is_wrong(bad):
    with pytest.raises(InputError) as raised:
        read_study(bad.codebook)
    assert_one_line(f"{raised.value}\n", bad.expected)


#: One of each kind of file and of each stage of reading: commands read a study by `read_study`.
SAMPLED = (
    "malformed YAML",
    "unknown key of a dimension",
    "missing file",
    "quote that never closes",
    "unreadable Parquet",
    "Excel that is a CSV file",
    "malformed JSON line",
    "rating outside the scale",
    "level not in the codebook",
    "filter that leaves nothing",
    "truth that lacks its parts",
)


@pytest.mark.parametrize("command", ["check", "report"])
@pytest.mark.parametrize("bad", SAMPLED, indirect=True)
def test_commands_say_it_in_one_line_and_write_nothing(
    command, bad, pluralign, tmp_path, monkeypatch
):
    def report(*_, **__):
        pytest.fail("a report was begun")

    monkeypatch.setattr(reports, "build_report", report, raising=False)
    before = snapshot(tmp_path)
    out = ["--out", tmp_path / "new" / "report"] if command == "report" else ["--json"]
    ran = pluralign(command, bad.codebook, *out)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith("pluralign: ")
    assert_one_line(ran.err, bad.expected)
    assert snapshot(tmp_path) == before


REAL = ["rating outside the scale", "unreadable Parquet"]


@pytest.mark.parametrize(("command", "name"), [*zip(["check", "report"], REAL, strict=True)])
def test_the_real_command_does_the_same(command, name, toy, tmp_path):
    damage, expected = BAD[name]
    codebook = toy.write(damage(toy))
    before = snapshot(tmp_path)
    words = [command, str(codebook)]
    words += ["--out", str(tmp_path / "report")] if command == "report" else []
    ran = subprocess.run(
        [sys.executable, "-m", "pluralign_stats", *words], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert_one_line(ran.stderr, expected)
    assert snapshot(tmp_path) == before


UNWRITABLE = {
    "below a file": lambda folder: folder / "file" / "out",
    "deep below a file": lambda folder: folder / "file" / "deep" / "out",
    "a file": lambda folder: folder / "file",
    "where the system forbids it": lambda folder: Path("/proc/nowhere/out"),
}


@pytest.mark.parametrize("place", UNWRITABLE)
@pytest.mark.parametrize("command", ["simulate --raters 30", "report"])
def test_an_output_folder_that_cannot_be_written(command, place, toy, pluralign, tmp_path):
    codebook = toy.write()
    (tmp_path / "file").write_text("in the way")
    before = snapshot(tmp_path)
    out = UNWRITABLE[place](tmp_path)
    words = [command, codebook] if command == "report" else command.split()
    ran = pluralign(*words, "--out", out)
    assert (ran.status, ran.out) == (2, "")
    assert_one_line(ran.err, [str(out)])
    assert snapshot(tmp_path) == before


def test_the_real_command_on_an_output_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    before = snapshot(tmp_path)
    out = str(tmp_path / "file" / "out")
    ran = subprocess.run(
        [sys.executable, "-m", "pluralign_stats", "simulate", "--raters", "30", "--out", out],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert_one_line(ran.stderr, [out, "choose another folder"])
    assert snapshot(tmp_path) == before
