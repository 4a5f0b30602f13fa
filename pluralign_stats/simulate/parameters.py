"""The numbers behind the simulated study, all on the latent logit scale.

Only the three percentages of `PLANTED` come from the paper. Everything else is a choice of this
project: plausible in size, and often exactly zero so that false alarms can be counted.
"""

from dataclasses import dataclass

import numpy as np

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
