"""Whether the draws of a Bayesian fit can be trusted."""

import numpy as np
import pandas as pd

from pluralign_stats.checks.protocol import Check
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.fit import PosteriorEstimates, need_posterior
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.results import Result
from pluralign_stats.words import levels_of

#: Parameters that the figure shows, those that agree least first.
SHOWN = 4

#: Parts of equal size into which ranks are counted.
N_PARTS = 20


def sampling_check(fit: ModelEstimates) -> Check:
    """Check that the chains agree, and that there are draws enough.

    Parameters
    ----------
    fit
        A Bayesian fit.

    Returns
    -------
    Check
        Table with columns term (what was looked at), value, limit, ok, worst (the parameter that
        the value belongs to; levels of grouping factors are not named), method. Passed if every
        value keeps its limit. The numbers of each parameter are in ``fit.convergence.table``,
        those of each random effect in ``fit.convergence.effects``.

    Raises
    ------
    InputError
        If the fit is not Bayesian.

    Notes
    -----
    R-hat and effective sample sizes are those of Vehtari et al. by ranks, of all parameters and of
    all random effects; limits are theirs. R-hat of a single chain compares its quarters. Among many
    random effects and few draws the largest R-hat is above 1.01 by chance: there the limit is what
    the largest would exceed in one of 1,000 samples from chains that agree. Draws from an
    approximation are judged by the shape of their weights' tail (Pareto k) and their number. The
    fit's `warnings` and `converged` follow the same signs.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16, 667-718.

    Examples
    --------
    >>> pls.checks.sampling_check(posterior).name
    'sampling'
    """
    fit = need_posterior(
        fit, "this check is for fits that were sampled; fit the model by fit_bayes"
    )
    signs = fit.convergence.signs()
    table = pd.DataFrame(
        {
            "term": [s.name for s in signs],
            "value": [s.written(s.value) for s in signs],
            "limit": [
                f"{'at most' if s.at_most else 'at least'} {s.written(s.limit)}" for s in signs
            ],
            "ok": [s.good for s in signs],
            "worst": [f"an effect of {levels_of(s.group)}" if s.group else s.worst for s in signs],
            "method": str(fit.method),
        }
    )
    passed = all(s.good for s in signs) and fit.convergence.complete
    result = Result.of(
        fit, table, _sentence(fit, table, passed=passed), "Sampling", notes=(_note(fit),)
    )
    return Check("sampling", passed, result, (_ranks(fit),))


def _note(fit: PosteriorEstimates) -> str:
    c = fit.convergence
    compared = "the quarters of the chain" if c.n_chains == 1 else "the halves of all chains"
    first = f"R-hat compares {compared} with each other"
    if c.approximate:
        first = "Pareto k tells whether the weights of an approximation can be trusted"
    return (
        f"{first}; effective draws are the independent ones that the draws are worth; worst: the "
        f"parameter that the value belongs to.{f' Sampled with {c.attempt}.' if c.attempt else ''}"
    )


def _sentence(fit: PosteriorEstimates, table: pd.DataFrame, *, passed: bool) -> str:
    c = fit.convergence
    chains = f"of {c.n_chains} chain{'s' if c.n_chains > 1 else ''}"
    drawn = f"{c.n_draws:,} draws {'from an approximation' if c.approximate else chains}"
    if passed:
        several = c.n_chains > 1 or c.approximate
        alone = "" if several else " (a single chain cannot tell whether it found all)"
        return f"The draws can be trusted: {drawn}, {len(table)} of {len(table)} signs good{alone}."
    if not c.complete:
        return f"Sampling was interrupted; there are {drawn}."
    off = table[~table["ok"]]
    told = "; ".join(f"{r.term} {r.value}, {r.limit} asked" for r in off.itertuples())
    return f"The draws should not be trusted yet ({drawn}): {told}."


def _ranks(fit: PosteriorEstimates) -> Result:
    """How the ranks of the worst parameters' draws spread over each chain.

    Columns term, chain, part (twentieth of the ranks), estimate (share of the chain's draws in it),
    limit (half-width of the band in which shares of chains that agree lie, for independent draws).
    """
    from pluralign_stats.models.bayes.arviz_data import parameter_draws
    from pluralign_stats.models.bayes.convergence import label

    c = fit.convergence
    by_name = {
        label(kind, name): drawn[:, k]
        for kind, (names, drawn) in parameter_draws(fit, fit.layout, fit.draws).items()
        for k, name in enumerate(names)
    }
    order = c.table.sort_values("rhat" if c.n_chains > 1 else "ess_bulk", ascending=c.n_chains < 2)
    shown = {name: c.words.get(name, name) for name in order["term"].head(SHOWN)}
    size = c.n_draws // c.n_chains
    share = 1 / N_PARTS
    limit = 3 * np.sqrt(share * (1 - share) / size * (1 - 1 / c.n_chains))
    rows = []
    for name, told in shown.items():
        ranks = np.argsort(np.argsort(by_name[name], kind="stable"))
        for chain, each in enumerate(fit.draws.by_chain(ranks * N_PARTS // len(ranks)), 1):
            counts = np.bincount(each, minlength=N_PARTS)
            rows += [(told, chain, part, n / size, limit) for part, n in enumerate(counts, 1)]
    made = pd.DataFrame(rows, columns=["term", "chain", "part", "estimate", "limit"])
    sentence = f"Ranks of the draws of {', '.join(shown.values())} are spread over the chains."
    title = "Ranks of draws by chain"
    return Result.of(fit, made, sentence, title, unit="share of draws", warnings=(), figure=FOREST)
