"""The parts of a report that need no kernel."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from pluralign_stats.errors import PluralignError
from pluralign_stats.folders import take_name
from reports.cells import chapter_body
from reports.downloads import Shelf
from reports.kernel import CurrentInterpreterManager, kernel_environment
from reports.publish import scrubber
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
        ('<p style="width: 1em; background: url(//x)">1</p>', '<p style="width: 1em;">1</p>'),
        ("<details open>a</details>", "<details open>a</details>"),
        ("<svg><g onload=x()>a</g></svg>", "a"),
        ('<meta http-equiv="refresh" content="0"><form><input>a</form>', "a"),
    ],
)  # fmt: skip
def test_html_can_neither_run_nor_load(html: str, safe: str) -> None:
    assert safe_html(html).strip() == safe


def test_paths_are_taken_out_even_where_letters_are_escaped() -> None:
    study_file = Path("/data/jürgen/study.yaml")
    clean = scrubber(
        Path("/w/.out.building-1"), study_file, Path("/data/jürgen/raw"), Path("/w/out")
    )
    assert (
        clean.text(f"{study_file} /w/.out.building-1/figures/a.svg") == "study.yaml figures/a.svg"
    )
    assert clean.text(r'study_file = "/data/j\xfcrgen/study.yaml"') == 'study_file = "study.yaml"'
    assert clean.value({"a": ["/data/jürgen/raw", 1], "b": Path("/w/out")}) == {
        "a": ["raw", 1],
        "b": "out",
    }
    scores = Path("/elsewhere/judged/scores.parquet")
    clean = scrubber(Path("/w/b"), study_file, None, Path("/w/out"), [scores])
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


def test_downloads_belong_to_the_notebook_that_wrote_them(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for folder in ("figures", "tables"):
        (tmp_path / folder).mkdir()
    (tmp_path / "figures" / "a_b.pdf").write_text("1")
    (tmp_path / "figures" / "a_b.svg").write_text("1")
    first = shelf.collect("01_first")
    (tmp_path / "tables" / "means.csv").write_text("1")
    second = shelf.collect("02_second")
    assert [(f.title, f.files) for f in first.figures] == [
        ("A b", {"SVG": "figures/a_b.svg", "PDF": "figures/a_b.pdf"})
    ]
    assert first.picture == "figures/a_b.svg"
    assert [table.title for table in second.tables] == ["Means"]
    assert not second.figures
    (tmp_path / "figures" / "a_b.svg").write_text("other")
    with pytest.raises(PluralignError, match=r"02_second overwrote figures/a_b\.svg"):
        shelf.collect("02_second")


def test_a_table_described_wrongly_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "means.csv").write_text("1")
    (tmp_path / "tables" / "means.json").write_text(json.dumps({"title": "Means"}))
    with pytest.raises(PluralignError, match=r"01_first wrote tables/means\.json without"):
        Shelf(tmp_path).collect("01_first")


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
    environment = kernel_environment()
    assert environment["OMP_NUM_THREADS"] == "2"
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
