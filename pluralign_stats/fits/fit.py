"""What every fit offers: predictions, a summary, effects and tests of them."""

from dataclasses import dataclass, fields
from typing import Any

from pluralign_stats.arguments import checked
from pluralign_stats.effects.comparisons import comparisons as _comparisons
from pluralign_stats.effects.contrasts import contrasts as _contrasts
from pluralign_stats.effects.hypotheses import hypotheses as _hypotheses
from pluralign_stats.effects.percent import percent as _percent
from pluralign_stats.effects.predictions import predictions as _predictions
from pluralign_stats.effects.summary import summary as _summary
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.predict import draw_ratings, rating_sd
from pluralign_stats.models.predict import predict as _predict


@dataclass(frozen=True, eq=False, repr=False)
class Fit(ModelEstimates):
    """A fitted mixed model; `LinearFit` and `OrdinalFit` are the two kinds.

    What was estimated is described by `ModelEstimates`.

    Examples
    --------
    >>> isinstance(fit, pls.Fit), fit.converged
    (True, True)
    >>> fit.random_sd.round(1).to_dict()
    {'rater': 1.0, 'item': 0.7}
    """

    @property
    def rating_sd(self) -> float:
        """Standard deviation of a single rating, averaged in variance over the data."""
        return rating_sd(self)

    # A function of a fit is a method of it, with its signature and its documentation.
    summary = checked(_summary)
    simulate = checked(draw_ratings)
    predict = checked(_predict)
    contrasts = checked(_contrasts)
    percent = checked(_percent)
    predictions = checked(_predictions)
    comparisons = checked(_comparisons)
    hypotheses = checked(_hypotheses)

    def __repr__(self) -> str:
        return repr(self.summary().released())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def made_of[F](kind: type[F], estimates: Any, **more: Any) -> F:
    """A fit of some kind of what was estimated, with further fields of that kind."""
    return kind(**{f.name: getattr(estimates, f.name) for f in fields(estimates)}, **more)
