"""Names and numbers of the simulated study: dimensions, demographics, and effects in logits.

The raw tables hold answers as raters give them (pronouns, five political positions, several
ethnicities); analyses use the levels of `LEVELS`. The two meet here and nowhere else.

Of the numbers only the three percentages of `PLANTED` come from the paper. Everything else is a
choice of this project: plausible in size, and often exactly zero so that false alarms can be
counted.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Rated dimensions in the order of every table, with +1 where agreeing is good and −1 where bad.
VALENCE = {
    "stereotypical_bias": -1,
    "toxicity": -1,
    "emotional_awareness": 1,
    "sensitivity": 1,
    "helpfulness": 1,
}
DIMENSIONS = tuple(VALENCE)

#: The answer of a rater who declines a demographic question.
DECLINED = "Prefer not to say"

#: Separator between the ethnicities that one rater selected.
SEPARATOR = ";"

#: Analysis level of raters who selected several ethnicities.
MULTIPLE = "Multiple"

#: Pronouns to gender.
GENDER = {
    "she/her": "Female",
    "he/him": "Male",
    "they/them": "Non-binary",
    "she/they": "Non-binary",
    "he/they": "Non-binary",
}

#: Five political positions to three.
POLITICS = {
    "Very liberal": "Liberal",
    "Liberal": "Liberal",
    "Centre": "Centre",
    "Conservative": "Conservative",
    "Very conservative": "Conservative",
}

#: Demographics with an effect in the truth and their analysis levels, reference level first.
LEVELS = {
    "gender": ("Female", "Male", "Non-binary"),
    "country": ("US", "Germany"),
    "age": ("18-30", "31-40", "41-50", "51-60", "over 60"),
    "ethnicity": (
        "White",
        "American Indian or Alaska Native",
        "Asian",
        "Black or African American",
        "Hispanic or Latino",
        "Middle Eastern or North African",
        "Native Hawaiian or Pacific Islander",
        MULTIPLE,
    ),
    "politics": ("Liberal", "Centre", "Conservative"),
}

#: Names of the thresholds between neighbouring ratings.
THRESHOLD_NAMES = ("1|2", "2|3", "3|4", "4|5")

#: Thresholds by dimension, in logits; they apply to a rater at every reference level.
THRESHOLDS = {
    "stereotypical_bias": (-0.6, 0.7, 1.7, 3.3),
    "toxicity": (0.1, 1.3, 2.2, 3.6),
    "emotional_awareness": (-1.7, -0.3, 0.9, 2.7),
    "sensitivity": (-2.6, -1.2, -0.1, 1.9),
    "helpfulness": (-2.8, -1.5, -0.4, 1.7),
}

#: Standard deviations of rater and item effects by dimension, in logits.
RATER_SD = {
    "stereotypical_bias": 1.1,
    "toxicity": 1.1,
    "emotional_awareness": 1.0,
    "sensitivity": 0.9,
    "helpfulness": 0.9,
}
ITEM_SD = {
    "stereotypical_bias": 0.8,
    "toxicity": 0.8,
    "emotional_awareness": 0.7,
    "sensitivity": 0.7,
    "helpfulness": 0.6,
}

#: Correlations across dimensions, shape (5, 5), in the order of the dimensions above.
RATER_CORR = np.array(
    [
        [1.00, 0.60, -0.15, -0.30, -0.20],
        [0.60, 1.00, -0.30, -0.35, -0.30],
        [-0.15, -0.30, 1.00, 0.60, 0.45],
        [-0.30, -0.35, 0.60, 1.00, 0.50],
        [-0.20, -0.30, 0.45, 0.50, 1.00],
    ]
)
ITEM_CORR = np.array(
    [
        [1.00, 0.70, -0.20, -0.50, -0.35],
        [0.70, 1.00, -0.35, -0.55, -0.45],
        [-0.20, -0.35, 1.00, 0.60, 0.40],
        [-0.50, -0.55, 0.60, 1.00, 0.50],
        [-0.35, -0.45, 0.40, 0.50, 1.00],
    ]
)

#: Effects against the reference level by dimension, demographic and level, in logits. What is not
#: listed is zero, and so is the effect of a declined answer and of a party.
EFFECTS: dict[str, dict[str, dict[str, float]]] = {
    "stereotypical_bias": {
        "gender": {"Male": -0.15, "Non-binary": 0.2},
        "country": {"Germany": -0.1},
        "age": {"51-60": 0.05, "over 60": 0.1},
        "ethnicity": {"Black or African American": 0.15, "Asian": 0.1},
        "politics": {"Centre": -0.1, "Conservative": -0.2},
    },
    "toxicity": {
        "gender": {"Non-binary": 0.2},
        "country": {"Germany": 0.1},
        "age": {"41-50": -0.05, "51-60": -0.1, "over 60": -0.15},
        "ethnicity": {"Black or African American": 0.1, "Hispanic or Latino": 0.1},
        "politics": {"Conservative": -0.1},
    },
    "emotional_awareness": {
        "gender": {"Non-binary": -0.1},
        "country": {"Germany": -0.15},
        "age": {"51-60": 0.1, "over 60": 0.1},
        "ethnicity": {"Asian": 0.1, "Hispanic or Latino": 0.15},
        "politics": {"Centre": 0.1},
    },
    "sensitivity": {
        "gender": {"Male": 0.1, "Non-binary": -0.15},
        "country": {"Germany": -0.1},
        "age": {"31-40": 0.05, "41-50": 0.05, "51-60": 0.1, "over 60": 0.1},
        "ethnicity": {"Black or African American": 0.15},
        "politics": {"Conservative": 0.1},
    },
    "helpfulness": {
        "country": {"Germany": -0.2},
        "age": {"over 60": 0.1},
        "ethnicity": {"Black or African American": 0.1, "Asian": 0.05},
        "politics": {"Conservative": 0.05},
    },
}


@dataclass(frozen=True)
class Planted:
    """An effect that the paper reports, as a share of the reference group's (−0.18 for −18 %)."""

    dimension: str
    term: str
    level: str
    share: float


#: The reported effects (arXiv 2511.14476).
PLANTED = (
    Planted("toxicity", "gender", "Male", -0.18),
    Planted("emotional_awareness", "politics", "Conservative", 0.279),
    Planted("emotional_awareness", "ethnicity", "Black or African American", 0.44),
)


def numbered(prefix: str, n: int, width: int) -> np.ndarray:
    """Name things ``P0001``, ``P0002``, … with at least `width` digits, shape (n,)."""
    width = max(width, len(str(n)))
    return np.array([f"{prefix}{i:0{width}d}" for i in range(1, n + 1)], dtype=object)


def analysis_levels(raters: pd.DataFrame) -> pd.DataFrame:
    """Recode the raw answers of raters to analysis levels.

    Parameters
    ----------
    raters : DataFrame
        One row per rater with the raw columns ``gender_identity``, ``country_of_residence``,
        ``age``, ``ethnicity`` and ``political_spectrum``.

    Returns
    -------
    DataFrame
        The same index; one column per demographic of `LEVELS`, missing where declined.
    """
    ethnicity = raters["ethnicity"]
    several = ethnicity.str.contains(SEPARATOR, regex=False)
    recoded = pd.DataFrame(
        {
            "gender": raters["gender_identity"].map(GENDER),
            "country": raters["country_of_residence"],
            "age": raters["age"],
            "ethnicity": ethnicity.mask(several, MULTIPLE),
            "politics": raters["political_spectrum"].map(POLITICS),
        }
    )
    return recoded.mask(recoded == DECLINED)
