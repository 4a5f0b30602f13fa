"""Ratings whose raters, or items, are divided into halves by chance: no difference is real."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import pluralign_stats as pls
from pluralign_stats.designs import CONTROL
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.schema import TUNING
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import Tables, tabulate

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"

#: Thresholds of raters who use the scale in the usual way, in logits.
CUTS = np.array([-2.0, -0.7, 0.7, 2.0])


@dataclass(frozen=True)
class Source:
    """Ratings to divide.

    Attributes
    ----------
    name
        What tables call them.
    read
        From a seed to columns rater, item, rating.
    rest
        What stands beside the halves in the model.
    folder
        Which data it needs; empty for none.
    """

    name: str
    read: Callable[[int], pd.DataFrame]
    rest: str
    folder: str = ""

    @property
    def here(self) -> bool:
        """Whether its data are on this machine."""
        return not self.folder or (SHARED_DATA / self.folder).is_dir()


def simulated(seed: int, own: float, n_raters: int = 150, n_items: int = 40) -> pd.DataFrame:
    """Six ratings each by raters who have thresholds and a scale of their own, of size `own`."""
    rng = np.random.default_rng([seed, 1])
    rater = np.repeat(np.arange(n_raters), 6)
    item = np.concatenate([rng.choice(n_items, 6, replace=False) for _ in range(n_raters)])
    cuts = np.sort(CUTS + own * rng.normal(size=(n_raters, 4)), axis=1)
    latent = rng.normal(size=n_raters)[rater] + 0.7 * rng.normal(size=n_items)[item]
    latent = (latent + rng.logistic(size=len(rater))) * np.exp(own * rng.normal(size=n_raters))[
        rater
    ]
    rating = 1 + (latent[:, None] > cuts[rater]).sum(axis=1)
    return pd.DataFrame({"rater": rater, "item": item, "rating": rating})


def study_of_styles(seed: int) -> pd.DataFrame:
    """The simulated study, each of whose raters pulls ratings to the middle or the ends."""
    rng = np.random.default_rng([seed, 2])
    study = pls.simulate_study(seed, n_raters=250, n_prompts=20)
    ratings = study.ratings.query("dimension == 'toxicity'").dropna(subset="rating")
    raters = ratings["rater"].astype(str)
    style = dict(zip(raters.unique(), rng.normal(size=raters.nunique()), strict=True))
    pulled = 3 + (ratings["rating"] - 3) * np.exp(0.5 * raters.map(style))
    noise = rng.normal(0, 0.3, len(ratings))
    return pd.DataFrame(
        {
            "rater": raters,
            "item": ratings["item"].astype(str),
            "prompt": ratings["prompt"].astype(str),
            "rating": (pulled + noise).round().clip(1, 5).astype(int),
        }
    ).reset_index(drop=True)


@cache
def _read(path: str) -> pd.DataFrame:
    return pd.read_csv(SHARED_DATA / path)


def trustamas(seed: int) -> pd.DataFrame:
    """1,500 of the raters of two advisors each."""
    data = _read("trustamas/ratings_wide.csv").dropna(subset="trustworthy")
    chosen = np.random.default_rng([seed, 3]).choice(data["id"].unique(), 1500, replace=False)
    data = data[data["id"].isin(chosen)]
    return data.rename(columns={"id": "rater", "advice": "item", "trustworthy": "rating"})


def soup(seed: int) -> pd.DataFrame:
    """185 raters of six products."""
    names = {"RESP": "rater", "PRODID": "item", "SURENESS": "rating"}
    return _read("reference/ordinal_soup.csv").rename(columns=names)


def carrots(seed: int) -> pd.DataFrame:
    """103 raters of twelve products."""
    names = {"Consumer": "rater", "Product": "item", "Preference": "rating"}
    return _read("reference/lmerTest_carrots.csv").rename(columns=names)


def verbal(seed: int) -> pd.DataFrame:
    """316 people's answers to 24 items on verbal aggression."""
    data = _read("reference/lme4_VerbAgg.csv").rename(columns={"id": "rater"})
    return data.assign(rating=data["resp"].map({"no": 0, "perhaps": 1, "yes": 2}))


