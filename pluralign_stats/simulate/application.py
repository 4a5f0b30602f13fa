"""The published survey as its application stores it: two languages, three periods, all oddities."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.simulate.design import UNEVENNESS
from pluralign_stats.simulate.parameters import DECLINED, DIMENSIONS, SEPARATOR, analysis_levels
from pluralign_stats.simulate.population import Population, draw_population
from pluralign_stats.simulate.simulate import draw_effects, draw_ratings
from pluralign_stats.simulate.texts import item_table
from pluralign_stats.simulate.truth import coefficients, design_matrix, plant_truth
from pluralign_stats.study.truth import Truth
from pluralign_stats.study.yaml_file import parse_yaml, read_text

LANGUAGES = ("en", "de")

#: Complete rows of each rater.
ROWS = 5

#: Shares of the raters of a language, in their order, after which something changes: answers are
#: drawn with replacement, attention is checked, the political slider has three steps and English
#: answers are those that exist in German, three options are offered, five are again.
CHANGES = {"replacement": 0.2, "attention": 0.45, "spectrum": 0.6, "three": 0.62, "five": 0.85}

#: Shares of raters who leave a row incomplete, who answer at random (from when that is checked),
#: who name a second country, and of answers without a German version.
INCOMPLETE, CARELESS, ABROAD, ENGLISH_ONLY = 0.06, 0.04, 0.02, 0.1

#: How far the thresholds around "neutral" lie from those of five options where three are offered.
NEUTRAL = np.array([-0.25, 0.25])

#: How often a rater sees the topic of an answer otherwise than its author.
TOPIC_DOUBT = 0.15


@dataclass(frozen=True, eq=False)
class ApplicationTables:
    """The application's tables and what was planted in them.

    Attributes
    ----------
    frames
        By file name, as the application stores them.
    truth
        What was planted. Raters who answer at random, and rows that are incomplete, are beside it.
    """

    frames: dict[str, pd.DataFrame]
    truth: Truth


@dataclass(frozen=True, eq=False)
class _Rows:
    """Who was shown what: rater and item of each row, and what the row lacks.

    Attributes
    ----------
    rater, item
        (n,) positions, in the order in which the rows were stored.
    after
        (n,) share of the raters of the language who came before.
    incomplete
        (n,) whether the rater left part of the page empty.
    """

    rater: np.ndarray
    item: np.ndarray
    after: np.ndarray
    incomplete: np.ndarray


def simulate_application(
    seed: int, *, n_raters: int = 1095, n_prompts: int = 50, responses_per_prompt: int = 4
) -> ApplicationTables:
    """Draw the study of arXiv 2511.14476 in the tables of its application.

    Who rates, what they think and what is planted are drawn as by `simulate_tables`; how it is
    asked and stored is the application's. Its periods are laid over the raters in their order.
    """
    people, of_raters, of_items, showing, answering, oddities = np.random.default_rng(seed).spawn(6)
    population = draw_population(n_raters, 1.0, people)
    profiles = analysis_levels(population.raters)
    planted = plant_truth(int(seed), profiles, "odds")
    truth = replace(planted, thresholds_three=planted.thresholds[["2|3", "3|4"]] + NEUTRAL)
    rater_effects = draw_effects(truth.rater_sd, truth.rater_corr, n_raters, of_raters)
    n_items = n_prompts * responses_per_prompt
    item_effects = draw_effects(truth.item_sd, truth.item_corr, n_items, of_items)
    leanings = design_matrix(profiles) @ coefficients(truth) + rater_effects
    items = item_table(item_effects, n_prompts)
    german = oddities.random(n_items) >= ENGLISH_ONLY
    careless = oddities.random(n_raters) < CARELESS
    frames: dict[str, pd.DataFrame] = {}
    for place, language in enumerate(LANGUAGES):
        who = np.flatnonzero(population.language == language)
        rows = _show(len(who), german, place, showing)
        eta = leanings[who][rows.rater] + item_effects[rows.item]
        given = _answers(eta, truth, rows, careless[who], answering)
        numbers = pd.DataFrame(given, columns=[f"rating_{d}" for d in DIMENSIONS])
        frames |= {
            _file("ratings", place): _ratings(numbers, rows, items, careless[who], place, oddities),
            _file("raters", place): _participants(population, who, place, oddities),
            _file("items", place): _prompts(items, german, place),
        }
    return ApplicationTables(frames, truth)


@cache
def _stored() -> dict[str, Any]:
    source = Path(__file__).with_name("application.yaml")
    return parse_yaml(read_text(source), source.name)


def _file(part: str, place: int) -> str:
    return str(_stored()["files"][part][place])


def _show(n_raters: int, german: np.ndarray, place: int, rng: np.random.Generator) -> _Rows:
    """Hand out answers: each once at first, later with replacement."""
    exist = german if place else np.full(len(german), True)
    weight = np.exp(rng.normal(0.0, UNEVENNESS, len(german)))
    once = list(rng.permutation(np.flatnonzero(exist)))
    rater: list[int] = []
    item: list[int] = []
    incomplete: list[bool] = []
    for k in range(n_raters):
        after = k / n_raters
        open_to = exist if after < CHANGES["spectrum"] else german
        lacking = rng.random() < INCOMPLETE
        for row in range(ROWS + lacking):
            fresh = after < CHANGES["replacement"] and bool(once)
            rater.append(k)
            item.append(once.pop() if fresh else _draw(weight * open_to, rng))
            incomplete.append(lacking and row == 1)
    number = np.array(rater)
    return _Rows(number, np.array(item), number / n_raters, np.array(incomplete))


def _draw(weight: np.ndarray, rng: np.random.Generator) -> int:
    """One answer, which the rater may have seen."""
    return int(rng.choice(len(weight), p=weight / weight.sum()))


def _answers(
    eta: np.ndarray, truth: Truth, rows: _Rows, careless: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(n, 5) ratings from 1 to 5, of three options 2 to 4."""
    five = draw_ratings(eta, truth.thresholds.to_numpy(), rng)
    assert truth.thresholds_three is not None  # noqa: S101 - narrows the type
    three = 1 + draw_ratings(eta, truth.thresholds_three.to_numpy(), rng)
    short = _three(rows.after)[:, None]
    at_random = np.where(short, rng.integers(2, 5, five.shape), rng.integers(1, 6, five.shape))
    checked = rows.after >= CHANGES["attention"]
    lost = (careless[rows.rater] & checked)[:, None]
    return np.where(lost, at_random, np.where(short, three, five))


