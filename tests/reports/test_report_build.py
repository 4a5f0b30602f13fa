"""Whole reports, with real kernels; few, since each costs seconds."""

import getpass
import json
import os
import platform
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from pluralign_stats.errors import InputError, PluralignError
from reports import build_report
from tests.reports.conftest import FakeStudy, Maker

REPOSITORY = Path(__file__).parents[2]

WRITES = """\
import json, os, pathlib, sys
root = pathlib.Path(out)
for folder in ("figures", "tables"):
    (root / folder).mkdir(exist_ok=True)
for ending in ("svg", "pdf", "png"):
    (root / "figures" / f"spread.{ending}").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
(root / "tables" / "means.csv").write_text("dimension,estimate\\n")
(root / "tables" / "means.json").write_text(json.dumps({
    "title": "Means", "sentence": "Men rate <b>lower</b>.", "finding": True,
    "warnings": ["One model did not converge."], "data": "observed"}))
print(sys.executable, file=sys.stderr)
print("<script>alert('printed')</script>", study_file, os.getcwd(), seed, labels)
"""
SHOWS = """\
from IPython.display import HTML, display
display(HTML('<p onclick="x()">kept</p><script>alert("shown")</script>'
             '<img src="https://example.org/pixel.png"><img src="figures/spread.svg" alt="Spread">'
             '<table><caption>Means</caption><tr><th>group</th><th>mean</th></tr>'
             '<tr><td>women</td><td>3.25</td></tr></table>'))
"""


@pytest.fixture
def report(study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path) -> Path:
    first = notebook("01_first", WRITES, SHOWS)
    second = notebook("02_second", "assert quick", text="# Second & last\n\nAnd then?")
    index = build_report(
        study,
        study_file,
        tmp_path / "out {x}",
        data_folder=study_file.parent,
        parameters={"seed": "7", "quick": "true"},
        notebooks=[first, second],
        extra_provenance={"made_by": f"{study_file}"},
    )
    return index.parent


def test_a_report_is_complete_and_shareable(report: Path, study_file: Path) -> None:
    assert {path.name for path in report.iterdir()} == {
        "01_first.html", "02_second.html", "figures", "index.html", "notebooks", "report.json",
        "style.css", "tables",
    }  # fmt: skip
    _check_pages(report)
    _check_first_chapter(report / "01_first.html")
    _check_index(report / "index.html")
    _check_nothing_private(report, study_file)
    _check_mark(report)
    _check_replacing(report, study_file)


def _check_pages(report: Path) -> None:
    for page in report.glob("*.html"):
        soup = BeautifulSoup(page.read_text(), "html.parser")
        assert len(soup.find_all("h1")) == 1
        assert soup.html is not None
        assert soup.html["lang"] == "en"
        for name in ("header", "nav", "main", "footer"):
            assert soup.find(name), name
        assert "Simulated study" in soup.select_one(".banner").get_text()  # type: ignore[union-attr]
        assert not soup.find_all(["script", "iframe"])
        assert all(img.get("alt") is not None for img in soup.find_all("img"))
        for link in soup.select("[src], link[href]"):
            place = str(link.get("src") or link.get("href"))
            assert place.startswith("data:") or (report / place).is_file(), place
        for link in soup.select("a[href]"):
            place = str(link["href"]).partition("#")[0]
            assert not place or (report / place).is_file(), place
    assert "url(" not in (report / "style.css").read_text()


def _check_first_chapter(page: Path) -> None:
    html = page.read_text()
    soup = BeautifulSoup(html, "html.parser")
    assert soup.h1 is not None
    assert soup.h1.get_text() == "A title"
    assert "&lt;script&gt;alert('printed')" in html
    assert "shown" not in str(soup.select_one(".made"))
    assert "onclick" not in str(soup.select_one(".made"))
    assert "example.org" not in str(soup.select(".outputs"))
    assert [p.get_text() for p in soup.select(".question")] == ["Who rates how?"]
    assert [cell.get_text() for cell in soup.select("td.number")] == ["3.25"]
    assert soup.select_one(".table-frame")["aria-label"] == "Means"  # type: ignore[index]
    assert "study_file: str" not in html
    assert "# Parameters" not in html


def _check_index(page: Path) -> None:
    html = page.read_text()
    soup = BeautifulSoup(html, "html.parser")
    text = " ".join(soup.get_text(" ").split())
    assert "A toy &lt;study&gt;" in html
    assert "Men rate &lt;b&gt;lower&lt;/b&gt;." in str(soup.select_one(".findings"))
    assert "One model did not converge." in str(soup.select_one(".warnings"))
    assert "1,095" in text
    assert "observed data" in text
    assert "Seed 7" in text
    assert {a["href"] for a in soup.select(".gallery .formats a")} == {
        "figures/spread.svg", "figures/spread.pdf", "figures/spread.png",
    }  # fmt: skip
    assert "pluralign report study.yaml --data 'my study'" in text


