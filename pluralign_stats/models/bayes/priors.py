"""Prior distributions: written as text, changed by name, turned into numbers for the density."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.models.bayes import log_densities
from pluralign_stats.models.bayes.density import Prior
from pluralign_stats.models.bayes.layout import Layout
from pluralign_stats.models.engine.links import LATENT_SD
from pluralign_stats.models.fit import ModelEstimates
from pluralign_stats.models.ordered_beta import OrderedBetaEstimates
from pluralign_stats.settings import CONF_LEVEL

#: Distributions by name: kind of density, names of the arguments, and which must be above 0.
DISTRIBUTIONS: dict[str, tuple[int, tuple[str, ...], tuple[bool, ...]]] = {
    "normal": (log_densities.NORMAL, ("mean", "sd"), (False, True)),
    "student_t": (log_densities.STUDENT, ("df", "mean", "scale"), (True, False, True)),
    "exponential": (log_densities.EXPONENTIAL, ("rate",), (True,)),
    "lkj": (log_densities.CORRELATION, ("eta",), (True,)),
    "dirichlet": (log_densities.FLAT, ("concentration",), (True,)),
}

#: Distributions that parameters of each class may have.
ALLOWED = {
    "coefficients": ("normal", "student_t"),
    "thresholds": ("dirichlet", "normal", "student_t"),
    "scale": ("normal", "student_t"),
    "residual": ("exponential", "normal", "student_t"),
    "precision": ("exponential", "normal", "student_t"),
    "sd": ("exponential", "normal", "student_t"),
    "correlations": ("lkj",),
}

#: Classes of parameters that are above 0.
POSITIVE = ("sd", "residual", "precision")

#: Rate of the default prior of precisions between two ends, and standard deviation, in log odds,
#: of that of their constant, under which mean ratings are spread over the scale.
RATE, CONSTANT = 0.1, 1.5

_WRITTEN = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*")


@dataclass(frozen=True)
class Distribution:
    """One prior, such as ``normal(0, 1)``; of a standard deviation, its part above 0."""

    name: str
    arguments: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{value:.4g}' for value in self.arguments)})"

    def quantiles(self, p: Sequence[float], *, positive: bool) -> np.ndarray:
        """(m,) quantiles, or those of its part above 0; nan of a prior of several at once."""
        if self.name in ("lkj", "dirichlet"):
            return np.full(len(p), np.nan)
        one = frozen(DISTRIBUTIONS[self.name][0], self.arguments)
        # From above: where next to all of a distribution lies below 0, shares from below are all 1.
        above = one.sf(0.0) if positive else 1.0
        return np.asarray(one.isf((1 - np.asarray(p)) * above))


@dataclass(frozen=True)
class PriorSlot:
    """A place for a prior.

    Attributes
    ----------
    name
        What it is called; of a whole class, the name of the class.
    group
        Class of the parameter; see `ALLOWED`.
    default
        Its prior unless another is given.
    where
        Numbers of the parameters phi.
    """

    name: str
    group: str
    default: Distribution
    where: tuple[int, ...]


def frozen(kind: int, a: Sequence[float]) -> stats.distributions.rv_frozen:
    """The distribution of a single number, by the density's kind and its parameters."""
    if kind == log_densities.NORMAL:
        return stats.norm(a[0], a[1])
    if kind == log_densities.EXPONENTIAL:
        return stats.expon(scale=1 / a[0])
    return stats.t(a[0], a[1], a[2])


def parse_prior(name: str, text: object) -> Distribution:
    """Read a prior such as ``"normal(0, 1)"``."""
    found = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InputError(f"the prior of '{name}' must be text such as 'normal(0, 1)', not {text!r}")
    kind, inside = found.groups()
    check_one_of(f"the prior of '{name}'", kind, DISTRIBUTIONS)
    _, arguments, positive = DISTRIBUTIONS[kind]
    form = f"{kind}({', '.join(arguments)})"
    try:
        values = tuple(float(v) for v in inside.split(",") if v.strip())
    except ValueError:
        values = ()
    if len(values) != len(arguments) or not np.isfinite(values).all():
        raise InputError(f"the prior of '{name}' must be {form} with finite numbers, not '{text}'")
    for argument, value, above in zip(arguments, values, positive, strict=True):
        if above and value <= 0:
            raise InputError(
                f"the prior of '{name}': {argument} of {form} must be above 0, not {value:g}"
            )
    return Distribution(kind, values)


