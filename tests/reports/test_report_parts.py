"""The parts of a report that need no kernel."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from pluralign_stats.errors import PluralignError
from pluralign_stats.results import LONG_TABLE
from pluralign_stats.storage.folders import take_name
from reports.cells import chapter_body
from reports.contents import Chapter, Contents, judged
from reports.downloads import Collector, Download, Downloads
from reports.kernel import CurrentInterpreterManager, Kernels
from reports.pages import _environment
from reports.paper import on_paper
from reports.publish import sanitizer
from reports.safe import safe_html


def test_import_is_cheap() -> None:
    heavy = "{'papermill', 'nbconvert', 'jinja2', 'rich', 'pandas', 'jupyter_client'}"
    program = f"import sys, reports; print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<script>alert(1)</script>a", "a"),
        ("<style>td{}</style><b>a</b>", "<b>a</b>"),
        ('<img src="https://x.org/a.png" alt="a">', '<img alt="a">'),
        ('<img src="//x.org/a.png">', "<img>"),
        ('<img src="/\\x.org/a.png">', "<img>"),
        ('<img src=" HTTPS://x.org/a.png">', "<img>"),
        ('<img src="figures/a.svg">', '<img src="figures/a.svg">'),
        ('<img src="data:image/png;base64,AA=="">', '<img src="data:image/png;base64,AA==">'),
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<a href="data:text/html,x">a</a>', "<a>a</a>"),
        ('<a href="https://doi.org/x">a</a>', '<a href="https://doi.org/x">a</a>'),
        ('<td style="text-align: right; background: url(//x)">1</td>', "1"),
        ('<p style="width: 1em; background: url(//x)">1</p>', '<p style="width:1em">1</p>'),
        ("<details open>a</details>", '<details open="">a</details>'),
        ("<svg><g onload=x()>a</g></svg>b", "b"),
        ('<math><mtext><table><mglyph><style><img title="--&gt;<img src=1 onerror=x()>">', ""),
        ('<b onclick="x()" aria-label="a">a</b>', '<b aria-label="a">a</b>'),
        ('<meta http-equiv="refresh" content="0"><form><input>a</form>', "a"),
    ],
)  # fmt: skip
def test_html_can_neither_run_nor_load(html: str, safe: str) -> None:
    assert safe_html(html).strip() == safe


def test_paths_are_taken_out_even_where_letters_are_escaped() -> None:
    study_file = Path("/data/jürgen/study.yaml")
    places = [Path("/w/.out.building-1/.rooms/01_x"), Path("/w/.out.building-1")]
    clean = sanitizer(places, study_file, Path("/data/jürgen/raw"), Path("/w/out"))
    for place in places:
        assert clean.text(f"{study_file} {place}/figures/a.svg") == "study.yaml figures/a.svg"
        assert clean.text(f"out = '{place}'") == "out = ''"
    assert clean.text(r'study_file = "/data/j\xfcrgen/study.yaml"') == 'study_file = "study.yaml"'
    assert clean.value({"a": ["/data/jürgen/raw", 1], "b": Path("/w/out")}) == {
        "a": ["raw", 1],
        "b": "out",
    }
    scores = Path("/elsewhere/judged/scores.parquet")
    clean = sanitizer([Path("/w/b")], study_file, None, Path("/w/out"), [scores])
    assert clean.text(f"scores = '{scores}'") == "scores = 'scores.parquet'"
    for untouched in ("https://x.org/w/out", "/w/output", "/w/out-failed"):
        assert clean.text(untouched) == untouched
    assert clean.text(f"{sys.prefix}/lib/x.py") == "lib/x.py"


def test_headings_get_anchors_and_one_level() -> None:
    cells = [new_markdown_cell("# Title\n\nQuestion?\n\n# Files\n\n## Files\n\n### Warnings")]
    body = chapter_body(new_notebook(cells=cells))
    assert body.question == "Question?"
    assert body.sections == (("files", "Files"), ("files-2", "Files"))
    assert '<h3 id="warnings-2">' in body.html
    assert "h1" not in body.html


def test_pictures_and_plain_values_are_shown_escaped() -> None:
    outputs = [
        new_output("display_data", {"image/svg+xml": "<svg onload='x()'/>", "text/plain": "-"}),
        new_output("display_data", {"image/png": "AA==\n"}, metadata={"alt": 'a "b"'}),
        new_output("execute_result", {"text/plain": "<Odd>", "application/javascript": "x()"}),
        new_output("display_data", {"application/javascript": "y()"}),
        new_output("stream", name="stderr", text="careless"),
    ]
    html = chapter_body(new_notebook(cells=[new_code_cell("1 < 2", outputs=outputs)])).html
    soup = BeautifulSoup(html, "html.parser")
    assert [str(img["src"])[:21] for img in soup.find_all("img")] == [
        "data:image/svg+xml;ba",
        "data:image/png;base64",
    ]
    assert soup.find_all("img")[1]["alt"] == 'a "b"'
    assert "&lt;Odd&gt;" in html
    assert not any(text in html for text in ("x()", "y()", "careless", "<script"))


def test_a_warning_is_shown_where_it_comes_first() -> None:
    html = [f"<p class='warning'>{text}</p>" for text in ("Doubt A.", "Doubt B.", "Doubt A.")]
    outputs = [new_output("display_data", {"text/html": text}) for text in html]
    shown = chapter_body(new_notebook(cells=[new_code_cell("1", outputs=outputs)])).html
    assert (shown.count("Doubt A."), shown.count("Doubt B.")) == (1, 1)


def test_text_above_nothing_is_not_shown() -> None:
    """Where code of a section was skipped, its heading, words and code are left out."""
    waits = {"tags": ["needs-output"]}
    shown = [new_output("stream", name="stdout", text="a result")]
    noise = [new_output("stream", name="stderr", text="careless")]
    cells = [
        new_markdown_cell("# Title\n\nQuestion?", metadata=waits),
        new_code_cell("1", outputs=shown),
        new_markdown_cell("## Skipped", metadata=waits),
        new_code_cell("2", outputs=noise),
        new_code_cell("3"),
        new_markdown_cell("## Last one speaks", metadata=waits),
        new_code_cell("4"),
        new_code_cell("5", outputs=shown),
        new_markdown_cell("## Silent on purpose"),
        new_code_cell("6"),
    ]
    body = chapter_body(new_notebook(cells=cells))
    assert [text for _, text in body.sections] == ["Last one speaks", "Silent on purpose"]
    assert "Skipped" not in body.html
    assert len(BeautifulSoup(body.html, "html.parser").select("details.code")) == 4


def write(room: Path, link: str) -> None:
    (room / link).parent.mkdir(parents=True, exist_ok=True)
    (room / link).write_text("1")


def test_downloads_belong_to_the_notebook_that_wrote_them(tmp_path: Path) -> None:
    first, second, report = (tmp_path / name for name in ("1", "2", "report"))
    collector = Collector(report)
    for link in ("figures/a_b.pdf", "figures/a_b.svg", "mine.txt"):
        write(first, link)
    write(second, "tables/means.csv")
    of_second, of_first = (
        collector.collect("02_second", second),
        collector.collect("01_first", first),
    )
    assert [(f.title, f.files) for f in of_first.figures] == [
        ("A b", {"SVG": "figures/a_b.svg", "PDF": "figures/a_b.pdf"})
    ]
    assert of_first.picture == "figures/a_b.svg"
    assert [table.title for table in of_second.tables] == ["Means"]
    assert not of_second.figures
    assert {path.relative_to(report).as_posix() for path in report.rglob("*.*")} == {
        "figures/a_b.pdf", "figures/a_b.svg", "tables/means.csv",
    }  # fmt: skip
    third = tmp_path / "3"
    write(third, "figures/a_b.svg")
    clash = r"notebooks 00_third and 01_first both wrote figures/a_b\.svg"
    with pytest.raises(PluralignError, match=clash):
        collector.collect("00_third", third)


def test_a_table_described_wrongly_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, "tables/means.csv")
    (tmp_path / "tables" / "means.json").write_text(json.dumps({"title": "Means"}))
    with pytest.raises(PluralignError, match=r"01_first wrote tables/means\.json without"):
        Collector(tmp_path / "report").collect("01_first", tmp_path)


#: How many columns of the test's tables fit on paper, by how they are set.
ROOM = {"large": 4, "middle": 9, "small": 9, "tight": 17}


def has_room(html: str) -> bool:
    made = BeautifulSoup(html, "html.parser").table
    assert made is not None
    return len(made.select("th")) <= ROOM[made.get_attribute_list("class")[-1]]


def page_of(html: str, tmp_path: Path) -> BeautifulSoup:
    places = {"01_first.html": "01_first"}
    return BeautifulSoup(on_paper(html, tmp_path, places, has_room), "html.parser")


def table(columns: int, rows: int) -> str:
    head = "".join(f"<th>column {n}</th>" for n in range(columns))
    row = "<tr>" + "".join("<td>some words</td>" for _ in range(columns)) + "</tr>"
    body = f"<thead><tr>{head}</tr></thead><tbody>{row * rows}</tbody>"
    return f"<table><caption>C</caption>{body}</table>"


def test_paper_shows_no_code_and_draws_figures(tmp_path: Path) -> None:
    write(tmp_path, "figures/one.svg")
    soup = page_of(
        "<details class='code'><summary>Code</summary>x = 1</details><h2 id='a'>A</h2> "
        "<div class='exhibit' id='exhibit:one'><figure><img src='data:x' width='9'></figure>"
        "<p class='downloads'><a href='figures/one.svg'>SVG</a></p></div>"
        "<p><a href='01_first.html'>in</a> <a href='tables/a.csv'>file</a>"
        " <a href='https://x.org'>out</a></p>",
        tmp_path,
    )
    assert "x = 1" not in soup.get_text()
    assert [image.attrs for image in soup.select("img")] == [{"src": "figures/one.svg"}]
    assert [link["href"] for link in soup.select("a")] == ["#01_first", "https://x.org"]
    assert soup.get_text().split() == ["A", "in", "file", "out"]
    assert not soup.select("[id]")


@pytest.mark.parametrize(
    ("columns", "size", "shown"),
    [(4, "large", 4), (9, "middle", 9), (17, "tight", 17), (30, "tight", 17)],
)
def test_tables_on_paper_are_as_wide_as_it_is(
    columns: int, size: str, shown: int, tmp_path: Path
) -> None:
    write(tmp_path, "tables/one.csv")
    html = f"<div class='exhibit' id='exhibit:one'>{table(columns, 20)}</div>"
    soup = page_of(html, tmp_path)
    assert soup.table is not None
    assert soup.table["class"] == [size]
    assert len(soup.select("tr")) == 21
    assert {len(row.find_all(["td", "th"])) for row in soup.select("tr")} == {shown}
    cut = [note.get_text() for note in soup.select(".cut")]
    told = f"Shown are the first {shown} of {columns} columns; all stand in tables/one.csv."
    assert cut == ([told] if shown < columns else [])


def test_what_pages_fold_is_short_on_paper(tmp_path: Path) -> None:
    html = f"<details class='long'><summary>Table of 20 rows</summary>{table(2, 20)}</details>"
    soup = page_of(html, tmp_path)
    assert len(soup.select("tbody tr")) == LONG_TABLE
    assert soup.get_text().endswith("of 20 rows; all stand in the chapter's page.")
    assert not soup.select("details, summary")


def test_a_former_report_stays_when_the_new_one_cannot_take_its_name(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    with pytest.raises(PluralignError, match="could be put at"):
        take_name(tmp_path / ".out.building-gone", out)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "old"]


def test_the_kernel_is_this_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CurrentInterpreterManager(kernel_name="nowhere").kernel_spec.argv[0] == sys.executable
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    alone = Kernels(1).environment()
    assert (alone["OMP_NUM_THREADS"], alone["OPENBLAS_NUM_THREADS"]) == ("2", "1")
    assert Kernels(2).environment()["OMP_NUM_THREADS"] == "1"


def told_of_checks(*tables: Download) -> str:
    """What the first page says of the checks of a report with such tables."""
    notebook = SimpleNamespace(name="04_checks", title="Checks")
    chapter = Chapter(notebook, None, Downloads(tables=tables))  # type: ignore[arg-type]
    page = _environment().from_string(
        "{% from 'macros.html.j2' import failed_checks %}{{ failed_checks(contents) }}"
    )
    html = page.render(contents=Contents(judged([chapter]), None))  # type: ignore[arg-type]
    return " ".join(BeautifulSoup(html, "html.parser").get_text().split())


def entry(name: str, **about: Any) -> Download:
    return Download(name, {"CSV": f"tables/{name}.csv"}, **about)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([entry("a")], "No model was checked in this report; the one table does not come with a "
         "warning."),
        ([entry("a"), entry("b", checked="residuals", passed=True),
          entry("c", checked="calibration", passed=True)],
         "No check failed: models passed the checks made of them (residuals and calibration), and "
         "none of the 3 tables comes with a warning. 2 checks of models were made."),
        ([entry("a"), entry("b", checked="residuals", passed=None)],
         "No check of a model gave a verdict in this report; none of the 2 tables comes with a "
         "warning."),
        ([entry("b", checked="residuals", passed=False, sentence="They do not.")],
         "Checks that failed What stands in the chapters named rests on what failed: read it with "
         "care. 1 check of models was made. residuals, not passed: They do not. (Checks)"),
        ([entry("a", warnings=("Not converged.",))],
         "Checks that failed What stands in the chapters named rests on what failed: read it with "
         "care. Not converged. (Checks)"),
    ],
)  # fmt: skip
def test_the_first_page_says_of_checks_what_was_made_of_them(
    tables: list[Download], told: str
) -> None:
    assert told_of_checks(*tables) == told


def tested(*p_values: float) -> list[Download]:
    return [
        entry(f"t{k}", checked=f"check {k}", passed=p >= 0.05, p_value=p, sentence=f"It is {k}.")
        for k, p in enumerate(p_values)
    ]


def test_a_check_that_fails_by_chance_among_many_is_no_failure() -> None:
    told = told_of_checks(*tested(0.04, *[0.3] * 14))
    assert told.startswith("No check failed: models passed")
    assert "15 checks of models were made, 15 of them by a test." in told
    assert "adjusted for their number (Holm), is below 0.05; 1 has a p below 0.05" in told
    told = told_of_checks(*tested(0.04, 0.001, *[0.3] * 13), entry("i", checked="influence"))
    assert "is below 0.05; 1 more has a p below 0.05 only before that." in told
    assert told.startswith("Checks that failed")
    assert "check 1, not passed: It is 1. (Checks)" in told
    assert "check 0" not in told
    assert "16 checks of models were made, 15 of them by a test." in told


def test_a_check_alone_and_checks_without_a_test_are_judged_as_they_are() -> None:
    assert told_of_checks(*tested(0.04)).startswith("Checks that failed")
    influence = entry("i", checked="influence", passed=False, sentence="One.")
    told = told_of_checks(influence, *tested(*[0.3] * 20))
    assert "influence, not passed: One. (Checks)" in told
