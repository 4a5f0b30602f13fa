"""What is refused before anything runs."""

import json
from pathlib import Path

import pytest

from pluralign_stats.errors import InputError, MissingExtraError
from reports import build_report, notebook_folder
from reports import notebook as module
from reports.build import check_parameters
from reports.model import Job
from reports.notebook import find_notebooks, read_notebook
from reports.parameters import assign_parameters, given_files, parse_value, with_file_names
from reports.run import _slow_first
from tests.reports.conftest import FakeStudy, Maker


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sed", "1", r"a parameter .* one of 'labels'.* not 'sed'; did you mean 'seed'\?"),
        ("seed", "1.5", r"parameter seed must be a whole number .*\(int\), not '1\.5'"),
        ("seed", "true", r"not 'true'"),
        ("seed", "1_000", r"not '1_000'"),
        ("seed", True, r"\(int\), not True"),
        ("seed", 2.0, r"\(int\), not 2\.0"),
        ("share", "half", r"\(float\), not 'half'"),
        ("share", "nan", r"\(float\), not 'nan'"),
        ("quick", "1", r"must be true or false \(bool\), not '1'"),
        ("labels", '["a", 1]', r"\(list\[str\]\)"),
        ("labels", "[a", r"\(list\[str\]\)"),
        ("study_file", "x.yaml", r"set by the report itself; use the argument STUDY"),
        ("data_folder", "x", "set by the report itself; use the option --data"),
        ("out", "x", "set by the report itself; use the option --out"),
    ],
)
def test_bad_parameters_are_refused_and_nothing_is_written(
    name: str,
    value: object,
    message: str,
    study: FakeStudy,
    study_file: Path,
    notebook: Maker,
    tmp_path: Path,
) -> None:
    chapter = notebook("01_first")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=message) as caught:
        build_report(
            study, study_file, tmp_path / "out", parameters={name: value}, notebooks=[chapter]
        )
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_without_its_packages_a_report_names_the_extra_and_writes_nothing(
    study: FakeStudy,
    study_file: Path,
    notebook: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chapter = notebook("01_first")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    for ask in (
        lambda: build_report(study, study_file, tmp_path / "out", notebooks=[chapter]),
        lambda: check_parameters({}),
    ):
        with pytest.raises(MissingExtraError, match=r"A report needs .*'pluralign\[report\]'"):
            ask()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", " -3 ", -3),
        ("share", "1", 1.0),
        ("quick", "True", True),
        ("note", "7", "7"),
        ("labels", "a, b,", ["a", "b"]),
        ("labels", "", []),
        ("labels", '["a, b"]', ["a, b"]),
    ],
)
def test_texts_are_read_by_the_declared_type(
    name: str, text: str, value: object, notebook: Maker
) -> None:
    parsed = parse_value(read_notebook(notebook("01_first")).parameters[name], text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_each_notebook_gets_what_it_declares(notebook: Maker) -> None:
    first = notebook("01_first", parameters="seed: int = 1")
    second = notebook("02_second", parameters='seed: float = 1.0\nnote: str = ""')
    values = assign_parameters(find_notebooks([first, second]), {"seed": "3", "note": "x"})
    assert values == {"01_first": {"seed": 3}, "02_second": {"seed": 3.0, "note": "x"}}


def test_files_are_looked_for_where_the_command_is_called(
    notebook: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = notebook("01_first", parameters='scores_file: str = ""\nnote: str = ""')
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "scores.csv").touch()
    monkeypatch.chdir(tmp_path / "here")
    found = find_notebooks([chapter])
    place = str(tmp_path / "here" / "scores.csv")
    for given in ("scores.csv", "../here/scores.csv", place):
        values = assign_parameters(found, {"scores_file": given, "note": "scores.csv"})
        path = values["01_first"]["scores_file"]
        assert Path(str(path)).is_absolute()
        assert Path(str(path)).samefile(place)
        assert values["01_first"]["note"] == "scores.csv"
        assert given_files(values) == [Path(str(path))]
        assert with_file_names(values)["01_first"]["scores_file"] == "scores.csv"
    for word in ("", "example"):
        values = assign_parameters(found, {"scores_file": word})
        assert values["01_first"] == {"scores_file": word}
        assert given_files(values) == []
        assert with_file_names(values) == values
    for missing in ("other.csv", "../scores.csv", str(tmp_path), "."):
        with pytest.raises(InputError, match=r"parameter scores_file: there is no file /\S+; name"):
            assign_parameters(found, {"scores_file": missing})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("seed = 1", "typed assignments"),
        ("seed: int = 'one'", "default of seed .* whole number"),
        ("seed: complex = 1", "type of seed .* one of"),
        ("seed: int = 1\nprint(seed)", "typed assignments"),
        ('note: str = "a=b"', "no value with an equals sign"),
        ("seed: int =", "not valid Python"),
    ],
)
def test_a_loose_parameters_cell_is_refused(parameters: str, message: str, notebook: Maker) -> None:
    with pytest.raises(InputError, match=message):
        read_notebook(notebook("01_first", parameters=parameters))


