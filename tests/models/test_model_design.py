import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.models.design import build_design
from pluralign_stats.models.formula import parse_formula


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.normal(size=12), "x": rng.normal(size=12)})
    frame["a"] = pd.Categorical(list("pqr") * 4, list("rpqz"))
    frame["g"] = np.repeat([1, 2, 3, 4], 3)
    return frame


def test_the_first_category_that_occurs_is_the_reference(data):
    design = build_design(parse_formula("y ~ a + x + (1|g)"), data)
    assert design.fixed.names == ("Intercept", "a[T.p]", "a[T.q]", "x")
    np.testing.assert_array_equal(design.fixed.columns[:, 1], data["a"] == "p")
    np.testing.assert_array_equal(design.fixed.columns[:, 3], data["x"])
    np.testing.assert_array_equal(design.y, data["y"])
    assert list(design.data) == ["y", "x", "a", "g"]
    fewer = build_design(parse_formula("y ~ a + (1|g)"), data[data["a"] != "r"])
    assert fewer.fixed.names == ("Intercept", "a[T.q]")


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
        ("y ~ nope(x) + (1|g)", "cannot be used: .*name 'nope' is not defined"),
        ("y ~ a | x", r"a '\|' stands outside of \(effects \| group\)"),
        ("y ~ a ~ x", "more than one part"),
        ("y ~ x + (0|g)", r"\(0 \| g\) has no effect"),
        ("y ~ x + (x|g) + (1|g)", r"\(x \| g\) and \(1 \| g\) both hold 'Intercept'"),
        ("y ~ x + (1|a:g) + (1|g:a)", "both hold"),
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
    assert np.isfinite(design.fixed.columns).all()
    assert len(design.y) == len(design.fixed.columns) == len(design.data)


def test_groups_by_combination_and_slopes(data):
    design = build_design(parse_formula("y ~ (1 + x|a:g) + (0 + a||g)"), data)
    by_both, by_group = design.random
    assert len(by_both.levels) == data.groupby(["a", "g"], observed=True).ngroups
    pairs = data["a"].astype(str) + ":" + data["g"].astype(str)
    assert (by_both.levels[by_both.codes] == pairs).all()
    np.testing.assert_array_equal(by_both.z, np.column_stack([np.ones(12), data["x"]]))
    assert by_both.labels == ("a:g", "a:g: x")
    assert by_group.effects == ("a[r]", "a[p]", "a[q]")
    new = pd.DataFrame({"a": ["p", "p", None], "g": [1, 9, 1]})
    assert by_both.find(new).tolist() == [list(by_both.levels).index("p:1"), -1, -1]


def test_random_effects_that_others_determine_are_left_out(data):
    design = build_design(
        parse_formula("y ~ x + (1 + x + twice|g)"), data.assign(twice=2 * data["x"])
    )
    (random,) = design.random
    assert (random.effects, random.left_out) == (("Intercept", "x"), ("twice",))


@pytest.mark.parametrize(
    ("nominal", "names", "absorbed"),
    [("a", ("x",), ("a[T.p]", "a[T.q]")), ("x", ("a[T.p]", "a[T.q]"), ("x",)), (None, None, ())],
)
def test_thresholds_take_up_effects_that_they_hold_themselves(data, nominal, names, absorbed):
    data["y"] = data["g"] % 3
    formula = parse_formula("y ~ a + x")
    fixed = build_design(formula, data, nominal=nominal, ordinal=True).fixed
    assert fixed.names == (names or ("a[T.p]", "a[T.q]", "x"))
    assert fixed.absorbed == absorbed


def test_a_row_that_needs_a_left_out_column_cannot_be_predicted(data):
    data["y"], data["w"] = data["g"] % 3, 1 + 2 * data["x"]
    for nominal in (None, "x"):
        fixed = build_design(parse_formula("y ~ x + w"), data, nominal=nominal, ordinal=True).fixed
        assert np.isfinite(fixed.of(data)).all()
        assert len(fixed.names) == (1 if nominal is None else 0)
    fixed = build_design(parse_formula("y ~ x + w"), data, ordinal=True).fixed
    assert np.isnan(fixed.of(data.assign(w=0.0))).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 11, "one weight for each of the 12 rows, not 11"),
        (2.0, "one weight for each of the 12 rows, not 1"),
        ([0.0] * 12, "above 0, not 0 in row 0"),
        ([np.inf] * 12, "above 0, not inf"),
        (["a"] * 12, "must be numbers, or the name of a column"),
        ("a", "the weights 'a' must be numbers"),
        ("nope", "must be one of .* not 'nope'"),
    ],
)
def test_weights_that_cannot_be_used(data, weights, message):
    with pytest.raises(InputError, match=message):
        build_design(parse_formula("y ~ x"), data, weights=weights)


