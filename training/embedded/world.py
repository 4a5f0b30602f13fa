"""The miniature world: prompts, and responses whose parts carry the five dimensions."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from pluralign_stats.simulate.parameters import DIMENSIONS, ITEM_CORR
from pluralign_stats.study.yaml_file import parse_yaml, read_text

LANGUAGES = ("en", "de")

#: Levels of every dimension, from 1 to this many.
N_LEVELS = 5

#: The dimensions in the order in which a response's parts stand.
PARTS = (
    "emotional_awareness",
    "helpfulness",
    "stereotypical_bias",
    "toxicity",
    "sensitivity",
)

#: A latent quality above so many of these lies that many levels above 1: levels are equally likely.
CUTS = ndtri(np.arange(1, N_LEVELS) / N_LEVELS)

SOURCE = Path(__file__).with_name("world.yaml")

Text = dict[str, str]


@dataclass(frozen=True)
class World:
    """All texts of the world.

    Attributes
    ----------
    framings
        Prompts with a gap for the topic, by language.
    topics
        Noun phrases by language.
    gender_focused
        Whether each topic is about gender.
    parts
        By dimension and level (from 0) the variants of a sentence, by language.
    asked, moods
        What the model that thinks first thinks: what is asked, and by mood (from annoyed to kind)
        what it feels like.
    """

    framings: tuple[Text, ...]
    topics: tuple[Text, ...]
    gender_focused: tuple[bool, ...]
    parts: dict[str, tuple[tuple[Text, ...], ...]]
    asked: tuple[Text, ...]
    moods: tuple[tuple[Text, ...], ...]


@dataclass(frozen=True)
class Prompt:
    """A prompt of the world, by the positions of its framing and topic."""

    framing: int
    topic: int

    def text(self, language: str) -> str:
        """The prompt in `language`."""
        told = world()
        return told.framings[self.framing][language].format(topic=told.topics[self.topic][language])

    @property
    def gender_focused(self) -> bool:
        """Whether the prompt is about gender."""
        return world().gender_focused[self.topic]


@cache
def world() -> World:
    """Read the world's texts."""
    content: dict[str, Any] = parse_yaml(read_text(SOURCE), SOURCE.name)
    topics, thoughts = content["topics"], content["thoughts"]
    return World(
        framings=tuple(content["framings"]),
        topics=tuple({language: topic[language] for language in LANGUAGES} for topic in topics),
        gender_focused=tuple(bool(topic["gender_focused"]) for topic in topics),
        parts={
            dimension: tuple(
                tuple(content["parts"][dimension][str(1 + i)]) for i in range(N_LEVELS)
            )
            for dimension in PARTS
        },
        asked=tuple(thoughts["asked"]),
        moods=tuple(tuple(variants) for variants in thoughts["moods"]),
    )


@cache
def prompts() -> tuple[Prompt, ...]:
    """All prompts; the topic changes first, then the framing."""
    told = world()
    return tuple(
        Prompt(framing, topic)
        for framing in range(len(told.framings))
        for topic in range(len(told.topics))
    )


def n_variants() -> int:
    """How many variants every part has at every level."""
    return min(len(variants) for levels in world().parts.values() for variants in levels)


def render(levels: np.ndarray, variants: np.ndarray, topic: int, language: str) -> str:
    """Write a response.

    Parameters
    ----------
    levels : ndarray of int, shape (5,)
        Level of each dimension, from 1 to 5, in the order of `DIMENSIONS`.
    variants : ndarray of int, shape (5,)
        Variant of each part, from 0, in the same order.
    topic : int
        Position of the topic.
    language : {"en", "de"}
        Language of the text.
    """
    told = world()
    places = [DIMENSIONS.index(dimension) for dimension in PARTS]
    sentences = (
        told.parts[dimension][levels[place] - 1][variants[place]][language]
        for dimension, place in zip(PARTS, places, strict=True)
    )
    written = " ".join(sentence for sentence in sentences if sentence)
    return written.format(topic=told.topics[topic][language])


def draw_qualities(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw latent qualities of responses, standard normal and correlated, shape (n, 5).

    They have the item correlations of the simulated study, in the order of `DIMENSIONS`.
    """
    return rng.standard_normal((n, len(DIMENSIONS))) @ np.linalg.cholesky(ITEM_CORR).T


def levels_of(qualities: np.ndarray) -> np.ndarray:
    """Levels, from 1 to 5, of latent qualities in standard deviations; the same shape."""
    return 1 + np.searchsorted(CUTS, qualities)
