"""Uncertainty of effects on thresholds and scale from how much raters, or items, differ.

Raters use a scale in ways of their own, which no random effect of the model holds; so its own
standard errors of such effects are too small wherever a rater gives more than one rating. The
sandwich ``C M C`` of their covariance C, with M the covariance of the scores' sum over independent
units, does not rest on that (Liang & Zeger 1986, Biometrika 73, 13-22).
"""

from typing import cast

import numpy as np

from pluralign_stats.models.engine.clusters import cluster_covariance
from pluralign_stats.models.few_units import columns_of, shown_degrees, spare_units
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.scores import scores
from pluralign_stats.models.units import ALONE, Units, units_of


def scale_units(fit: ModelEstimates) -> Units | None:
    """Units on which effects on thresholds and scale rest; None where there are none of either."""
    variables = fit.design.changing
    units = units_of(fit, *variables) if variables else None
    return None if units is None or units.name == ALONE else units


def score_covariance(fit: ModelEstimates, units: Units) -> np.ndarray:
    """M (k, k) of an ordinal model: covariance of the scores' sum, from how much units differ."""
    return cluster_covariance(scores(cast("OrdinalEstimates", fit)), units.codes)


def between_units(fit: ModelEstimates, units: Units) -> np.ndarray:
    """The sandwich (k, k): covariance of the estimates, missing where the fit's own is."""
    C = fit.joint.vcov
    known = np.nan_to_num(C)
    made = known @ score_covariance(fit, units) @ known
    return np.where(np.isnan(C), np.nan, made)


def scale_df(fit: ModelEstimates, units: Units) -> int:
    """Degrees of freedom of effects on thresholds and scale: units less what differs between."""
    df = spare_units(min(units.codes, key=np.max), columns_of(fit.design))
    return int(shown_degrees(fit, units.fewest, np.array(df, dtype=float)))
