"""Draw a whole study: raters, items, ratings and the truth behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.errors import InputError, check_one_of
from pluralign_stats.simulate.design import draw_design
from pluralign_stats.simulate.parameters import DIMENSIONS, ITEM_SD, analysis_levels
from pluralign_stats.simulate.population import Population, draw_population
from pluralign_stats.simulate.texts import item_table
from pluralign_stats.simulate.truth import (
    coefficients,
    design_matrix,
    plant_truth,
)
from pluralign_stats.study.truth import READINGS, Reading, Truth

_MOST_ANSWERS = 26  # prompt ids end in a letter
_RATINGS = [f"rating_{dimension}" for dimension in DIMENSIONS]
_ATTENTION = ["attention", "attention2", "attention3"]


@dataclass(frozen=True, eq=False)
class SimulatedTables:
    """A simulated study as it would lie in files.

    Attributes
    ----------
    ratings : DataFrame
        One row per rater and item: ``participant_id``, ``question_id``, ``prompt_id``,
        ``gender_focused``, ``language``, one ``rating_…`` (1 to 5, missing where left empty) per
        dimension, and ``attention``, ``attention2``, ``attention3`` (1 is passed; only raters who
        passed are simulated).
    raters : DataFrame
        One row per rater: ``participant_id`` and the raw demographic answers.
    items : DataFrame
        One row per item (``prompt_id``): ``question_id``, ``source`` (``"simulated"``),
        ``gender_focused`` and the texts in both languages.
    truth : Truth
        What was planted.
    """

    ratings: pd.DataFrame
    raters: pd.DataFrame
    items: pd.DataFrame
    truth: Truth


def simulate_tables(
    seed: int,
    *,
    n_raters: int = 1095,
    n_prompts: int = 50,
    responses_per_prompt: int = 4,
    items_per_rater: int = 5,
    missing: float = 0.01,
    declined: float = 1.0,
    reading: Reading = "odds",
    item_sd: Mapping[str, float] = ITEM_SD,
    write_items: Callable[[np.ndarray, int], pd.DataFrame] = item_table,
) -> SimulatedTables:
    """Simulate the study of arXiv 2511.14476, with the effects that it reports planted.

    Parameters
    ----------
    seed : int
        Seed of every draw, at least 0; the same seed gives the same tables.
    n_raters : int
        Number of raters, at least 20, half in each country.
    n_prompts, responses_per_prompt : int
        Number of prompts and of responses to each; an item is one response to one prompt.
    items_per_rater : int
        Distinct items that each rater rates on all five dimensions.
    missing : float
        Share of single answers left empty, at random; the rows stay.
    declined : float
        Multiplier of the rates (1 to 6 %) at which demographic questions are declined.
    reading : {"odds", "mean"}
        Whether the reported percentages are planted as changes of the odds of a higher rating or
        of the mean rating.
    item_sd : mapping of str to float
        SD of the item effects by dimension, in logits.
    write_items : callable
        Takes the item effects (in logits, shape (n_items, 5)) and the number of prompts, and
        returns the table of items with their texts, as `item_table` does.

    Returns
    -------
    SimulatedTables
        Ratings, raters, items and truth.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    _check_whole("seed", seed, 0)
    _check_whole("n_raters", n_raters, 20)
    _check_whole("n_prompts", n_prompts, 1)
    _check_whole("responses_per_prompt", responses_per_prompt, 1, _MOST_ANSWERS)
    n_items = n_prompts * responses_per_prompt
    _check_whole("items_per_rater", items_per_rater, 1, n_items)
    _check_share("missing", missing, 0.9)
    _check_share("declined", declined, 10)
    check_one_of("reading", reading, READINGS)

    # One stream a part, so that a change of one argument leaves the other draws alone.
    people, pairing, of_raters, of_items, answering, blanks = np.random.default_rng(seed).spawn(6)
    population = draw_population(n_raters, declined, people)
    profiles = analysis_levels(population.raters)
    truth = plant_truth(int(seed), profiles, reading, item_sd)
    shown = draw_design(n_raters, n_items, items_per_rater, pairing)
    rater_effects = draw_effects(truth.rater_sd, truth.rater_corr, n_raters, of_raters)
    item_effects = draw_effects(truth.item_sd, truth.item_corr, n_items, of_items)
    leanings = design_matrix(profiles) @ coefficients(truth) + rater_effects
    eta = (leanings[:, None, :] + item_effects[shown]).reshape(-1, len(DIMENSIONS))
    answers = draw_ratings(eta, truth.thresholds.to_numpy(), answering)
    items = write_items(item_effects, n_prompts)
    ratings = _keys(population, items, shown).join(
        _answer_columns(answers, empty=blanks.random(answers.shape) < missing)
    )
    ratings[_ATTENTION] = 1
    return SimulatedTables(ratings, population.raters, items, truth)


def draw_effects(sd: pd.Series, corr: pd.DataFrame, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `n` normal effects that are correlated across dimensions, in logits, shape (n, 5)."""
    root = np.linalg.cholesky(corr.to_numpy())
    return rng.standard_normal((n, len(sd))) @ root.T * sd.to_numpy()


def draw_ratings(eta: np.ndarray, thresholds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw ratings from a cumulative logit model.

    Parameters
    ----------
    eta : ndarray, shape (n, dimensions)
        Linear predictors with the random effects, in logits.
    thresholds : ndarray, shape (dimensions, k)
        Increasing thresholds, in logits.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of int, shape (n, dimensions)
        Ratings from 1 to k + 1.
    """
    latent = eta + rng.logistic(size=eta.shape)
    columns = [np.searchsorted(cuts, latent[:, d]) for d, cuts in enumerate(thresholds)]
    return 1 + np.column_stack(columns)


def _keys(population: Population, items: pd.DataFrame, shown: np.ndarray) -> pd.DataFrame:
    """Key columns of the ratings, one row per rater and item shown."""
    rater = np.repeat(np.arange(len(shown)), shown.shape[1])
    keys = items.loc[shown.ravel(), ["question_id", "prompt_id", "gender_focused"]]
    keys.insert(0, "participant_id", population.raters["participant_id"].array[rater])
    keys["language"] = pd.array(population.language, dtype="str")[rater]
    return keys.reset_index(drop=True)


def _answer_columns(answers: np.ndarray, empty: np.ndarray) -> pd.DataFrame:
    columns = zip(_RATINGS, answers.T, empty.T, strict=True)
    return pd.DataFrame(
        {name: pd.arrays.IntegerArray(values, mask) for name, values, mask in columns}
    )


def _check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Refuse what is not a whole number between `least` and `most`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise InputError(f"{name} must be a whole number, not {value!r}")
    if value < least:
        raise InputError(f"{name} must be at least {least}, not {value}")
    if most is not None and value > most:
        raise InputError(f"{name} must be at most {most}, not {value}")


def _check_share(name: str, value: object, most: float) -> None:
    """Refuse what is not a number between 0 and `most`."""
    if not isinstance(value, int | float) or not 0 <= value <= most:
        raise InputError(f"{name} must be a number between 0 and {most:g}, not {value!r}")