@pytest.mark.parametrize("tagged", [0, 2])
def test_exactly_one_cell_is_tagged(tagged: int, notebook: Maker) -> None:
    with pytest.raises(InputError, match=f"{tagged} cells tagged 'parameters'"):
        read_notebook(notebook("01_first", tagged=tagged))


def test_title_and_question_are_plain_text(notebook: Maker) -> None:
    read = read_notebook(notebook("01_first", "x = 1", ""))
    assert (read.title, read.question) == ("A title", "Who rates how?")
    assert read.steps == 3


def test_slow_notebooks_begin_first_and_order_holds_else(notebook: Maker) -> None:
    slow = ("parameters", "slow")
    paths = [notebook("01_a"), notebook("02_b", tags=slow), notebook("03_c"),
             notebook("04_d", tags=slow)]  # fmt: skip
    jobs = [Job(n, {}, n.path.parent) for n in find_notebooks(paths)]
    order = [job.notebook.name for job in _slow_first(jobs)]
    assert order == ["02_b", "04_d", "01_a", "03_c"]


def test_unreadable_notebooks_are_refused(notebook: Maker, tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("no json")
    (tmp_path / "list.ipynb").write_text("{}")
    for name in ("bad", "list"):
        with pytest.raises(InputError, match=r"is not a Jupyter notebook"):
            read_notebook(tmp_path / f"{name}.ipynb")
    with pytest.raises(InputError, match="there is no notebook"):
        read_notebook(tmp_path / "none.ipynb")
    with pytest.raises(InputError, match="has no markdown heading"):
        read_notebook(notebook("01_first", text="Only words."))
    with pytest.raises(InputError, match="two notebooks are named '01_x'"):
        find_notebooks([tmp_path / "a" / "01_x.ipynb", tmp_path / "b" / "01_x.ipynb"])
    with pytest.raises(InputError, match="no notebook was chosen"):
        find_notebooks([])
    with pytest.raises(InputError, match="named 'index'"):
        find_notebooks([notebook("index")])


def test_notebooks_are_found_in_wheel_and_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "reports"
    package.mkdir()
    monkeypatch.setattr(module, "__file__", str(package / "notebook.py"))
    with pytest.raises(InputError, match="are missing"):
        notebook_folder()
    (tmp_path / "notebooks").mkdir()
    assert notebook_folder() == tmp_path / "notebooks"
    (package / "notebooks").mkdir()
    assert notebook_folder() == package / "notebooks"


def test_foreign_folders_are_refused(
    study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    chapter = notebook("01_first")
    out = tmp_path / "out"
    out.mkdir()
    for content in ("{}", "[]", "no json", json.dumps({"kind": "other", "files": []})):
        (out / "report.json").write_text(content)
        with pytest.raises(InputError, match="is not a former report"):
            build_report(study, study_file, out, notebooks=[chapter])
    with pytest.raises(InputError, match=r"study\.yaml lies in .* would replace"):
        build_report(study, study_file, study_file.parent, notebooks=[chapter])
    with pytest.raises(InputError, match=r"study\.yaml is a file, and a report is a folder"):
        build_report(study, study_file, study_file.parent / "study.yaml", notebooks=[chapter])
    assert [path.name for path in out.iterdir()] == ["report.json"]


@pytest.mark.parametrize("place", ["/proc/pluralign/out", "{file}/out"])
def test_a_place_that_cannot_be_written_is_refused(
    place: str, study: FakeStudy, study_file: Path, notebook: Maker
) -> None:
    out = Path(place.format(file=study_file))
    with pytest.raises(InputError, match="no report can be written to"):
        build_report(study, study_file, out, notebooks=[notebook("01_first")])
