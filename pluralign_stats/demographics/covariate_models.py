"""Models of a covariate: between what it differs, and which effects differ with that.

A covariate that is the same in all ratings of an item rests on items, of which there are as many
as there are and not as many as ratings: items are random. Where it differs within the ratings of
raters (of items, of prompts) its effect may differ between these, and does so in the model (Barr,
Levy, Scheepers & Tily 2013, Journal of Memory and Language 68, 255-278): without such slopes the
errors of its effect are too small.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from pandas.api.types import is_numeric_dtype

from pluralign_stats.demographics.plans import FEWEST_ITEMS
from pluralign_stats.fits.fit import Fit
from pluralign_stats.notes import Code, is_about
from pluralign_stats.study.formats import FORMAT
from pluralign_stats.words import joined

#: Of more levels slopes are not correlated: each pair of them would have a correlation.
MOST_CORRELATED = 3

#: Between fewer raters, items or prompts within which a covariate differs, its effect is the same.
FEWEST_SLOPES = 5

#: A covariate is the same within raters, items or prompts if it differs within a smaller share of
#: them; where they are few, if it does so within less than half.
A_FEW, HALF = 0.05, 0.5

#: From so many items a prompt on, on average, prompts are a level of their own.
ITEMS_A_PROMPT = 1.5

#: What ratings belong to, and one of each.
UNITS = ("rater", "item", "prompt")
_A = {"rater": "a rater", "item": "an item", "prompt": "a prompt"}


@dataclass(frozen=True)
class Spread:
    """Between what a covariate differs, among some ratings.

    Attributes
    ----------
    same
        Kinds of units (rater, item, prompt) within which it is the same, but for a few units.
    within
        Kinds of units within which it differs.
    slopes
        Those of `within` of which its effect can differ: units with ratings to tell it.
    n
        How many units of each kind there are.
    """

    same: tuple[str, ...]
    within: tuple[str, ...]
    slopes: tuple[str, ...]
    n: Mapping[str, int]

    @property
    def unit(self) -> str:
        """What one value belongs to: a rater, an item, or a rating."""
        return next((unit for unit in UNITS if unit in self.same), "rating")


def indistinct_unit(data: pd.DataFrame, name: str, spread: Spread) -> str:
    """The kind of unit of which each value of a covariate has one at most; empty if there is none.

    What the covariate does cannot be told there from how the units differ in any case.
    """
    least = 2 if is_numeric_dtype(data[name]) else data[name].nunique()
    crowded = (unit for unit in ("rater", *_levels(data, spread)) if unit in spread.same)
    return next((unit for unit in crowded if spread.n[unit] <= least), "")


def spread_of(data: pd.DataFrame, name: str) -> Spread:
    """Find between what a covariate differs.

    Parameters
    ----------
    data
        Ratings with the columns rater, item, prompt and `name`.
    """
    same, within, slopes = list[str](), list[str](), list[str]()
    n = {unit: int(data[unit].nunique()) for unit in UNITS}
    for unit in UNITS if _prompts_apart(n) else UNITS[:2]:
        cells = data.groupby([unit, name], observed=True).size().groupby(level=0, observed=True)
        differs = cells.size() > 1
        told = differs.sum() >= FEWEST_SLOPES and differs.mean() >= A_FEW
        (within if told or differs.mean() >= HALF else same).append(unit)
        again = cells.max() > 1 if not is_numeric_dtype(data[name]) else cells.sum() > 2
        if told and (differs & again).sum() >= FEWEST_SLOPES:
            slopes.append(unit)
    return Spread(tuple(same), tuple(within), tuple(slopes), n)


@dataclass(frozen=True)
class Fitted:
    """A fitted model of a covariate.

    Attributes
    ----------
    fit
        The fit.
    spread
        Between what the covariate differs in its ratings.
    slopes
        Of which units its effect differs, by how: ``"correlated"`` or ``"apart"``.
    simplified
        Terms that were tried first, and what became of them, one sentence each.
    lost
        Why slopes that the data could tell are not in the model; empty where all are.
    """

    fit: Fit
    spread: Spread
    slopes: Mapping[str, str]
    simplified: tuple[str, ...] = ()
    lost: str = ""


def fit_covariate(
    fitting: Callable[[str, pd.DataFrame], Fit],
    data: pd.DataFrame,
    name: str,
    demographics: Sequence[str],
) -> Fitted:
    """Fit the model with all slopes, and simpler ones where it is singular or does not converge.

    Slopes first go without their correlations: those of a factor as effects of each level of it
    by itself, ``(1|rater:source)``, of one variance. Only if that does not converge either are
    they left out.

    Parameters
    ----------
    fitting
        Fits a formula to data.
    data
        Ratings of one dimension in which the covariate and the demographics are known.
    name, demographics
        The covariate, and what is held equal.
    """
    spread = spread_of(data, name)
    number = is_numeric_dtype(data[name])
    many = not number and data[name].nunique() > MOST_CORRELATED
    slopes = dict.fromkeys(spread.slopes, "apart" if many else "correlated")
    told: list[str] = []
    while True:
        formula = covariate_formula(data, name, demographics, spread, slopes)
        fit = fitting(formula, data)
        troubled = {unit: why for unit in slopes if (why := _trouble(fit, unit, slopes[unit]))}
        if not troubled:
            return Fitted(fit, spread, slopes, tuple(told))
        if all(slopes[unit] == "apart" for unit in troubled):
            break
        for unit, why in troubled.items():
            tried, kept = (_terms(unit, name, how, number) for how in ("correlated", "apart"))
            told.append(f"the model with {tried} {why}, and has {kept} in its place.")
        slopes |= dict.fromkeys(troubled, "apart")
    formula = covariate_formula(data, name, demographics, spread, {})
    lost = "models in which its effect differs between " + " and ".join(f"{u}s" for u in slopes)
    return Fitted(fitting(formula, data), spread, {}, tuple(told), f"{lost} did not converge")


def _trouble(fit: Fit, unit: str, how: str) -> str:
    """What is wrong with the slopes of a kind of unit; empty where nothing is.

    Slopes that stand apart and do not vary are as good as none.
    """
    if any(is_about(note, Code.NOT_CONVERGED) for note in fit.warnings):
        return "did not converge"
    found = [note for note in fit.warnings if is_about(note, Code.SINGULAR) and note.about == unit]
    return "was singular" if found and how == "correlated" else ""


def covariate_formula(
    data: pd.DataFrame,
    name: str,
    demographics: Sequence[str],
    spread: Spread,
    slopes: Mapping[str, str],
) -> str:
    """Formula of the ratings by demographics and a covariate, whose effect differs as stated.

    Raters are random, and so are items and prompts if the covariate is the same within them, or
    there are enough of them to know their variance; otherwise they are fixed.
    """
    number = is_numeric_dtype(data[name])
    formats = [FORMAT] if FORMAT in data and data[FORMAT].nunique() > 1 else []
    fixed, random = [*demographics, *formats, name], [_terms("rater", name, _of(slopes), number)]
    for unit in _levels(data, spread):
        if spread.n[unit] >= FEWEST_ITEMS or unit in spread.same:
            random.append(_terms(unit, name, _of(slopes, unit), number))
        else:
            fixed.append(unit)
    return f"rating ~ {' + '.join([*fixed, *random])}"


def _of(slopes: Mapping[str, str], unit: str = "rater") -> str:
    return slopes.get(unit, "")


def _levels(data: pd.DataFrame, spread: Spread) -> list[str]:
    """Which of item and prompt ratings depend on, each by itself."""
    items = spread.n["item"]
    found = ["item"] if 1 < items < len(data) else []
    # Items that are fixed leave nothing to prompts.
    random = not found or items >= FEWEST_ITEMS or "item" in spread.same
    if _prompts_apart(spread.n) and random:
        found.append("prompt")
    return found


def _prompts_apart(n: Mapping[str, int]) -> bool:
    """Whether prompts are a level of their own, of which most have several items."""
    return 1 < n["prompt"] <= n["item"] / ITEMS_A_PROMPT


def _terms(unit: str, name: str, how: str, number: bool) -> str:
    """Terms of the formula by which ratings, and effects of a covariate, differ between units."""
    if not how:
        return f"(1|{unit})"
    if how == "correlated":
        return f"(1 + {name}|{unit})"
    return f"(1 + {name}||{unit})" if number else f"(1|{unit}) + (1|{unit}:{name})"


def methods(fitted: Fitted, label: str) -> str:
    """Between what a covariate differs, and which random effects its model has, in one sentence."""
    spread = fitted.spread
    same = [f"of {_A[unit]}" for unit in spread.same]
    within = [f"{unit}s" for unit in spread.within]
    told = [f"is the same in all ratings {joined(same)}"] if same else []
    told += [f"differs within the ratings of {joined(within)}"] if within else []
    slopes = [f"{unit}s" for unit in fitted.slopes]
    equal = [unit for unit in within if unit not in slopes]
    does = []
    if slopes:
        does.append(f"its effect may differ between {joined(slopes)}")
    if equal:
        does.append(f"its effect is taken to be the same for all {joined(equal)}")
    rests = f" ({'; '.join(does)})" if does else ""
    return f"{label} {' and '.join(told)}{rests}; model: {fitted.fit.formula}."
