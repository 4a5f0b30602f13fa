"""The parameters of a posterior as the joint vector of a mixed-model fit has them, and back."""

import numpy as np

from pluralign_stats.models.bayes.layout import Layout, Natural
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates


def natural_at(fit: OrdinalEstimates, layout: Layout, values: np.ndarray) -> Natural:
    """The model's own parameters from those of the fit's joint vector."""
    f, s, _ = fit.joint.sizes
    b, p, c = fit.basis.shape[1], layout.sizes[0], layout.sections.shape[1]
    gamma = values[b : b + b * c].reshape(c, b)
    cuts = (values[:b] + layout.sections @ gamma) @ fit.basis.T
    factors = fit.covariance.factors(values[f + s :])
    roots = [T @ L for T, L in zip(fit.transforms, factors, strict=True)]
    return Natural(
        values[f - p : f], cuts, values[f : f + s], tuple(root @ root.T for root in roots)
    )


def joint_at(fit: ModelEstimates, layout: Layout, values: Natural) -> np.ndarray:
    """The fit's joint vector from the model's own parameters; the reverse of `natural_at`."""
    if not isinstance(fit, OrdinalEstimates):
        return values.coefficients
    G, c = len(layout.sections), layout.sections.shape[1]
    apart = np.linalg.solve(np.hstack([np.ones((G, 1)), layout.sections]), values.cuts)
    inverse = np.linalg.pinv(fit.basis)
    factors = []
    for T, covariance in zip(fit.transforms, values.covariances, strict=True):
        inside = np.linalg.solve(T, np.linalg.solve(T, covariance).T)
        factors.append(np.linalg.cholesky(0.5 * (inside + inside.T)))
    changes = (apart[1:] @ inverse.T).ravel() if c else np.zeros(0)
    theta = fit.covariance.collect(factors)
    return np.concatenate(
        [apart[0] @ inverse.T, changes, values.coefficients, values.log_scale, theta]
    )
