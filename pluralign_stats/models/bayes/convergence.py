"""Whether the chains agree, and what else there is to doubt of draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import f

from pluralign_stats.models.bayes.arviz_data import NamedDraws
from pluralign_stats.models.bayes.options import Attempt
from pluralign_stats.models.bayes.posterior import Draws
from pluralign_stats.models.bayes.sampler import Sampled
from pluralign_stats.models.parts import RandomPart
from pluralign_stats.notes import Code, Note

#: R-hat of chains that agree is below this (Vehtari et al. 2021, Bayesian Analysis 16, 667-718).
LARGEST_RHAT = 1.01

#: Effective draws of each chain that quantiles and R-hat need (same source).
FEWEST_EFFECTIVE = 100

#: Where the tails of a posterior begin (same source), whatever the level of intervals.
TAIL = 0.05

#: Largest share of paths that may reach the maximum tree depth.
MOST_DEEP = 0.01

#: Share of the random effects that mix less well than the one by which chance is reckoned.
MIX_LESS = 0.05

#: Larger shape parameters of the tail of an approximation's weights mean that these cannot be
#: trusted (Vehtari, Simpson, Gelman, Yao & Gabry 2024, JMLR 25, 72:1-58).
LARGEST_K = 0.7

#: A smaller estimated Bayesian fraction of missing information (E-BFMI) tells of tails that the
#: sampler does not reach (Betancourt 2016, arXiv 1604.00695).
SMALLEST_E_BFMI = 0.3

#: What the notes on bad signs say of a value, its limit, and whose it is.
APART = (
    "the chains do not agree: R-hat of {worst} is {value}, above {limit}; sample more draws "
    "(draws=, tune=) or simplify the model"
)
ALONE = (
    "the parts of the chain do not agree: R-hat of {worst} between them is {value}, above {limit}; "
    "sample more draws and chains (draws=, tune=, chains=) or simplify the model"
)
FEW = (
    "few effective draws for the {part} of the posterior: {{value}} for {{worst}}, {{limit}} are "
    "needed; sample more draws"
)
DIVERGENT = (
    "{value} of {n_draws} draws diverged: estimates may be biased; set target_accept nearer to 1, "
    "or tighten the priors of standard deviations"
)
DEEP = (
    "{value} of {n_draws} paths reached the maximum tree depth; the posterior is badly scaled: "
    "sample longer (tune=) or simplify the model"
)
E_BFMI = (
    "the sampler reaches the tails slowly (E-BFMI {value}, below {limit}); tighten the "
    "priors of standard deviations"
)
LIMIT = (
    "the limit of {most} attempts, each with twice the draws of the last, was reached: raise it "
    "(attempts=), or say how many (draws=)"
)
PARETO = (
    "the approximation does not hold (Pareto k {value}, above {limit}); sample with method='nuts'"
)


@dataclass(frozen=True)
class Threshold:
    """One number by which draws are judged.

    Attributes
    ----------
    name, value
        What it is.
    at_most, limit
        Whether it may be at most its limit, or at least.
    form
        How it is written.
    doubt
        What to say where it is bad.
    worst, group
        The parameter whose it is, in words, or the grouping factor whose levels' effects.
    """

    name: str
    value: float
    at_most: bool
    limit: float
    form: str
    doubt: str
    worst: str = ""
    group: str = ""

    @property
    def good(self) -> bool:
        """Whether the value keeps its limit; one that is missing does not."""
        return bool(self.value <= self.limit if self.at_most else self.value >= self.limit)

    def written(self, number: float) -> str:
        """A number in the sign's form."""
        return f"{number:{self.form}}"

    def note(self, n_draws: int) -> Note:
        """What to doubt, and what to try."""
        text = self.doubt.format(
            value=self.written(self.value),
            limit=self.written(self.limit),
            worst=self.worst or f"an effect of {self.group}",
            n_draws=f"{n_draws:,}",
        )
        return Note(Code.SAMPLING, text, self.name)


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
        Draws whose path diverged, and whose path reached the maximum tree depth.
    e_bfmi
        Smallest estimated Bayesian fraction of missing information over the chains.
    seconds
        Time of tuning and sampling.
    complete
        Whether all draws asked for were made.
    pareto_k
        Of an approximation, the shape of its weights' tail; missing for the sampler.
    effects
        One row per random effect: columns rhat, ess_bulk, ess_tail, group (its grouping factor).
    words
        What sentences call terms that have other names in tables.
    attempt
        How it was sampled, and for which time; None of an approximation.
    """

    table: pd.DataFrame
    n_draws: int
    n_chains: int
    n_divergent: int
    n_deep: int
    e_bfmi: float
    seconds: float
    complete: bool
    pareto_k: float = np.nan
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    words: Mapping[str, str] = field(default_factory=dict)
    attempt: Attempt | None = None

    @property
    def approximate(self) -> bool:
        """Whether the draws come from an approximation, which has no chains."""
        return bool(np.isfinite(self.pareto_k))

    def signs(self) -> list[Threshold]:
        """All by which the draws are judged.

        This is the one rule: a fit's warnings, `converged` and `sampling_check` all follow it.
        """
        if self.approximate:
            k = Threshold("Pareto k", self.pareto_k, True, LARGEST_K, ".2f", PARETO)
            return [k, *self._worst(self.table, "parameters", np.nan)[1:]]
        largest = max(LARGEST_RHAT, rhat_by_chance(self.effects, self))
        deep = np.floor(MOST_DEEP * self.n_draws)
        return [
            *self._worst(self.table, "parameters", LARGEST_RHAT),
            *self._worst(self.effects, "random effects", largest),
            Threshold("divergent draws", self.n_divergent, True, 0.0, ",.0f", DIVERGENT),
            Threshold("paths of maximum tree depth", self.n_deep, True, deep, ",.0f", DEEP),
            Threshold("E-BFMI", self.e_bfmi, False, SMALLEST_E_BFMI, ".2f", E_BFMI),
        ]

    def _worst(self, terms: pd.DataFrame, what: str, largest: float) -> list[Threshold]:
        """Largest R-hat of parameters or effects, and fewest effective draws of centre and tails.

        Of a single chain R-hat compares the parts.
        """
        if not len(terms):
            return []
        alone, needed = self.n_chains == 1, float(FEWEST_EFFECTIVE * self.n_chains)
        rhat = f"R-hat of {what}{' within the chain' if alone else ''}"
        asked = [("rhat", rhat, True, largest, ".3f", ALONE if alone else APART)]
        for column, part in (("ess_bulk", "centre"), ("ess_tail", "tails")):
            name, doubt = f"effective draws, {part} of {what}", FEW.format(part=part)
            asked.append((column, name, False, needed, ",.0f", doubt))
        found = []
        for column, name, at_most, limit, form, doubt in asked:
            badness = terms[column] if at_most else -terms[column]
            row = terms.loc[badness.fillna(np.inf).idxmax()]
            group, term = row.get("group", ""), row.get("term", "")
            worst = self.words.get(term, term)
            found.append(Threshold(name, row[column], at_most, limit, form, doubt, worst, group))
        return found

    def notes(self) -> tuple[Note, ...]:
        """What to doubt, and what to try."""
        bad = [sign.note(self.n_draws) for sign in self.signs() if not sign.good]
        if bad and self.complete and self.attempt and self.attempt.most > 1:
            text = LIMIT.format(most=self.attempt.most)
            bad.append(Note(Code.SAMPLING, text, "attempts"))
        if self.complete:
            return tuple(bad)
        text = (
            f"sampling was interrupted after {self.n_draws // self.n_chains:,} draws of each "
            "chain; run it again for all of them"
        )
        return (Note(Code.SAMPLING, text, "draws"), *bad)

    def describe(self) -> str:
        """How much was sampled and how well, in a sentence's end."""
        fewest = self.table[["ess_bulk", "ess_tail"]].min().min()
        if self.approximate:
            return (
                f"{self.n_draws:,} draws from an approximation in {self.seconds:.1f} s; Pareto k "
                f"{self.pareto_k:.2f} (good below 0.7), fewest effective draws {fewest:,.0f}."
            )
        chains = "1 chain" if self.n_chains == 1 else f"{self.n_chains} chains"
        return (
            f"{self.n_draws:,} draws of {chains} in {self.seconds:.1f} s; largest "
            f"R-hat {self.table['rhat'].max():.3f}, fewest effective draws {fewest:,.0f}, "
            f"divergent {self.n_divergent}{self._told_attempt()}."
        )

    def _told_attempt(self) -> str:
        """Which attempt it was, where one was not enough."""
        a = self.attempt
        if a is None or a.number == 1:
            return ""
        return (
            f"; of attempt {a.number}, with tune={a.how.tune}, "
            f"target_accept={a.how.target_accept:g}"
        )


