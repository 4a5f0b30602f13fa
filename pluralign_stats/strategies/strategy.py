"""What a strategy for disagreement is: who speaks for a response, and with what rating."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

#: Weights that differ by less than this share are taken as equal.
EQUAL = 1e-9

#: From (s, k) raters, or their summed weight, by response and rating, the (k,) ratings, rising, and
#: the middle of the scale to the (s,) rating of each response; NaN where it has none.
Aggregate = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

#: From (n,) ratings and the (n,) ratings of their responses to which raters stand behind these.
Speakers = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: From the (m,) weights of those who prefer one response, and the other, and neither, to the (m,)
#: verdict on two responses: 1 for the one, 0 for the other, NaN for none.
Verdict = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _everyone(given: np.ndarray, rating: np.ndarray) -> np.ndarray:
    return ~np.isnan(given)


@dataclass(frozen=True)
class Strategy:
    """A way to treat disagreement between the raters of one response.

    Attributes
    ----------
    name
        As recipes, grids and tables have it.
    words
        What sentences call it: ``"averaging ratings"``.
    voices
        Who speaks for a response: every rater, one rater who is drawn, or one rating that is made
        of all.
    aggregate
        Where one rating is made of all: how.
    speakers
        Where one rating is made of all: whose it is.
    silent
        What responses without a rating are called where they are counted.
    verdict, undecided
        Where one verdict is made of all choices between two responses: how, and what pairs without
        one are called. Without it, one rating cannot be made of choices.
    """

    name: str
    words: str
    voices: Literal["every", "drawn", "one"] = "one"
    aggregate: Aggregate | None = None
    speakers: Speakers = _everyone
    silent: str = "responses without a value"
    verdict: Verdict | None = None
    undecided: str = "pairs without a verdict"

    @property
    def takes_choices(self) -> bool:
        """Whether it can be applied to choices, which hold no ratings."""
        return self.voices != "one" or self.verdict is not None
