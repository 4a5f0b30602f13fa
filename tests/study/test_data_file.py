import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table, read_unlisted
from pluralign_stats.study.files import File, Stack

BOOK = """\
name: survey
files:
  ratings: {path: survey.csv, rename: {PROLIFIC_PID: person}}
  raters:
    join:
      - {path: survey.csv, rename: {PROLIFIC_PID: person}}
      - {path: prolific_export.csv, rename: {Participant id: person}}
    by: person
columns: {rater: person, item: item}
dimensions: {toxicity: {}}
demographics:
  politics: {}
  gender: {column: Sex}
"""
SURVEY = """\
StartDate,PROLIFIC_PID,item,toxicity,politics
Start Date,PROLIFIC_PID,Which item,How toxic?,Your politics
"{""ImportId"":""startDate""}","{""ImportId"":""pid""}","{""ImportId"":""i""}","{""ImportId"":""q""}","{""ImportId"":""p""}"
2024-01-31,a,i1,1,Liberal
2024-01-31,b,i1,2,Centre
2024-01-31,c,i2,3,Centre
2024-01-31,d,i2,5,Liberal
"""
PROLIFIC = """\
Submission id,Participant id,Status,Sex
s1,d,APPROVED,Female
s2,a,APPROVED,Male
s3,b,APPROVED,CONSENT_REVOKED
s4,z,RETURNED,DATA_EXPIRED
"""


def test_a_survey_is_joined_with_the_export_of_its_participants(tmp_path):
    (tmp_path / "survey.csv").write_text(SURVEY)
    (tmp_path / "prolific_export.csv").write_text(PROLIFIC)
    (tmp_path / "study.yaml").write_text(BOOK)
    study = pls.read_study(tmp_path / "study.yaml")
    people = study.raters.set_index("rater").astype(object)
    assert people["gender"].dropna().to_dict() == {"a": "Male", "d": "Female"}
    assert people["politics"].tolist() == ["Liberal", "Centre", "Centre", "Liberal"]
    assert set(study.hashes) == {"survey.csv", "prolific_export.csv"}
    assert any("rows 2 and 3 are read as Qualtrics'" in note for note in study.notes)
    assert any("prolific_export.csv does not know" in note for note in study.notes)
    codes = study.codes.set_index("code")["cells"]
    assert codes["CONSENT_REVOKED"] == 1


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for folder, value in (("en", 1), ("de", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r.csv").write_text(f"a\n{value}\n")
    spec = Stack.model_validate({"stack": {"en": "en/r.csv", "de": "de/r.csv"}, "column": "tag"})
    table = read_table(spec, tmp_path, ())
    assert set(table.hashes) == {"en/r.csv", "de/r.csv"}
    assert table.placed["file"].tolist() == ["en/r.csv", "de/r.csv"]


def test_long_identifiers_with_gaps_keep_their_digits_whoever_wrote_the_file(tmp_path):
    ids = pa.array([900719925474099301, None, 900719925474099302])
    pq.write_table(pa.table({"id": ids, "b": ["x", "y", "z"]}), tmp_path / "t.parquet")
    table = read_unlisted(tmp_path / "t.parquet")
    assert table.frame["id"].dropna().tolist() == ["900719925474099301", "900719925474099302"]


def test_new_names_and_prefixes_belong_to_columns_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")

    def read(**spec):
        return read_table(File.model_validate({"path": "t.csv", **spec}), tmp_path, ())

    assert read(rename={"a": "b", "b": "a"}).frame.to_dict("list") == {"b": ["1"], "a": ["x"]}
    assert read(rename={"a": "id"}, prefix={"id": "p"}).frame["id"].tolist() == ["p1"]
    with pytest.raises(InputError, match=r"t.csv: unknown column for 'rename': .* not 'c'"):
        read(rename={"c": "d"})
    with pytest.raises(InputError, match=r"'rename' leads 'a' to 'b', which is another column"):
        read(rename={"a": "b"})
    with pytest.raises(InputError, match=r"t.csv: unknown column for 'prefix': .* not 'c'"):
        read(prefix={"c": "p"})


def test_an_ending_that_tells_no_format_names_those_that_do(tmp_path):
    (tmp_path / "t.dat").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"'\.dat' does not tell the format; .*'\.sav', .*'\.dta'"):
        read_table(File(path="t.dat"), tmp_path, ())
