"""Tables, sentences, figure and command of planned studies."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import pluralign_stats as pls
from pluralign_stats.cli.power import _compact, command
from pluralign_stats.planning.power_analysis import _sentence
from tests.here import simulate_here

DESIGNS = pls.planning.StudyDesign(60, 20, 3, share=0.3, percent=-60).grid(
    {"raters": [40, 60], "ratings_per_rater": [2, 3]}
)


@pytest.fixture(scope="module")
def found() -> pls.Result:
    with pytest.MonkeyPatch.context() as patched:
        simulate_here(patched)
        return pls.power(DESIGNS, n_simulations=3, jobs=1, progress=False)


def with_power(result: pls.Result, *powers: float) -> pls.Result:
    table = result.table.assign(power=powers)
    table = table.assign(conf_low=table["power"] - 0.1, conf_high=table["power"] + 0.1)
    return replace(result, table=table.assign(n_found=20, type_m=1 / table["power"]))


def test_the_table_has_a_row_for_each_design(found: pls.Result) -> None:
    sizes = found.table[["raters", "ratings_per_rater", "n_ratings", "n_group"]]
    expected = [[40, 2, 80, 12], [40, 3, 120, 12], [60, 2, 120, 18], [60, 3, 180, 18]]
    assert sizes.to_numpy().tolist() == expected
    assert found.meta.data == "simulated"
    assert "−60 %" in found.sentence
    assert "simulated study, toxicity" in found.meta.notes[1]
    assert found.to_csv_text().count("\n") == 5


def test_the_smallest_design_has_the_fewest_raters(found: pls.Result) -> None:
    result = pls.planning.smallest_design(with_power(found, 0.3, 0.85, 0.92, 0.95))
    assert result.table["raters"].tolist() == [40, 60]
    assert result.table["sure"].tolist() == [False, True]
    assert "costs 40 participants, 12 of them in the group, with 3 ratings" in result.sentence
    assert "more simulations would tell" in result.sentence
    sure = pls.planning.smallest_design(with_power(found, 0.3, 0.4, 0.92, 0.95))
    assert "more simulations" not in sure.sentence


def test_where_none_is_large_enough_the_best_is_named(found: pls.Result) -> None:
    result = pls.planning.smallest_design(with_power(found, 0.3, 0.4, 0.5, 0.6))
    assert result.table.empty
    told = "No design tried finds a difference of −60 % with 80% power; the best, 60 raters"
    assert result.sentence.startswith(told)
    with pytest.raises(pls.InputError, match="'power' must be a number"):
        pls.planning.smallest_design(found, 80)
    with pytest.raises(pls.InputError, match=r"'result' must be what pls\.power gave"):
        pls.planning.smallest_design(replace(found, table=pd.DataFrame()))


@pytest.mark.parametrize("context", ["one-column", "two-column", "screen"])
def test_the_figure_has_a_line_for_each_number_of_ratings(found: pls.Result, context: str) -> None:
    picture = pls.figures.power(with_power(found, 0.3, 0.4, 0.5, 0.6), context=context)
    left, right = picture.figure.axes
    labels = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert labels == ["2 ratings per rater", "3 ratings per rater"]
    lines = np.array([line.get_ydata() for line in right.get_lines()[:2]])
    assert lines == pytest.approx(1 / np.array([[0.3, 0.5], [0.4, 0.6]]))
    assert left.child_axes[0].get_xlabel() == "Raters in the group"
    assert picture.alt.startswith("Curves of power")


def test_the_figure_says_where_too_few_were_found(found: pls.Result) -> None:
    none = replace(found, table=found.table.assign(n_found=0))
    texts = [text.get_text() for text in pls.figures.power(none).figure.axes[1].texts]
    assert texts == ["too few were found"]


OPTIONS = ["--raters", "60", "--items", "20", "--ratings-per-rater", "3", "--share", "0.3"]
OPTIONS += ["--percent", "-60", "--simulations", "3", "--jobs", "1"]


def test_the_command_writes_its_folder_and_goes_on_from_it(tmp_path: Path) -> None:
    out = tmp_path / "plan"
    ran = CliRunner().invoke(command, [*OPTIONS, "--out", str(out)], catch_exceptions=False)
    assert ran.exit_code == 0
    names = {path.name for path in out.iterdir()}
    assert {"plan.json", "power.csv", "power.svg", "smallest.json", "simulations"} <= names
    again = CliRunner().invoke(
        command, [*OPTIONS, "--out", str(out), "--json"], catch_exceptions=False
    )
    table = json.loads(again.stdout)["tables"]["power"]["table"]
    assert table[0]["n_simulations"] == 3
    assert table[0]["raters"] == 60


def test_the_command_leaves_other_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(pls.InputError, match="holds no plan of a study"):
        CliRunner().invoke(command, [*OPTIONS, "--out", str(tmp_path)], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--power", "80"], "'power' must be a number between 0.05 and 1"),
        (["--raters", "3"], "'raters' must be a whole number of 4 or more"),
        (["--dimension", "toxcity"], "did you mean 'toxicity'"),
        (["--simulations", "0"], "'n_simulations' must be a whole number of 1 or more"),
    ],
)
def test_the_command_refuses_in_one_line(options: list[str], said: str) -> None:
    with pytest.raises(pls.InputError) as error:
        CliRunner().invoke(command, options, catch_exceptions=False)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_tells_in_a_narrow_table(found: pls.Result) -> None:
    shown = _compact(found).table
    assert shown["raters"].tolist() == ["40", "40", "60", "60"]
    assert all("%" in text for text in shown["power"])
    assert _compact(pls.planning.smallest_design(found)).table.empty


def test_designs_that_the_noise_does_not_tell_apart_are_not_put_in_order(found: pls.Result) -> None:
    alike = _sentence(with_power(found, 0.5, 0.55, 0.6, 0.65).table)
    assert "designs cannot be told apart by it; simulate more" in alike
    assert "goes from" not in alike
    apart = _sentence(with_power(found, 0.2, 0.5, 0.7, 0.9).table)
    assert "goes from 20%" in apart
    failed = found.table.assign(n_failed=found.table["n_simulations"])
    assert _sentence(failed).startswith("No model could be fitted")


def test_a_design_that_may_fall_short_stands_beside_one_that_surely_does_not(
    found: pls.Result,
) -> None:
    told = pls.planning.smallest_design(with_power(found, 0.3, 0.85, 0.92, 0.95)).sentence
    assert "so that it may fall short of it" in told
    assert "the smallest that surely does costs 60 participants" in told
    none = pls.planning.smallest_design(with_power(found, 0.3, 0.85, 0.82, 0.81)).sentence
    assert "none of those tried surely does" in none