@cache
def _sarcasm() -> pd.DataFrame:
    rows = []
    for path in sorted((SHARED_DATA / "lewidi").rglob("CSC_*.json")):
        if "annotators" not in path.name:
            for item, told in json.loads(path.read_text("utf-8")).items():
                given = told.get("annotations", {})
                rows += [(r, f"{path.stem}-{item}", int(v)) for r, v in given.items()]
    return pd.DataFrame(rows, columns=["rater", "item", "rating"])


def sarcasm(seed: int) -> pd.DataFrame:
    """872 raters of the sarcasm of 1,408 replies."""
    return _sarcasm()


CROSSED = "(1|rater) + (1|item)"

SOURCES = {
    source.name: source
    for source in (
        Source("simulated, own styles", lambda seed: simulated(seed, 0.5), CROSSED),
        Source("simulated study, own styles", study_of_styles, CROSSED),
        Source("simulated study, by prompt", study_of_styles, f"{CROSSED} + (1|prompt)"),
        Source("simulated, one style", lambda seed: simulated(seed, 0.0), CROSSED),
        Source("trustamas", trustamas, "item + (1|rater)", "trustamas"),
        Source("soup", soup, "item + (1|rater)", "reference"),
        Source("carrots", carrots, CROSSED, "reference"),
        Source("VerbAgg", verbal, CROSSED, "reference"),
        Source("CSC", sarcasm, CROSSED, "lewidi"),
    )
}


def halved(data: pd.DataFrame, unit: str, seed: int) -> pd.DataFrame:
    """The same with a factor `half`, a or b, of which each unit has one by chance."""
    units = pd.unique(data[unit])
    half = np.random.default_rng([seed, 4]).permutation(np.arange(len(units)) % 2)
    codes = data[unit].map(dict(zip(units, half, strict=True))).to_numpy()
    return data.assign(half=pd.Categorical.from_codes(codes, ["a", "b"]))


def study_of(data: pd.DataFrame) -> Study:
    """A study of one dimension, `rating`, with the halves as a demographic of its raters."""
    low, high = int(data["rating"].min()), int(data["rating"].max())
    content = {
        "name": "halves",
        "files": {"ratings": "ratings.csv"},
        "columns": {"rater": "rater", "item": "item"},
        "dimensions": {"rating": {"scale": [low, high]}},
        "demographics": {"half": {"levels": ["a", "b"]}},
    }
    book = codebook_from(content, "halves.yaml")
    kept = data[["rater", "item", "half", "rating"]].astype({"half": str})
    numbered = kept.set_axis(pd.RangeIndex(2, 2 + len(kept)))
    return Study.of(book, Tables(tabulate("ratings.csv", numbered, book.missing, "0" * 64)))


def scores_of_runs(seed: int, spread: float, *, whole: bool, effect: float = 0.0) -> Experiment:
    """Scores of two designs of the same effect and a control: five runs each, eight prompts."""
    rng = np.random.default_rng([seed, 6])
    setting = dict.fromkeys(TUNING, "same")
    prompts = 0.3 * rng.normal(size=8)
    rows = []
    for design in ("preserve", "majority", CONTROL):
        for run in range(1 if design == CONTROL else 5):
            told = dict.fromkeys(TUNING, CONTROL) if design == CONTROL else setting
            told = told | ({} if design == CONTROL else {"strategy": design})
            level = 3.0 + (0 if design == CONTROL else effect + spread * rng.normal())
            score = level + np.repeat(prompts, 4) + rng.normal(size=32)
            rows.append(
                pd.DataFrame(
                    {
                        **told,
                        "base_model": "base",
                        "seed": run,
                        "run": f"{design}-{run}",
                        "chat_template": "own",
                        "prompt": np.repeat(np.arange(8), 4).astype(str),
                        "language": "en",
                        "sample": np.tile(np.arange(4), 8),
                        "dimension": "toxicity",
                        "score": score.round().clip(1, 5) if whole else score,
                        "malformed": False,
                        "judge": "made",
                        "note": "",
                    }
                )
            )
    table = pd.concat(rows, ignore_index=True)
    return pls.outcomes.select_experiment(Outcomes(table, pd.DataFrame()), "strategy")
