"""How often intervals hold the truth, and how estimates and standard errors are off."""

import math

import pandas as pd

from tests.validation.study import KEYS

#: Shares of 95 % intervals that may hold the truth: 90 to 99 of 100.
LOWEST, HIGHEST = 0.90, 0.99


def summarize(studies: pd.DataFrame) -> pd.DataFrame:
    """Summary by model, effect and reading.

    Returns
    -------
    DataFrame
        Columns model, those of `KEYS`, studies, covered, below, above (intervals that lie wholly
        below or above the truth), truth, estimate, bias (percentage points), sd (of the
        estimates about their truths), se_ratio (mean standard error / sd), judged, right.
    """
    studies = studies.assign(
        bias=studies["estimate"] - studies["planted"],
        below=studies["conf_high"] < studies["planted"],
        above=studies["conf_low"] > studies["planted"],
    )
    groups = studies.groupby(["model", *KEYS], sort=False)
    table = groups.agg(
        studies=("seed", "size"),
        covered=("covered", "sum"),
        below=("below", "sum"),
        above=("above", "sum"),
        truth=("planted", "mean"),
        estimate=("estimate", "mean"),
        bias=("bias", "mean"),
        sd=("bias", "std"),
        std_error=("std_error", "mean"),
        judged=("judged", "first"),
    ).reset_index()
    table["se_ratio"] = table["std_error"] / table["sd"]
    return table.assign(
        right=[in_limits(*pair) for pair in zip(table.covered, table.studies, strict=True)]
    )


def in_limits(covered: int, studies: int) -> bool:
    """Whether that many of so many intervals may hold the truth; few studies get more leeway."""
    return math.floor(LOWEST * studies) <= covered <= math.ceil(HIGHEST * studies)


def cells(row: pd.Series) -> list[str]:
    """One row of the printed table."""
    verdict = ("yes" if row["right"] else "NO") if row["judged"] else ""
    return [
        row["model"],
        f"{row['dimension']}: {row['contrast']}",
        row["reading"] + (" (planted)" if row["judged"] else ""),
        f"{row['covered']} of {row['studies']}",
        f"{row['below']} / {row['above']}",
        f"{row['truth']:+.1f}",
        f"{row['estimate']:+.1f}",
        f"{row['bias']:+.2f}",
        f"{row['sd']:.2f}",
        f"{row['se_ratio']:.2f}",
        verdict,
    ]


HEADS = (
    "Model",
    "Effect",
    "Reading",
    "Covered",
    "Below / above",
    "Truth, %",
    "Mean estimate",
    "Bias",
    "SD",
    "Mean SE / SD",
    "Within 90 to 99 %",
)
