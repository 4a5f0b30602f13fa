from decimal import Decimal
from fractions import Fraction
from unicodedata import normalize

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import pluralign_stats as pls
from pluralign_stats.models.columns import name_notes, read_column, read_columns

NUMBERS = [1.5, 0.5, 2.0, 1.0]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([Decimal(str(x)) for x in NUMBERS]),
        pd.Series([Fraction(x) for x in NUMBERS]),
        pd.Series(NUMBERS, dtype=object),
        pd.Series([np.float32(1.5), Decimal("0.5"), 2, 1.0], dtype=object),
        pd.Series([Decimal(str(x)) for x in NUMBERS], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
    ],
    ids=["decimal", "fraction", "object", "mixed", "arrow"],
)
def test_numbers_of_any_kind_are_numbers(column):
    assert read_column(column).dtype == float
    assert read_column(column).tolist() == NUMBERS


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", 1], dtype=object),
        pd.Series([True, False], dtype=object),
        pd.Series(["1.5", "2"]),
        pd.Series([1, 2]),
        pd.Series(pd.Categorical([2, 1])),
        pd.Series([None, None], dtype=object),
        pd.Series([1 + 2j, Decimal(1)], dtype=object),
    ],
)
def test_what_is_no_number_stays(column):
    pd.testing.assert_series_equal(read_column(column), column)


@pytest.mark.parametrize("dtype", ["str", object, "category", "string"])
def test_text_has_one_unicode_form(dtype):
    column = pd.Series([normalize(f, "Köln") for f in ("NFC", "NFD")] + ["Bonn"]).astype(dtype)
    assert read_column(column).tolist() == ["Köln", "Köln", "Bonn"]


def test_an_ordered_factor_keeps_its_order():
    names = [normalize("NFD", "schön"), "gut", "schön"]
    found = read_column(pd.Series(pd.Categorical(names, names, ordered=True)))
    assert list(found.cat.categories) == ["schön", "gut"]
    assert found.cat.ordered
    assert found.tolist() == ["schön", "gut", "schön"]


def test_a_frame_in_which_nothing_changes_is_not_copied():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    assert read_columns(frame) is frame


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"rater": np.repeat(np.arange(60), 4), "item": np.tile(np.arange(8), 30)})
    frame["x"] = rng.integers(0, 20, len(frame)) / 10
    frame["rating"] = np.clip(np.rint(2 + frame["x"] + rng.normal(size=len(frame))), 1, 5)
    frame["city"] = np.where(frame["rater"] % 2 == 0, "Köln", "Bonn")
    return frame


def changed(data, **columns):
    return data.assign(**columns)


FITS = [pls.fit_linear, pls.fit_ordinal]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("column", ["x", "rating"])
def test_decimals_give_the_same_fit_as_floats(data, fit, column):
    decimals = data.assign(**{column: [Decimal(str(v)) for v in data[column]]})
    for formula in ("rating ~ x + (1|rater)", "rating ~ x + city"):
        first, second = fit(formula, data), fit(formula, decimals)
        pd.testing.assert_series_equal(first.params, second.params)
        assert second.warnings == first.warnings
    new = decimals.head(4)
    np.testing.assert_allclose(second.predict(new), first.predict(data.head(4)))


@pytest.mark.parametrize("fit", FITS)
def test_levels_and_groups_in_two_unicode_forms_are_one(data, fit):
    forms = np.where(np.arange(len(data)) % 3 == 0, "NFC", "NFD")
    mixed = data.assign(
        city=[normalize(f, c) for f, c in zip(forms, data["city"], strict=True)],
        rater=[normalize(f, f"ü{r}") for f, r in zip(forms, data["rater"], strict=True)],
    )
    first = fit("rating ~ city + (1|rater)", data)
    second = fit("rating ~ city + (1|rater)", mixed)
    assert second.random[0].modes.shape == first.random[0].modes.shape
    np.testing.assert_allclose(second.params, first.params, atol=1e-6)
    new = mixed.head(6).assign(city=normalize("NFD", "Köln"))
    assert second.predict(new).notna().all()
    assert (second.random[0].design.find(mixed) >= 0).all()


@pytest.mark.parametrize("fit", FITS)
def test_levels_that_look_alike_are_told(data, fit):
    told = fit("rating ~ g", data.assign(g=["Female", "female", "FEMALE", "Male"] * 60)).warnings
    assert [w.split(";")[0] for w in told if "'g'" in w] == [
        "'FEMALE', 'Female', 'female' are different levels of 'g'"
    ]
    raters = data["rater"].map(lambda r: f"p{r}")
    raters[::4] = raters[::4].str.upper()
    told = fit("rating ~ x + (1|rater)", data.assign(rater=raters)).warnings
    assert [w.split(" in case")[0] for w in told if "names of" in w] == [
        "120 names of 'rater' differ from another"
    ]
    assert not any("p1" in w.casefold() for w in told)


@pytest.mark.parametrize("fit", FITS)
def test_numbers_as_text_are_told(data, fit):
    (told,) = [
        w for w in fit("rating ~ x", data.assign(x=data["x"].astype(str))).warnings if "'x'" in w
    ]
    assert told.startswith("'x' holds numbers as text, which are 20 levels of a factor")


def test_a_factor_of_numbers_that_was_made_one_is_not_remarked_upon(data):
    assert name_notes(pd.DataFrame({"x": data["x"].astype("category")}), ["x"]) == []


def test_one_id_as_number_and_as_text_is_told():
    mixed = pd.Series([1, "1", 2, "2", "x"], dtype=object).astype("category")
    (told,) = name_notes(pd.DataFrame({"rater": mixed}), [])
    assert told.startswith("4 names of 'rater' differ from another in case, space or type only")
