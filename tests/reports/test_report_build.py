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
import pypdf
import pytest
from bs4 import BeautifulSoup
from pypdf.generic import StreamObject

from pluralign_stats.errors import InputError, PluralignError
from reports import build_report
from tests.reports.conftest import FakeStudy, Maker

pytestmark = pytest.mark.extended

REPOSITORY = Path(__file__).parents[2]

WRITES = """\
import json, os, pathlib, python_calamine, sys
root = pathlib.Path(out)
for folder in ("figures", "tables"):
    (root / folder).mkdir(exist_ok=True)
for ending in ("svg", "pdf", "png"):
    (root / "figures" / f"spread.{ending}").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
(root / "tables" / "means.csv").write_text("dimension,estimate\\n")
(root / "tables" / "means.json").write_text(json.dumps({
    "title": "Means", "sentence": "Men rate <b>lower</b>.", "finding": True, "front": True,
    "warnings": ["One model did not converge."], "data": "observed"}))
print(sys.executable, file=sys.stderr)
print("<script>alert('printed')</script>", study_file, os.getcwd(), seed, labels)
"""
SHOWS = """\
from IPython.display import HTML, display
display(HTML('<p onclick="x()">kept</p><script>alert("shown")</script>'
             '<img src="https://example.org/pixel.png"><img src="figures/spread.svg" alt="Spread">'
             '<div class="exhibit" id="exhibit:means"><figure>drawn</figure>'
             '<p class="sentence">Men rate &lt;b&gt;lower&lt;/b&gt;.</p>'
             '<details class="long"><summary>Table</summary>'
             '<table><caption>Means</caption><tr><th>group</th><th>mean</th></tr>'
             '<tr><td>women</td><td>3.25</td></tr></table></details>'
             '<p class="downloads">CSV</p></div>'))
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
        extra_provenance={
            "made_by": f"{study_file}",
            "variant": "quick: fewer seeds",
            "conditions": 53,
            "failed conditions": [f"one: {study_file} is <full>"],
        },
    )
    return index.parent


def test_a_report_is_complete_and_shareable(report: Path, study_file: Path) -> None:
    assert {path.name for path in report.iterdir()} == {
        "01_first.html", "02_second.html", "figures", "index.html", "notebooks", "report.json",
        "report.pdf", "style.css", "tables",
    }  # fmt: skip
    _check_pages(report)
    _check_pdf(report, study_file)
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
        banner = soup.select_one(".banner").get_text()  # type: ignore[union-attr]
        assert "Simulated study" in banner
        assert "Quick: fewer seeds." in banner
        assert not soup.find_all(["script", "iframe"])
        assert all(img.get("alt") is not None for img in soup.find_all("img"))
        for link in soup.select("[src], link[href]"):
            place = str(link.get("src") or link.get("href"))
            assert place.startswith("data:") or (report / place).is_file(), place
        for link in soup.select("a[href]"):
            place = str(link["href"]).partition("#")[0]
            assert not place or (report / place).is_file(), place
    assert "url(" not in (report / "style.css").read_text()


def _check_pdf(report: Path, study_file: Path) -> None:
    document = pypdf.PdfReader(report / "report.pdf")
    texts = [" ".join(page.extract_text().split()) for page in document.pages]
    assert len(texts) == 5
    title, found, first, second, origin = texts
    assert "A toy <study>" in title
    assert "1 of 53 failed" in title
    assert title.startswith("2 3 4 5 ")
    listed = "1. Findings and checks 2. A title 3. Second & last 4. Where this comes from"
    assert listed in title
    assert "Men rate <b>lower</b>." in found
    assert "The numbers come from the chapter" in found
    assert "One model did not converge." in found
    assert first.startswith("A title Who rates how?")
    assert "women3.25" in first
    assert "import json" not in first
    assert second.startswith("Second & last And then?")
    assert "pluralign report study.yaml" in origin
    for number, text in enumerate(texts, 1):
        assert f"{number} / 5" in text
        assert "Simulated study" in text
        assert "Quick: fewer seeds." in text
    everything = _unpacked(document)
    for private in (report.parent, study_file.parent, sys.prefix, "file:"):
        assert str(private).encode() not in everything
    assert set(re.findall(rb"/BaseFont[ ']*/\w+\+(\w+)", everything)) <= {
        b"DejaVuSans",
        b"DejaVuSerif",
    }


def _unpacked(document: pypdf.PdfReader) -> bytes:
    """Everything that a PDF holds, uncompressed."""
    assert document.metadata is not None
    parts = [str(dict(document.metadata)).encode()]
    for number in range(1, int(document.trailer["/Size"])):  # type: ignore[call-overload]
        entry = document.get_object(number)
        parts.append(str(entry).encode())
        if isinstance(entry, StreamObject):
            parts.append(entry.get_data())
    return b"\n".join(parts)


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
    parts = soup.select("main > header, main > section")
    assert [part.get_text(" ", strip=True)[:11].split()[0] for part in parts] == [
        "Report", "About", "Conditions", "What", "A", "Checks", "Chapters", "Downloads", "Where",
    ]  # fmt: skip
    told = [" ".join(part.get_text().split()) for part in parts]
    assert (
        "1 of 53 failed; nothing in this report rests on it. one: study.yaml is <full>" in told[2]
    )
    assert told[4] == (
        "A title Meansgroupmeanwomen3.25 "
        "The numbers come from the chapter A title and stand in tables/means.csv."
    )
    assert "One model did not converge. (A title)" in told[5]
    assert html.count('href="report.pdf"') == 2
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
    assert mark["versions"].keys() >= {"python-calamine", "papermill"}
    assert "krippendorff" not in mark["versions"].keys() - sys.modules.keys()
    assert mark["extra"]["made_by"] == "study.yaml"
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


def test_what_notebooks_made_is_kept_until_something_of_it_changes(
    study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    """Each notebook notes that it ran; one of them reads a file."""
    ran, read = tmp_path / "ran.txt", tmp_path / "scores.csv"
    read.write_text("1\n")
    note = f"open({str(ran)!r}, 'a').write('%s'); print('from', out)"
    chapters = [
        notebook("01_first", WRITES, note % "1"),
        notebook("02_second", note % "2", parameters='scores_file: str = ""\nout: str = ""'),
    ]
    pages = {}

    def build(**given: object) -> str:
        ran.write_text("")
        options = {"notebooks": chapters, "cache": tmp_path / "kept", "progress": False, **given}
        index = build_report(study, study_file, tmp_path / "out", **options)  # type: ignore[arg-type]
        pages.update({p.name: p.read_text() for p in index.parent.glob("0*.html")})
        return "".join(sorted(ran.read_text()))

    scores = {"parameters": {"scores_file": str(read)}}
    assert build(chapters=["01"]) == "1"
    assert list(pages) == ["01_first.html"]
    assert build(**scores) == "2"
    assert ".building" not in pages["01_first.html"] + pages["02_second.html"]
    assert "figures/spread.svg" in pages["01_first.html"]
    assert build(**scores) == ""
    read.write_text("2\n")
    assert build(**scores) == "2"
    assert build(**scores, chapters=["02_second", "01"]) == ""
    assert build(parameters={"seed": "8"}, chapters=["01_first"]) == "1"
    assert {p.name for p in (tmp_path / "kept").iterdir()} == {"01_first", "02_second"}
    kept = {"notebooks": chapters[:1], "cache": tmp_path / "kept", "progress": False}
    build_report(FakeStudy(fingerprint="0" * 64), study_file, tmp_path / "other", **kept)  # type: ignore[arg-type]
    assert ran.read_text() == "11"
    for wrong in ("03", "first"):
        with pytest.raises(InputError, match="chapter must be one of '01_first'"):
            build(chapters=[wrong])
    with pytest.raises(InputError, match=r"kept lies in .* which the report would replace"):
        build(cache=tmp_path / "out" / "kept")


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


#: Tells the process of the kernel, and waits until another notebook has told its own.
MEETS = """\
import os, pathlib, time
folder = pathlib.Path({folder!r})
(folder / ("{name}.tmp")).write_text(str(os.getpid()))
(folder / ("{name}.tmp")).rename(folder / "{name}.pid")
while len(list(folder.glob("*.pid"))) < 2:
    time.sleep(0.02)
