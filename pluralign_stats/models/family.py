"""What ratings are to a model, numbers or ordered categories, and how it was fitted."""

from dataclasses import dataclass, field

import numpy as np

from pluralign_stats.models.categories import Categories, labels_of
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.formula import RandomTerm

#: Units of the linear predictor by link.
UNITS = {
    "identity": "rating points",
    "logit": "log odds",
    "probit": "latent standard deviations",
    "cloglog": "complementary log-log",
}


@dataclass(frozen=True, eq=False)
class Family:
    """The family of a model with what follows from it.

    Attributes
    ----------
    link
        ``"identity"`` of numbers; ``"logit"``, ``"probit"`` or ``"cloglog"`` of categories.
    unit
        Unit of the linear predictor.
    latent_sd
        Standard deviation of a rating, or of its latent variable, given all effects; of numbers
        that of a row of weight 1.
    residual
        The variance, averaged over rows of all weights.
    labels, scores
        The J categories, lowest first, and (J,) numbers that they stand for; empty of numbers.
        Of numbers between two ends, labels are these ends and what lies between.
    scale
        The numbers of the whole scale, also of categories that nobody chose, or its two ends.
    """

    link: str
    unit: str
    latent_sd: float
    residual: float
    labels: tuple[str, ...] = ()
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    scale: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def gaussian(cls, sigma: float, weight: np.ndarray) -> "Family":
        """Ratings are numbers, with residuals of SD `sigma` in a row of weight 1."""
        return cls("identity", UNITS["identity"], sigma, float((sigma**2 / weight).mean()))

    @classmethod
    def cumulative(cls, link: str, coded: Categories) -> "Family":
        """Ratings are ordered categories."""
        sd, scale = LATENT_SD[link], (coded.labels, coded.scores, coded.scale)
        return cls(link, UNITS[link], sd, sd**2, *scale)

    @classmethod
    def between(cls, bounds: tuple[float, float], parts: tuple[str, ...], noise: float) -> "Family":
        """Ratings lie between two ends, with errors of variance `noise` on the logit scale."""
        sd, scale = float(np.sqrt(noise)), np.array(bounds)
        return cls("logit", UNITS["logit"], sd, noise, parts, scale=scale)

    @property
    def ordered(self) -> bool:
        """Whether ratings are categories."""
        return len(self.scores) > 0

    @property
    def categories(self) -> list[object]:
        """What tables call the categories: their numbers, or words."""
        plain = list(self.labels) == labels_of(self.scores.tolist())
        return list(self.scores) if plain else list(self.labels)

    @property
    def odds_exact(self) -> bool:
        """Whether the linear predictor is in log odds."""
        return self.link == "logit"

    @property
    def odds_scale(self) -> float:
        """What turns the linear predictor into (approximate) log odds: 1 for a logit.

        Others are compared by the standard deviations of their (latent) residuals.
        """
        return 1.0 if self.odds_exact else LATENT_SD["logit"] / self.latent_sd


#: What the uncertainty of a model rests on, where that is not the shape of the likelihood.
BAYESIAN = "Bayesian"


@dataclass(frozen=True)
class Method:
    """How a model was fitted.

    Attributes
    ----------
    family
        ``"linear"``, ``"cumulative"``, ``"binary"`` or ``"ordered beta"``.
    link
        Of an ordinal or ordered beta model; empty for a linear one.
    estimation
        ``"REML"``, ``"ML"``, ``"Laplace"``, ``"7-point quadrature"``, or how draws were made.
    terms
        The random terms.
    varying
        What varies by group besides the level of ratings: ``"thresholds"``, ``"scale"``.
    inference
        What intervals rest on: ``"Wald"``, ``"Satterthwaite"`` or ``"Bayesian"``.
    """

    family: str
    link: str
    estimation: str
    terms: tuple[RandomTerm, ...]
    varying: tuple[str, ...]
    inference: str

    def __str__(self) -> str:
        words = (self.family, self.link, "mixed" if self.terms else "", "model")
        model = " ".join(word for word in words if word)
        terms = [str(term).replace(" | ", "|") for term in self.terms]
        if self.inference == BAYESIAN:
            return ", ".join([f"Bayesian {model}", *terms, self.estimation])
        varying = [f"{what} by group" for what in self.varying]
        return ", ".join([model, self.estimation, *terms, *varying, self.inference])
