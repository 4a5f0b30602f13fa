"""Tables for papers: what stands in them, that nothing is lost or read as a command, and files."""

import builtins
import io
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import pluralign_stats as pls
from pluralign_stats import InputError, Result
from pluralign_stats.cli.options import print_table, told
from pluralign_stats.errors import MissingExtraError
from pluralign_stats.results import Metadata
from pluralign_stats.typeset import ONE_PAGE, table_latex, table_page

SPECIAL = r"50% & a_b #1 $5 {x} ~ ^ \frac <b> [q] *"
ESCAPED = (
    r"50\% \& a\_b \#1 \$5 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}frac "
    r"\textless{}b\textgreater{} [q] *"
)


@pytest.fixture
def result():
    table = pd.DataFrame(
        {
            "dimension": ["Toxicity", "Toxicity", "Helpfulness"],
            "term": "Gender",
            "contrast": ["Male vs Female", SPECIAL, "* vs [Female]"],
            "estimate": [-0.1234, 0.5, np.nan],
            "conf_low": [-0.5, -1.25, np.nan],
            "conf_high": [0.25, 2.0, np.nan],
            "p_value": [0.0004, 0.04, np.nan],
            "n_raters": [1200, 12, np.nan],
            "share": [0.125, 1.0, np.nan],
            "method": "mixed model",
        }
    )
    meta = Metadata(
        "Differences", data="simulated", unit="rating points", conf_level=0.95,
        interval="Wald intervals",
        notes=("Counted in the group named first.",), warnings=("One model is singular.",),
    )  # fmt: skip
    return Result(table, "There is a difference.", meta)


def page(result):
    return table_page(result.table, result.meta)


def latex(result):
    return table_latex(result.table, result.meta)


def rows_of(html):
    soup = BeautifulSoup(html, "html.parser")
    return [[c.get_text() for c in row("td")] for row in soup.select("tbody tr")]


def parsed(text):
    """Cells by row of the LaTeX of a table, after a check that all that is opened is closed."""
    assert {c for c in text if not c.isprintable()} == {"\n"}
    bare = re.sub(r"\\[{}]", "", re.sub(r"\\\\", "", text))
    depth = np.cumsum([(c == "{") - (c == "}") for c in bare])
    assert depth.min() >= 0
    assert depth[-1] == 0
    open_ones = []
    for kind, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", text):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert open_ones == []
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    lines = [line for line in body.splitlines() if line.rstrip().endswith(r"\\")]
    columns = re.search(r"\{(?:@\{\\extracolsep\{\\fill\}\})?([lrc]+)\}", text)[1]
    rows = [re.split(r" (?<!\\)& ", line.rstrip()[:-2].strip()) for line in lines]
    assert {len(row) for row in rows} == {len(columns)}
    return rows


def test_columns_and_cells_of_the_page(result):
    soup = BeautifulSoup(page(result), "html.parser")
    heads = [th.get_text() for th in soup.select("th[scope=col]")]
    assert heads == ["dimension", "contrast", "estimate", "95% interval", "p", "raters", "share"]
    assert rows_of(page(result)) == [
        ["Toxicity", "Male vs Female", "−0.123", "[−0.500, 0.250]", "<0.001", "1,200", "12.5%"],
        ["Toxicity", SPECIAL, "0.500", "[−1.250, 2.000]", "0.040", "12", "100.0%"],
        ["Helpfulness", "* vs [Female]", "–", "–", "–", "–", "–"],
    ]
    assert soup.title.get_text() == soup.select_one(".gt_title").get_text() == "Differences"
    assert soup.select_one(".gt_subtitle").get_text() == "unit: rating points; 95% Wald intervals"
    assert [note.get_text() for note in soup.select(".gt_sourcenote")] == [
        "Data: simulated study.",
        "Term: Gender; method: mixed model.",
        "Counted in the group named first.",
        "Warning: One model is singular.",
    ]
    numbers = [td for td in soup.select("tbody td") if "gt_right" in td["class"]]
    assert len(numbers) == 15


