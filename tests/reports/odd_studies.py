"""Small studies, each odd in one way or two, written as files: what any user might have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

#: Ratings of one rater and item on each dimension are drawn about these, in steps of the scale.
Scale = list[int] | dict[str, object]

#: The tables of a study by name: ratings, raters, items.
Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Odd:
    """How a small study is drawn: 60 raters of two genders rate 4 of 12 items of 6 prompts.

    Attributes
    ----------
    scales
        Scale of each dimension, as the codebook has it.
    demographics
        Levels of each demographic.
    change
        What is odd in the tables or the codebook, done to them last.
    rating
        From a number in 0 to 1 and the lowest and highest rating to a rating.
    """

    scales: Mapping[str, Scale] = field(default_factory=lambda: {"toxic": [1, 5], "good": [1, 5]})
    demographics: Mapping[str, list[str]] = field(
        default_factory=lambda: {"gender": ["Female", "Male"], "area": ["City", "Town", "Country"]}
    )
    n_raters: int = 60
    n_items: int = 12
    items_per_prompt: int = 2
    per_rater: int = 4
    texts: bool = True
    change: Callable[[Frames, dict], None] = lambda frames, book: None
    rating: Callable[[float, float, float], object] = lambda u, low, high: round(
        low + u * (high - low)
    )


FIVE = {"toxic": [1, 5], "good": [1, 5]}


def _half_rated(frames: Frames, book: dict) -> None:
    """Nobody but women rates one dimension."""
    women = frames["raters"].set_index("rater")["gender"] == "Female"
    ratings = frames["ratings"]
    ratings["good"] = ratings["good"].astype("Int64").where(ratings["rater"].map(women))


def _mostly_missing(frames: Frames, book: dict) -> None:
    ratings = frames["ratings"]
    ratings["good"] = ratings["good"].astype("Int64").where(ratings.index % 25 == 0)


def _all_declined(frames: Frames, book: dict) -> None:
    frames["raters"]["gender"] = "No answer"
    book["demographics"]["gender"]["declined"] = ["No answer"]


def _nobody_answered(frames: Frames, book: dict) -> None:
    frames["raters"]["gender"] = ""


def _same_twice(frames: Frames, book: dict) -> None:
    frames["raters"]["sex"] = frames["raters"]["gender"].str.upper()
    book["demographics"]["sex"] = {"levels": ["FEMALE", "MALE"]}


def _separated(frames: Frames, book: dict) -> None:
    women = frames["raters"].set_index("rater")["gender"] == "Female"
    ratings = frames["ratings"]
    ratings["toxic"] = ratings["rater"].map(women).map({True: 1, False: 5})


def _by_item(frames: Frames, book: dict) -> None:
    """Everybody gives one item the same rating."""
    ratings = frames["ratings"]
    ratings["toxic"] = ratings["item"].str[1:].astype(int) % 5 + 1


def _one_rare(frames: Frames, book: dict) -> None:
    frames["raters"].loc[0, "gender"] = "Other"
    book["demographics"]["gender"]["levels"].append("Other")


def _small_reference(frames: Frames, book: dict) -> None:
    frames["raters"]["area"] = ["City"] * 5 + ["Town", "Country"] * 27 + ["Town"]


def _odd_words(frames: Frames, book: dict) -> None:
    names = {"Female": "$x^2$ & <b>50%</b>", "Male": 'it\'s "a:b", [c] ` {d} | é_1'}
    frames["raters"]["gender"] = frames["raters"]["gender"].map(names)
    book["demographics"]["gender"] = {"levels": list(names.values()), "label": "<i>Sex</i> $m_1$"}
    book["dimensions"]["toxic"]["label"] = "Toxic {very} $\\alpha$ <b>&</b> 100%"
    book["title"] = "<script>alert(1)</script> $t$"


def _numbers_as_levels(frames: Frames, book: dict) -> None:
    frames["raters"]["gender"] = frames["raters"]["gender"].map({"Female": "1", "Male": "0"})
    book["demographics"]["gender"]["levels"] = ["0", "1"]


def _words_of_python(frames: Frames, book: dict) -> None:
    frames["raters"] = frames["raters"].rename(columns={"gender": "C", "area": "lambda"})
    book["demographics"] = {
        "C": book["demographics"]["gender"],
        "lambda": book["demographics"]["area"],
    }
    frames["ratings"] = frames["ratings"].rename(columns={"toxic": "np", "good": "class"})
    book["dimensions"] = {"np": book["dimensions"]["toxic"], "class": book["dimensions"]["good"]}


def _two_languages(frames: Frames, book: dict) -> None:
    frames["ratings"]["tongue"] = np.where(
        frames["ratings"]["rater"].str[1:].astype(int) % 2, "de", "en"
    )
    book["columns"]["language"] = "tongue"


def _filter_leaves_few(frames: Frames, book: dict) -> None:
    frames["ratings"]["check"] = np.where(
        frames["ratings"]["rater"].isin(["p0", "p1", "p2"]), "yes", "no"
    )
    book["filters"] = {"attention": {"columns": "check", "keep": "yes"}}


#: Where two things are odd, neither bears on what the other does: scales on ratings, the rest on
#: prompts, texts or levels.
ODD: dict[str, Odd] = {
    "ordinary": Odd(),
    "binary": Odd({"toxic": [0, 1], "good": [0, 1]}),
    "one_dimension": Odd({"toxic": [1, 5]}),
    "one_demographic": Odd(demographics={"gender": ["Female", "Male"]}),
    "no_demographic": Odd(demographics={}),
    "one_item_a_rater": Odd(per_rater=1),
    "one_rating_an_item": Odd(n_items=240),
    "three_raters": Odd(n_raters=3),
    "one_rater": Odd(n_raters=1),
    "sixty_dimensions": Odd({f"d{k}": [1, 5] for k in range(60)}),
    "minus_one_to_one_and_one_prompt": Odd(
        {"toxic": [-1, 1], "good": [-1, 1]}, items_per_prompt=12
    ),
    "nought_to_ten_and_everyone_everything": Odd({"toxic": [0, 10], "good": [0, 10]}, per_rater=12),
    "nought_to_hundred": Odd({"toxic": [0, 100], "good": [0, 100]}),
    "fractions": Odd(
        {"toxic": {"from": 0, "to": 1, "continuous": True}},
        rating=lambda u, low, high: round(low + u * (high - low), 3),
    ),
    "mixed_scales": Odd({"toxic": [0, 1], "good": [1, 5], "warm": [0, 100]}),
    "one_item": Odd(n_items=1, per_rater=1),
    "one_level": Odd(demographics={"gender": ["Female"]}),
    "two_values": Odd(rating=lambda u, low, high: low if u < 0.5 else high),
    "two_raters": Odd(n_raters=2, demographics={}),
    "eighteen_raters": Odd(n_raters=18),
    "twenty_raters": Odd(n_raters=20, demographics={"gender": ["Female", "Male"]}),
    "one_to_two": Odd({"toxic": [1, 2], "good": [1, 2]}),
    "one_to_three_and_numbers_as_levels": Odd(
        {"toxic": [1, 3], "good": [1, 3]}, change=_numbers_as_levels
    ),
    "one_to_four_and_no_texts": Odd({"toxic": [1, 4], "good": [1, 4]}, texts=False),
    "one_to_seven_and_one_item_a_prompt": Odd(
        {"toxic": [1, 7], "good": [1, 7]}, items_per_prompt=1
    ),
    "half_rated": Odd(change=_half_rated),
    "mostly_missing": Odd(change=_mostly_missing),
    "all_declined": Odd(change=_all_declined),
    "nobody_answered": Odd(change=_nobody_answered),
    "same_twice": Odd(change=_same_twice),
    "separated": Odd(change=_separated),
    "by_item": Odd(change=_by_item),
    "one_rare": Odd(change=_one_rare),
    "small_reference": Odd(change=_small_reference),
    "odd_words": Odd(change=_odd_words),
    "words_of_python": Odd(change=_words_of_python),
    "two_languages": Odd(change=_two_languages),
    "filter_leaves_few": Odd(change=_filter_leaves_few),
    "many_levels": Odd(demographics={"country": [f"Country {k:02}" for k in range(30)]}),
}


def write_odd(folder: Path, odd: Odd, seed: int = 1) -> Path:
    """Write the files of an odd study and return its codebook."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    raters = pd.DataFrame({"rater": [f"p{k}" for k in range(odd.n_raters)]})
    for name, levels in odd.demographics.items():
        raters[name] = [levels[k] for k in random.permutation(odd.n_raters) % len(levels)]
    items = pd.DataFrame({"item": [f"i{k}" for k in range(odd.n_items)]})
    items["prompt"] = [f"q{k // odd.items_per_prompt}" for k in range(odd.n_items)]
    if odd.texts:
        items["question"] = "What of " + items["prompt"] + "?"
        items["answer"] = "Say " + items["item"] + "."
    leaning, merit = random.normal(size=odd.n_raters), random.normal(size=odd.n_items)
    rows = []
    for rater in range(odd.n_raters):
        first = rater * odd.per_rater
        for item in {(first + k) % odd.n_items for k in range(odd.per_rater)}:
            row = {"rater": f"p{rater}", "item": f"i{item}"}
            for name, scale in odd.scales.items():
                low, high = scale if isinstance(scale, list) else (scale["from"], scale["to"])
                noise = random.normal()
                u = 1 / (1 + np.exp(-leaning[rater] - merit[item] - noise))
                row[name] = odd.rating(u, low, high)
            rows.append(row)
    frames = {"ratings": pd.DataFrame(rows), "raters": raters, "items": items}
    book = {
        "name": folder.name,
        "files": {"ratings": "ratings.csv", "raters": "raters.csv", "items": "items.csv"},
        "columns": {"rater": "rater", "item": "item", "prompt": "prompt"},
        "dimensions": {
            name: {"scale": scale, "valence": -1 if name == "toxic" else 1}
            for name, scale in odd.scales.items()
        },
        "demographics": {name: {"levels": list(v)} for name, v in odd.demographics.items()},
    }
    if odd.texts:
        book["texts"] = {"prompt": {"en": "question"}, "response": {"en": "answer"}}
    odd.change(frames, book)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "study.yaml").write_text(yaml.safe_dump(book, sort_keys=False))
    return folder / "study.yaml"
