"""How a model was fitted, as tables say it."""

import pytest

from pluralign_stats.models.family import BAYESIAN, Method
from pluralign_stats.models.formula import RandomTerm

RATER, SLOPE = RandomTerm("1", "rater"), RandomTerm("1 + x", "item", correlated=False)
BOTH = ("thresholds", "scale")


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (
            Method(
                "cumulative", "logit", "Laplace", (RATER, SLOPE), ("thresholds", "scale"), "Wald"
            ),
            "cumulative logit mixed model, Laplace, (1|rater), (1 + x || item), "
            "thresholds by group, scale by group, Wald",
        ),
        (
            Method("binary", "probit", "7-point quadrature", (RATER,), (), "Wald"),
            "binary probit mixed model, 7-point quadrature, (1|rater), Wald",
        ),
        (
            Method("cumulative", "cloglog", "ML", (), (), "Wald"),
            "cumulative cloglog model, ML, Wald",
        ),
        (
            Method("linear", "", "REML", (RATER,), (), "Satterthwaite"),
            "linear mixed model, REML, (1|rater), Satterthwaite",
        ),
        (Method("linear", "", "ML", (), (), "Satterthwaite"), "linear model, ML, Satterthwaite"),
        (
            Method("cumulative", "logit", "NUTS", (RATER,), ("scale",), BAYESIAN),
            "Bayesian cumulative logit mixed model, (1|rater), NUTS",
        ),
        (Method("linear", "", "NUTS", (), (), BAYESIAN), "Bayesian linear model, NUTS"),
    ],
)
def test_a_method_is_said_in_one_line(method, text):
    assert str(method) == text