def _check_nothing_private(report: Path, study_file: Path) -> None:
    private = [str(study_file.parent), str(report.parent), sys.prefix, platform.node()]
    if getpass.getuser() != "root":
        private.append(getpass.getuser())
    for path in report.rglob("*"):
        if path.suffix in {".html", ".json", ".ipynb", ".csv"}:
            for text in private:
                assert text not in path.read_text(), f"{text} in {path.name}"
    copy = nbformat.read(report / "notebooks" / "01_first.ipynb", as_version=4)
    injected = next(c for c in copy.cells if "injected-parameters" in c.metadata.tags)
    assert 'study_file = "study.yaml"' in injected.source
    assert 'data_folder = "my study"' in injected.source
    assert 'out = ""' in injected.source
    assert re.search(r"study\.yaml \S* ?7", copy.cells[3].outputs[0].text)


def _check_mark(report: Path) -> None:
    mark = json.loads((report / "report.json").read_text())
    assert mark["parameters"]["01_first"]["seed"] == 7
    assert mark["parameters"]["01_first"]["share"] == 0.5
    assert mark["versions"]["python"] == platform.python_version()
    assert mark["extra"] == {"made_by": "study.yaml"}
    assert mark["seconds"] > 0
    assert "tables/means.csv" in mark["files"]
    assert oldest_first(report)[-1] == "report.json"


def oldest_first(report: Path) -> list[str]:
    files = [path for path in report.iterdir() if path.is_file()]
    return [path.name for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)]


def _check_replacing(report: Path, study_file: Path) -> None:
    """A former report is replaced, but not where the user has added a file."""
    study, chapters = FakeStudy(simulated=False), report.parent / "chapters"
    (report / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=r"'mine\.txt'"):
        build_report(study, study_file, report, notebooks=[chapters / "01_first.ipynb"])
    (report / "mine.txt").unlink()
    build_report(study, study_file, report, notebooks=[chapters / "01_first.ipynb"], progress=False)
    assert not (report / "02_second.html").exists()
    assert "Simulated study" not in (report / "index.html").read_text()
    assert not list(report.parent.glob(".*"))


def test_a_failing_notebook_leaves_its_copy_and_the_former_report(
    study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text(
        json.dumps({"kind": "pluralign report", "files": ["report.json"]})
    )
    broken = notebook("01_broken", "1 / 0\n# never\n", "print('not reached')")
    with pytest.raises(PluralignError) as caught:
        build_report(study, study_file, out, notebooks=[broken])
    kept = tmp_path / "out-failed" / "01_broken.ipynb"
    assert str(caught.value) == (
        "notebook 01_broken failed in cell [3] with ZeroDivisionError: division by zero; "
        f"look at its executed copy, {kept}"
    )
    assert "ZeroDivisionError" in kept.read_text()
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert not list(tmp_path.glob(".out*"))


def test_our_own_errors_pass_through_as_they_are(
    study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    source = "from pluralign_stats.errors import InputError\nraise InputError('give a; not b')"
    with pytest.raises(InputError) as caught:
        build_report(study, study_file, tmp_path / "out", notebooks=[notebook("01_x", source)])
    assert str(caught.value) == "01_x: give a; not b"
    assert not (tmp_path / "out").exists()


def test_a_dying_kernel_is_one_line(
    study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    dying = notebook("01_dies", "import os\nos._exit(9)")
    with pytest.raises(PluralignError, match=r"01_dies lost its Python process in cell \[3\]"):
        build_report(study, study_file, tmp_path / "out", notebooks=[dying])
    assert (tmp_path / "out-failed" / "01_dies.ipynb").is_file()


def test_ctrl_c_leaves_nothing(study_file: Path, notebook: Maker, tmp_path: Path) -> None:
    slow = notebook(
        "01_slow",
        f"open({str(tmp_path / 'running')!r}, 'w').close()",
        "import time\ntime.sleep(60)",
    )
    program = textwrap.dedent(f"""
        import signal
        from pathlib import Path
        from reports import build_report
        from tests.reports.conftest import FakeStudy
        signal.signal(signal.SIGINT, signal.default_int_handler)
        build_report(FakeStudy(), Path({str(study_file)!r}), Path({str(tmp_path / "out")!r}),
                     notebooks=[Path({str(slow)!r})])
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    ) as run:
        while not (tmp_path / "running").exists():
            assert run.poll() is None
            time.sleep(0.1)
        os.kill(run.pid, signal.SIGINT)
        _, told = run.communicate(timeout=30)
    assert "KeyboardInterrupt" in told
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))