def _three(after: np.ndarray) -> np.ndarray:
    """Whether three options were offered."""
    return (after >= CHANGES["three"]) & (after < CHANGES["five"])


def _ratings(
    numbers: pd.DataFrame,
    rows: _Rows,
    items: pd.DataFrame,
    careless: np.ndarray,
    place: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    words = {k: said[place] for k, said in enumerate(_stored()["ratings"], 1)}
    topic = items["gender_focused"].to_numpy()[rows.item].astype(int)
    topic ^= rng.random(len(topic)) < TOPIC_DOUBT
    gender = {k: said[place] for k, said in enumerate(_stored()["gender_focused"])}
    said = numbers.apply(lambda column: column.map(words))
    gone = rows.incomplete[:, None] & (np.arange(len(DIMENSIONS)) >= 2)
    keys = pd.DataFrame(
        {
            "participant_id": rows.rater + 1,
            "question_id": items["question_id"].str.lstrip("Q").astype(int).array[rows.item],
            "prompt_id": rows.item + 1,
            "gender_focused": pd.Series(topic).map(gender),
        }
    )
    attention = _attention(rows, careless, place, rng).apply(lambda column: column.map(words))
    return pd.concat([keys, said.mask(gone), attention], axis=1)


def _attention(
    rows: _Rows, careless: np.ndarray, place: int, rng: np.random.Generator
) -> pd.DataFrame:
    right = np.tile(_stored()["attention"][place], (len(rows.rater), 1))
    given = np.where(careless[rows.rater][:, None], rng.integers(1, 6, right.shape), right)
    asked = (rows.after >= CHANGES["attention"]) & ~rows.incomplete
    columns = ["attention", "attention2", "attention3"]
    return pd.DataFrame(np.where(asked[:, None], given, np.nan), columns=columns)


def _participants(
    population: Population, who: np.ndarray, place: int, rng: np.random.Generator
) -> pd.DataFrame:
    stored, raters = _stored(), population.raters.iloc[who].reset_index(drop=True)
    declined = stored["declined"][place]
    after = np.arange(len(who)) / len(who)
    home = raters["country_of_residence"].map(stored["country"])
    away = rng.random(len(who)) < ABROAD
    abroad = rng.choice(stored["also"], len(who))
    where = [
        [declined] if pd.isna(one) else [one, other] if two else [one]
        for one, other, two in zip(home, abroad, away, strict=True)
    ]
    return pd.DataFrame(
        {
            "participant_id": np.arange(1, len(who) + 1),
            "age": raters["age"].replace(stored["age"] | {DECLINED: declined}),
            "gender_identity": _pronouns(raters["gender_identity"], stored["pronouns"], declined),
            "country_of_residence": _arrays(where),
            "ancestry": _arrays(where),
            "ethnicity": _arrays(
                [[stored["ethnicity"][e][place] for e in chosen] if chosen else [declined]
                 for chosen in map(_chosen, raters["ethnicity"])]
            ),
            "political_party": raters["political_party"].map(stored["party"]).fillna(declined),
            "political_spectrum": _spectrum(raters["political_spectrum"], after, place),
        }
    )  # fmt: skip


def _chosen(ethnicity: str) -> list[str]:
    return [] if ethnicity == DECLINED else ethnicity.split(SEPARATOR)


def _arrays(rows: list[list[str]]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def _pronouns(answers: pd.Series, sets: Mapping[str, list[str]], declined: str) -> list[str]:
    turn = answers.groupby(answers).cumcount()
    return [
        sets[answer][k % len(sets[answer])] if answer in sets else declined
        for answer, k in zip(answers, turn, strict=True)
    ]


def _spectrum(answers: pd.Series, after: np.ndarray, place: int) -> list[str]:
    """Where the slider was left: nobody can decline, and untouched it stands at its first step."""
    steps = np.where(after < CHANGES["spectrum"], "five", "three")
    stored = _stored()["spectrum"]
    untouched = next(iter(stored))
    return [
        stored[untouched if answer == DECLINED else answer][k][place]
        for answer, k in zip(answers, steps, strict=True)
    ]


def _prompts(items: pd.DataFrame, german: np.ndarray, place: int) -> pd.DataFrame:
    suffix = "_de" if place else ""
    made = pd.DataFrame(
        {
            "prompt_id": np.arange(1, len(items) + 1),
            "question_id": items["question_id"].str.lstrip("Q").astype(int),
            "source": items["source"],
            "in_progress": 0,
            "rated": 1,
            "skipped": 0,
            "prompt": items[f"prompt{suffix}"],
            "answer": items[f"answer{suffix}"],
        }
    )
    return made[german] if place else made
