"""Coefficients know their variables and levels, whatever these are called."""

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.models.coefficients import Coefficient, coefficients_of
from pluralign_stats.models.matrices import evaluate

DATA = pd.DataFrame(
    {
        "g": pd.Categorical(
            ["u", "a [T.b]", "Other [say]:h"] * 8, ["u", "a [T.b]", "Other [say]:h"]
        ),
        "my h": pd.Categorical(["p", "p", "q", "q"] * 6),
        "n": np.arange(24.0),
    }
)


def of(side: str) -> list[Coefficient]:
    matrix = evaluate(side, DATA)
    found = coefficients_of(matrix.model_spec, DATA.columns)
    assert [c.name for c in found] == list(matrix.columns)
    return list(found)


@pytest.mark.parametrize(
    ("side", "words"),
    [
        ("g", ["Intercept", "g: a [T.b]", "g: Other [say]:h"]),
        ("0 + g", ["g: u", "g: a [T.b]", "g: Other [say]:h"]),
        ("n + `my h`:n", ["Intercept", "n", "my h: q × n"]),
        ("`my h`/n", ["Intercept", "my h: q", "my h: p × n", "my h: q × n"]),
        ("C(n > 3)", ["Intercept", "C(n > 3): True"]),
        ("poly(n, 2)", ["Intercept", "poly(n, 2)[1]", "poly(n, 2)[2]"]),
        (
            "g:`my h`",
            ["Intercept", "my h: q"]
            + [f"g: {g} × my h: {h}" for h in "pq" for g in ("a [T.b]", "Other [say]:h")],
        ),
    ],
)
def test_coefficients_in_words(side, words):
    assert [c.words for c in of(side)] == words


def test_each_knows_its_variables_and_levels():
    main, both = of("0 + n + g:n")[0], of("g*n")[-1]
    assert (main.variables, main.parts) == (("n",), (("n", ""),))
    assert both.variables == ("g", "n")
    assert both.parts == (("g", "Other [say]:h"), ("n", ""))
    assert of("1")[0].parts == ()
    assert [c.variables for c in of("np.log(n + 1) + C(g)")] == [(), ("n",), ("g",), ("g",)]


def test_effects_on_thresholds_and_scale_say_so():
    data = DATA.assign(rating=np.tile([1, 2, 3, 2, 1, 3, 3, 1], 3))
    fit = pls.fit_ordinal("rating ~ n", data, nominal="`my h`", scale="n")
    assert [c.name for c in fit.coefficients] == list(fit.params.index)
    told = {c.changes: c.words for c in fit.coefficients}
    assert told == {
        "": "n",
        "scale": "scale: n",
        "1|2": "1|2: my h: q",
        "2|3": "2|3: my h: q",
    }
    assert fit.design.formula.outcome == "rating"
