"""Figures by name, loaded when they are drawn, for analyses whose results draw themselves."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pluralign_stats.figures.picture import Picture


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

    def __call__(self, *tables: Any, **options: Any) -> "Picture":
        """Draw it, from a result and any further tables."""
        module = import_module(f"pluralign_stats.figures.{self.module}")
        return getattr(module, self.name)(*tables, **options)


AGREEMENT = Chart("describe", "agreement_figure")
COMPOSITION = Chart("describe", "composition_figure")
DISTRIBUTION = Chart("describe", "distribution_figure")
JOINT = Chart("describe", "joint_figure")
FOREST = Chart("effects", "forest_figure")
INTERSECTIONS = Chart("effects", "intersections_figure")
RIDGES = Chart("bayes", "ridge_figure")
SHARES = Chart("models", "shares_figure")
CATERPILLAR = Chart("models", "caterpillar_figure")
JUDGE = Chart("judging", "judge_figure")
POWER = Chart("power", "power_figure")
AGAINST_CONTROL = Chart("outcomes", "against_control_figure")
PAIRWISE = Chart("outcomes", "pairwise_figure")
OPTIMIZERS = Chart("optimizers", "optimizers_figure")
SURVEY = Chart("survey", "survey_figure")
SPECIFICATION_CURVE = Chart("multiverse", "specification_curve")
FEEDBACK_SHARES = Chart("feedback", "feedback_shares_figure")
FEEDBACK_SURVIVAL = Chart("feedback", "feedback_survival_figure")
FEEDBACK_FLIPS = Chart("feedback", "feedback_flips_figure")
FEEDBACK_SCALES = Chart("feedback", "feedback_scales_figure")

#: Of the checks of a model, by their names.
CHECKS = {
    "residuals": Chart("checks", "residual_figure"),
    "calibration": Chart("checks", "calibration_figure"),
    "influence": Chart("checks", "influence_figure"),
    "sampling": Chart("bayes", "sampling_figure"),
    "predictive": Chart("bayes", "predictive_figure"),
    "leave one rating out": Chart("bayes", "pareto_figure"),
    "leave one rater out": Chart("bayes", "pareto_figure"),
}
