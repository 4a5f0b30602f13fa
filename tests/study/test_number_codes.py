import numpy as np
import pandas as pd
import pytest

from pluralign_stats.study.infer_factors import infer_factor
from pluralign_stats.study.number_codes import outside_of_others, set_apart


@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        ([1, 2, 3, 99], [99]),
        ([1, 2, 7, -99, 999], [-99, 999]),
        ([-2, 0, 2, -77], [-77]),
        ([10, 55, 99], []),
        ([10, 55, -99], [-99]),
        ([0, 1500, 40_000, -999], [-999]),
        ([-80, 20, 60, -99], []),
        ([98, 99], []),
        ([1, 2, 3], []),
    ],
)
def test_codes_lie_outside_of_the_other_numbers(numbers, codes):
    numbers = np.array(numbers, float)
    assert numbers[outside_of_others(numbers)].tolist() == codes


def test_codes_lie_outside_of_what_is_possible():
    assert set_apart(np.array([999, 99, 130, -99.0]), 0, 120).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("name", "values", "codes", "groups"),
    [
        ("age", ["19", "44", "999"], ["999"], ["18-30", "41-50"]),
        ("Alter", ["19", "44", "-99", "-77"], ["-99", "-77"], ["18-30", "41-50"]),
        ("age", ["19", "99"], None, ["18-30", "over 60"]),
        ("age", ["1", "2", "3", "99"], ["99"], ["1", "2", "3"]),
        ("year of birth", ["1980", "1999", "9999"], ["9999"], ["1980-1989", "1990-1999"]),
        ("politics", ["1", "2", "7", "-99"], ["-99"], ["1", "2", "7"]),
        ("politics", ["1", "2", "7", "88", "99"], ["88", "99"], ["1", "2", "7"]),
    ],
)
def test_codes_are_no_groups_of_raters(name, values, codes, groups):
    taken = infer_factor(name, pd.Series(values, dtype="str"))
    assert taken.content.get("missing") == codes
    assert list(taken.content.get("bands", taken.content.get("levels"))) == groups
    assert ("usual code for no answer" in taken.why) == bool(codes)
