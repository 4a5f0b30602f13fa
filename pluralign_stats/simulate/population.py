"""Who takes part: raters' demographics, drawn by quota within each country.

All shares are choices of this project, in the range of online panels; the paper gives none.
Every question is shuffled by itself, so demographics are independent of one another within a
country, except that party follows political position.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.simulate.parameters import DECLINED, numbered

#: Where raters are recruited, and the language in which they read.
LANGUAGES = {"US": "en", "Germany": "de"}

_AGES = {"18-30": 0.24, "31-40": 0.24, "41-50": 0.19, "51-60": 0.18, "over 60": 0.15}
_PRONOUNS = {
    "she/her": 0.49,
    "he/him": 0.48,
    "they/them": 0.014,
    "she/they": 0.008,
    "he/they": 0.008,
}

#: Share of each answer among those who answer, by country and question.
SHARES: dict[str, dict[str, dict[str, float]]] = {
    "US": {
        "age": _AGES,
        "gender_identity": _PRONOUNS,
        "country_of_residence": {"US": 1.0},
        "ethnicity": {
            "White": 0.595,
            "Black or African American": 0.135,
            "Hispanic or Latino": 0.105,
            "Asian": 0.07,
            "Middle Eastern or North African": 0.02,
            "American Indian or Alaska Native": 0.015,
            "Native Hawaiian or Pacific Islander": 0.01,
            "Hispanic or Latino;White": 0.02,
            "Black or African American;White": 0.012,
            "Asian;White": 0.01,
            "American Indian or Alaska Native;Black or African American;White": 0.008,
        },
        "political_spectrum": {
            "Very liberal": 0.15,
            "Liberal": 0.27,
            "Centre": 0.28,
            "Conservative": 0.21,
            "Very conservative": 0.09,
        },
        "political_party": {
            "Democratic Party": 0.37,
            "Republican Party": 0.29,
            "Independent": 0.27,
            "Libertarian Party": 0.04,
            "Green Party": 0.03,
        },
    },
    "Germany": {
        "age": _AGES,
        "gender_identity": _PRONOUNS,
        "country_of_residence": {"Germany": 1.0},
        "ethnicity": {
            "White": 0.855,
            "Middle Eastern or North African": 0.06,
            "Asian": 0.03,
            "Black or African American": 0.02,
            "Hispanic or Latino": 0.01,
            "Middle Eastern or North African;White": 0.015,
            "Asian;White": 0.01,
        },
        "political_spectrum": {
            "Very liberal": 0.08,
            "Liberal": 0.34,
            "Centre": 0.37,
            "Conservative": 0.17,
            "Very conservative": 0.04,
        },
        "political_party": {
            "CDU/CSU": 0.24,
            "SPD": 0.17,
            "Bündnis 90/Die Grünen": 0.16,
            "AfD": 0.13,
            "Die Linke": 0.1,
            "FDP": 0.06,
            "No party": 0.14,
        },
    },
}

#: Share of raters who decline each question, before the caller's multiplier.
DECLINE_RATES = {
    "age": 0.01,
    "gender_identity": 0.01,
    "country_of_residence": 0.01,
    "ethnicity": 0.025,
    "political_spectrum": 0.04,
    "political_party": 0.06,
}

_SPECTRUM_POSITIONS = {
    "Very liberal": -2.0,
    "Liberal": -1.0,
    "Centre": 0.0,
    "Conservative": 1.0,
    "Very conservative": 2.0,
    DECLINED: 0.0,
}
_PARTY_POSITIONS = {
    "Green Party": -2.0,
    "Democratic Party": -1.0,
    "Independent": 0.0,
    "Libertarian Party": 0.5,
    "Republican Party": 1.0,
    "Die Linke": -2.0,
    "Bündnis 90/Die Grünen": -1.5,
    "SPD": -1.0,
    "No party": 0.0,
    "FDP": 0.5,
    "CDU/CSU": 1.0,
    "AfD": 2.0,
    DECLINED: 0.0,
}


@dataclass(frozen=True, eq=False)
class Population:
    """Raters as they would lie in a file, and the language that each read.

    Attributes
    ----------
    raters : DataFrame
        One row per rater: ``participant_id`` and the raw answers.
    language : ndarray of str, shape (n_raters,)
        ``"en"`` or ``"de"``, by the country of recruitment; known even where the country of
        residence was declined.
    """

    raters: pd.DataFrame
    language: np.ndarray


def draw_population(n_raters: int, declined: float, rng: np.random.Generator) -> Population:
    """Draw raters by quota, half of them in each country, in random order.

    Parameters
    ----------
    n_raters : int
        Number of raters, at least 20.
    declined : float
        Multiplier of `DECLINE_RATES`.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Population
        No answer to any question is ever given by exactly one rater.
    """
    recruited = deal(dict.fromkeys(LANGUAGES, 0.5), n_raters, rng)
    raters = pd.DataFrame(index=range(n_raters), columns=["participant_id", *DECLINE_RATES])
    raters["participant_id"] = numbered("P", n_raters, 4)
    for country in LANGUAGES:
        here = recruited == country
        answers = _answers(SHARES[country], int(here.sum()), declined, rng)
        raters.loc[here, list(answers)] = pd.DataFrame(answers).to_numpy()
    return Population(raters.astype("str"), pd.Series(recruited).map(LANGUAGES).to_numpy(str))


def quotas(shares: np.ndarray, n: int) -> np.ndarray:
    """Split `n` raters by `shares`: largest remainders, then no level of exactly one rater.

    A level left with a single rater takes a second one from the largest level, or gives its only
    one to it where the largest has three or fewer.

    Parameters
    ----------
    shares : ndarray, shape (levels,)
        Shares that add up to one.
    n : int
        Raters to split, at least 2.

    Returns
    -------
    ndarray of int, shape (levels,)
        Counts that add up to `n`.
    """
    exact = n * np.asarray(shares)
    counts = np.floor(exact).astype(int)
    most_short = np.argsort(counts - exact, kind="stable")
    counts[most_short[: n - counts.sum()]] += 1
    while (counts == 1).any():
        single = int(np.argmax(counts == 1))
        others = counts.copy()
        others[single] = -1
        largest = int(np.argmax(others))
        change = 1 if counts[largest] > 3 else -1
        counts[single] += change
        counts[largest] -= change
    return counts


def deal(shares: Mapping[str, float], n: int, rng: np.random.Generator) -> np.ndarray:
    """Give `n` raters the levels of `shares`, by quota and in random order, shape (n,)."""
    counts = quotas(np.array(list(shares.values())), n)
    return rng.permutation(np.repeat(np.array(list(shares), dtype=object), counts))


def deal_by_rank(cards: np.ndarray, positions: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Hand out `cards`, ordered by their positions, to raters in the order of their scores.

    All arrays have shape (n,); how often each card occurs is unchanged.
    """
    dealt = np.empty_like(cards)
    dealt[np.argsort(scores, kind="stable")] = cards[np.argsort(positions, kind="stable")]
    return dealt


def _answers(
    shares: Mapping[str, Mapping[str, float]], n: int, declined: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Answer every question for the `n` raters of one country."""
    answers = {
        question: deal(_with_declined(shares[question], declined * rate), n, rng)
        for question, rate in DECLINE_RATES.items()
    }
    # Noise of one step on the five-step spectrum: party follows position, but loosely.
    scores = _positions(answers["political_spectrum"], _SPECTRUM_POSITIONS) + rng.normal(size=n)
    party = answers["political_party"]
    answers["political_party"] = deal_by_rank(party, _positions(party, _PARTY_POSITIONS), scores)
    return answers


def _with_declined(shares: Mapping[str, float], rate: float) -> dict[str, float]:
    return {**{level: share * (1 - rate) for level, share in shares.items()}, DECLINED: rate}


def _positions(answers: np.ndarray, positions: Mapping[str, float]) -> np.ndarray:
    return pd.Series(answers).map(positions).to_numpy(float)
