"""All checks of a model at once."""

from pluralign_stats.checks.calibration import calibration_check
from pluralign_stats.checks.influence import influence_check
from pluralign_stats.checks.protocol import Check
from pluralign_stats.checks.residuals import residual_check
from pluralign_stats.effects.counts import rater_of
from pluralign_stats.models.fit import Fit


def check(fit: Fit, *, n_simulations: int = 200, seed: int = 0) -> tuple[Check, ...]:
    """Check residuals, calibration and the influence of single raters.

    Parameters
    ----------
    fit
        A linear or ordinal fit.
    n_simulations
        Data sets drawn from the model.
    seed
        Of the random numbers.

    Returns
    -------
    tuple
        The checks `residual_check`, `calibration_check` and, for models with coefficients and a
        grouping factor, `influence_check` (of raters, or of the first grouping factor).
    """
    made = (
        residual_check(fit, n_simulations=n_simulations, seed=seed),
        calibration_check(fit, n_simulations=n_simulations, seed=seed),
    )
    groups = list(fit.groups()["group"])
    if not groups or not len(fit.params):
        return made
    column = rater_of(fit)
    group = column if column is not None and column in groups else str(groups[0])
    return (*made, influence_check(fit, group))
