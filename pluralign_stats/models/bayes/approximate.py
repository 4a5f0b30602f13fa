"""A fast approximation of the posterior: Laplace's, corrected by importance weights."""

import time
from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy.optimize import minimize
from scipy.special import logsumexp

from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.arviz_data import NamedDraws
from pluralign_stats.models.bayes.convergence import LARGEST_K, Convergence, rhat_and_ess
from pluralign_stats.models.bayes.density import Prior, log_priors, natural
from pluralign_stats.models.bayes.expansion import linearize
from pluralign_stats.models.bayes.fit import BayesEstimates
from pluralign_stats.models.bayes.fitting import as_posterior
from pluralign_stats.models.bayes.joint_vector import joint_at
from pluralign_stats.models.bayes.layout import Layout, build_layout, constrain
from pluralign_stats.models.bayes.posterior import unpack
from pluralign_stats.models.bayes.priors import choose_priors
from pluralign_stats.models.bayes.transforms import cut_points_vjp
from pluralign_stats.models.engine.laplace import Problem, State, curvature, gradient_at
from pluralign_stats.models.engine.optimize import differentiate
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordinal import OrdinalEstimates
from pluralign_stats.models.rebuild import engine_of
from pluralign_stats.models.search import Objective

#: Degrees of freedom of the distribution from which parameters are proposed.
HEAVY = 7.0

#: Steps of the differences that turn parameters into the engine's, and that give the curvature.
STEP, CURVE = 1e-6, 1e-3

#: Largest correction, in posterior standard deviations, that is taken to be linear.
LARGEST_CORRECTION = 1.5

#: Nodes of the quadrature that completes Laplace's approximation.
N_NODES = 7

#: Parameters that are proposed and weighted.
N_PROPOSED = 400

#: Curvature is taken to be at least this, with 1 that of the coordinates' approximation.
FLATTEST = 0.1


def approximate_posterior(
    start: ModelEstimates, priors: Mapping[str, str] | None, draws: int, seed: int
) -> BayesEstimates:
    """Approximate the posterior of the model of a fit.

    Some hundred parameters are proposed from a multivariate t distribution, weighted by their prior
    times the Laplace approximation of the likelihood with all random effects integrated out, and
    drawn again with probabilities in proportion to the smoothed weights. What Laplace's
    approximation lacks is computed by quadrature about the mode and taken to be linear. Random
    effects are drawn from their normal approximation given the parameters.

    Raises
    ------
    InputError
        If the family is Gaussian, the correction is too large to be linear, or the weights' tail is
        too heavy (Pareto k above 0.7).
    """
    if not isinstance(start, OrdinalEstimates):
        raise InputError(
            "the approximation is for ratings in categories; sample with method='nuts'"
        )
    layout = build_layout(start)
    chosen = choose_priors(start, layout, priors)
    prior = chosen.numbers(layout)
    point = linearize(start, layout, prior)
    point = point._replace(warped=np.zeros(len(point.centre), dtype=bool))
    began, rng = time.perf_counter(), np.random.default_rng(seed)
    target = Target(start, layout, prior)
    P = len(point.centre)
    mode, root = target.mode(point.centre, point.root)
    correction = target.correction(mode, root)
    if not np.abs(correction).max() <= LARGEST_CORRECTION:
        raise InputError(
            f"the approximation does not hold for these data (it is off by "
            f"{np.abs(correction).max():.1f} posterior standard deviations, more than "
            f"{LARGEST_CORRECTION}); sample with method='nuts'"
        )
    z, log_proposal = propose(correction, N_PROPOSED, rng)
    phi = mode + z @ root.T
    log_target = np.array([target(each) for each in phi]) + z @ correction
    smooth, k = smoothed(log_target - log_proposal)
    if not k <= LARGEST_K:
        raise InputError(
            f"the approximation does not hold for these data (Pareto k {k:.2f}, above "
            f"{LARGEST_K}); sample with method='nuts'"
        )
    kept = phi[rng.choice(len(phi), draws, p=smooth)]
    inside = np.empty((1, draws, P + len(point.b)))
    inside[0, :, :P] = np.linalg.solve(point.root, (kept - point.centre).T).T
    inside[0, :, P:] = rng.normal(size=(draws, len(point.b)))
    drawn = unpack(start, layout, point, inside)
    effective = float(1 / (smooth**2).sum())
    seconds = time.perf_counter() - began

    def judge(parameters: NamedDraws) -> Convergence:
        table = rhat_and_ess(parameters, 1)
        for column in ("ess_bulk", "ess_tail"):
            table[column] = table[column].clip(upper=effective)
        return Convergence(table, draws, 1, 0, 0, np.nan, seconds, True, k)

    return as_posterior(start, drawn, chosen, judge, xr.Dataset(), "Laplace with weights")


