"""Figures by name, loaded when they are drawn, for analyses whose results draw themselves."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluralign_stats.figures.plot import Plot


@dataclass(frozen=True)
class Chart:
    """A figure that an analysis gives its result; called, it draws.

    Attributes
    ----------
    module, name
        The module of this room that draws it, and the function in it.
    """

    module: str
    name: str

    def __call__(self, *tables: Any, **options: Any) -> "Plot":
        """Draw it, from a result and any further tables."""
        module = import_module(f"pluralign_stats.figures.{self.module}")
        return getattr(module, self.name)(*tables, **options)


AGREEMENT = Chart("describe", "agreement")
AGREEMENT_BETWEEN = Chart("between", "agreement_between")
COMPOSITION = Chart("describe", "composition")
DISTRIBUTION = Chart("describe", "distribution")
JOINT = Chart("describe", "joint")
FOREST = Chart("effects", "forest")
STRENGTHS = Chart("choices", "strengths")
WINS = Chart("choices", "wins")
SCORES = Chart("outcomes", "scores")
INTERSECTIONS = Chart("effects", "intersections")
RIDGES = Chart("bayes", "ridge")
SHARES = Chart("models", "shares")
CATERPILLAR = Chart("models", "caterpillar")
JUDGE = Chart("judging", "judge")
POWER = Chart("planning", "power")
AGAINST_CONTROL = Chart("outcomes", "against_control")
PAIRWISE = Chart("outcomes", "pairwise")
OPTIMIZERS = Chart("gains", "optimizers")
SURVEY = Chart("ratings_and_models", "survey")
SPECIFICATION_CURVE = Chart("multiverse", "specification_curve")
FEEDBACK_SHARES = Chart("feedback", "feedback_shares")
FEEDBACK_SURVIVAL = Chart("feedback", "feedback_survival")
FEEDBACK_FLIPS = Chart("feedback", "feedback_flips")
FEEDBACK_SCALES = Chart("feedback", "feedback_scales")

#: Of the checks of a model, by their names.
CHECKS = {
    "residuals": Chart("checks", "residuals"),
    "calibration": Chart("checks", "calibration"),
    "influence": Chart("checks", "influence"),
    "sampling": Chart("bayes", "sampling"),
    "predictive": Chart("bayes", "predictive"),
    "leave one rating out": Chart("bayes", "pareto"),
    "leave one rater out": Chart("bayes", "pareto"),
}
