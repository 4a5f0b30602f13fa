import pytest

from pluralign_stats import InputError
from pluralign_stats.models.formula import RandomTerm, parse_formula, variables_of


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
        ("y ~ a + (1|g/h)", "a", ["(1 | g)", "(1 | g:h)"]),
        ("y ~ a + (0 + a|g/h/k)", "a", ["(0 + a | g)", "(0 + a | g:h)", "(0 + a | g:h:k)"]),
        ("y ~ a + (1|`the group`)", "a", ["(1 | the group)"]),
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
        ("y ~ a + (1|log(g))", "must read"),
        ("y ~ (1|g) + a + (1 | g)", r"holds \(1 \| g\) twice; leave one out"),
        ("y ~ a + b|g", r"a '\|' stands outside of"),
        (3, "must be text, as in"),
    ],
)
def test_a_formula_that_cannot_be_read(formula, message):
    with pytest.raises(InputError, match=message):
        parse_formula(formula)


@pytest.mark.parametrize(
    ("side", "names"),
    [
        ("a*b + C(c, contr.sum)", {"a", "b", "c"}),
        ("poly(x, 2) + np.log(z + 1)", {"x", "z"}),
        ("bs(`my x`, df=4) + scale + x.clip(0)", {"my x", "scale", "x"}),
        ("1", set()),
    ],
)
def test_the_columns_that_a_side_needs(side, names):
    assert variables_of(side) == names


@pytest.mark.parametrize("side", ["a ~ b", "a | b", "a +", "a b", "'a'"])
def test_a_side_that_cannot_be_read(side):
    with pytest.raises(InputError, match="the formula cannot be read"):
        variables_of(side)
