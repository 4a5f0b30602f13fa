"""Data that our program and its peers read alike: a CSV file, and one that orders the levels."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.machine import ROOT

DEMOGRAPHICS = ["gender", "age", "country", "ethnicity", "politics"]
NOT_STATED = "not stated"
INSTEVAL = ROOT.parent / "shared" / "data" / "reference" / "lme4_InstEval.csv.gz"


def simulated_ratings(*, quick: bool) -> pd.DataFrame:
    """The simulated study without empty answers; a declined question is a level of its own."""
    import pluralign_stats as pls

    ratings = pls.simulate_study(1, missing=0.0, n_raters=200 if quick else 1095).ratings
    told = {
        name: ratings[name].cat.add_categories(NOT_STATED).fillna(NOT_STATED)
        for name in DEMOGRAPHICS
    }
    return ratings[["rating", "rater", "item", "dimension"]].assign(**told)


def slider_ratings(*, quick: bool) -> pd.DataFrame:
    """The first dimension of that study as on a slider from 0 to 1, some ratings at its ends."""
    ratings = simulated_ratings(quick=quick)
    ratings = ratings[ratings["dimension"] == "emotional_awareness"].drop(columns="dimension")
    noise = np.random.default_rng(1).normal(0, 0.9, len(ratings))
    place = 0.5 + (ratings["rating"].astype(float) - 3 + noise) / 4
    return ratings.assign(rating=place.clip(0, 1).round(4))


def insteval(*, quick: bool) -> pd.DataFrame:
    """Evaluations of lectures by students, from lme4."""
    frame = pd.read_csv(INSTEVAL, dtype=str, nrows=5000 if quick else None)
    factors = frame.drop(columns="y").apply(lambda column: column.astype("category"))
    return pd.concat([frame[["y"]].astype(float), factors], axis=1)


def write(frame: pd.DataFrame, folder: Path) -> Path:
    """Write a frame whose first column is the response and all others are categorical."""
    factors = frame.iloc[:, 1:].apply(lambda column: column.cat.remove_unused_categories())
    levels = [
        pd.DataFrame({"column": name, "level": factors[name].cat.categories}) for name in factors
    ]
    folder.mkdir()
    frame.to_csv(folder / "data.csv", index=False)
    pd.concat(levels).to_csv(folder / "levels.csv", index=False)
    return folder


def read(folder: Path) -> pd.DataFrame:
    """Read what `write` wrote."""
    frame = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    levels = pd.read_csv(folder / "levels.csv", dtype=str, keep_default_na=False)
    for name, known in levels.groupby("column")["level"]:
        frame[name] = pd.Categorical(frame[name], known.to_numpy(object))
    response = frame.columns[0]
    return frame.assign(**{response: frame[response].astype(float)})
