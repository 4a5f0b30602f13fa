"""Names shared by the whole simulated study: dimensions, demographics and how raw answers recode.

The raw tables hold answers as raters give them (pronouns, five political positions, several
ethnicities); analyses use the levels of `LEVELS`. The two meet here and nowhere else.
"""

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
