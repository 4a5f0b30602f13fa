"""Whether the draws of a Bayesian fit can be trusted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import f

from pluralign_stats.checks.names import levels_of, plain_coefficient
from pluralign_stats.checks.protocol import Check
from pluralign_stats.errors import InputError
from pluralign_stats.models.bayes.bayes import Posterior
from pluralign_stats.models.fit import Fit
from pluralign_stats.results import Metadata, Result

if TYPE_CHECKING:
    from pluralign_stats.models.bayes.convergence import Convergence

#: Parameters that the figure shows, those that agree least first.
SHOWN = 4

#: Largest share of paths that may be cut at the greatest length.
MOST_DEEP = 0.01

#: Share of the random effects that mix less well than the one by which chance is reckoned.
MIX_LESS = 0.05

#: Parts of equal size into which ranks are counted.
N_PARTS = 20


def sampling_check(fit: Fit) -> Check:
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
        value keeps its limit. The numbers of each parameter are in ``fit.convergence.table``.

    Raises
    ------
    InputError
        If the fit is not Bayesian.

    Notes
    -----
    R-hat and effective sample sizes are those of Vehtari et al. (2021, Bayesian Analysis 16,
    667-718) by ranks, of all parameters and of all random effects; limits are theirs. Among many
    random effects and few draws the largest R-hat is above 1.01 by chance: there the limit is what
    the largest would exceed in one of 1,000 samples from chains that agree.
    """
    if not isinstance(fit, Posterior):
        raise InputError("this check is for fits that were sampled; fit the model by fit_bayes")
    signs = _signs(fit)
    table = pd.DataFrame(
        {
            "term": [s.name for s in signs],
            "value": [s.written(s.value) for s in signs],
            "limit": [
                f"{'at most' if s.at_most else 'at least'} {s.written(s.limit)}" for s in signs
            ],
            "ok": ["yes" if s.good else "no" for s in signs],
            "worst": [s.worst for s in signs],
            "method": fit.method,
        }
    )
    passed = all(s.good for s in signs) and fit.convergence.complete
    meta = Metadata(
        "Sampling",
        fit.design.data_kind,
        conf_level=None,
        notes=(
            "R-hat compares the chains with each other; effective draws are the independent ones "
            "that the draws are worth; worst: the parameter that the value belongs to.",
        ),
        warnings=fit.warnings,
    )
    result = Result(table, _sentence(fit, table, passed=passed), meta)
    return Check("sampling", passed, result, (_ranks(fit),))


@dataclass(frozen=True)
class Sign:
    """One number by which draws are judged, its limit, how it is written, and whose it is."""

    name: str
    value: float
    at_most: bool
    limit: float
    form: str
    worst: str = ""

    @property
    def good(self) -> bool:
        """Whether the value keeps its limit."""
        return bool(self.value <= self.limit if self.at_most else self.value >= self.limit)

    def written(self, number: float) -> str:
        """A number in the sign's form."""
        return f"{number:{self.form}}"


def _signs(fit: Posterior) -> list[Sign]:
    from pluralign_stats.models.bayes.convergence import (
        FEWEST_EFFECTIVE,
        LARGEST_RHAT,
        SMALLEST_ENERGY,
    )

    c = fit.convergence
    effects, needed = effects_table(fit), float(FEWEST_EFFECTIVE * c.n_chains)
    signs = []
    for terms, what, largest in (
        (c.table, "parameters", LARGEST_RHAT),
        (effects, "random effects", max(LARGEST_RHAT, rhat_by_chance(effects, c))),
    ):
        if not len(terms):
            continue
        if c.n_chains > 1:
            row = terms.loc[terms["rhat"].fillna(np.inf).idxmax()]
            worst = plain_coefficient(row["term"])
            signs.append(Sign(f"R-hat of {what}", row["rhat"], True, largest, ".3f", worst))
        for column, part in (("ess_bulk", "centre"), ("ess_tail", "tails")):
            row = terms.loc[terms[column].fillna(-np.inf).idxmin()]
            name = f"effective draws, {part} of {what}"
            worst = plain_coefficient(row["term"])
            signs.append(Sign(name, row[column], False, needed, ",.0f", worst))
    deep = np.floor(MOST_DEEP * c.n_draws)
    return [
        *signs,
        Sign("divergent draws", c.n_divergent, True, 0.0, ",.0f"),
        Sign("paths cut at the greatest length", c.n_deep, True, deep, ",.0f"),
        Sign("energy fraction", c.energy, False, SMALLEST_ENERGY, ".2f"),
    ]


