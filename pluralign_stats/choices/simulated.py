"""Simulated choices with planted strengths by group."""

import numpy as np
import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.errors import InputError

#: Half-width of the differences in strength at which raters call a tie, in log odds.
TIE = 0.3

#: What being shown first adds to an option's strength, in log odds.
POSITION = 0.15

#: By how much the second group exaggerates the differences between systems.
STEEPER = 0.5

GROUPS = ("Female", "Male")


def planted_strengths(n_systems: int) -> pd.DataFrame:
    """Strengths that are planted, in log odds and adding up to 0: system by group."""
    plain = np.linspace(-1.0, 1.0, n_systems)
    names = [f"system {chr(65 + k) if k < 26 else k + 1}" for k in range(n_systems)]
    return pd.DataFrame(np.outer(plain, [1.0, 1 + STEEPER]), names, list(GROUPS))


def simulate_choices(
    seed: int = 1,
    *,
    n_raters: int = 300,
    n_prompts: int = 50,
    n_systems: int = 5,
    choices_per_rater: int = 20,
    n_options: int = 2,
    rater_sd: float = 0.5,
) -> Choices:
    """Simulate choices among responses of several systems.

    Men find systems half as far apart again as women do, raters have normal deviations from the
    strengths of their group, and the response that is shown first has a small advantage. Of two
    responses raters may also call a tie; of more they choose the best.

    Parameters
    ----------
    seed
        Equal seeds give equal choices.
    n_raters, n_prompts, n_systems
        How many there are.
    choices_per_rater
        How often each rater chooses.
    n_options
        Responses among which a rater chooses.
    rater_sd
        Standard deviation of a rater's own deviation for each system, in log odds.

    Returns
    -------
    Choices
        With demographic gender.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> pls.choices.simulate_choices(seed=1, n_raters=20, choices_per_rater=5)
    <Choices 'simulated_choices' (simulated): 20 raters, 41 prompts, 5 options, 100 choices>
    """
    if not 2 <= n_options <= n_systems or min(n_raters, n_prompts, choices_per_rater) < 1:
        raise InputError(
            f"'n_options' must be from 2 to n_systems ({n_systems}), not {n_options}, and the "
            "numbers of raters, prompts and choices 1 or more"
        )
    rng = np.random.default_rng(seed)
    strengths = planted_strengths(n_systems)
    n = n_raters * choices_per_rater
    rater = np.repeat(np.arange(n_raters), choices_per_rater)
    group = rng.integers(0, 2, n_raters)
    deviation = rater_sd * rng.normal(size=(n_raters, n_systems))
    shown = rng.random((n, n_systems)).argsort(axis=1)[:, :n_options]
    level = strengths.to_numpy()[shown, group[rater][:, None]]
    level = level + deviation[rater[:, None], shown]
    level[:, 0] += POSITION
    best = _compared(level, rng) if n_options == 2 else _best(level, rng)
    names = strengths.index.to_numpy()
    frame = pd.DataFrame(names[shown], columns=[f"option_{k + 1}" for k in range(n_options)])
    frame = frame.assign(
        rater=[f"r{k + 1:04d}" for k in rater],
        prompt=[f"p{k + 1:03d}" for k in rng.integers(0, n_prompts, n)],
        choice=np.arange(n),
        best=best,
        gender=np.array(GROUPS)[group[rater]],
    )
    return Choices.from_frame(
        frame,
        rater="rater",
        prompt="prompt",
        set="choice",
        options=[f"option_{k + 1}" for k in range(n_options)],
        chosen="best",
        shown_in_order=True,
        demographics={"gender": {"levels": list(GROUPS)}},
        name="simulated_choices",
        simulated=True,
    )


def _compared(level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Outcomes of comparisons by the cumulative model of ties."""
    latent = level[:, 0] - level[:, 1] + rng.logistic(size=len(level))
    return np.select([latent > TIE, latent > -TIE], ["option_1", "tie"], "option_2")


def _best(level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choices by the conditional logit."""
    place = (level + rng.gumbel(size=level.shape)).argmax(axis=1)
    return np.array([f"option_{k + 1}" for k in range(level.shape[1])])[place]