def slots(fit: ModelEstimates, layout: Layout) -> list[PriorSlot]:
    """Every place for a prior, with its default.

    Defaults are weakly informative on the latent scale: unit logit SD is taken for one unit of
    other links in proportion, and the standard deviation of the response for a Gaussian family.
    Cuts of ratings between two ends have their prior through the shares of these, and of what lies
    between, where the mean is in the middle of the scale: a Dirichlet one in which what lies
    between counts five times as much as an end, as else nearly all ratings would be expected at
    the ends in three of ten data sets (now in 0.5 to 2 of a hundred).
    """
    logits = fit.family.latent_sd / LATENT_SD["logit"]
    between = isinstance(fit, OrderedBetaEstimates)
    unit = logits if fit.family.ordered else float(np.std(fit.design.y)) or 1.0
    unit = 1.0 if between else unit
    p, m, s = layout.sizes
    found = []
    spans = _spans(fit.design.fixed.columns)
    for k, name in enumerate(layout.names[:p]):
        if layout.constant[k]:
            at = (0.0, CONSTANT) if between else (float(np.mean(fit.design.y)), 2.5 * unit)
            default = Distribution("normal", at)
        else:
            default = Distribution("normal", (0.0, unit / spans[k]))
        found.append(PriorSlot(name, "coefficients", default, (k,)))
    if m:
        default, where = Distribution("dirichlet", (1.0,)), tuple(range(p, p + m))
        found.append(PriorSlot("thresholds", "thresholds", default, where))
    for k in range(p + m, p + m + s):
        if between:
            default = Distribution("exponential", (RATE,))
            found.append(PriorSlot("precision", "precision", default, (k,)))
        elif not fit.family.ordered:
            default = Distribution("exponential", (1 / unit,))
            found.append(PriorSlot("residual", "residual", default, (k,)))
        else:
            found.append(
                PriorSlot(layout.names[k], "scale", Distribution("normal", (0.0, 0.5)), (k,))
            )
    for t, (sizes, partials) in enumerate(layout.blocks()):
        n = sizes.stop - sizes.start
        simple = layout.data.plain[t] or layout.data.shared[t]
        spans = np.ones(n) if simple else _spans(layout.data.Z[t, :, :n])
        for k, span in zip(range(sizes.start, sizes.stop), spans, strict=True):
            default = Distribution("exponential", (span / unit,))
            found.append(PriorSlot(layout.names[k], "sd", default, (k,)))
        if partials.stop > partials.start:
            where = tuple(range(partials.start, partials.stop))
            found.append(
                PriorSlot(
                    f"cor({layout.groups[t]})", "correlations", Distribution("lkj", (2.0,)), where
                )
            )
    return found


def _spans(columns: np.ndarray) -> np.ndarray:
    """(p,) by how much covariates (n, p) move: 1 for the columns of factors, else their SD."""
    whole = np.isin(columns, (-1.0, 0.0, 1.0)).all(axis=0)
    sd = columns.std(axis=0)
    return np.where(whole | (sd == 0), 1.0, sd)


@dataclass(frozen=True)
class Priors:
    """All priors of a model: slots with what stands in them, and whether it was given."""

    entries: tuple[tuple[PriorSlot, Distribution, bool], ...]

    def __iter__(self) -> Iterator[tuple[PriorSlot, Distribution, bool]]:
        return iter(self.entries)

    def table(self, conf_level: float = CONF_LEVEL) -> pd.DataFrame:
        """Columns parameter, prior, set by, estimate (the prior's median), conf_low, conf_high."""
        p = (0.5, (1 - conf_level) / 2, (1 + conf_level) / 2)
        return pd.DataFrame(
            [
                (
                    slot.name,
                    str(d),
                    "user" if given else "default",
                    *d.quantiles(p, positive=slot.group in POSITIVE),
                )
                for slot, d, given in self
            ],
            columns=["parameter", "prior", "set by", "estimate", "conf_low", "conf_high"],
        )

    def numbers(self, layout: Layout) -> Prior:
        """The priors as the density takes them."""
        P = len(layout.names)
        kind, values = np.zeros(P, dtype=np.int64), np.zeros((P, 3))
        positive, cuts = np.zeros(P, dtype=bool), log_densities.SEPARATE
        for slot, distribution, _ in self:
            at = list(slot.where)
            kind[at] = DISTRIBUTIONS[distribution.name][0]
            values[at, : len(distribution.arguments)] = distribution.arguments
            positive[at] = slot.group in POSITIVE
            if distribution.name == "dirichlet":
                cuts = log_densities.DIRICHLET
        for q, (_, partials) in zip(layout.data.q, layout.blocks(), strict=True):
            where = np.arange(partials.start, partials.stop)
            columns = [k for i in range(q) for k in range(i)][: len(where)]
            values[where, 0] += (q - 2 - np.array(columns, dtype=int)) / 2
        return Prior(kind, values, positive, cuts)


def choose_priors(
    fit: ModelEstimates,
    layout: Layout,
    given: Mapping[str, str] | None,
    defaults: Mapping[str, str] | None = None,
) -> Priors:
    """Put the priors that the user gave in the places of the defaults.

    A name is that of a parameter, or of a class: ``"coefficients"``, ``"thresholds"``, ``"scale"``,
    ``"residual"``, ``"precision"``, ``"sd"``, ``"correlations"``; a parameter's own goes before its
    class's, and both before the defaults, which may be replaced by `defaults`.
    """
    given = given or {}
    if not isinstance(given, Mapping):
        raise InputError(
            "the priors must be a dictionary of names and distributions, such as "
            f"{{'coefficients': 'normal(0, 1)'}}, not {type(given).__name__}"
        )
    places = slots(fit, layout)
    known = list(dict.fromkeys([s.name for s in places] + [s.group for s in places]))
    for name in given:
        check_one_of("the name of a prior", name, known)
    entries = []
    for slot in places:
        own = slot.name if slot.name in given else slot.group
        if own not in given or (own == slot.group != slot.name and _constant(slot, layout)):
            usual = (defaults or {}).get(slot.name)
            default = slot.default if usual is None else parse_prior(slot.name, usual)
            entries.append((slot, default, False))
            continue
        chosen = parse_prior(own, given[own])
        check_one_of(f"the prior of '{own}'", chosen.name, ALLOWED[slot.group])
        entries.append((slot, chosen, True))
    return Priors(tuple(entries))


def _constant(slot: PriorSlot, layout: Layout) -> bool:
    """Whether a slot is a Gaussian family's constant, which is no effect."""
    return slot.group == "coefficients" and bool(layout.constant[slot.where[0]])
