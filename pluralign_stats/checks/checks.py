"""All checks of a model at once."""

from pluralign_stats.checks.calibration import calibration_check
from pluralign_stats.checks.influence import influence_check
from pluralign_stats.checks.leave_one_out import loo_check
from pluralign_stats.checks.names import rater_group
from pluralign_stats.checks.predictive import enough_raters, predictive_check
from pluralign_stats.checks.protocol import Check
from pluralign_stats.checks.residuals import residual_check
from pluralign_stats.checks.sampling import sampling_check
from pluralign_stats.models.fit import ModelEstimates


def check(fit: ModelEstimates, *, n_simulations: int = 200, seed: int = 0) -> tuple[Check, ...]:
    """Check residuals, calibration and the influence of single raters, or a Bayesian fit's draws.

    Parameters
    ----------
    fit
        A linear, ordinal or Bayesian fit.
    n_simulations
        Data sets drawn from the model.
    seed
        Of the random numbers.

    Returns
    -------
    tuple
        The checks `residual_check`, `calibration_check` and, for models with coefficients and a
        grouping factor, `influence_check` (of raters, or of the first grouping factor). Of a
        Bayesian fit: `sampling_check`, `predictive_check` by the factors of the model and by rater,
        and `loo_check` of ratings and of raters (where the model tells raters apart).

    Raises
    ------
    InputError
        If `n_simulations` is out of range.

    Examples
    --------
    >>> [each.name for each in pls.checks.check(fit, n_simulations=39)]
    ['residuals', 'calibration', 'influence']
    """
    if fit.bayesian:
        return _bayesian(fit, n_simulations, seed)
    made = (
        residual_check(fit, n_simulations=n_simulations, seed=seed),
        calibration_check(fit, n_simulations=n_simulations, seed=seed),
    )
    groups = list(fit.groups()["group"])
    if not groups or not len(fit.params):
        return made
    return (*made, influence_check(fit, rater_group(fit) or str(groups[0])))


def _bayesian(fit: ModelEstimates, n_draws: int, seed: int) -> tuple[Check, ...]:
    made = [sampling_check(fit), predictive_check(fit, n_draws=n_draws, seed=seed)]
    if enough_raters(fit):
        made.append(predictive_check(fit, "rater", n_draws=n_draws, seed=seed))
    made.append(loo_check(fit, "rating"))
    if fit.design.raters.known:
        made.append(loo_check(fit, "rater"))
    return tuple(made)
