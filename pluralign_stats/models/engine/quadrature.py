"""Adaptive Gauss-Hermite quadrature for one scalar random term, with its exact gradient.

The integral over each level's effect is a sum over nodes about its mode, spread by its curvature
(Pinheiro & Bates 1995, JCGS 4, 12-35); one node is the Laplace approximation. The gradient
follows the nodes as they move with the parameters.
"""

import numpy as np
from scipy.special import logsumexp

from pluralign_stats.models.engine.laplace import (
    Problem,
    RowGradients,
    State,
    add_mode_gradient,
    gradient_of,
)


def integrate_at(problem: Problem, state: State, n_nodes: int) -> tuple[float, np.ndarray]:
    """Log-likelihood and gradient (f + s + t,) by quadrature about a mode."""
    value, slopes = row_gradients_about(problem, state, n_nodes)
    return value, gradient_of(problem, state, slopes)


def row_gradients_about(problem: Problem, state: State, n_nodes: int) -> tuple[float, RowGradients]:
    """Log-likelihood, and what each row adds to its gradient, by quadrature about a mode.

    Parameters
    ----------
    problem
        With a single random effect per level.
    state
        At the mode, where the system was last factored.
    """
    layout, weight = problem.layout, problem.weight
    group, z = layout.index[:, 0], problem.system.z[:, 0]
    n_groups = layout.n_columns
    x, w = np.polynomial.hermite.hermgauss(n_nodes)
    spread = 1 / np.sqrt(problem.system.diagonal())
    moves = np.sqrt(2) * x[:, None] * spread
    u = state.u + moves
    rows = []
    logs = np.empty((n_nodes, n_groups))
    for k in range(n_nodes):
        terms = state.likelihood(state.shift + z * moves[k][group])
        logs[k] = np.bincount(group, weight * terms.log_p, n_groups) - 0.5 * u[k] ** 2
        rows.append(terms)
    logs += (np.log(w) + x**2)[:, None]
    total = logsumexp(logs, axis=0)
    share = np.exp(logs - total)
    value = float((total + np.log(spread)).sum() - 0.5 * n_groups * np.log(np.pi))
    by_channel, by_z = np.zeros((len(problem.channels), len(group))), np.zeros(len(group))
    pull, widen = np.zeros((2, n_groups))
    for k, terms in enumerate(rows):
        p = weight * share[k][group]
        by_channel += p * terms.slopes()
        eta = p * terms.score
        by_z += eta * u[k][group]
        slope = np.bincount(group, eta * z, n_groups) - share[k] * u[k]
        pull += slope
        widen += slope * np.sqrt(2) * x[k]
    # A change dA of a level's curvature changes its spread by -spread^3 dA / 2.
    by_curvature = -0.5 * spread**3 * (widen + 1 / spread)
    product = -2 * by_curvature[group] * z
    slopes = add_mode_gradient(
        problem,
        state,
        RowGradients(by_channel, by_z[:, None]),
        product * z,
        product[:, None],
        pull,
    )
    return value, slopes
