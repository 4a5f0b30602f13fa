"""Parts of a fitted model: random terms, all parameters together, kinds of predictions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pluralign_stats.models.matrices import RandomDesign

#: What stands for the random effects: their whole distribution, the predicted effects of the rows'
#: own groups, or zero.
Averaging = Literal["marginal", "conditional", "zero"]

#: What is predicted: category probabilities, mean rating, share of positive ratings, or the linear
#: predictor.
Kind = Literal["probability", "mean", "positive", "linear"]


@dataclass(frozen=True, eq=False)
class RandomPart:
    """Estimates of one random term.

    Attributes
    ----------
    design
        The term, its q effects and its L levels.
    covariance
        (q, q) covariance of the effects between levels.
    modes
        (L, q) predicted effects of the levels.
    conditional
        (L, q, q) their covariances given the data and the other parameters.
    """

    design: RandomDesign
    covariance: np.ndarray
    modes: np.ndarray
    conditional: np.ndarray

    @property
    def sd(self) -> pd.Series:
        """Standard deviations of the effects between levels."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), list(self.design.labels))

    @property
    def correlations(self) -> pd.DataFrame:
        """(q, q) correlations; missing where a variance is 0."""
        sd = self.sd.to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            matrix = self.covariance / np.outer(sd, sd)
        return pd.DataFrame(matrix, self.design.effects, self.design.effects)

    def variance(self) -> np.ndarray:
        """(n,) variance of the term's contribution to each row."""
        return np.einsum("ne,ef,nf->n", self.design.z, self.covariance, self.design.z)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Contribution (n,) of newly drawn effects to each row of the data."""
        q, n_levels = len(self.covariance), len(self.design.levels)
        effects = rng.multivariate_normal(np.zeros(q), self.covariance, n_levels, method="eigh")
        return (self.design.z * effects[self.design.codes]).sum(axis=1)


@dataclass(frozen=True, eq=False)
class Parameters:
    """All parameters of a model together, as predictions depend on them.

    Attributes
    ----------
    estimates, vcov
        (k,) estimates and (k, k) covariance; parameters on a boundary have zero covariance.
    sizes
        How many of them are location coefficients, scale coefficients, and entries of the
        lower-triangular factors of the random effects' covariances.
    """

    estimates: np.ndarray
    vcov: np.ndarray
    sizes: tuple[int, int, int]

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Location coefficients, scale coefficients, factor entries."""
        a, b = self.sizes[0], self.sizes[0] + self.sizes[1]
        return self.estimates[:a], self.estimates[a:b], self.estimates[b:]


def combined_covariance(rows: np.ndarray, vcov: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Covariance of combinations (m, k), missing only where they need what is missing.

    Weights up to `least` need nothing.
    """
    lost = np.isnan(np.diag(vcov))
    known = np.where(lost[:, None] | lost, 0.0, vcov)
    made = rows @ known @ rows.T
    missing = (np.abs(rows[:, lost]) > least).any(axis=1)
    made[missing] = np.nan
    made[:, missing] = np.nan
    return made


@dataclass(frozen=True, eq=False)
class ParameterDraws:
    """Several sets of parameters at which to predict, such as draws.

    Attributes
    ----------
    parameters
        (S, k) parameters, as `Fit.joint` has them.
    effects
        (S, L, q) effects of the levels of each random term; empty for those that the fit predicts.
    """

    parameters: np.ndarray
    effects: tuple[np.ndarray, ...] = ()

    @property
    def mean(self) -> "ParameterDraws":
        """Their mean as one set."""
        effects = tuple(each.mean(axis=0)[None] for each in self.effects)
        return ParameterDraws(self.parameters.mean(axis=0)[None], effects)

    def __iter__(self) -> Iterator[tuple[np.ndarray, tuple[np.ndarray, ...]]]:
        """Each set's parameters (k,) and effects (L, q)."""
        for s, parameters in enumerate(self.parameters):
            yield parameters, tuple(each[s] for each in self.effects)
