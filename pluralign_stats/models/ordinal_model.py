"""An ordinal mixed model in the coordinates in which its likelihood is searched."""

import numpy as np
from scipy.linalg import block_diag, null_space
from scipy.special import ndtri

from pluralign_stats.models.categories import Categories
from pluralign_stats.models.design import Design
from pluralign_stats.models.engine.coordinates import cut_design
from pluralign_stats.models.engine.laplace import State, profile_information
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.engine.ordinal_rows import OrdinalProblem
from pluralign_stats.models.mixed import Prepared, approximate_information, initial_sds, prepare
from pluralign_stats.models.rating_formats import Offered

#: Gaps that the free parameters move by less than this share of the largest move are held at 0.
HELD = 1e-9


class OrdinalModel:
    """An ordinal model in the engine's coordinates.

    Parameters
    ----------
    design, categories, basis, link
        The data and the form of the model.
    offered
        Which categories raters could choose.
    held
        (h, k) combinations of the first k location coefficients that are held at 0.
    """

    design: Design
    prepared: Prepared
    problem: OrdinalProblem

    def __init__(
        self,
        design: Design,
        categories: Categories,
        basis: np.ndarray,
        link: str,
        offered: Offered,
        held: np.ndarray | None = None,
    ) -> None:
        self.design, self.categories, self.basis, self.link = design, categories, basis, link
        self.offered = offered
        self.prepared = prepare(design)
        none = np.zeros((len(design.y), 0))
        nominal, scale = (none if m is None else m.columns for m in (design.nominal, design.scale))
        self.cuts = cut_design(
            categories.codes, basis, design.fixed.columns, nominal, scale, offered.ends
        )
        self.free = np.eye(self.cuts.lower.shape[1])
        if held is not None and len(held):
            rest = len(self.free) - held.shape[1]
            self.free = block_diag(null_space(held), np.eye(rest))
        order = self.prepared.layout.order
        self.problem = OrdinalProblem(
            self.prepared.layout,
            design.weight[order],
            lower=self.cuts.lower[order] @ self.free,
            upper=self.cuts.upper[order] @ self.free,
            bottom=self.cuts.bottom[order],
            top=self.cuts.top[order],
            scale=self.cuts.scale[order],
            link=link,
        )

    @property
    def back(self) -> np.ndarray:
        """Matrix that turns the engine's parameters, none of them held, into those of the fit."""
        return block_diag(self.cuts.back, np.eye(self.prepared.layout.covariance.size))

    @property
    def lift(self) -> np.ndarray:
        """Matrix that turns the parameters into those of the model without anything held."""
        rest = self.cuts.scale.shape[1] + self.prepared.layout.covariance.size
        return block_diag(self.free, np.eye(rest))

    def start(self) -> np.ndarray:
        """First guess of the parameters, from least squares on the category numbers."""
        design, codes = self.design, self.categories.codes
        X = self.cuts.location
        y = codes - codes.mean()
        slope = X.T @ y / len(y)
        residual = y - X @ slope
        sizes = initial_sds(self.prepared, residual)
        spread = max(residual.std(), 0.1 * codes.std())
        unit = LATENT_SD[self.link] * np.sqrt(1 + sum((size**2).sum() for size in sizes)) / spread
        counts = np.bincount(codes, design.weight, len(self.basis) + 1) + 0.5
        cuts = ndtri(np.cumsum(counts)[:-1] / counts.sum()) * unit * codes.std()
        location = np.concatenate([self._start_cuts(cuts), slope * unit])
        theta = self.prepared.layout.covariance.start(sizes) * LATENT_SD[self.link]
        return np.concatenate([self.free.T @ location, np.zeros(self.cuts.scale.shape[1]), theta])

    def _start_cuts(self, cuts: np.ndarray) -> np.ndarray:
        """Parameters of the thresholds near `cuts` (J - 1,) in all rows, but for gaps held at 0."""
        nominal = np.unique(self.cuts.nominal, axis=0)
        patterns = np.hstack([np.ones((len(nominal), 1)), nominal])
        k = patterns.shape[1] * self.basis.shape[1]
        free = self.free[:k, : self.free.shape[1] - self.cuts.location.shape[1]]
        gaps = np.kron(patterns, np.diff(self.basis, axis=0)) @ free
        size = np.linalg.norm(gaps, axis=1).reshape(len(patterns), -1)
        steps = np.where(size > HELD * size.max(initial=0.0), np.diff(cuts), 0.0)
        wanted = np.hstack([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)])
        wanted += cuts.mean() - wanted.mean(axis=1, keepdims=True)
        rows = np.kron(patterns, self.basis) @ free
        return free @ np.linalg.lstsq(rows, wanted.ravel(), rcond=None)[0]

    def curvature(self, state: State) -> np.ndarray:
        """Guess of the information on all parameters, exact for all but theta nearly."""
        theta = self.problem.split(state.psi)[2]
        theta = approximate_information(self.prepared, theta, LATENT_SD[self.link])
        return block_diag(profile_information(self.problem, state), theta)
