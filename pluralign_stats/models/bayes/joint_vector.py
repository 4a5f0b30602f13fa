"""The parameters of a posterior as the joint vector of a mixed-model fit has them."""

import numpy as np

from pluralign_stats.models.bayes.layout import Layout, Natural
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates


def joint_at(fit: ModelEstimates, layout: Layout, values: Natural) -> np.ndarray:
    """The fit's joint vector from the model's own parameters."""
    if isinstance(fit, OrderedBetaEstimates):
        cuts = values.cuts.ravel()
        return np.concatenate([cuts, values.coefficients, values.log_scale, _theta(fit, values)])
    if not isinstance(fit, OrdinalEstimates):
        return values.coefficients
    G, c = len(layout.sections), layout.sections.shape[1]
    apart = np.linalg.solve(np.hstack([np.ones((G, 1)), layout.sections]), values.cuts)
    inverse = np.linalg.pinv(fit.basis)
    changes = (apart[1:] @ inverse.T).ravel() if c else np.zeros(0)
    theta = _theta(fit, values)
    return np.concatenate(
        [apart[0] @ inverse.T, changes, values.coefficients, values.log_scale, theta]
    )


def _theta(fit: LaplaceEstimates, values: Natural) -> np.ndarray:
    """Entries of the factors of the random effects' covariances, in the fit's coordinates."""
    factors = []
    for T, covariance in zip(fit.transforms, values.covariances, strict=True):
        inside = np.linalg.solve(T, np.linalg.solve(T, covariance).T)
        factors.append(np.linalg.cholesky(0.5 * (inside + inside.T)))
    return fit.covariance.collect(factors)
