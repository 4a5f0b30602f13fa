"""A fast approximation of the posterior: Laplace's, corrected by importance weights."""

import time
from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy.optimize import minimize
from scipy.special import logsumexp

from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.arviz_data import Parameters
from pluralign_stats.models.bayes.bayes import BayesFit
from pluralign_stats.models.bayes.convergence import Convergence, agreement
from pluralign_stats.models.bayes.curvature import row_terms, term_columns
from pluralign_stats.models.bayes.density import Prior, log_priors, natural
from pluralign_stats.models.bayes.fitting import as_posterior
from pluralign_stats.models.bayes.joint_vector import joint_at
from pluralign_stats.models.bayes.kernels import cut_points_slopes
from pluralign_stats.models.bayes.layout import Layout, Natural, lay_out, natural_of
from pluralign_stats.models.bayes.pointwise import ordinal_log_p
from pluralign_stats.models.bayes.posterior import unpack
from pluralign_stats.models.bayes.priors import choose_priors
from pluralign_stats.models.bayes.reference import refer
from pluralign_stats.models.engine.laplace import OrdinalState, gradient_at
from pluralign_stats.models.engine.optimize import differentiate
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.ordinal import OrdinalFit
from pluralign_stats.models.ordinal_search import Objective
from pluralign_stats.models.rebuild import ordinal_engine

#: Degrees of freedom of the distribution from which parameters are proposed.
HEAVY = 7.0

#: Steps of the differences that turn parameters into the engine's, and that give the curvature.
STEP, CURVE = 1e-6, 1e-3

#: Nodes of the quadrature that completes Laplace's approximation.
N_NODES = 9

#: Curvature is taken to be at least this, with 1 that of the coordinates' approximation.
FLATTEST = 0.1

#: Larger shape parameters of the weights' tail mean that they cannot be trusted (Vehtari, Simpson,
#: Gelman, Yao & Gabry 2024, JMLR 25, 72:1-58).
LARGEST_K = 0.7


def approximate_posterior(
    start: Fit, priors: Mapping[str, str] | None, draws: int, seed: int
) -> BayesFit:
    """Approximate the posterior of the model of a fit.

    Parameters are proposed from a multivariate t distribution, weighted by their prior times the
    Laplace approximation of the likelihood with all random effects integrated out, and drawn
    again with probabilities in proportion to the smoothed weights. Random effects are drawn from
    their normal approximation given the parameters.

    Raises
    ------
    InputError
        If the family is Gaussian, or the weights' tail is too heavy (Pareto k above 0.7).
    """
    if not isinstance(start, OrdinalFit):
        raise InputError(
            "the approximation is for ratings in categories; sample with method='nuts'"
        )
    layout = lay_out(start)
    chosen = choose_priors(start, layout, priors)
    prior = chosen.numbers(layout)
    reference = refer(start, layout, prior)
    began, rng = time.perf_counter(), np.random.default_rng(seed)
    target = Target(start, layout, prior)
    P = len(reference.centre)
    centre, root = target.mode(reference.centre, reference.root)
    phi, log_weight = propose(target, centre, root, draws, rng)
    smooth, k = smoothed(log_weight)
    if not k <= LARGEST_K:
        raise InputError(
            f"the approximation does not hold for these data (Pareto k {k:.2f}, above "
            f"{LARGEST_K}); sample with method='nuts'"
        )
    kept = phi[rng.choice(draws, draws, p=smooth)]
    z = np.empty((1, draws, P + len(reference.b)))
    z[0, :, :P] = np.linalg.solve(reference.root, (kept - reference.centre).T).T
    z[0, :, P:] = rng.normal(size=(draws, len(reference.b)))
    drawn = unpack(start, layout, reference, z)
    effective = float(1 / (smooth**2).sum())
    seconds = time.perf_counter() - began

    def judge(parameters: Parameters) -> Convergence:
        table = agreement(parameters, 1)
        for column in ("ess_bulk", "ess_tail"):
            table[column] = table[column].clip(upper=effective)
        return Convergence(table, draws, 1, 0, 0, np.nan, seconds, True, k)

    return as_posterior(start, drawn, chosen, judge, xr.Dataset(), "Laplace with weights")