def test_cells_of_the_latex(result):
    text = latex(result)
    heads, *rows = parsed(text)
    assert heads == ["dimension", "contrast", "estimate", r"95\% interval", "p", "raters", "share"]
    assert rows[0][2:] == [
        "$-$0.123", "[$-$0.500, 0.250]", r"\textless{}0.001", "1,200", r"12.5\%",
    ]  # fmt: skip
    assert rows[1][1] == ESCAPED
    assert rows[2][2:] == ["–"] * 5
    assert r"{\small unit: rating points; 95\% Wald intervals}" in text
    assert "Data: simulated study." in text
    assert "Warning: One model is singular." in text
    assert text.startswith("% The preamble needs: \\usepackage{booktabs, caption}\n")
    assert r"\fontsize" not in text


def test_texts_are_no_commands_anywhere(result):
    meta = replace(result.meta, title=SPECIAL, unit=SPECIAL, notes=(SPECIAL,), data_note=SPECIAL)
    odd = replace(result, meta=meta)
    text = latex(odd)
    parsed(text)
    assert text.count(ESCAPED) == 5
    html = page(odd)
    assert "<b>" not in html
    assert html.count("&lt;b&gt;") == 6


def test_signs_that_latex_has_in_formulas_only():
    table = pd.DataFrame({"text": ["a → b", "≥ 4", "x²", 'says "so"', "Bündnis 90/Die Grünen"]})
    _, *rows = parsed(latex(Result(table, "", Metadata("t"))))
    assert [row[0] for row in rows] == [
        r"a $\rightarrow$ b", r"$\geq$ 4", "x$^2$", "says ''so''", "Bündnis 90/Die Grünen",
    ]  # fmt: skip


def test_a_star_at_the_start_of_a_row_stays():
    table = pd.DataFrame({"text": ["a", "*b", "[c]"]})
    _, *rows = parsed(latex(Result(table, "", Metadata("t"))))
    assert [row[0] for row in rows] == ["a", "{}*b", "{}[c]"]


def test_texts_of_several_lines_stay_in_their_cell():
    table = pd.DataFrame({"text": ["first\n\nsecond", "third"]})
    _, *rows = parsed(latex(Result(table, "", Metadata("t", notes=("a\n\nb",)))))
    assert [row[0] for row in rows] == ["first second", "third"]


def test_long_tables_may_break_across_pages(result):
    table = pd.concat([result.table] * ONE_PAGE)
    text = latex(replace(result, table=table))
    assert len(parsed(text)) == 3 * ONE_PAGE + 1
    assert r"\begin{longtable}" in text
    assert text.startswith("% The preamble needs: \\usepackage{booktabs, caption, longtable}\n")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize("times", [1, ONE_PAGE])