def diagnose(parameters: NamedDraws, sampled: Sampled) -> Convergence:
    """R-hat and effective sample sizes of draws (S, m) by class, and the sampler's own signs."""
    from arviz_stats.base import array_stats

    stats, n_chains = sampled.stats, len(sampled.z)
    energy = stats["energy"].to_numpy()
    return Convergence(
        rhat_and_ess(parameters, n_chains),
        energy.size,
        n_chains,
        int(stats["diverging"].to_numpy().sum()),
        int(stats["maxdepth_reached"].to_numpy().sum()),
        float(array_stats.bfmi(energy).min()),
        sampled.seconds,
        sampled.complete,
        attempt=sampled.attempt,
    )


def rhat_and_ess_of(drawn: np.ndarray, n_chains: int) -> pd.DataFrame:
    """R-hat and effective sample sizes of draws (S, m): columns rhat, ess_bulk, ess_tail.

    R-hat compares the halves of all chains; of a single chain, its quarters.
    """
    from arviz_stats.base import array_stats

    each = np.moveaxis(drawn.reshape(n_chains, -1, drawn.shape[1]), 2, 0)
    half = each.shape[2] // 2
    parts = each if n_chains > 1 else each[:, :, : 2 * half].reshape(len(each), 2, half)
    return pd.DataFrame(
        {
            "rhat": array_stats.rhat(parts),
            "ess_bulk": array_stats.ess(each, method="bulk"),
            "ess_tail": array_stats.ess(each, method="tail", prob=(TAIL, 1 - TAIL)),
        }
    )


