"""Priors: how they are written, named, and turned into numbers."""

import numpy as np
import pytest

from pluralign_stats import InputError
from pluralign_stats.models.bayes import log_densities
from pluralign_stats.models.bayes.priors import Distribution, parse_prior

FORMULA = "r4 ~ x + group + (1 + x|rater) + (1|item)"


def table(model):
    made = model.priors.table().set_index("parameter")
    return made["prior"].to_dict(), made["set by"].to_dict()


@pytest.mark.parametrize(
    ("text", "positive", "numbers"),
    [
        ("normal(1, 2)", False, (1.0, 1 - 2 * 1.959964, 1 + 2 * 1.959964)),
        ("normal(0, 2)", True, (2 * 0.6744898, 2 * 0.0313380, 2 * 2.2414027)),
        ("normal(-10, 1)", True, (0.0684118361, 0.0025068788, 0.3589826578)),
        ("student_t(3, 0, 1)", False, (0.0, -3.1824463, 3.1824463)),
        ("exponential(2)", True, (np.log(2) / 2, -np.log(0.975) / 2, -np.log(0.025) / 2)),
        ("lkj(2)", False, (np.nan,) * 3),
    ],
)
def test_where_a_prior_expects_a_parameter(text, positive, numbers):
    found = parse_prior("x", text).quantiles((0.5, 0.025, 0.975), positive=positive)
    np.testing.assert_allclose(found, numbers, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("normal(0, 1)", "normal", (0.0, 1.0)),
        (" student_t( 3,-1e-1 , 2.5) ", "student_t", (3.0, -0.1, 2.5)),
        ("exponential(2)", "exponential", (2.0,)),
        ("lkj(1)", "lkj", (1.0,)),
        ("dirichlet(0.5)", "dirichlet", (0.5,)),
    ],
)
def test_reads_what_is_written(text, name, arguments):
    found = parse_prior("x", text)
    assert found == Distribution(name, arguments)
    assert parse_prior("x", str(found)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("normal", "the prior of 'x' must be text such as 'normal(0, 1)', not 'normal'"),
        (3, "the prior of 'x' must be text such as 'normal(0, 1)', not 3"),
        ("normal(0)", "must be normal(mean, sd) with finite numbers, not 'normal(0)'"),
        ("normal(0, inf)", "must be normal(mean, sd) with finite numbers"),
        ("normal(0, a)", "must be normal(mean, sd) with finite numbers"),
        ("normal(0, 1, 2)", "must be normal(mean, sd) with finite numbers"),
        ("normal(0, -1)", "sd of normal(mean, sd) must be above 0, not -1"),
        ("student_t(0, 0, 1)", "df of student_t(df, mean, scale) must be above 0, not 0"),
        ("exponential(0)", "rate of exponential(rate) must be above 0, not 0"),
        ("lkj(-2)", "eta of lkj(eta) must be above 0, not -2"),
        ("dirichlet(0)", "concentration of dirichlet(concentration) must be above 0"),
        ("norml(0, 1)", "must be one of 'normal', 'student_t', 'exponential', 'lkj', 'dirichlet'"),
        ("norml(0, 1)", "did you mean 'normal'?"),
    ],
)
def test_says_what_is_wrong(text, message):
    with pytest.raises(InputError) as error:
        parse_prior("x", text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_every_parameter_has_a_default(build, ratings):
    found, by = table(build(FORMULA, ratings))
    assert list(found) == [
        "x",
        "group[T.b]",
        "group[T.c]",
        "thresholds",
        "sd(item)",
        "sd(rater)",
        "sd(rater: x)",
        "cor(rater)",
    ]
    assert found["thresholds"] == "dirichlet(1)"
    assert found["group[T.b]"] == "normal(0, 1)"
    assert found["x"] == f"normal(0, {1 / ratings['x'].std(ddof=0):.4g})"
    assert found["sd(rater)"] == "exponential(1)"
    assert found["cor(rater)"] == "lkj(2)"
    assert set(by.values()) == {"default"}


def test_defaults_follow_the_unit(build, ratings):
    probit, _ = table(build(FORMULA, ratings, link="probit"))
    assert probit["group[T.b]"] == "normal(0, 0.5513)"
    gaussian, _ = table(build("y ~ x + (1|rater)", ratings, "gaussian"))
    sd = ratings["y"].std(ddof=0)
    assert gaussian["Intercept"] == f"normal({ratings['y'].mean():.4g}, {2.5 * sd:.4g})"
    assert gaussian["residual"] == f"exponential({1 / sd:.4g})"
    scale, _ = table(build("r4 ~ x", ratings, scale="group"))
    assert scale["scale: group[T.b]"] == "normal(0, 0.5)"


def test_a_name_goes_before_its_class(build, ratings):
    given = {"coefficients": "normal(0, 3)", "x": "student_t(4, 0, 1)", "sd": "normal(0, 2)"}
    found, by = table(build(FORMULA, ratings, priors=given))
    assert found["x"] == "student_t(4, 0, 1)"
    assert found["group[T.b]"] == "normal(0, 3)"
    assert found["sd(item)"] == found["sd(rater: x)"] == "normal(0, 2)"
    assert by["x"] == by["sd(item)"] == "user"
    assert by["thresholds"] == "default"


def test_the_class_of_coefficients_leaves_the_constant(build, ratings):
    model = build("y ~ x", ratings, "gaussian", priors={"coefficients": "normal(0, 3)"})
    found, by = table(model)
    assert found["x"] == "normal(0, 3)"
    assert by["Intercept"] == "default"
    model = build("y ~ x", ratings, "gaussian", priors={"Intercept": "normal(0, 9)"})
    assert table(model)[0]["Intercept"] == "normal(0, 9)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": "normal(0, 1)"}, "the name of a prior must be one of 'x', 'group[T.b]'"),
        ({"sd(items)": "exponential(1)"}, "did you mean 'sd(item)'?"),
        ({"residual": "exponential(1)"}, "the name of a prior must be one of"),
        ({"x": "exponential(1)"}, "the prior of 'x' must be one of 'normal', 'student_t', not"),
        ({"thresholds": "exponential(1)"}, "must be one of 'dirichlet', 'normal', 'student_t'"),
        ({"sd": "lkj(1)"}, "the prior of 'sd' must be one of 'exponential', 'normal', 'student_t'"),
        ({"cor(rater)": "normal(0, 1)"}, "the prior of 'cor(rater)' must be one of 'lkj', not"),
        (["x"], "the priors must be a dictionary of names and distributions"),
    ],
)
def test_refuses_names_and_distributions(build, ratings, given, message):
    with pytest.raises(InputError) as error:
        build(FORMULA, ratings, priors=given)
    assert message in str(error.value)


def test_numbers_stand_where_the_density_looks_for_them(build, ratings):
    given = {"correlations": "lkj(3)", "thresholds": "normal(0.5, 2)", "sd": "student_t(3, 0, 2)"}
    model = build("r3 ~ x + (1 + x + z|rater)", ratings, priors=given)
    prior, names = model.prior, model.layout.names
    assert names[1:3] == ("threshold 1|2 (0)", "threshold 2|3 (0)")
    assert prior.cuts == log_densities.SEPARATE
    assert prior.kind.tolist() == [1, 1, 1, 2, 2, 2, 4, 4, 4]
    assert prior.positive.tolist() == [False] * 3 + [True] * 3 + [False] * 3
    np.testing.assert_allclose(prior.values[1], [0.5, 2, 0])
    # Three effects: column 0 has eta + 1/2, column 1 eta.
    np.testing.assert_allclose(prior.values[-3:, 0], [3.5, 3.5, 3.0])
