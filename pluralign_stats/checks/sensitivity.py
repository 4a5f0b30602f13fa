"""How much the priors of a Bayesian model, and how much its data, decide what it says.

Prior or likelihood are raised to a power near 1, which makes them a little stronger or weaker, and
draws are weighted accordingly (power-scaling: Kallioinen, Paananen, Bürkner & Vehtari 2024,
Statistics and Computing 34, 57). How far a parameter's posterior moves is its sensitivity.
"""

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.fit import PosteriorEstimates, need_posterior
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result

#: Powers to which prior or likelihood is raised.
POWERS = (0.99, 1.01)

#: Sensitivities from this one on tell of a distribution that moves (same source).
SENSITIVE = 0.05

#: Shuffles of the draws from which it is read what sensitivity arises by chance, and the share of
#: them that lies below the limit.
SHUFFLES, SURE = 20, 0.99

#: What is said of a parameter that moves with prior and data, with the prior only, with the prior
#: and perhaps with the data, with no prior.
CONFLICT, PRIOR = "prior and data pull apart", "the prior decides"
UNCLEAR, FREE = "too few draws to tell", "the prior hardly matters"


def prior_sensitivity(fit: ModelEstimates) -> Result:
    """Measure how every parameter's posterior moves when prior or likelihood are strengthened.

    Parameters
    ----------
    fit
        A Bayesian fit.

    Returns
    -------
    Result
        One row per parameter: columns term, prior (sensitivity to all priors together), likelihood
        (to the data), one column for each class of priors (sensitivity to that class alone),
        diagnosis, method.

    Raises
    ------
    InputError
        If the fit is not Bayesian, or one dimension of a joint model.

    Notes
    -----
    Sensitivity is the distance between the cumulative distributions before and after (cumulative
    Jensen-Shannon), per doubling of the power, and counts from 0.05 on, or from what shuffled draws
    give where that is more. The distribution of the effects of single raters and
    items is part of neither prior nor likelihood. A parameter that moves with the prior and with
    the data may have a prior that contradicts the data; one that moves with the prior alone is one
    on which the data say little.

    References
    ----------
    Kallioinen, Paananen, Bürkner & Vehtari (2024), Statistics and Computing 34, 57.

    Examples
    --------
    >>> pls.checks.prior_sensitivity(posterior).table.columns[:3].tolist()
    ['term', 'prior', 'likelihood']
    """
    fit = need_posterior(fit, "only Bayesian fits have priors; fit the model by fit_bayes")
    from pluralign_stats.models.bayes.log_prior import log_prior_draws
    from pluralign_stats.models.bayes.pointwise import total_log_likelihood
    from pluralign_stats.models.bayes.priors import slots

    if [slot.name for slot, _, _ in fit.chosen] != [s.name for s in slots(fit, fit.layout)]:
        raise InputError(
            "the priors of a joint model belong to all dimensions together; fit this dimension "
            "alone by fit_bayes to see how much its priors matter"
        )
    priors = log_prior_draws(fit)
    names, draws = _parameters(fit)
    parts = {
        "prior": sum(priors.values(), np.zeros(len(draws))),
        "likelihood": total_log_likelihood(fit),
    }
    limits = {name: max(SENSITIVE, by_chance(draws, values)) for name, values in parts.items()}
    parts |= {f"prior of {kind}": values for kind, values in priors.items()}
    table = pd.DataFrame({"term": names})
    for name, values in parts.items():
        table[name] = sensitivity(draws, values)
    moves = {name: table[name] >= limit for name, limit in limits.items()}
    unmoved = np.where(table["likelihood"] > table["prior"], UNCLEAR, PRIOR)
    moved = np.where(moves["likelihood"], CONFLICT, unmoved)
    table["diagnosis"] = np.where(moves["prior"], moved, FREE)
    table["method"] = str(fit.method)
    return Result.of(
        fit,
        table,
        _sentence(table),
        "Sensitivity to priors and data",
        notes=(
            "Numbers tell how far a posterior moves when the prior (all priors, or those of one "
            "class) or the likelihood is made a little stronger. It counts as moving from "
            f"{limits['prior']:.2f} (prior) and {limits['likelihood']:.2f} (likelihood) on: below "
            f"{SENSITIVE:.2f} it hardly moves, and more may arise by chance with these draws.",
        ),
        figure=FOREST,
    )


def sensitivity(draws: np.ndarray, component: np.ndarray) -> np.ndarray:
    """Sensitivities (m,) of draws (S, m) to a part of the log posterior density (S,)."""
    from arviz_stats.base import array_stats

    if np.ptp(component) == 0:
        return np.zeros(draws.shape[1])
    weights = [np.exp(array_stats.power_scale_lw(component, alpha=power)) for power in POWERS]
    return np.array(
        [
            float(
                array_stats.power_scale_sense(
                    each[None], weights[0][None], weights[1][None], *POWERS
                )
            )
            for each in draws.T
        ]
    )


def by_chance(draws: np.ndarray, component: np.ndarray) -> float:
    """Sensitivity that draws (S, m) have to a part (S,) that has nothing to do with them."""
    rng = np.random.default_rng(0)
    found = [sensitivity(draws, rng.permutation(component)) for _ in range(SHUFFLES)]
    return float(np.quantile(found, SURE))


def _parameters(fit: PosteriorEstimates) -> tuple[list[str], np.ndarray]:
    """Names and draws (S, m) of all parameters but the effects of single levels."""
    from pluralign_stats.models.bayes.arviz_data import parameter_draws
    from pluralign_stats.models.bayes.convergence import label

    found = parameter_draws(fit, fit.layout, fit.draws)
    names = [label(kind, name) for kind, (each, _) in found.items() for name in each]
    return names, np.hstack([drawn for _, drawn in found.values()])


def _sentence(table: pd.DataFrame) -> str:
    apart = table[table["diagnosis"] == CONFLICT]
    prior = table[table["diagnosis"] == PRIOR]
    unclear = table[table["diagnosis"] == UNCLEAR]
    if apart.empty and prior.empty and unclear.empty:
        return (
            "The data decide, not the priors: making the priors a little stronger or weaker moves "
            f"no parameter much (the most: {table.loc[table['prior'].idxmax(), 'term']})."
        )
    told = []
    if len(apart):
        told.append(f"prior and data pull apart for {', '.join(apart['term'])}")
    if len(prior):
        told.append(f"the prior decides about {', '.join(prior['term'])}")
    if len(unclear):
        told.append(
            f"there are too few draws to tell whether the prior or the data decide about "
            f"{', '.join(unclear['term'])} (draws=)"
        )
    return (
        f"Of {len(table)} parameters, {'; '.join(told)}. See whether these priors say what you "
        "mean (fit.priors()), and fit again with wider ones (priors=)."
    )