def rhat_by_chance(effects: pd.DataFrame, c: "Convergence") -> float:
    """What the largest R-hat of many effects exceeds in one of 1,000 samples where all is well.

    Of half-chains of N independent draws, R-hat squared is ``1 + (F - 1) / N`` with F from an F
    distribution; N is what the draws of the effects that mix less well are worth (the twentieth
    part, so that a few bad ones do not raise their own limit). Each has two R-hats, of its ranks
    and of those of its distance from the median.
    """
    halves = 2 * c.n_chains
    worth = (
        effects[["ess_bulk", "ess_tail"]].quantile(MIX_LESS).min() if len(effects) else c.n_draws
    )
    N = max(min(worth, c.n_draws) / halves, 2.0) if np.isfinite(worth) else 2.0
    largest = f.isf(0.001 / max(2 * len(effects), 1), halves - 1, halves * (N - 1))
    return float(np.sqrt(1 + (largest - 1) / N))


def effects_table(fit: Posterior) -> pd.DataFrame:
    """R-hat and effective draws of every random effect: columns term, rhat, ess_bulk, ess_tail."""
    from arviz_stats.base import array_stats

    from pluralign_stats.models.bayes.convergence import TAIL

    draws, tables = fit.draws, []
    for part, effects in zip(fit.random, draws.effects, strict=True):
        values = np.moveaxis(draws.by_chain(effects.reshape(len(effects), -1)), 2, 0)
        columns = {
            "rhat": array_stats.rhat(values),
            "ess_bulk": array_stats.ess(values, method="bulk"),
            "ess_tail": array_stats.ess(values, method="tail", prob=(TAIL, 1 - TAIL)),
        }
        group = part.design.term.group
        tables.append(pd.DataFrame({"term": f"an effect of {levels_of(group)}", **columns}))
    columns_ = ["term", "rhat", "ess_bulk", "ess_tail"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns_)


def _sentence(fit: Posterior, table: pd.DataFrame, *, passed: bool) -> str:
    c = fit.convergence
    drawn = f"{c.n_draws:,} draws of {c.n_chains} chain{'s' if c.n_chains > 1 else ''}"
    if passed:
        alone = "" if c.n_chains > 1 else " (a single chain cannot tell whether it found all)"
        return f"The draws can be trusted: {drawn}, {len(table)} of {len(table)} signs good{alone}."
    if not c.complete:
        return f"Sampling was interrupted; there are {drawn}."
    off = table[table["ok"] == "no"]
    told = "; ".join(f"{r.term} {r.value}, {r.limit} asked" for r in off.itertuples())
    return f"The draws should not be trusted yet ({drawn}): {told}."


def _ranks(fit: Posterior) -> Result:
    """How the ranks of the worst parameters' draws spread over each chain.

    Columns term, chain, part (twentieth of the ranks), estimate (share of the chain's draws in it),
    limit (half-width of the band in which shares of chains that agree lie, for independent draws).
    """
    from pluralign_stats.models.bayes.arviz_data import parameter_draws
    from pluralign_stats.models.bayes.convergence import label

    c = fit.convergence
    by_name = {
        plain_coefficient(label(kind, name)): drawn[:, k]
        for kind, (names, drawn) in parameter_draws(fit, fit.layout, fit.draws).items()
        for k, name in enumerate(names)
    }
    order = c.table.sort_values("rhat" if c.n_chains > 1 else "ess_bulk", ascending=c.n_chains < 2)
    shown = [plain_coefficient(name) for name in order["term"].head(SHOWN)]
    size = c.n_draws // c.n_chains
    share = 1 / N_PARTS
    limit = 3 * np.sqrt(share * (1 - share) / size * (1 - 1 / c.n_chains))
    rows = []
    for name in shown:
        ranks = np.argsort(np.argsort(by_name[name], kind="stable"))
        for chain, each in enumerate(fit.draws.by_chain(ranks * N_PARTS // len(ranks)), 1):
            counts = np.bincount(each, minlength=N_PARTS)
            rows += [(name, chain, part, n / size, limit) for part, n in enumerate(counts, 1)]
    made = pd.DataFrame(rows, columns=["term", "chain", "part", "estimate", "limit"])
    sentence = f"Ranks of the draws of {', '.join(shown)} are spread over the chains."
    meta = Metadata("Ranks of draws by chain", fit.design.data_kind, "share of draws", None)
    return Result(made, sentence, meta)