"""


def meeting(notebook: Maker, tmp_path: Path, name: str, then: str) -> Path:
    return notebook(name, MEETS.format(folder=str(tmp_path), name=name), then, text=f"# {name}")


def kernels(tmp_path: Path) -> list[int]:
    return [int(path.read_text()) for path in tmp_path.glob("*.pid")]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_notebooks_run_side_by_side_and_are_shown_in_reading_order(
    study: FakeStudy,
    study_file: Path,
    notebook: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reports.run.n_cores", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    writes = "pathlib.Path(out, 'tables').mkdir(); pathlib.Path(out, 'tables', '{}.csv').touch()"
    waits = f"while not pathlib.Path({str(tmp_path / 'last')!r}).exists(): time.sleep(0.02)\n"
    last = f"pathlib.Path({str(tmp_path / 'last')!r}).touch()"
    chapters = [
        meeting(notebook, tmp_path, "01_slow", waits + writes.format("b")),
        meeting(notebook, tmp_path, "02_quick", "print(os.environ['OMP_NUM_THREADS'], 'thread')"),
        notebook("03_last", "import pathlib", last, writes.format("a"), text="# 03_last"),
    ]
    index = build_report(study, study_file, tmp_path / "out", notebooks=chapters)
    soup = BeautifulSoup(index.read_text(), "html.parser")
    names = [path.stem for path in chapters]
    assert [heading.get_text() for heading in soup.select(".cards h3")] == names
    assert [a["href"] for a in soup.select(".list a[href^=tables]")] == [
        "tables/b.csv", "tables/a.csv",
    ]  # fmt: skip
    told = soup.select_one("p.passed").get_text()
    assert told == "No model was checked in this report; none of the 2 tables comes with a warning."
    assert "1 thread" in (index.parent / "02_quick.html").read_text()
    assert not any(is_running(process) for process in kernels(tmp_path))


def test_a_failing_notebook_stops_the_others(
    study: FakeStudy,
    study_file: Path,
    notebook: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("reports.run.n_cores", lambda: 2)
    chapters = [
        meeting(notebook, tmp_path, "01_sleeps", "time.sleep(600)"),
        meeting(notebook, tmp_path, "02_fails", "1 / 0"),
        notebook("03_waits", f"open({str(tmp_path / 'never')!r}, 'w')"),
    ]
    with pytest.raises(PluralignError, match=r"notebook 02_fails failed in cell \[4\]"):
        build_report(study, study_file, tmp_path / "out", notebooks=chapters, progress=False)
    assert [path.name for path in (tmp_path / "out-failed").iterdir()] == ["02_fails.ipynb"]
    assert len(kernels(tmp_path)) == 2
    assert not any(is_running(process) for process in kernels(tmp_path))
    assert not (tmp_path / "never").exists()
    assert not list(tmp_path.glob(".out*"))
    assert capfd.readouterr() == ("", "")


def test_two_notebooks_may_not_write_the_same_file(
    study: FakeStudy, study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    chapters = [notebook(name, WRITES) for name in ("01_one", "02_other")]
    message = r"^notebooks 01_one and 02_other both wrote figures/spread\.svg; give"
    with pytest.raises(PluralignError, match=message):
        build_report(study, study_file, tmp_path / "out", notebooks=chapters, progress=False)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nothing(study_file: Path, notebook: Maker, tmp_path: Path) -> None:
    slow = [meeting(notebook, tmp_path, f"0{n}_slow", "time.sleep(600)") for n in (1, 2)]
    program = textwrap.dedent(f"""
        import signal
        from pathlib import Path
        from reports import build_report, run
        from tests.reports.conftest import FakeStudy
        run.n_cores = lambda: 2
        signal.signal(signal.SIGINT, signal.default_int_handler)
        build_report(FakeStudy(), Path({str(study_file)!r}), Path({str(tmp_path / "out")!r}),
                     notebooks=[Path(path) for path in {[str(path) for path in slow]}])
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    ) as run:
        while len(kernels(tmp_path)) < 2:
            assert run.poll() is None
            time.sleep(0.1)
        os.kill(run.pid, signal.SIGINT)
        _, told = run.communicate(timeout=600)
    assert "KeyboardInterrupt" in told
    assert not any(is_running(process) for process in kernels(tmp_path))
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_ctrl_c_keeps_the_chapters_that_have_run(
    study_file: Path, notebook: Maker, tmp_path: Path
) -> None:
    ran = tmp_path / "ran.txt"
    note = f"open({str(ran)!r}, 'a').write('%s')"
    gate = tmp_path / "gate"
    waits = f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.1)"
    paths = [
        notebook("01_quick", note % "1", text="# One"),
        notebook("02_waits", waits, note % "2", text="# Two"),
    ]
    kept = tmp_path / "kept"
    program = textwrap.dedent(f"""
        import signal
        from pathlib import Path
        from reports import build_report, run
        from reports.build import ReportInterruptedError
        from tests.reports.conftest import FakeStudy
        run.n_cores = lambda: 2
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            build_report(FakeStudy(), Path({str(study_file)!r}), Path({str(tmp_path / "out")!r}),
                         notebooks=[Path(path) for path in {[str(path) for path in paths]}],
                         cache=Path({str(kept)!r}))
        except ReportInterruptedError as error:
            print(error.n_kept, "of", error.n_chapters)
    """)
    call = [sys.executable, "-c", program]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(call, cwd=REPOSITORY, **pipes) as run:  # type: ignore[call-overload]
        while not (kept / "01_quick").exists():
            assert run.poll() is None
            time.sleep(0.1)
        os.kill(run.pid, signal.SIGINT)
        out, told = run.communicate(timeout=600)
    assert out == "1 of 2\n"
    assert told.startswith("Report: 2 chapters to run, about 20 seconds (a rough guess")
    assert not (tmp_path / "out").exists()
    gate.touch()
    again = subprocess.run(call, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert again.stderr.startswith("Report: 1 chapter kept from an earlier run; 1 chapter to run")
    assert ran.read_text() == "12"
    assert (tmp_path / "out" / "01_quick.html").is_file()
