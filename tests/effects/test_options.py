"""The options of effects are spelled, checked and documented once."""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import pluralign_stats as pls
from pluralign_stats.effects.options import EffectOptions, with_options
from pluralign_stats.fits.bayes import BayesLinearFit, BayesOrdinalFit
from pluralign_stats.fits.joint import JointFit
from pluralign_stats.fits.linear import LinearFit
from pluralign_stats.fits.ordinal import OrdinalFit

FUNCTIONS = [
    pls.contrasts, pls.percent, pls.predictions, pls.comparisons, pls.hypotheses,
    pls.summarize_draws, pls.response_style, JointFit.contrasts, JointFit.percent,
    LinearFit.predict,
]  # fmt: skip

VERBS = ("contrasts", "percent", "predictions", "comparisons", "hypotheses")

DEFAULTS = {field.name: field.default for field in fields(EffectOptions)}


def documented(verb: Callable[..., Any]) -> list[str]:
    """Parameters in the order of their entries."""
    text = inspect.getdoc(verb) or ""
    section = re.split(r"\nParameters\n-+\n", text)[1].split("\n\n")[0]
    heads = re.findall(r"^\S.*$", section, re.MULTILINE)
    return [name for head in heads for name in head.split(", ")]


@pytest.mark.parametrize("verb", FUNCTIONS, ids=lambda verb: verb.__qualname__)
def test_each_parameter_of_an_effect_is_documented_in_its_place(verb: Callable[..., Any]) -> None:
    assert documented(verb) == [p for p in inspect.signature(verb).parameters if p != "self"]


@pytest.mark.parametrize("verb", FUNCTIONS, ids=lambda verb: verb.__qualname__)
def test_an_option_has_one_default(verb: Callable[..., Any]) -> None:
    for name, parameter in inspect.signature(verb).parameters.items():
        if name in DEFAULTS:
            assert parameter.default == DEFAULTS[name], name


@pytest.mark.parametrize("kind", [LinearFit, OrdinalFit, BayesLinearFit, BayesOrdinalFit])
@pytest.mark.parametrize("verb", VERBS)
def test_a_method_of_a_fit_is_the_function(kind: type, verb: str) -> None:
    assert getattr(kind, verb) is getattr(pls, verb)


def test_what_a_verb_says_of_an_option_itself_stays() -> None:
    @with_options
    def verb(fit: object, *, by: str = "", seed: int = 2, other: int = 3) -> None:
        """Do it.

        Parameters
        ----------
        fit
            A fit.
        by
            Said here.
        other
            Something else.

        Returns
        -------
        None
            Nothing.
        """

    assert documented(verb) == ["fit", "by", "seed", "other"]
    text = verb.__doc__ or ""
    assert "by\n    Said here.\nseed\n    Of these draws.\nother\n" in text
    assert text.endswith("Returns\n-------\nNone\n    Nothing.")


def test_a_verb_without_options_keeps_its_text() -> None:
    @with_options
    def verb(fit: object) -> None:
        """Do it.

        Parameters
        ----------
        fit
            A fit.
        """

    assert verb.__doc__ == "Do it.\n\nParameters\n----------\nfit\n    A fit."


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("conf_level", 1.5, "conf_level must lie between 0 and 1"),
        ("interval", "wald", "'interval' must be one of 'delta', 'simulation', not 'wald'"),
        ("adjust", "sidak", "'adjust' must be one of 'holm', 'bh', 'tukey', 'none', not 'sidak'"),
        ("n_draws", 99, "'n_draws' must be 100 or more, not 99"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(name: str, value: Any, told: str) -> None:
    with pytest.raises(pls.InputError, match=re.escape(told)):
        EffectOptions(**{name: value})
