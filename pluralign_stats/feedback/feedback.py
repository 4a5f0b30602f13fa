"""Feedback: what a recipe makes of a study's ratings, and the examples drawn from it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.choice_recipe import ChoiceRecipe
from pluralign_stats.feedback.recipe import Recipe

#: More examples than this are not written out one by one.
MOST_EXAMPLES = 20_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Feedback:
    """Feedback of one recipe.

    Attributes
    ----------
    kind
        ``"pairs"`` of responses, or ``"unpaired"`` responses.
    recipe
        How it was made.
    table
        Of pairs: one row for each two responses in the order in which they were preferred (both
        orders where raters contradict each other): prompt, language, chosen, rejected,
        utility_chosen, utility_rejected, margin (these three of ratings, not of choices),
        n (preferences), weight (their sum), p (share that prefers `chosen`, ties counted half).
        Of unpaired feedback: one row for each response and verdict: prompt, language, item,
        utility, desirable, n, weight.
    excluded
        What was left out: reason, n.
    notes
        What a reader has to know of how ratings were converted.

    Examples
    --------
    >>> feedback = pls.preference_pairs(study, recipe)
    >>> feedback.kind, len(feedback.examples()) == feedback.size
    ('pairs', True)
    """

    kind: Literal["pairs", "unpaired"]
    recipe: Recipe | ChoiceRecipe
    table: pd.DataFrame
    excluded: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of examples, after the cap on each prompt and before a budget."""
        return int(self._capped().sum())

    def examples(self) -> pd.DataFrame:
        """The examples to train on, after cap and budget, one row each.

        Of pairs: prompt, language, chosen, rejected, p (1 for hard labels), weight. Of unpaired
        feedback: prompt, language, item, desirable, weight. Weights differ from 1 only where
        groups are balanced and every rater speaks; an example has the mean weight of the
        preferences that its row of `table` counts.

        Preferences are drawn without replacement, each with equal chance. Equal recipes draw the
        same, whatever the order of rows in the study's files.

        Raises
        ------
        InputError
            If the budget is larger than the number of examples, or that number is too large to be
            written out.
        """
        counts, budget = self._capped(), self.recipe.budget
        if budget is not None:
            _refuse_budget(self.recipe, int(counts.sum()))
            counts = drawn(counts, budget, self.recipe.seed)
        if counts.sum() > MOST_EXAMPLES:
            raise InputError(
                f"{counts.sum():,} examples are too many to be written out (at most "
                f"{MOST_EXAMPLES:,}); set 'budget' or 'max_per_prompt' in the recipe, or labels "
                "to 'soft'"
            )
        units = self._units()
        rows = np.repeat(np.arange(len(units)), counts)
        return self._one_each(units).iloc[rows].reset_index(drop=True)

    def _one_each(self, units: pd.DataFrame) -> pd.DataFrame:
        """The example that each row of the table stands for."""
        weight = units["weight"] / units["n"]
        if self.kind == "unpaired":
            return units[["prompt", "language", "item", "desirable"]].assign(weight=weight)
        columns = units[["prompt", "language", "chosen", "rejected"]]
        if self.recipe.labels == "soft":
            return columns.assign(p=units["p"], weight=1.0)
        return columns.assign(p=1.0, weight=weight)

    def _units(self) -> pd.DataFrame:
        """Rows of the table that become examples: of soft labels one order of each pair."""
        if self.kind == "unpaired" or self.recipe.labels == "hard":
            return self.table
        even = self.table["p"] == 0.5
        first = even & (self.table["chosen"] < self.table["rejected"])
        return self.table[(self.table["p"] > 0.5) | first]

    def _capped(self) -> np.ndarray:
        """Examples of each row of `_units`, at most so many for a prompt as the recipe allows."""
        units = self._units()
        soft = self.kind == "pairs" and self.recipe.labels == "soft"
        counts = np.ones(len(units), np.int64) if soft else units["n"].to_numpy()
        if self.recipe.max_per_prompt is None:
            return counts
        prompt = units["prompt"].to_numpy(str)
        return capped(counts, prompt, self.recipe.max_per_prompt, self.recipe.seed)

    def __repr__(self) -> str:
        told = f"<Feedback ({self.kind}) of {self.recipe.name}: {self.size:,} examples>"
        return "\n".join([told, *self.notes])


def _refuse_budget(recipe: Recipe | ChoiceRecipe, size: int) -> None:
    if recipe.budget is not None and recipe.budget > size:
        capped = " after the cap on each prompt" if recipe.max_per_prompt else ""
        raise InputError(
            f"the budget is {recipe.budget:,} examples, but {recipe.name} gives {size:,}{capped}; "
            f"lower 'budget' to {size:,} or less, or leave it out"
        )


#: Second numbers of the seeds that draw for the cap on each prompt and for the budget.
_CAP, _BUDGET = 2, 3

#: numpy draws from urns of fewer than this many balls.
_LARGEST_URN = 1_000_000_000


def drawn(counts: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Draw `k` of all that is counted, each with equal chance, and count again.

    Parameters
    ----------
    counts
        (r,) how many there are of each row.
    k
        How many to draw, at most as many as there are.
    seed
        Equal seeds draw the same.

    Returns
    -------
    (r,) how many of each row were drawn: multivariate hypergeometric.
    """
    return _urn(counts, k, np.random.default_rng([seed, _BUDGET]))


def capped(counts: np.ndarray, prompt: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Draw `most` of each prompt that has more, each with equal chance.

    Parameters
    ----------
    counts, prompt
        (r,) how many there are of each row, and the row's prompt.
    most
        Largest number for a prompt.
    seed
        Equal seeds draw the same; each prompt has draws of its own.
    """
    names, code = np.unique(prompt, return_inverse=True)
    total = np.bincount(code, weights=counts, minlength=len(names))
    kept = counts.copy()
    for n in np.flatnonzero(total > most):
        rows = np.flatnonzero(code == n)
        rng = np.random.default_rng([seed, _CAP, *str(names[n]).encode()])
        kept[rows] = _urn(counts[rows], most, rng)
    return kept


def _urn(counts: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    total = int(counts.sum())
    if k >= total:
        return counts.copy()
    if total < _LARGEST_URN:
        return rng.multivariate_hypergeometric(counts, k, method="marginals")
    places: np.ndarray = np.zeros(0, np.int64)
    while len(places) < k:
        places = np.unique(np.r_[places, rng.integers(total, size=k - len(places))])
    ends = np.cumsum(counts)
    return np.bincount(np.searchsorted(ends, places, side="right"), minlength=len(counts))
