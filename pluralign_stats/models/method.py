"""How a model was fitted, part by part; as text it is the ``method`` of tables."""

from dataclasses import dataclass

from pluralign_stats.models.formula import RandomTerm

#: What the uncertainty of a model rests on, where that is not the shape of the likelihood.
BAYESIAN = "Bayesian"


@dataclass(frozen=True)
class Method:
    """How a model was fitted.

    Attributes
    ----------
    family
        ``"linear"``, ``"cumulative"`` or ``"binary"``.
    link
        Of an ordinal model; empty for a linear one.
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
