"""A difference between two levels in standard deviations of a rating, whatever the model.

A linear model gives the difference of mean ratings in standard deviations of a single rating,
rater, item and residual together (Westfall, Kenny & Judd 2014, Journal of Experimental Psychology:
General 143, 2020-2045, for crossed raters and items). An ordinal one gives the same of the latent
variable that thresholds cut into ratings, whose residual variance is that of the link, pi^2 / 3 for
a logit (Hasselblad & Hedges 1995, Psychological Bulletin 117, 167-178); where the thresholds lie
and how many there are does not change it.
"""

import numpy as np
import pandas as pd

from pluralign_stats.effects.estimates import infer, tabulate
from pluralign_stats.effects.hypotheses import coefficients
from pluralign_stats.effects.options import EffectOptions
from pluralign_stats.errors import NotApplicableError, check_one_of
from pluralign_stats.models.few_units import few_units
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.notes import Code, is_about
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.study.text import contrast_labels

#: Unit of the differences.
UNIT = "SD of a rating"


def standardized_difference(
    fit: ModelEstimates,
    factor: str,
    level: str,
    reference: str,
    *,
    conf_level: float = CONF_LEVEL,
) -> pd.Series:
    """Difference of two levels of a factor in standard deviations of a rating.

    The standard deviation is taken as known: for small differences that changes the interval by
    next to nothing.

    Parameters
    ----------
    fit
        A model in which the factor has no interaction, nor thresholds or scale of its own.
    factor
        One of its categorical variables.
    level, reference
        Two of its levels; the first less the second.
    conf_level
        Level of the interval.

    Returns
    -------
    Series
        estimate, std_error, conf_low, conf_high, p_value, method.

    Raises
    ------
    InputError
        If the factor or a level is not in the model, or the data do not tell the two apart.
    """
    check_one_of("the factor", factor, fit.design.factors)
    levels = list(fit.design.data[factor].cat.categories)
    names, base = coefficients(fit)
    own = {c.parts: k for k, c in enumerate(fit.design.fixed.coefficients)}
    weights = np.zeros((1, len(names)))
    for sign, which in ((1, level), (-1, reference)):
        check_one_of(f"the level of '{factor}'", which, levels)
        column = own.get(((factor, str(which)),))
        if column is None and which == levels[0]:
            continue
        if column is None:
            separated = [w for w in fit.warnings if is_about(w, Code.SEPARATION)]
            raise NotApplicableError(
                "; ".join(separated)
                or "the data do not tell the groups apart from other terms of the model"
            )
        weights[0, column] = sign
    contrast = pd.DataFrame({"contrast": contrast_labels([(level, reference)])})
    difference = base.combine(weights / fit.latent_sd, contrast)
    how = infer(fit, EffectOptions(conf_level=conf_level, adjust="none"))
    return tabulate(fit, difference, how, few=[few_units(fit, factor)]).iloc[0]
