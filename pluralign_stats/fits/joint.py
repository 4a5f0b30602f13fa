"""One model of all dimensions of a study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pluralign_stats.arguments import checked
from pluralign_stats.backing import Backing, stacked
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.comparisons import Pairs
from pluralign_stats.effects.contrasts import contrasts as _contrasts
from pluralign_stats.effects.percent import percent as _percent
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.fits.bayes import BayesOrdinalFit
from pluralign_stats.fits.fit import made_of
from pluralign_stats.models.bayes.arviz_data import correlations_of
from pluralign_stats.models.bayes.joint import JointEstimates, estimate_joint
from pluralign_stats.models.bayes.options import Sampling
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.models.parts import Averaging, Kind
from pluralign_stats.models.raters import RATER
from pluralign_stats.models.summary import coefficient_raters
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.words import joined, levels_of


@dataclass(frozen=True, eq=False, repr=False)
class JointFit(JointEstimates):
    """A model of all dimensions; ``fit["toxicity"]`` is a Bayesian fit of one of them.

    What was estimated is described by `JointEstimates`.

    Examples
    --------
    >>> joint = together.fit
    >>> joint["helpfulness"].params.index.tolist()
    ['gender[T.Male]', 'gender[T.Non-binary]']
    """

    fits: Mapping[str, BayesOrdinalFit]

    @checked
    @documented_by(_contrasts)
    def contrasts(
        self,
        factor: str,
        *,
        pairs: Pairs = "reference",
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        kind: Kind = "mean",
        averaging: Averaging = "marginal",
        conf_level: float = CONF_LEVEL,
    ) -> Result:
        """Differences between levels of a factor on every dimension; see `contrasts`.

        Parameters
        ----------
        factor
            One of the demographics.
        """
        return self._stacked(
            lambda fit: fit.contrasts(
                factor, pairs=pairs, by=by, newdata=newdata, kind=kind, averaging=averaging,
                conf_level=conf_level,
            )
        )  # fmt: skip

    @checked
    @documented_by(_percent)
    def percent(
        self,
        factor: str,
        *,
        pairs: Pairs = "reference",
        by: str | Sequence[str] | None = None,
        newdata: pd.DataFrame | None = None,
        averaging: Averaging = "marginal",
        conf_level: float = CONF_LEVEL,
        lowest: float | None = None,
    ) -> Result:
        """Differences in percent on every dimension; see `percent`.

        Parameters
        ----------
        factor
            One of the demographics.
        """
        return self._stacked(
            lambda fit: fit.percent(
                factor, pairs=pairs, by=by, newdata=newdata, averaging=averaging,
                conf_level=conf_level, lowest=lowest,
            )
        )  # fmt: skip

    def _stacked(self, verb: Callable[[BayesOrdinalFit], Result]) -> Result:
        """The tables of all dimensions, one below the other."""
        made = {name: verb(fit) for name, fit in self.fits.items()}
        table = pd.concat([r.table.assign(dimension=name) for name, r in made.items()])
        last = list(made.values())[-1]
        told = " ".join(f"{name}: {r.sentence}" for name, r in made.items())
        return replace(
            last,
            table=table[ordered_columns(table)].reset_index(drop=True),
            sentence=told,
            meta=replace(last.meta, warnings=self.warnings),
            backing=stacked([r.backing for r in made.values() if r.backing]),
        )

    def correlations(self, conf_level: float = CONF_LEVEL) -> Result:
        """How the effects of raters, and of items, go together on different dimensions.

        Returns
        -------
        Result
            Columns group, first, second, estimate, sd, conf_low, conf_high, prob_positive.
        """
        dimensions, tables = list(self.fits), []
        for group, covariance in self.covariances.items():
            pairs, drawn = correlations_of(covariance)
            table = summarize(drawn, conf_level).assign(
                group=group,
                first=[dimensions[i] for i, _ in pairs],
                second=[dimensions[j] for _, j in pairs],
            )
            tables.append(table[["group", "first", "second", *table.columns[:-3]]])
        made = pd.concat(tables, ignore_index=True)
        top = made.loc[made["estimate"].abs().idxmax()]
        told = (
            f"The closest pair: effects of {levels_of(top['group'])} on {top['first']} and "
            f"{top['second']}, correlation {top['estimate']:.2f} "
            f"[{top['conf_low']:.2f}, {top['conf_high']:.2f}]."
        )
        title = "Correlations between dimensions"
        return Result.of(
            self, made, told, title, unit="correlation", conf_level=conf_level, figure=FOREST
        )

    def pooled(self, conf_level: float = CONF_LEVEL) -> Result:
        """Demographic effects averaged over dimensions, and how far they differ between them."""
        first = self.first
        names = list(first.params.index)
        average = summarize(self.average, conf_level).assign(term=names)
        spread = summarize(self.apart, conf_level, signed=False).assign(term=self.spreads)
        table = pd.concat([average, spread], ignore_index=True)
        table = table[ordered_columns(table)]
        told = self.describe_valence()
        behind = np.append(coefficient_raters(first), [first.design.raters.n] * len(self.spreads))
        return Result.of(
            self, table, told, "Effects averaged over the dimensions",
            unit=first.family.unit, conf_level=conf_level, backing=Backing(behind),
            figure=FOREST,
        )  # fmt: skip

    def describe_valence(self, label: Callable[[str], str] = str) -> str:
        """What a positive number means, with the labels of dimensions that are turned round."""
        turned = joined(label(name) for name, v in self.valence.items() if v < 0)
        return f"Positive means a better rating{f' ({turned} turned round)' if turned else ''}."

    def summary(self, conf_level: float = CONF_LEVEL) -> Result:
        """Coefficients, thresholds and standard deviations of every dimension."""
        each = [fit.summary(conf_level) for fit in self.fits.values()]
        tables = [r.table.assign(dimension=d) for d, r in zip(self.fits, each, strict=True)]
        table = pd.concat(tables, ignore_index=True)
        n = sum(fit.nobs for fit in self.fits.values())
        told = f"{len(self.fits)} dimensions; {self.convergence.describe()}"
        backing = stacked([r.backing for r in each if r.backing], lambda _: f"Ratings on {told}")
        table = table[ordered_columns(table)]
        return Result.of(
            self, table, f"{n:,} ratings on {told}", "All dimensions in one model",
            unit=self.first.family.unit, conf_level=conf_level, backing=backing,
            figure=FOREST,
        )  # fmt: skip

    def priors(self) -> Result:
        """The prior of every parameter."""
        table = self.chosen.table()
        told = "Change a prior by its name: priors={...}."
        return Result.of(
            self, table, told, "Priors",
            conf_level=CONF_LEVEL, interval="of each prior, about its median", warnings=(),
            figure=FOREST,
        )  # fmt: skip

    def __repr__(self) -> str:
        return repr(self.summary().released())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def fit_joint(
    ratings: pd.DataFrame,
    demographics: Sequence[str],
    *,
    valence: Mapping[str, int] | None = None,
    link: str = "logit",
    priors: Mapping[str, str] | None = None,
    draws: int | None = None,
    tune: int = 300,
    chains: int | None = None,
    seed: int = 1,
    target_accept: float = 0.8,
    progress: bool | None = None,
    attempts: int = 4,
    rater: str | Sequence[str] = RATER,
) -> JointFit:
    """Sample one ordinal model of all dimensions.

    Each dimension has thresholds of its own. A rater has an effect on every dimension, and these
    are correlated, as are an item's. Demographic effects are pooled in part: each dimension's
    differs from the average over dimensions by as much as the data say.

    Parameters
    ----------
    ratings
        One row per rater, item and dimension, with columns rater, item, dimension, rating and the
        demographics, such as ``study.ratings``.
    demographics
        Factors or numbers whose effects are modelled.
    valence
        1 for dimensions where agreement is good, -1 where it is bad, such as ``{"toxicity": -1}``;
        effects are turned by it before they are pooled. By default 1.
    link, priors, draws, tune, chains, seed, target_accept, progress, attempts
        As for `fit_bayes`; ``"sd(dimension: gender)"`` is how far effects of gender differ between
        dimensions.
    rater
        The column that tells raters apart where it is not called so, or several whose combinations
        do, such as ``["country", "id"]`` where ids begin anew in each country.

    Returns
    -------
    JointFit
        With one Bayesian fit for each dimension, by its name.

    Raises
    ------
    InputError
        If a column is absent, a valence is not 1 or -1, or the dimensions do not have the same
        categories and groups.

    References
    ----------
    Bürkner & Vuorre (2019), Advances in Methods and Practices in Psychological Science 2,
    77-101.
    Hoffman & Gelman (2014), Journal of Machine Learning Research 15, 1593-1623, for sampling.
    Lewandowski, Kurowicka & Joe (2009), Journal of Multivariate Analysis 100, 1989-2001, for
    the prior of correlations.

    Examples
    --------
    >>> joint = pls.fit_joint(both.ratings, ["gender"], **few)
    >>> joint["toxicity"].params.index.tolist()
    ['gender[T.Male]', 'gender[T.Non-binary]']
    """
    how = Sampling(
        draws=draws, tune=tune, chains=chains, seed=seed, target_accept=target_accept,
        progress=progress, attempts=attempts,
    )  # fmt: skip
    found = estimate_joint(
        ratings, demographics, how, valence=valence, link=link, priors=priors, rater=rater
    )
    fits = {name: made_of(BayesOrdinalFit, each) for name, each in found.fits.items()}
    return JointFit(**{**vars(found), "fits": fits})
