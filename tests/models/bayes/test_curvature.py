"""How rows bend, against differences of their slopes; the rest of an approximation rests on it."""

import numpy as np
import pytest

from pluralign_stats.models.bayes.curvature import row_terms

MODELS = {
    "logit": ("r5 ~ x + group + (1|rater) + (1|item)", {}),
    "probit": ("r4 ~ x + (1|rater)", {"link": "probit"}),
    "own thresholds": ("r3 ~ x + (1|rater)", {"nominal": "group"}),
    "gaussian": ("y ~ x + group + (1|rater)", {"family": "gaussian"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_scores_fall_by_each_parameter_as_their_differences_say(name, build, ratings):
    formula, options = MODELS[name]
    layout = build(formula, ratings, **options).layout
    p, size = layout.sizes[0], sum(layout.sizes)
    data = layout.data
    phi = 0.5 * np.random.default_rng(1).normal(size=size)

    def at(phi: np.ndarray):
        free = phi[p:].reshape(-1, max(data.n_cuts, 1))
        steps = np.column_stack([free[:, 0], np.exp(free[:, 1:])])
        return row_terms(layout, phi, steps.cumsum(axis=1), (data.X @ phi[:p])[data.cell])

    found, step = at(phi), 1e-6
    for k, one in enumerate(np.eye(size)):
        fall = (at(phi - step * one).score - at(phi + step * one).score) / (2 * step)
        np.testing.assert_allclose(found.by_phi[:, k], fall, atol=1e-7)
    X = data.X[data.cell]
    expected = X.T @ found.by_phi
    if not data.n_cuts:
        expected[:, p:] = 0  # on average over responses
    np.testing.assert_allclose(found.information[:p], expected, atol=1e-9)
    np.testing.assert_allclose(found.information, found.information.T, atol=1e-9)