class Target:
    """Log posterior density of phi with the random effects integrated out, up to a constant."""

    def __init__(self, start: OrdinalFit, layout: Layout, prior: Prior) -> None:
        self.start, self.layout, self.prior = start, layout, prior
        engine = ordinal_engine(start)
        self.objective = Objective(engine.model.problem, 1)
        self.prepared = engine.model.prepared
        self.inverse, self.turn = np.linalg.inv(engine.back), natural_of(layout)

    def __call__(self, phi: np.ndarray) -> float:
        """At parameters (P,); -inf where they are not allowed."""
        state = self._state(phi)
        if state is None:
            return -np.inf
        return state.loglik + self._remainder(phi, state) + self._prior(phi)[0]

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

    def _remainder(self, phi: np.ndarray, state: OrdinalState) -> float:
        """What Laplace's approximation lacks for single intercepts of the term of most levels.

        Each is integrated by adaptive Gauss-Hermite quadrature, others being at their modes.
        """
        data, layout = self.layout.data, self.layout
        if not len(data.q) or not data.plain[-1] or data.q[-1] != 1:
            return 0.0
        values = self.turn(phi)
        modes = self._modes(values, state)
        cuts = natural(phi, data)[1]
        parts = [term_columns(layout, t) @ mode.ravel() for t, mode in enumerate(modes)]
        eta = (data.X @ phi[: layout.sizes[0]])[data.cell] + np.sum(parts, axis=0)
        code, u = data.codes[-1], modes[-1][:, 0]
        precision = 1 / float(values.covariances[layout.terms[-1]][0, 0])
        information = np.bincount(code, row_terms(layout, phi, cuts, eta).h, len(u))
        x, w = np.polynomial.hermite_e.hermegauss(N_NODES)
        away = np.append(0.0, x)[:, None] / np.sqrt(information + precision)
        scale = np.exp(-(data.S @ values.log_scale)[data.cell]) if data.S.shape[1] else eta[:0]
        by_row = np.empty((len(away), len(eta)))
        ordinal_log_p(
            data.family,
            data.y,
            data.weight,
            data.section,
            np.broadcast_to(cuts, (len(away), *cuts.shape)).copy(),
            eta + away[:, code],
            np.broadcast_to(scale, (len(away), len(scale))).copy(),
            by_row,
        )
        each = np.array([np.bincount(code, row, len(u)) for row in by_row])
        each -= 0.5 * precision * (u + away) ** 2
        terms = each[1:] - each[0] + 0.5 * x[:, None] ** 2
        return float(logsumexp(terms, axis=0, b=(w / w.sum())[:, None]).sum())

    def _modes(self, values: Natural, state: OrdinalState) -> list[np.ndarray]:
        """Modes (L, q) of each term's effects, in the layout's order."""
        prepared = self.prepared
        theta = joint_at(self.start, self.layout, values)[-prepared.layout.covariance.size :]
        factors = prepared.layout.covariance.factors(theta)
        found = []
        for k in self.layout.terms:
            factor = prepared.transforms[k] @ factors[k]
            places = prepared.layout.starts[k][:, None] + np.arange(len(factor))
            found.append(state.u[places] @ factor.T)
        return found

    def _psi(self, phi: np.ndarray) -> np.ndarray:
        """The engine's parameters."""
        return self.inverse @ joint_at(self.start, self.layout, self.turn(phi))

    def _state(self, phi: np.ndarray) -> OrdinalState | None:
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
        cut_points_slopes(free, by_cuts, slope[p : p + m].reshape(cuts.shape))
        return value, slope


def propose(
    target: Target, centre: np.ndarray, root: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters (size, P) from a multivariate t distribution, and their log weights."""
    P = len(centre)
    normal = rng.normal(size=(size, P))
    spread = rng.chisquare(HEAVY, size) / HEAVY
    phi = centre + normal / np.sqrt(spread)[:, None] @ root.T
    square = (normal**2).sum(axis=1) / spread
    proposal = -0.5 * (HEAVY + P) * np.log1p(square / HEAVY)
    return phi, np.array([target(each) for each in phi]) - proposal


def smoothed(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Probabilities from Pareto-smoothed weights, and the shape of their tail."""
    from arviz_stats.base import array_stats

    # It takes log-likelihoods, of which weights are the inverse.
    made, k = array_stats.psislw(-log_weight)
    return np.exp(made - logsumexp(made)), float(k)