def test_latex_reads_it(result, times, tmp_path):
    meta = replace(result.meta, notes=(SPECIAL, "−1 ± 2 → α … Bündnis 90/Die Grünen"))
    table = pd.concat([result.table] * times)
    text = latex(Result(table, result.sentence, meta))
    packages = re.search(r"\\usepackage\{(.*?)\}", text)[1]
    (tmp_path / "table.tex").write_text(text, "utf-8")
    (tmp_path / "page.tex").write_text(
        f"\\documentclass{{article}}\\usepackage[T1]{{fontenc}}\\usepackage{{{packages}}}"
        "\\begin{document}\\input{table.tex}\\end{document}",
        "utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 1000


@pytest.mark.parametrize("columns", [["contrast"], ["estimate"], ["contrast", "conf_low"]])
def test_tables_of_few_columns(result, columns):
    for table in (result.table[columns], result.table[columns].iloc[:0]):
        few = replace(result, table=table)
        assert parsed(latex(few))
        assert len(rows_of(page(few))) == len(table)


def test_without_title_unit_or_notes():
    bare = Result(pd.DataFrame({"estimate": [1.0]}), "", Metadata("", conf_level=None))
    assert r"\caption" not in latex(bare)
    assert 'gt_sourcenote"' not in page(bare)


@pytest.mark.parametrize(
    "made",
    [
        pls.describe.composition,
        lambda s: pls.describe.rating_distribution(s, "politics"),
        lambda s: pls.describe.positive_given_positive(s, n_bootstrap=100),
    ],
)
def test_tables_of_a_study(made, small_study):
    result = made(small_study)
    assert len(parsed(latex(result))) == len(result.table) + 1
    assert len(rows_of(page(result))) == len(result.table)
    assert "simulated study" in page(result)


def test_tables_of_effects(small_effects):
    for result in (small_effects.differences, small_effects.percents):
        heads, *rows = parsed(latex(result))
        assert len(rows) == len(result.table)
        assert "95\\% interval" in heads


def test_a_set_table_can_be_changed(result):
    table = result.gt().tab_stub(rowname_col="contrast", groupname_col="dimension")
    assert "Toxicity" in table.as_latex()
    assert "gt_group_heading" in table.as_raw_html()


def test_rows_have_a_ground_of_their_own_under_every_theme(result):
    rules = re.sub(r"\s+", " ", page(result))
    assert ".gt_table .gt_row { background-color: #FFFFFF; }" in rules


def test_tables_in_notebooks_take_the_colours_of_the_theme(result, small_study):
    for shown in (result, small_study):
        assert not re.search(r"color|background", shown._repr_html_())


def test_one_call_writes_all_files_equal_byte_for_byte(result, tmp_path):
    paths = result.save(tmp_path / "new" / "table")
    assert [p.name for p in paths] == ["table.html", "table.tex", "table.csv"]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(p.name for p in paths)
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in result.save(str(tmp_path / "new" / "table"))] == first
    read = pd.read_csv(io.BytesIO(first[2])).drop(columns="data")
    pd.testing.assert_frame_equal(read, result.table)


@pytest.mark.parametrize("stem", ["file/table", "."])
def test_a_place_that_cannot_be_written(result, tmp_path, monkeypatch, stem):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        InputError, match=r"the table (cannot be written|needs a file name)"
    ) as told:
        result.save(stem)
    assert "\n" not in str(told.value)
    assert [p.name for p in tmp_path.rglob("*")] == ["file"]


def test_files_are_written_together_or_not_at_all(result, tmp_path):
    before = result.save(tmp_path / "table")[0].read_bytes()
    (tmp_path / "table.csv").unlink()
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(InputError, match="the table cannot be written"):
        replace(result, sentence="", table=result.table.iloc[:1]).save(tmp_path / "table")
    assert (tmp_path / "table.html").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["table.csv", "table.html", "table.tex"]


def test_the_extra_is_named_where_it_is_missing(result, monkeypatch):
    load = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "great_tables":
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"pluralign\[report\]"):
        result.gt()


def test_booleans_are_words_where_they_are_read_and_booleans_in_csv(capsys):
    answers = pd.array([True, False, None], dtype="boolean")
    result = Result(pd.DataFrame({"agrees": answers, "term": ["a", "b", "c"]}), "told")
    assert [row[0] for row in rows_of(page(result))] == ["yes", "no", "–"]
    assert [row[0] for row in parsed(latex(result))[1:]] == ["yes", "no", "–"]
    assert [row[0] for row in rows_of(result._repr_html_())] == ["yes", "no", "–"]
    print_table(result)
    assert re.findall(r"\b(yes|no|True|False|<NA>)\b", capsys.readouterr().out) == ["yes", "no"]
    written = pd.read_csv(io.StringIO(result.to_csv_text()))["agrees"]
    assert written.tolist()[:2] == [True, False]
    assert np.isnan(written[2])
    assert told(result)["table"][2] == {"term": "c", "agrees": None}