class Target:
    """Log posterior density of phi with the random effects integrated out, up to a constant."""

    def __init__(self, start: OrdinalEstimates, layout: Layout, prior: Prior) -> None:
        self.start, self.layout, self.prior = start, layout, prior
        engine = engine_of(start)
        self.objective = Objective(engine.model.problem, 1)
        self.inverse = np.linalg.inv(engine.back)

    def __call__(self, phi: np.ndarray) -> float:
        """At parameters (P,); -inf where they are not allowed."""
        state = self._state(phi)
        if state is None:
            return -np.inf
        return state.loglik + self._prior(phi)[0]

    def correction(self, mode: np.ndarray, root: np.ndarray) -> np.ndarray:
        """Slopes (P,) of what Laplace's approximation lacks, by coordinates z: mode + root z.

        In these the posterior is close to a standard normal, so that they are also by how many
        standard deviations the approximation is off.
        """

        def lacking(phi: np.ndarray) -> float:
            state = self._state(phi)
            return 0.0 if state is None else remainder(self.objective.problem, state)

        return np.array([lacking(mode + step) - lacking(mode - step) for step in root.T]) / 2

    def slope(self, phi: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient (P,) at parameters."""
        state = self._state(phi)
        if state is None:
            return -np.inf, np.zeros(len(phi))
        steps = np.eye(len(phi)) * STEP
        turned = np.array([self._psi(phi + d) - self._psi(phi - d) for d in steps]) / (2 * STEP)
        by_psi = gradient_at(self.objective.problem, state)
        value, slope = self._prior(phi)
        return state.loglik + value, turned @ by_psi + slope

    def mode(self, centre: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the density is largest, and a factor (P, P) of its inverse curvature there."""

        def downward(z: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = self.slope(centre + root @ z)
            return -value, -root.T @ slope

        found = minimize(downward, np.zeros(len(centre)), jac=True, method="BFGS")
        steps = np.full(len(centre), CURVE)
        bend = differentiate(lambda z: downward(z)[1], found.x, steps, found.jac)
        values, vectors = np.linalg.eigh(0.5 * (bend + bend.T))
        inside = vectors / np.sqrt(np.maximum(values, FLATTEST))
        return centre + root @ found.x, root @ inside

    def _psi(self, phi: np.ndarray) -> np.ndarray:
        """The engine's parameters."""
        return self.inverse @ joint_at(self.start, self.layout, constrain(self.layout, phi))

    def _state(self, phi: np.ndarray) -> State | None:
        try:
            return self.objective.state_at(self._psi(phi))
        except np.linalg.LinAlgError:
            return None

    def _prior(self, phi: np.ndarray) -> tuple[float, np.ndarray]:
        """Log prior density and its gradient."""
        data = self.layout.data
        cuts = natural(phi, data)[1]
        slope, by_cuts = np.zeros(len(phi)), np.zeros_like(cuts)
        value = log_priors(phi, cuts, data, self.prior, slope, by_cuts)
        p, m, _ = self.layout.sizes
        free = phi[p : p + m].reshape(cuts.shape)
        cut_points_vjp(free, by_cuts, slope[p : p + m].reshape(cuts.shape))
        return value, slope


def remainder(problem: Problem, state: State) -> float:
    """What Laplace's approximation lacks, where the term eliminated first is single intercepts.

    Its effects are integrated by adaptive Gauss-Hermite quadrature, the others being where the
    integral is largest, to which one step of Newton's method from the joint mode leads. For one
    term alone that is exact up to the quadrature.
    """
    layout, n = problem.layout, problem.layout.n_inner
    if layout.inner.shape[1] != 1:
        return 0.0
    scaled = problem.system.z
    slope = layout.scatter_add(scaled, integrate_inner(problem, state, state.u)[1]) - state.u
    slope[:n] = 0.0
    u = state.u + problem.system.solve(slope)
    value = integrate_inner(problem, state, u)[0] - 0.5 * u[n:] @ u[n:]
    return float(value - problem.weight @ state.terms.log_p + 0.5 * state.u @ state.u)


def integrate_inner(problem: Problem, state: State, u: np.ndarray) -> tuple[float, np.ndarray]:
    """Log integral over the inner effects about u (N,), and each row's mean score (n,).

    The integral is that of the rows' likelihood times standard normal densities, divided by what
    Laplace's approximation at the state has for its curvature.
    """
    layout, weight = problem.layout, problem.weight
    z, code, n = problem.system.z[:, 0], layout.index[:, 0], layout.n_inner
    shift = layout.gather(problem.system.z, u)
    precision = 1 + np.bincount(code, curvature(problem, state.terms) * z**2, n)
    x, mass = np.polynomial.hermite_e.hermegauss(N_NODES)
    logs, scores = np.empty((N_NODES, n)), np.empty((N_NODES, len(z)))
    for j, node in enumerate(x):
        away = node / np.sqrt(precision)
        terms = state.likelihood(shift + z * away[code])
        logs[j] = np.bincount(code, weight * terms.log_p, n)
        logs[j] += 0.5 * node**2 - 0.5 * (u[:n] + away) ** 2 + np.log(mass[j] / mass.sum())
        scores[j] = weight * terms.score
    total = logsumexp(logs, axis=0)
    mean = np.einsum("jn,jn->n", np.exp(logs - total)[:, code], scores)
    return float(total.sum()), mean


def propose(
    centre: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points (size, P) from a multivariate t distribution, and their log densities."""
    P = len(centre)
    normal = rng.normal(size=(size, P))
    spread = rng.chisquare(HEAVY, size) / HEAVY
    square = (normal**2).sum(axis=1) / spread
    return centre + normal / np.sqrt(spread)[:, None], -0.5 * (HEAVY + P) * np.log1p(square / HEAVY)


def smoothed(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Probabilities from Pareto-smoothed weights, and the shape of their tail."""
    from arviz_stats.base import array_stats

    # It takes log-likelihoods, of which weights are the inverse.
    made, k = array_stats.psislw(-log_weight)
    return np.exp(made - logsumexp(made)), float(k)
