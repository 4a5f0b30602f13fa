"""Scores of an ordinal model, row by row, also for effects that it does not have."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import null_space

from pluralign_stats.models.engine.laplace import (
    Problem,
    RowGradients,
    State,
    gradient_of,
    mode_at,
    row_gradients_at,
    scores_of,
)
from pluralign_stats.models.engine.quadrature import row_gradients_about
from pluralign_stats.models.laplace_fit import LaplaceEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.ordinal_model import OrdinalModel
from pluralign_stats.models.rebuild import Engine, engine_of

#: Step of the differences of the gradient, in standard errors.
STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Efficient:
    """Efficient scores, rows in the data's order.

    Attributes
    ----------
    thresholds
        (n, c, b - 1) of effects of c covariates that move the thresholds apart, which have b
        parameters.
    scale
        (n, c) of their effects on the log of the scale.
    """

    thresholds: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True, eq=False)
class _Wider:
    """A model with effects that the fitted one has not, which are 0.

    Attributes
    ----------
    engine
        The fitted model.
    problem
        That of the wider model.
    new
        (k + e,) which of its parameters the fitted model has not.
    """

    engine: Engine
    problem: Problem
    new: np.ndarray

    def at(self, psi: np.ndarray) -> tuple[State, RowGradients]:
        """The wider model at parameters (k,) of the fitted one, and its rows' slopes."""
        whole = np.zeros(len(self.new))
        whole[~self.new] = psi
        state = mode_at(self.problem, whole, self.engine.state.u)
        if state is None:
            raise ArithmeticError("the likelihood cannot be evaluated at its maximum")
        if self.engine.n_nodes > 1:
            return state, row_gradients_about(self.problem, state, self.engine.n_nodes)[1]
        return state, row_gradients_at(self.problem, state)

    def gradient(self, psi: np.ndarray) -> np.ndarray:
        """(e,) slope of the log-likelihood by the new effects."""
        return gradient_of(self.problem, *self.at(psi))[self.new]


def scores(fit: LaplaceEstimates) -> np.ndarray:
    """(n, k) what each row, in the data's order, adds to the gradient by `fit.joint.estimates`."""
    engine = engine_of(fit)
    wider = _Wider(engine, engine.model.problem, np.zeros(len(engine.psi), dtype=bool))
    rows = scores_of(wider.problem, *wider.at(engine.psi))
    order = engine.model.prepared.layout.order
    return np.linalg.solve(engine.back.T, rows[np.argsort(order)].T).T


def efficient_scores(fit: OrdinalEstimates, columns: np.ndarray) -> Efficient:
    """What each row adds to the scores of extra effects at 0, given that the rest is estimated.

    From the slope s by the extra effects, what the slope by the model's own parameters tells of
    it is taken away: ``s - I_ep I_pp^-1 s_p``, with I the observed information.

    Parameters
    ----------
    columns
        (n, c) covariates that would move thresholds apart (moving them together is the model's own
        effect), and change the scale; in units of their standard deviations.
    """
    engine = engine_of(fit)
    wider = _widen(engine, _standard(columns))
    state, slopes = wider.at(engine.psi)
    rows = scores_of(wider.problem, state, slopes)
    base = gradient_of(wider.problem, state, slopes)[wider.new]
    bends = [(wider.gradient(engine.psi + STEP * r) - base) / STEP for r in engine.root.T]
    mixed = np.reshape(bends, (engine.root.shape[1], len(base)))
    made = rows[:, wider.new] + rows[:, ~wider.new] @ engine.root @ mixed
    made = made[np.argsort(engine.model.prepared.layout.order)]
    n, c = columns.shape
    return Efficient(made[:, : len(base) - c].reshape(n, c, -1), made[:, len(base) - c :])


def _widen(engine: Engine[OrdinalModel], columns: np.ndarray) -> _Wider:
    """Give covariates (n, c) effects on thresholds, other than on all alike, and on the scale."""
    model, problem = engine.model, engine.model.problem
    order = engine.model.prepared.layout.order
    covariates, codes = columns[order], model.categories.codes[order]
    together = np.linalg.lstsq(model.basis, np.ones(len(model.basis)), rcond=None)[0]
    steps = model.cuts.steps @ null_space(together[None])
    lower, upper = (
        np.hstack([rows, *(column[:, None] * steps[at] for column in covariates.T)])
        for rows, at in ((problem.lower, codes), (problem.upper, codes + 1))
    )
    scale = np.hstack([problem.scale, covariates])
    parts = [
        np.arange(after.shape[1]) >= before.shape[1]
        for before, after in ((problem.lower, lower), (problem.scale, scale))
    ]
    theta = np.zeros(problem.layout.covariance.size, dtype=bool)
    wider = replace(problem, lower=lower, upper=upper, scale=scale)
    return _Wider(engine, wider, np.concatenate([*parts, theta]))


def _standard(columns: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and standard deviation 1, so that differences are of even size."""
    apart = columns - columns.mean(axis=0)
    spread = apart.std(axis=0)
    return apart / np.where(spread > 0, spread, 1.0)