def rhat_and_ess(
    parameters: dict[str, tuple[list[str], np.ndarray]], n_chains: int
) -> pd.DataFrame:
    """The same of draws (S, m) by class, with column term."""
    terms = [label(kind, name) for kind, (names, _) in parameters.items() for name in names]
    made = rhat_and_ess_of(np.hstack([drawn for _, drawn in parameters.values()]), n_chains)
    made.insert(0, "term", terms)
    return made


def effects_rhat_and_ess(random: Sequence[RandomPart], draws: Draws) -> pd.DataFrame:
    """The same of every random effect, with column group (its grouping factor) in place of term."""
    tables = [
        rhat_and_ess_of(effects.reshape(len(effects), -1), draws.n_chains).assign(
            group=part.design.term.group
        )
        for part, effects in zip(random, draws.effects, strict=True)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def rhat_by_chance(effects: pd.DataFrame, c: Convergence) -> float:
    """What the largest R-hat of many effects exceeds in one of 1,000 samples where all is well.

    Of half-chains of N independent draws, R-hat squared is ``1 + (F - 1) / N`` with F from an F
    distribution; N is what the draws of the effects that mix less well are worth (the twentieth
    part, so that a few bad ones do not raise their own limit). Each has two R-hats, of its ranks
    and of those of its distance from the median.
    """
    halves = 2 * max(c.n_chains, 2)
    worth = (
        effects[["ess_bulk", "ess_tail"]].quantile(MIX_LESS).min() if len(effects) else c.n_draws
    )
    N = max(min(worth, c.n_draws) / halves, 2.0) if np.isfinite(worth) else 2.0
    largest = f.isf(0.001 / max(2 * len(effects), 1), halves - 1, halves * (N - 1))
    return float(np.sqrt(1 + (largest - 1) / N))


def label(kind: str, name: str) -> str:
    """What tables call a parameter."""
    forms = {"thresholds": "threshold {}", "sd": "sd({})", "residual": "sd({})", "cor": "cor({})"}
    return forms.get(kind, "{}").format(name)
