"""Small random studies, and feedback enumerated pair by pair to hold the library against."""

import itertools
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def random_study(study_of):
    """Make a study of 12 raters, four prompts, two languages, two dimensions and gaps."""

    @cache
    def make(seed, n_raters=12, density=0.7):
        rng = np.random.default_rng(seed)
        items = [(f"q{q}", f"q{q}r{r}") for q in range(4) for r in range(1 + q % 4)]
        rows = []
        for rater in range(n_raters):
            for prompt, item in items:
                if rng.random() < density:
                    scores = rng.integers(1, 6, size=2).astype(float)
                    scores[rng.random(2) < 0.1] = np.nan
                    rows.append((f"p{rater}", item, prompt, "de" if rater % 3 == 0 else "en"))
                    rows[-1] += (*scores, "ab"[rater % 2], "xyz"[rater // 2 % 3])
        names = ["rater", "item", "prompt", "language", "bad", "good", "g", "h"]
        frame = pd.DataFrame(rows, columns=names)
        frame.loc[frame["rater"] == "p1", "h"] = None
        return study_of(frame, **book())

    def book():
        return {
            "columns": {
                "rater": "rater",
                "item": "item",
                "prompt": "prompt",
                "language": "language",
            },
            "dimensions": {"bad": {"valence": -1}, "good": {}},
            "demographics": {"g": {}, "h": {}},
        }

    return make


PLACES = {
    "5-point": {1: 1, 2: 2, 3: 3, 4: 4, 5: 5},
    "3-point": {1: 1, 2: 1, 3: 2, 4: 3, 5: 3},
    "binary": {1: 0, 2: 0, 3: 0, 4: 1, 5: 1},
}
MIDDLES = {"5-point": 3, "3-point": 2, "binary": 0.5}
VALENCE = {"bad": -1, "good": 1}


class Brute:
    """Feedback by loops over ratings, as the definitions put it."""

    def __init__(self, study, recipe):
        self.recipe = recipe
        self.answers = defaultdict(dict)
        frame = study.ratings.dropna(subset="rating")
        frame = frame[frame["dimension"].isin(recipe.weights)]
        for name, levels in recipe.group.items():
            frame = frame[frame[name].isin(levels)]
        if recipe.balance:
            frame = frame.dropna(subset=recipe.balance)
        self.prompt, self.level = {}, {}
        for row in frame.itertuples():
            language = row.language if recipe.languages == "separate" else ""
            value = PLACES[recipe.scale][int(row.rating)]
            self.answers[(row.item, language), row.rater][row.dimension] = value
            self.prompt[row.item] = row.prompt
            if recipe.balance:
                self.level[row.rater] = getattr(row, recipe.balance)
        self.weight = self._weights()
        self.strata = sorted({stratum for stratum, _ in self.answers})

    def _weights(self):
        if not self.recipe.balance:
            return dict.fromkeys(self.answers, 1.0)
        n = Counter(self.level[rater] for _, rater in self.answers)
        total = len(self.answers)
        return {key: total / len(n) / n[self.level[key[1]]] for key in self.answers}

    def utility(self, scores):
        return sum(self.recipe.weights[d] * VALENCE[d] * v for d, v in scores.items())

    def individuals(self, stratum):
        """Utility and weight of every rater who answered on all dimensions."""
        return [
            (self.utility(scores), self.weight[key])
            for key, scores in self.answers.items()
            if key[0] == stratum and len(scores) == len(self.recipe.weights)
        ]

    def aggregate(self, stratum):
        """Utility of a response, or None."""
        made = {}
        for dimension in self.recipe.weights:
            votes = [
                (scores[dimension], self.weight[key])
                for key, scores in self.answers.items()
                if key[0] == stratum and dimension in scores
            ]
            made[dimension] = self._one(votes) if votes else None
        return None if None in made.values() else self.utility(made)

    def _one(self, votes):
        values = [v for v, _ in votes]
        mean = np.average(values, weights=[w for _, w in votes])
        match self.recipe.strategy:
            case "mean":
                return mean
            case "consensus":
                sides = {np.sign(v - MIDDLES[self.recipe.scale]) for v in values}
                return mean if sides in ({1.0}, {-1.0}) else None
            case "majority":
                tally = defaultdict(float)
                for v, w in votes:
                    tally[v] += w
                top = max(tally.values())
                modes = [v for v, w in tally.items() if w > top - 1e-9]
                return modes[0] if len(modes) == 1 else None
            case "median":
                total, run = sum(w for _, w in votes), 0.0
                ordered = sorted(votes)
                for k, (v, w) in enumerate(ordered):
                    run += w
                    if abs(run - total / 2) < 1e-9:
                        return (v + ordered[k + 1][0]) / 2
                    if run > total / 2:
                        return v
        return None

    def pairs(self):
        """(chosen, rejected) strata to (n, weight, p, mean utilities)."""
        found = {}
        for a, b in itertools.permutations(self.strata, 2):
            if self.prompt[a[0]] != self.prompt[b[0]] or a[1] != b[1]:
                continue
            if self.recipe.strategy == "preserve":
                one, other = self.individuals(a), self.individuals(b)
            else:
                one, other = ([(self.aggregate(s), 1.0)] for s in (a, b))
                if one[0][0] is None or other[0][0] is None:
                    continue
            entry = self._entry(one, other)
            if entry is not None:
                found[a, b] = entry
        return found

    def _entry(self, one, other):
        n = weight = even = total = high = low = 0.0
        for (u, wu), (v, wv) in itertools.product(one, other):
            w, gap, least = wu * wv, u - v, self.recipe.min_margin
            total += w
            if gap > 1e-9 and gap >= least - 1e-9:
                n, weight = n + 1, weight + w
                high, low = high + w * u, low + w * v
            elif abs(gap) < 1e-9 or abs(gap) < least - 1e-9:
                even += w
        if not n:
            return None
        return n, weight, (weight + even / 2) / total, high / weight, low / weight


@pytest.fixture(scope="session")
def brute():
    return Brute


def as_pairs(table):
    """A table of pairs in the form of `Brute.pairs`."""
    return {
        ((r.chosen, r.language), (r.rejected, r.language)): (
            r.n,
            r.weight,
            r.p,
            r.utility_chosen,
            r.utility_rejected,
        )
        for r in table.itertuples()
    }


@pytest.fixture(scope="session")
def pairs_of():
    return as_pairs
