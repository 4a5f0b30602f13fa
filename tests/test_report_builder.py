import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure

from pluralign_stats import InputError, ReportBuilder, Result
from pluralign_stats.figures import Plot
from pluralign_stats.formatting import decimals
from pluralign_stats.results import SHOWN_ROWS, Metadata

BAD = "<script>alert('x')</script>"


@pytest.fixture
def result():
    table = pd.DataFrame({"group": [BAD, "b"], "estimate": [1.5, -2.25], "n_raters": [10, 2000]})
    meta = Metadata(
        f"Title {BAD}",
        data="simulated",
        unit="points",
        conf_level=0.9,
        interval="Wald",
        notes=(BAD,),
        warnings=(f"careful {BAD}",),
    )
    return Result(table, f"All said {BAD}.", meta)


@pytest.fixture
def picture():
    return Plot(Figure(), f"alt {BAD}")


def shown(exhibits, *args, **kwargs):
    """HTML that a notebook would show."""
    displayed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", displayed.append)
        exhibits.show(*args, **kwargs)
    return "".join(output.data for output in displayed)


def test_all_files_are_written(result, picture, tmp_path):
    html = shown(ReportBuilder(tmp_path / "out"), "one_1", result, picture, finding=True)
    files = {p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {
        *("figures/one_1.svg", "figures/one_1.pdf", "figures/one_1.png"),
        *("tables/one_1.csv", "tables/one_1.json"),
    }
    for name in files - {"tables/one_1.json"}:
        assert f"href='{name}'" in html


def test_what_is_the_same_in_all_rows_is_told_in_the_caption(result):
    table = pd.DataFrame({"term": "scale", "n_prompts": 16, "n_runs": [3, 3], "estimate": 0.1})
    page = replace(result, table=table)._repr_html_()
    caption = BeautifulSoup(page, "html.parser").find("caption")
    assert caption.get_text().endswith("; term: scale; prompts: 16")
    assert "prompts</th>" not in page
    assert "runs</th>" in page
    partly = replace(result, table=table.assign(n_prompts=[16, None]))._repr_html_()
    assert "prompts</th>" in partly


@pytest.mark.parametrize(("n", "folded"), [(2, False), (3, True)])
def test_many_notes_are_folded_away(n, folded):
    notes = tuple(f"note {k}" for k in range(n))
    page = Result(pd.DataFrame({"estimate": [1.0]}), "", Metadata("t", notes=notes))._repr_html_()
    assert (f"<summary>{n} notes on this table</summary>" in page) is folded
    assert all(note in page for note in notes)


def test_only_the_first_rows_of_a_very_long_table_are_shown(result):
    table = pd.DataFrame({"estimate": range(SHOWN_ROWS + 1)})
    page = replace(result, table=table)._repr_html_()
    assert f"<summary>Table of 201 rows, of which {SHOWN_ROWS} are shown</summary>" in page
    assert page.count("<tr>") == SHOWN_ROWS + 1


def test_the_fields_of_the_json(result, tmp_path):
    shown(ReportBuilder(tmp_path), "one", result, finding=True)
    about = json.loads((tmp_path / "tables" / "one.json").read_text("utf-8"))
    assert about == {
        "finding": True,
        "front": False,
        "sentence": result.sentence,
        "title": result.meta.title,
        "data": "simulated",
        "unit": "points",
        "conf_level": 0.9,
        "interval": "Wald",
        "notes": [BAD],
        "warnings": [f"careful {BAD}"],
        "data_note": "",
    }
    html = shown(ReportBuilder(tmp_path), "two", result, front=True)
    about = json.loads((tmp_path / "tables" / "two.json").read_text("utf-8"))
    assert (about["finding"], about["front"]) == (False, True)
    assert html.startswith("<div class='exhibit' id='exhibit:two'>")


def test_the_csv_says_that_the_data_are_simulated(result, tmp_path):
    shown(ReportBuilder(str(tmp_path)), "one", result)
    table = pd.read_csv(io.StringIO((tmp_path / "tables" / "one.csv").read_text("utf-8")))
    assert table["data"].tolist() == ["simulated"] * 2
    pd.testing.assert_frame_equal(table.drop(columns="data"), result.table)
    observed = Result(result.table, "", Metadata("t", data="observed"))
    assert observed.to_csv_text().splitlines()[1].endswith(",observed")


def test_whatever_is_shown_is_escaped(result, picture, tmp_path):
    html = shown(ReportBuilder(tmp_path), "one", result, picture)
    assert "<script" not in html
    assert (
        html.count("&lt;script&gt;") >= 6
    )  # picture, caption, sentence, warning, cell, note, links


def test_without_a_folder_nothing_is_written(result, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    html = shown(ReportBuilder(), "one", result, picture)
    assert "<table" in html
    assert "<img" in html
    assert "Download" not in html
    assert list(tmp_path.iterdir()) == []


def test_an_empty_table_has_no_picture(result, picture, tmp_path):
    empty = Result(result.table.iloc[:0], "Nothing.", result.meta)
    html = shown(ReportBuilder(tmp_path), "one", empty, picture)
    assert "<img" not in html
    assert "Nothing." in html
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["one.csv", "one.json"]


@pytest.mark.parametrize("name", ["", "Upper", "a b", "../up", "a.b", "a-b", "ä", "a\n"])
def test_malformed_names(name, result, tmp_path):
    with pytest.raises(InputError, match="must be of lower-case letters, digits and _ only"):
        ReportBuilder(tmp_path).show(name, result)
    assert list(tmp_path.iterdir()) == []


def test_a_name_stands_for_one_exhibit(result):
    exhibits = ReportBuilder()
    shown(exhibits, "one", result)
    with pytest.raises(InputError, match="'one' was used before"):
        exhibits.show("one", result)


def test_a_folder_that_cannot_be_written(result, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"file.*: cannot be written"):
        ReportBuilder(tmp_path / "file").show("one", result)


def test_tables_in_html(result):
    html = result._repr_html_()
    assert "<td class='number'>−2.250</td>" in html
    assert "<td class='number'>2,000</td>" in html
    assert "90% Wald" in html
    assert "simulated study" in html
    assert "<details" not in html
    long = Result(pd.DataFrame({"n_items": range(16)}), "", Metadata("t"))
    assert "<summary>Table of 16 rows</summary>" in long._repr_html_()


def test_missing_values_are_dashes_and_small_p_values_are_bounded():
    table = pd.DataFrame({"p_value": [0.0004, 0.04], "share": [None, 0.125], "text": ["x", None]})
    html = Result(table, "", Metadata("t"))._repr_html_()
    assert "&lt;0.001" in html
    assert "0.040" in html
    assert "12.5%" in html
    assert html.count(">–<") == 2


def test_dimensions_of_small_scales_keep_their_decimals():
    table = pd.DataFrame({"dimension": ["of 100", "of 1"], "estimate": [-12.25, 0.034]})
    assert decimals(table) == {"estimate": 3}
    assert decimals(table.assign(estimate=[-12.25, 1.5])) == {"estimate": 1}
    assert decimals(table.drop(columns="dimension")) == {"estimate": 1}


def test_columns_of_one_unit_have_equally_many_decimals():
    table = pd.DataFrame({"estimate": [1.5, 2.25], "conf_low": [-12.0, 0.1], "statistic": [3, 4.5]})
    html = Result(table, "", Metadata("t"))._repr_html_()
    for number in ("1.5", "2.2", "−12.0", "0.1", "3.000", "4.500"):
        assert f"<td class='number'>{number}</td>" in html


def test_a_result_can_say_what_it_is_about(result):
    named = result.about("Toxicity")
    assert named.sentence == f"Toxicity: All said {BAD}."
    assert named.meta.title == f"Toxicity: Title {BAD}"
    assert named.warnings == (f"Toxicity: careful {BAD}",)
    assert named.table is result.table
