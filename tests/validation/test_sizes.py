"""The rule by which a test's size is judged, and the part of `make validate` that applies it."""

import numpy as np
import pytest

from tests.validation import sizes as part
from tests.validation.__main__ import main
from tests.validation.halves import halved, simulated


def made(rejections, judged=True):
    case = part.Case("some", "rater", lambda seed: {"a test": rejections[seed % 100]}, judged)
    return case, [{"a test": float(r)} for r in rejections]


@pytest.mark.parametrize(
    ("rejected", "right"), [(0, False), (1, True), (5, True), (10, True), (11, False), (40, False)]
)
def test_a_size_is_right_where_its_exact_interval_holds_five_percent(monkeypatch, rejected, right):
    case, found = made([True] * rejected + [False] * (100 - rejected))
    monkeypatch.setitem(part.CASES, "made", case)
    row = part.sizes({"made": found}).iloc[0]
    assert (row["rejected"], row["n"], bool(row["right"])) == (rejected, 100, right)


def test_what_has_no_test_is_not_counted(monkeypatch):
    case, _ = made([False])
    monkeypatch.setitem(part.CASES, "made", case)
    row = part.sizes({"made": [{"a test": np.nan}, {"a test": 0.0}]}).iloc[0]
    assert (row["n"], row["missing"]) == (1, 1)


def test_p_and_verdicts_are_read_alike():
    read = [part._rejects(found) for found in (0.01, 0.2, True, np.False_, float("nan"))]
    np.testing.assert_array_equal(read, [1, 0, 1, 0, np.nan])


@pytest.mark.parametrize("unit", ["rater", "item"])
def test_halves_hold_whole_units(unit):
    data = halved(simulated(1, 0.5), unit, 3)
    assert (data.groupby(unit)["half"].nunique() == 1).all()
    sizes = data.groupby("half", observed=True)[unit].nunique()
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.extended
def test_the_part_prints_its_table(capsys):
    name = "planned_studies: raters, planned studies, linear"
    arguments = ["--parts", "sizes", "--halves", "3", "--jobs", "1", "--cases", name]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "| power without an effect | raters | planned studies, linear | 0 of 3 |" in told


def test_a_cautious_test_may_find_too_little_and_never_too_much():
    case = part.Case("some", "rater", lambda seed: {}, cautious=True)
    assert case.holds(0.0, 0.03)
    assert not case.holds(0.06, 0.1)
