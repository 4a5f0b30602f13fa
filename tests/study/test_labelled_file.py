import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File
from pluralign_stats.study.questions import Factor

pyreadstat = pytest.importorskip("pyreadstat")

DATA = pd.DataFrame(
    {
        "id": [1.0, 2, 3, 4],
        "gender": [1.0, 2, 9, 2],
        "trust": [1.0, 7, 4, 99],
        "age": [23.0, 45, np.nan, 999],
        "half": [1.5, 2, 3, 4],
    }
)
GENDER = {1: "Male", 2: "Female", 9: "Refused"}
TRUST = {1: "not at all", 7: "completely"}
WORDED = {"gender": "What is your gender?"}


@pytest.fixture
def read(tmp_path):
    def write_and_read(kind, missing=("",), **spec):
        path = tmp_path / f"t.{kind}"
        if kind == "dta":
            data = DATA.assign(gender=pd.Series([1, 2, "r", 2], dtype=object))
            labels = {"gender": {1: "Male", 2: "Female", "r": "Refused"}, "trust": TRUST}
            options = {"missing_user_values": {"gender": ["r"]}}
            pyreadstat.write_dta(data, path, variable_value_labels=labels, column_labels=WORDED,
                                 **options)  # fmt: skip
        else:
            pyreadstat.write_sav(
                DATA,
                path,
                variable_value_labels={"gender": GENDER, "trust": TRUST},
                missing_ranges={"gender": [9], "trust": [{"lo": 90, "hi": 99}], "age": [999]},
                column_labels=WORDED,
                compress=kind == "zsav",
            )
        return read_table(File.model_validate({"path": path.name, **spec}), tmp_path, missing)

    return write_and_read


def column(table, name):
    values = table.frame[name].astype(object)
    return values.where(values.notna(), None).tolist()


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta"])
def test_labelled_values_become_their_labels(read, kind):
    table = read(kind)
    assert column(table, "gender") == ["Male", "Female", "Refused", "Female"]
    assert column(table, "id") == ["1", "2", "3", "4"]
    assert column(table, "half") == ["1.5", "2", "3", "4"]
    assert table.frame.index.tolist() == [1, 2, 3, 4]
    assert table.wordings == WORDED
    assert table.labels["trust"] == {"1": "not at all", "7": "completely"}


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_a_scale_with_labels_at_its_ends_stays_numbers_and_is_told(read, kind):
    table = read(kind)
    assert column(table, "trust")[:3] == ["1", "7", "4"]
    assert table.notes == (
        f"t.{kind}: value labels are read in place of the numbers of 'gender'; for the numbers, "
        "state 'labels: false' for this file in the codebook",
        f"t.{kind}: only some values of 'trust' have a label of their own: the numbers are read; "
        "for the labels, state 'labels: [trust]' for this file in the codebook",
    )


def test_labels_are_read_where_the_codebook_says_so(read):
    assert column(read("sav", labels=False), "gender") == ["1", "2", "Refused", "2"]
    chosen = read("sav", labels=["trust"])
    assert column(chosen, "trust") == ["not at all", "completely", "4", "99"]
    assert column(chosen, "gender") == ["1", "2", "Refused", "2"]
    assert chosen.notes == ()
    with pytest.raises(InputError, match=r"t.sav: unknown column for 'labels': .*mean 'gender'"):
        read("sav", labels="gendre")


def test_values_that_the_file_declares_missing_are_missing_unless_they_are_meant(read):
    table = read("sav")
    assert table.declared == {"gender": ("Refused",), "trust": ("99",), "age": ("999",)}
    assert table.answers("gender", "it").isna().tolist() == [False, False, True, False]
    assert table.answers("trust", "it").tolist()[:3] == ["1", "7", "4"]
    assert table.answers("trust", "it").isna().tolist()[3]
    meant = table.answers("gender", "it", Factor(declined=["Refused"]))
    assert meant.tolist() == ["Male", "Female", "Refused", "Female"]
    assert read("dta").declared == {"gender": ("Refused",)}


def test_codes_of_one_column_hold_there_alone_and_follow_a_new_name(read):
    table = read("sav", rename={"age": "years"})
    assert table.declared["years"] == ("999",)
    assert table.answers("id", "it").notna().all()


def test_two_values_with_one_label_stay_numbers(tmp_path):
    frame = pd.DataFrame({"q": [1.0, 2, 3]})
    labels = {"q": {1: "other", 2: "other", 3: "yes"}}
    pyreadstat.write_sav(frame, tmp_path / "t.sav", variable_value_labels=labels)
    table = read_table(File(path="t.sav"), tmp_path, ())
    assert column(table, "q") == ["1", "2", "3"]
    assert "only some values of 'q' have a label of their own" in table.notes[0]


def test_words_and_dates(tmp_path):
    frame = pd.DataFrame({"s": ["ü", ""], "d": pd.to_datetime(["2024-01-31", None])})
    frame["t"] = pd.to_datetime(["2024-01-31 12:30", "2024-02-01 00:00"])
    pyreadstat.write_sav(frame, tmp_path / "t.sav")
    table = read_table(File(path="t.sav"), tmp_path, ())
    assert column(table, "s") == ["ü", None]
    assert column(table, "d") == ["2024-01-31", None]
    assert column(table, "t") == ["2024-01-31 12:30:00", "2024-02-01"]


def test_a_portable_file(tmp_path):
    pyreadstat.write_por(DATA, tmp_path / "t.por")
    table = read_table(File(path="t.por"), tmp_path, ())
    assert column(table, "GENDER") == ["1", "2", "9", "2"]


@pytest.mark.parametrize("kind", ["sav", "por", "dta"])
def test_a_damaged_file_is_told_in_one_line(tmp_path, read, kind):
    if kind == "por":
        pyreadstat.write_por(DATA, tmp_path / "t.por")
    else:
        read(kind)
    whole = (tmp_path / f"t.{kind}").read_bytes()
    cut = -20 if kind != "por" else -170  # the end of a portable file is filled up
    for damaged in (b"rater,item\n1,2\n", whole[:200], whole[:-500], whole[:cut]):
        (tmp_path / f"d.{kind}").write_bytes(damaged)
        with pytest.raises(InputError, match=rf"d.{kind}: is not a readable S\w+ file") as caught:
            read_table(File(path=f"d.{kind}"), tmp_path, ())
        assert "\n" not in str(caught.value)


def test_labels_that_an_old_file_of_stata_lost_are_told(tmp_path):
    labels = {"gender": {1: "Male", 2: "Female"}}
    pyreadstat.write_dta(DATA, tmp_path / "t.dta", variable_value_labels=labels, version=10)
    (tmp_path / "d.dta").write_bytes((tmp_path / "t.dta").read_bytes()[:-20])
    table = read_table(File(path="d.dta"), tmp_path, ())
    assert table.notes == (
        "d.dta: the value labels of 'gender' are not in the file: the numbers are read",
    )


def test_an_encoding_that_the_file_is_not_in(tmp_path, read):
    with pytest.raises(InputError, match=r"t.sav: .*unsupported character set.*'encoding: cp1252'"):
        read("sav", encoding="nonsense")
