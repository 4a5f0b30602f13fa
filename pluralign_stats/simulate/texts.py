"""What raters read: prompts about gender and answers in four styles, in English and German."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pluralign_stats.simulate.parameters import VALENCE, numbered
from pluralign_stats.study.yaml_file import parse_yaml, read_text

#: Styles of answers, from the best liked to the least liked.
STYLES = ("warm", "factual", "stereotyping", "dismissive")

#: Column suffix of each language.
SUFFIXES = {"en": "", "de": "_de"}


def item_table(item_effects: np.ndarray, n_prompts: int) -> pd.DataFrame:
    """Write a prompt and an answer for every item.

    Within a prompt the best liked answer is written in the warmest style and the least liked in
    the most dismissive one, so that texts tell good answers from bad ones while item effects
    stay independent draws. Past the 50 written prompts and the four styles, texts come again
    with the number of their variant.

    Parameters
    ----------
    item_effects : ndarray, shape (n_items, 5)
        Item effects by dimension, in logits; the answers to one prompt lie next to each other.
    n_prompts : int
        Number of prompts.

    Returns
    -------
    DataFrame
        One row per item: ``prompt_id``, ``question_id``, ``source``, ``gender_focused``,
        ``prompt``, ``answer``, ``prompt_de``, ``answer_de``.
    """
    styles, variants = style_by_liking(item_effects @ list(VALENCE.values()), n_prompts)
    questions = numbered("Q", n_prompts, 2)
    letters = [chr(ord("A") + place) for place in range(styles.shape[1])]
    return pd.DataFrame(
        {"prompt_id": question + letter, "question_id": question, "source": "simulated"}
        | _texts(prompt, STYLES[styles[prompt, place]], int(variants[prompt, place]))
        for prompt, question in enumerate(questions)
        for place, letter in enumerate(letters)
    )


def style_by_liking(liking: np.ndarray, n_prompts: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose the style of each answer by its rank within the prompt.

    Parameters
    ----------
    liking : ndarray, shape (n_items,)
        The higher, the better liked.
    n_prompts : int
        Number of prompts, each with the same number of answers.

    Returns
    -------
    styles, variants : ndarray of int, shape (n_prompts, answers)
        Position in `STYLES`, and which answer in that style to the prompt it is, from 1.
    """
    by_prompt = liking.reshape(n_prompts, -1)
    answers = by_prompt.shape[1]
    ranks = np.argsort(np.argsort(-by_prompt, axis=1), axis=1)
    styles = ranks * len(STYLES) // answers
    first_rank = -(-styles * answers // len(STYLES))
    return styles, 1 + ranks - first_rank


@cache
def _written() -> dict[str, Any]:
    source = Path(__file__).with_name("texts.yaml")
    return parse_yaml(read_text(source), source.name)


def _texts(prompt: int, style: str, variant: int) -> dict[str, int | str]:
    """Text columns of one item: the topic changes first, then the framing."""
    topics, framings = _written()["topics"], _written()["framings"]
    topic = topics[prompt % len(topics)]
    framing = framings[prompt // len(topics) % len(framings)]
    prompt_variant = 1 + prompt // (len(topics) * len(framings))
    columns = {"gender_focused": topic["gender_focused"]}
    for language, suffix in SUFFIXES.items():
        question = framing["prompt"][language].format(topic=topic["name"][language])
        answer = f"{framing[style][language]} {topic[style][language]}"
        columns[f"prompt{suffix}"] = question + _variant_mark(prompt_variant, language)
        columns[f"answer{suffix}"] = answer + _variant_mark(variant, language)
    return columns


def _variant_mark(number: int, language: str) -> str:
    return "" if number == 1 else " " + _written()["variant"][language].format(number=number)