def test_missing_weights_leave_their_rows_out(data):
    weights = np.where(np.arange(12) == 3, np.nan, 2.0)
    design = build_design(parse_formula("y ~ x"), data, weights=weights)
    assert (design.n_dropped, set(design.weight)) == (1, {2.0})


@pytest.mark.parametrize("dtype", ["Float64", "float64[pyarrow]", object])
def test_numbers_of_any_dtype_are_numbers(data, dtype):
    changed = data.assign(x=data["x"].astype(dtype), y=data["y"].astype(dtype))
    design = build_design(parse_formula("y ~ x + (x|g)"), changed)
    same = build_design(parse_formula("y ~ x + (x|g)"), data)
    np.testing.assert_array_equal(design.fixed.columns, same.fixed.columns)
    changed.loc[2, "x"] = None
    filled, complete = design.complete(changed)
    assert np.flatnonzero(~complete).tolist() == [2]
    assert np.isfinite(design.fixed.of(filled)).all(axis=1).tolist() == complete.tolist()


@pytest.mark.parametrize("dtype", ["string", "string[pyarrow]", object])
def test_words_of_any_dtype_are_factors(data, dtype):
    design = build_design(
        parse_formula("y ~ a"), data.assign(a=data["a"].astype(str).astype(dtype))
    )
    assert design.factors == ["a"]
    assert design.fixed.names == ("Intercept", "a[T.q]", "a[T.r]")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.set_axis(["y", "x", "x", "g"], axis=1), "several columns named 'x'"),
        (lambda d: d.assign(x=d["x"] + 1j), "complex numbers"),
        (lambda d: d.assign(x=np.inf), r"'x' is not a finite number in row 0 \(inf\)"),
        (lambda d: d.head(0), "no row has all of y, x, g"),
    ],
)
def test_data_that_cannot_be_used(data, change, message):
    with pytest.raises(InputError, match=message):
        build_design(parse_formula("y ~ x + (1|g)"), change(data))


def test_new_data_with_text_or_unseen_levels_are_refused(data):
    design = build_design(parse_formula("y ~ x + C(g)"), data)
    with pytest.raises(InputError, match="'x' of the new data must be numbers"):
        design.complete(data.assign(x="many"))
    with pytest.raises(InputError, match="a level of g, x that the model has not seen"):
        design.fixed.of(data.assign(g=9))


@pytest.mark.parametrize("dtype", ["str", object, "category"])
@pytest.mark.parametrize(
    "pairs",
    [
        [("q:1", "2"), ("q", "1:2")],
        [("a", ""), ("", "a"), ("", ":a"), (":", "a")],
        [("\\", ":x"), ("\\:", "x"), ("\\", "x")],
        [("a:b", "c"), ("a", "b:c"), ("a", "b"), ("b", "c")],
    ],
)
def test_groups_of_two_columns_never_merge(pairs, dtype):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(pairs * 6, columns=["a", "b"]).astype(dtype)
    frame["y"] = rng.normal(size=len(frame))
    random = build_design(parse_formula("y ~ 1 + (1|a:b)"), frame).random[0]
    assert len(random.levels) == len(set(random.levels)) == len(pairs)
    of = dict(zip(random.codes, frame[["a", "b"]].itertuples(index=False, name=None), strict=True))
    assert sorted(of.values()) == sorted(pairs)
    np.testing.assert_array_equal(random.find(frame), random.codes)
    strange = pd.DataFrame({"a": ["new", None, "q"], "b": ["2", "2", None]})
    assert random.find(strange).tolist() == [-1, -1, -1]


def test_groups_of_three_columns_of_any_type():
    frame = pd.DataFrame({"a": [1, 1, 2] * 4, "b": ["x", "y", "x"] * 4, "c": [True] * 12})
    frame["y"] = np.arange(12.0)
    random = build_design(parse_formula("y ~ 1 + (1|a:b:c)"), frame).random[0]
    assert list(random.levels) == ["1:x:True", "1:y:True", "2:x:True"]
    np.testing.assert_array_equal(random.find(frame[::-1]), random.codes[::-1])
