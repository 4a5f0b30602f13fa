"""Results draw themselves, and load what draws only then."""

import inspect
import subprocess
import sys

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.figures import charts
from pluralign_stats.results import Metadata, Result

ALL = {name: each for name, each in vars(charts).items() if isinstance(each, charts.Chart)}


@pytest.mark.parametrize("chart", [*ALL.values(), *charts.CHECKS.values()], ids=lambda c: c.name)
def test_every_chart_is_a_public_figure(chart):
    assert chart.name in pls.figures.__all__
    drawn_by = inspect.unwrap(getattr(pls.figures, chart.name))
    assert drawn_by.__module__ == f"pluralign_stats.figures.{chart.module}"


def test_a_result_draws_what_its_function_draws(small_study, small_effects):
    for result, draw in (
        (pls.describe.composition(small_study), pls.figures.composition),
        (pls.describe.rating_distribution(small_study, "politics"), pls.figures.distribution),
        (small_effects.differences, pls.figures.forest),
    ):
        same = result.plot("one-column").render("svg") == draw(result, context="one-column").render(
            "svg"
        )
        assert same, draw.__name__
        assert result.about("Part").labelled({"gender": "Gender"}).figure == result.figure
        assert result.released(1).figure == result.figure


def test_a_table_without_a_figure_says_so():
    with pytest.raises(NotApplicableError, match="the table 'Counts' has no figure of its own"):
        Result(pd.DataFrame({"a": [1]}), "One.", Metadata("Counts")).plot()


def test_other_contexts_are_refused(small_study):
    with pytest.raises(InputError, match="'context' must be one of 'one-column', 'two-column'"):
        pls.describe.composition(small_study).plot("page")


def test_the_latex_is_that_of_the_file(small_study, tmp_path):
    result = pls.describe.composition(small_study)
    result.save(tmp_path / "table")
    assert result.to_latex() == (tmp_path / "table.tex").read_text("utf-8")


def test_seaborn_is_loaded_when_a_figure_is_drawn():
    code = (
        "import sys, pluralign_stats as pls\n"
        "found = pls.describe.composition(pls.simulate_study(1, n_raters=20))\n"
        "pls.ReportBuilder\n"
        "before = {'seaborn', 'matplotlib'} & set(sys.modules)\n"
        "found.plot()\n"
        "print(sorted(before), 'seaborn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_bars_without_any_share_leave_an_empty_axis():
    from matplotlib.figure import Figure

    from pluralign_stats.figures.cells import stacked

    for shares in ([0.0, 0.0], [float("nan"), 0.0], [float("nan"), float("nan")]):
        ax = Figure().subplots()
        table = pd.DataFrame({"row": ["a", "b"], "part": "x", "share": shares, "words": ""})
        stacked(ax, table, {"x": "#ff0000"})
        assert not ax.collections
        assert ax.get_ylim() == (1.55, -0.55)
