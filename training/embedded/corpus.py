"""What the miniature base models read: prompts with responses of every level, in both languages."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pluralign_stats.simulate.parameters import DIMENSIONS, ITEM_CORR, VALENCE
from training.embedded.world import (
    LANGUAGES,
    Prompt,
    Text,
    draw_qualities,
    levels_of,
    n_variants,
    prompts,
    render,
    world,
)

_VALENCES = np.array([VALENCE[dimension] for dimension in DIMENSIONS], float)

#: SD of how much is liked about a response, before noise.
_LIKING_SD = float(np.sqrt(_VALENCES @ ITEM_CORR @ _VALENCES))

#: Share of a mood's variance that the response to come decides.
MOOD_SHARE = 0.25


@dataclass(frozen=True)
class Exchange:
    """A prompt and one response to it, with what is thought before.

    Attributes
    ----------
    prompt, response
        The texts.
    thinking
        What the model that thinks first thinks.
    language
        Language of all three.
    """

    prompt: str
    response: str
    thinking: str
    language: str


def draw_exchanges(n: int, rng: np.random.Generator) -> Iterator[Exchange]:
    """Draw exchanges: prompts and languages evenly, responses as their qualities fall.

    Parameters
    ----------
    n : int
        How many.
    rng : Generator
        Source of randomness.
    """
    qualities = draw_qualities(n, rng)
    levels = levels_of(qualities)
    variants = rng.integers(n_variants(), size=levels.shape)
    moods = draw_moods(qualities, rng)
    places = rng.integers(len(prompts()), size=n)
    spoken = rng.integers(len(LANGUAGES), size=n)
    thoughts = rng.integers(2, size=(n, 2))
    for i in range(n):
        prompt, language = prompts()[places[i]], LANGUAGES[spoken[i]]
        yield Exchange(
            prompt.text(language),
            render(levels[i], variants[i], prompt.topic, language),
            think(prompt, int(moods[i]), thoughts[i], language),
            language,
        )


def draw_moods(qualities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the mood before each response, 0 (annoyed), 1 or 2 (kind), shape (n,).

    The three are equally likely; a mood leans towards what will be liked about the response.
    """
    liking = qualities @ _VALENCES / _LIKING_SD
    noise = rng.standard_normal(len(liking))
    leaning = np.sqrt(MOOD_SHARE) * liking + np.sqrt(1 - MOOD_SHARE) * noise
    return np.searchsorted([-0.4307, 0.4307], leaning)


def think(prompt: Prompt, mood: int, variants: np.ndarray, language: str) -> str:
    """Write what is thought before a response."""
    told = world()
    asked: Text = told.asked[variants[0]]
    felt: Text = told.moods[mood][variants[1]]
    topic = told.topics[prompt.topic][language]
    return f"{asked[language].format(topic=topic)} {felt[language]}"
