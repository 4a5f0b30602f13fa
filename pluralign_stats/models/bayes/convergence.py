"""Whether the chains agree, and the posterior in a table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from pluralign_stats.models.bayes.bayes import Posterior
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.results import Metadata, Result, ordered_columns

#: R-hat of chains that agree is below this (Vehtari et al. 2021, Bayesian Analysis 16, 667-718).
LARGEST_RHAT = 1.01

#: Effective draws of each chain that quantiles and R-hat need (same source).
FEWEST_EFFECTIVE = 100

#: Where the tails of a posterior begin (same source), whatever the level of intervals.
TAIL = 0.05

#: Smaller energy fractions tell of tails that the sampler does not reach (Betancourt 2016).
SMALLEST_ENERGY = 0.3


@dataclass(frozen=True, eq=False)
class Convergence:
    """How the sampling went.

    Attributes
    ----------
    table
        One row per parameter: columns term, rhat, ess_bulk, ess_tail.
    n_draws, n_chains
        Draws in all, and chains.
    n_divergent, n_deep
        Draws whose path diverged, and whose path was cut at the greatest length.
    energy
        Smallest energy fraction of missing information over the chains.
    seconds
        Time of tuning and sampling.
    complete
        Whether all draws asked for were made.
    pareto_k
        Of an approximation, the shape of its weights' tail; missing for the sampler.
    """

    table: pd.DataFrame
    n_draws: int
    n_chains: int
    n_divergent: int
    n_deep: int
    energy: float
    seconds: float
    complete: bool
    pareto_k: float = np.nan

    def notes(self) -> tuple[str, ...]:
        """What to doubt, and what to try."""
        told = []
        if not self.complete:
            told.append(
                f"sampling was interrupted after {self.n_draws // self.n_chains:,} draws of each "
                "chain; run it again for all of them"
            )
        worst = self.table.loc[self.table["rhat"].idxmax()] if len(self.table) else None
        if worst is not None and not worst["rhat"] <= LARGEST_RHAT:
            told.append(
                f"the chains do not agree: R-hat of {worst['term']} is {worst['rhat']:.3f}, above "
                f"{LARGEST_RHAT}; sample more draws (draws=, tune=) or simplify the model"
            )
        needed = FEWEST_EFFECTIVE * self.n_chains
        for column, what in (("ess_bulk", "centre"), ("ess_tail", "tails")):
            least = self.table.loc[self.table[column].idxmin()] if len(self.table) else None
            if least is not None and not least[column] >= needed:
                told.append(
                    f"few effective draws for the {what} of the posterior: {least[column]:.0f} for "
                    f"{least['term']}, {needed} are needed; sample more draws"
                )
        if self.n_divergent:
            told.append(
                f"{self.n_divergent} of {self.n_draws:,} draws diverged: estimates may be biased; "
                "set target_accept nearer to 1, or tighten the priors of standard deviations"
            )
        if self.n_deep > 0.01 * self.n_draws:
            told.append(
                f"{self.n_deep} of {self.n_draws:,} paths were cut at the greatest length; the "
                "posterior is badly scaled: sample longer (tune=) or simplify the model"
            )
        if self.energy < SMALLEST_ENERGY:
            told.append(
                f"the sampler reaches the tails slowly (energy fraction {self.energy:.2f}, below "
                f"{SMALLEST_ENERGY}); tighten the priors of standard deviations"
            )
        return tuple(told)

    def told(self) -> str:
        """How much was sampled and how well, in a sentence's end."""
        fewest = self.table[["ess_bulk", "ess_tail"]].min().min()
        if np.isfinite(self.pareto_k):
            return (
                f"{self.n_draws:,} draws from an approximation in {self.seconds:.1f} s; Pareto k "
                f"{self.pareto_k:.2f} (good below 0.7), fewest effective draws {fewest:,.0f}."
            )
        chains = "1 chain" if self.n_chains == 1 else f"{self.n_chains} chains"
        return (
            f"{self.n_draws:,} draws of {chains} in {self.seconds:.1f} s; largest "
            f"R-hat {self.table['rhat'].max():.3f}, fewest effective draws {fewest:,.0f}, "
            f"divergent {self.n_divergent}."
        )


