"""How strongly a linear model's criterion bends, at the price of one solve.

The average of the observed and the expected information on the variances has a closed form in a
few solved systems (Gilmour, Thompson & Cullis 1995, Biometrics 51, 1440-1450). It is a guess of the
curvature here, from which the search learns the rest.
"""

import numpy as np

from pluralign_stats.models.engine.profiled import LinearProblem, LinearState


def average_information(problem: LinearProblem, state: LinearState) -> np.ndarray:
    """Information (t, t) on theta, the residual variance profiled out.

    With e the weighted residuals and ``w_j`` what a move of theta_j adds to the covariance, times
    e, it is ``(w_j' P w_l / sigma^2 - w_j' e w_l' e / (sigma^2 r^2)) / 2``.

    Parameters
    ----------
    problem, state
        The model where its system was last factored.
    """
    layout, system, weight = problem.layout, problem.system, problem.weight
    z, index = system.z, layout.index
    fitted = problem.X @ state.beta + layout.gather(z, state.u)
    e = weight * (problem.y - fitted)
    pulled = layout.scatter_add(layout.z, e)
    moves = []
    for slot, shape in zip(layout.slots, layout.covariance.shapes, strict=True):
        for row, column in zip(*shape.entries, strict=True):
            a, b = slot.start + row, slot.start + column
            moves.append(layout.z[:, a] * state.u[index[:, b]] + z[:, b] * pulled[index[:, a]])
    W = np.array(moves).T.reshape(len(e), -1)
    weighted = weight[:, None] * W
    right = layout.scatter_add(z, weighted)
    crossed = problem.X.T @ weighted - state.solved[:, :-1].T @ right
    P = W.T @ weighted - right.T @ system.solve(right) - crossed.T @ state.unscaled @ crossed
    along = W.T @ e
    profiled = P - np.outer(along, along) / state.residual
    return 0.5 * profiled / state.variance(problem)
