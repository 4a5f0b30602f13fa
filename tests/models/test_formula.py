import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.models.formula import RandomTerm, build_design, parse_formula


@pytest.mark.parametrize(
    ("formula", "fixed", "random"),
    [
        ("y ~ a + (1|g)", "a", ["(1 | g)"]),
        ("y~a*b+( 1 | g )", "a*b", ["(1 | g)"]),
        ("y ~ (1|g) + a", "a", ["(1 | g)"]),
        ("y ~ a + (1|g) + b", "a + b", ["(1 | g)"]),
        ("y ~ (1|g)", "1", ["(1 | g)"]),
        ("y ~ (a + b):c + (1|g)", "(a + b):c", ["(1 | g)"]),
        ("y ~ a + (1 + a|g) + (1|h)", "a", ["(1 + a | g)", "(1 | h)"]),
        ("y ~ a + (a || g)", "a", ["(a || g)"]),
        ("y ~ 0 + a + (1|g:h)", "0 + a", ["(1 | g:h)"]),
        ("y ~ a", "a", []),
    ],
)
def test_a_formula_is_taken_apart(formula, fixed, random):
    parsed = parse_formula(formula)
    assert parsed.response == "y"
    assert parsed.fixed.replace(" ", "") == fixed.replace(" ", "")
    assert [str(term) for term in parsed.random] == random


def test_uncorrelated_effects_are_told_from_correlated_ones():
    assert parse_formula("y ~ (a || g)").random == (RandomTerm("a", "g", correlated=False),)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y + a + (1|g)", "needs a response, as in"),
        ("~ a + (1|g)", "needs a response, as in"),
        ("y ~ a + (1|g", "brackets .* do not match"),
        ("y ~ a) + (1|g)", "brackets .* do not match"),
        ("y ~ a + (1|)", r"random term '\(1\|\)' .* must read"),
        ("y ~ a + (|g)", r"random term '\(\|g\)' .* must read"),
        ("y ~ a + (1|g|h)", "must read"),
    ],
)
def test_a_formula_that_cannot_be_read(formula, message):
    with pytest.raises(InputError, match=message):
        parse_formula(formula)


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.normal(size=12), "x": rng.normal(size=12)})
    frame["a"] = pd.Categorical(list("pqr") * 4, list("rpqz"))
    frame["g"] = np.repeat([1, 2, 3, 4], 3)
    return frame


def test_the_first_category_that_occurs_is_the_reference(data):
    design = build_design(parse_formula("y ~ a + x + (1|g)"), data)
    assert design.names == ("Intercept", "a[T.p]", "a[T.q]", "x")
    np.testing.assert_array_equal(design.X[:, 1], data["a"] == "p")
    np.testing.assert_array_equal(design.X[:, 3], data["x"])
    np.testing.assert_array_equal(design.y, data["y"])
    assert list(design.data) == ["y", "x", "a", "g"]
    fewer = build_design(parse_formula("y ~ a + (1|g)"), data[data["a"] != "r"])
    assert fewer.names == ("Intercept", "a[T.q]")


@pytest.mark.parametrize("column", ["y", "x", "a", "g"])
def test_rows_with_a_missing_variable_are_left_out_and_counted(data, column):
    data["unused"] = np.nan
    data[column] = data[column].where(np.arange(12) != 4)
    design = build_design(parse_formula("y ~ a + x + (1|g)"), data)
    assert (design.n_dropped, len(design.y)) == (1, 11)
    assert 4 not in design.data.index


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ aa + (1|g)", "must be one of .* not 'aa'; did you mean 'a'"),
        ("y ~ a + (1|gg)", "must be one of .* not 'gg'; did you mean 'g'"),
        ("yy ~ a + (1|g)", "not 'yy'; did you mean 'y'"),
        ("a ~ x + (1|g)", "response 'a' must be one column of numbers"),
        ("y ~ one + (1|g)", r"'one' has one level only \('only'\)"),
        ("y ~ a +* x + (1|g)", "cannot be read"),
        ("y ~ nope(x) + (1|g)", "nope"),
        ("y ~ a | x", r"\|"),
    ],
)
def test_what_cannot_be_used(data, formula, message):
    data["one"] = "only"
    with pytest.raises(InputError, match=message):
        build_design(parse_formula(formula), data)


def test_no_complete_row(data):
    with pytest.raises(InputError, match="no row has all of y, a, g"):
        build_design(parse_formula("y ~ a + (1|g)"), data.assign(y=np.nan))


@pytest.mark.parametrize("formula", ["y ~ log(x) + (1|g)", "y ~ 1 / x + (1|g)"])
def test_a_transformation_without_a_number_is_refused_or_left_out(data, formula):
    data.loc[3, "x"] = -abs(data.loc[3, "x"]) if "log" in formula else 0
    try:
        design = build_design(parse_formula(formula), data)
    except InputError:
        return
    assert np.isfinite(design.X).all()
    assert len(design.y) == len(design.X) == len(design.data)