def converge(
    parameters: dict[str, tuple[list[str], np.ndarray]],
    n_chains: int,
    stats: xr.Dataset,
    seconds: float,
    *,
    complete: bool,
) -> Convergence:
    """R-hat and effective sample sizes of draws (S, m) by class, and the sampler's own signs."""
    energy = stats["energy"].to_numpy()
    change = (np.diff(energy, axis=1) ** 2).mean(axis=1) / np.maximum(energy.var(axis=1), 1e-300)
    return Convergence(
        agreement(parameters, n_chains),
        energy.size,
        n_chains,
        int(stats["diverging"].to_numpy().sum()),
        int(stats["maxdepth_reached"].to_numpy().sum()),
        float(change.min()),
        seconds,
        complete,
    )


def agreement(parameters: dict[str, tuple[list[str], np.ndarray]], n_chains: int) -> pd.DataFrame:
    """R-hat and effective sample sizes: columns term, rhat, ess_bulk, ess_tail."""
    import arviz as az

    rows = []
    for kind, (names, drawn) in parameters.items():
        values = drawn.reshape(n_chains, -1, drawn.shape[1])
        for k, name in enumerate(names):
            each = values[:, :, k]
            rhat = float(az.rhat(each if n_chains > 1 else _halves(each)))
            bulk, tail = (
                float(az.ess(each, method="bulk")),
                float(az.ess(each, method="tail", prob=(TAIL, 1 - TAIL))),
            )
            rows.append((label(kind, name), rhat, bulk, tail))
    return pd.DataFrame(rows, columns=["term", "rhat", "ess_bulk", "ess_tail"])


def _halves(chain: np.ndarray) -> np.ndarray:
    """Halves (2, m) of one chain (1, draws), to be compared like chains."""
    return chain[:, : chain.shape[1] // 2 * 2].reshape(2, -1)


def label(kind: str, name: str) -> str:
    """What tables call a parameter."""
    forms = {"thresholds": "threshold {}", "sd": "sd({})", "residual": "sd({})", "cor": "cor({})"}
    return forms.get(kind, "{}").format(name)


def posterior_summary(fit: Posterior, conf_level: float) -> Result:
    """Posterior means, SDs and intervals of all parameters; see `Posterior.summary`."""
    from pluralign_stats.models.bayes.arviz_data import parameter_draws

    tables = []
    for kind, (names, drawn) in parameter_draws(fit, fit.layout, fit.draws).items():
        signed = kind in ("coefficients", "changes", "scale", "cor")
        terms = [label(kind, name) for name in names]
        table = summarize(drawn, conf_level, signed=signed)
        table.insert(0, "term", terms)
        tables.append(table)
    made = pd.concat(tables, ignore_index=True)
    made = made.merge(fit.convergence.table, on="term", how="left").assign(method=fit.method)
    meta = Metadata(
        fit.formula,
        fit.design.data_kind,
        fit.unit,
        conf_level,
        fit.interval,
        (
            "Estimate: mean of the posterior; sd: its standard deviation; prob positive: "
            "probability that the parameter is above 0. R-hat near 1 and many effective draws "
            "(ess) mean that the sampler has settled.",
        ),
        fit.warnings,
    )
    groups = ", ".join(f"{r.n_levels:,} levels of {r.group}" for r in fit.groups().itertuples())
    sentence = (
        f"{fit.nobs:,} ratings{', ' + groups if groups else ''}; rows left out for missing values: "
        f"{fit.design.n_dropped:,}; {fit.convergence.told()}"
    )
    return Result(made[ordered_columns(made)], sentence, meta)
