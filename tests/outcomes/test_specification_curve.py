import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.outcomes.specification_curve import Selection, analyse

CHOICES = [{"way": way} for way in ("lost", "low", "high", "bare", "open")]
ENDS = {"low": (-2.0, -3.0, -1.0), "high": (2.0, 1.0, 3.0), "bare": (1.0, np.nan, np.nan)}
ENDS |= {"open": (1.0, -1.0, np.inf)}


def estimate(choice):
    if choice["way"] == "lost":
        raise InputError("no such data")
    found = dict(zip(("estimate", "conf_low", "conf_high"), ENDS[choice["way"]], strict=True))
    return {**found, "n_runs": 3, "method": "m"}


def test_what_is_not_known_is_missing_and_signs_are_held_against_the_main_analysis():
    table = analyse(CHOICES[1:], estimate, ("n_runs",))
    assert table["agrees"].tolist() == [True, False, False, False]
    assert table["excludes_zero"].isna().tolist() == [False, False, True, False]
    assert table["excludes_zero"].dropna().tolist() == [True, True, False]
    assert table["main"].tolist() == [True, False, False, False]


def test_without_a_main_estimate_signs_are_held_against_the_median():
    table = analyse(CHOICES, estimate, ("n_runs",))
    assert table["agrees"].isna().tolist() == [True, *[False] * 4]
    assert table["agrees"].dropna().tolist() == [False, True, True, True]
    assert table.loc[0, "reason"] == "no such data"
    assert (table["reason"][1:] == "").all()


def test_tables_have_one_shape_whatever_could_be_carried_out():
    whole, none = (analyse(some, estimate, ("n_runs",)) for some in (CHOICES, CHOICES[:1]))
    assert list(whole) == list(none)
    assert none["estimate"].isna().all()
    assert none["n_runs"].isna().all()
    assert pd.api.types.is_bool_dtype(none["agrees"])


def test_data_are_selected_once_and_what_cannot_be_is_remembered():
    asked = []

    def select(choice):
        asked.append(choice)
        if choice["data"] == "none":
            raise InputError("there are none")
        return choice["data"].upper()

    selection = Selection(select, ("model",))
    choices = [{"data": d, "model": m} for d in ("a", "none", "A") for m in ("one", "two")]
    assert [selection.possible(c) for c in choices] == [True, True, False, False, True, True]
    kept, notes = selection.distinct(choices, lambda c, data: (c["model"], data), "data")
    assert kept == choices[:4]
    assert notes == ["2 more have the same data as another, and are left out."]
    assert len(asked) == 3
