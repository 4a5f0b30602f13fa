"""The reverse of `joint_vector.joint_at`: a model's own parameters from a fit's joint vector."""

import numpy as np

from pluralign_stats.models.bayes.layout import Layout, Natural
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
