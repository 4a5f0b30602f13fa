"""Prompts to train on, and prompts held out for evaluation."""

from dataclasses import dataclass

import numpy as np

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.responses import Responses, responses_of
from pluralign_stats.study.study import Study

#: Second number of the seed that splits prompts.
_SPLIT = 4


@dataclass(frozen=True)
class Split:
    """Names of prompts, sorted.

    Attributes
    ----------
    train, held_out
        No prompt is in both, in whatever language it is asked.
    """

    train: tuple[str, ...]
    held_out: tuple[str, ...]


def split_prompts(study: Study, held_out: float = 0.2, seed: int = 0) -> Split:
    """Split the prompts of a study, stratified by the languages in which they were rated.

    Parameters
    ----------
    study
        The study.
    held_out
        Share of prompts held out, above 0 and below 1. Of prompts rated in the same languages the
        same share is held out, up to rounding; at least one prompt is on each side.
    seed
        Equal seeds split equally.

    Raises
    ------
    InputError
        If the share is not between 0 and 1, the seed is negative, or there are fewer than two
        prompts.
    """
    if not 0 < held_out < 1:
        raise InputError(f"held_out must lie between 0 and 1, such as 0.2, not {held_out:g}")
    if seed < 0:
        raise InputError(f"the seed of the split must be 0 or more, not {seed}")
    responses = responses_of(study)
    names = responses.prompts
    if len(names) < 2:
        raise InputError(
            f"the study has {len(names)} prompt, and a split needs two at least; state the prompt "
            "of each item in the codebook ('columns: prompt')"
        )
    kinds = _kinds(responses)
    order = np.random.default_rng([seed, _SPLIT]).permutation(len(names))
    taken = _quotas(np.bincount(kinds), held_out)
    out = np.zeros(len(names), bool)
    for kind, n in enumerate(taken):
        out[order[kinds[order] == kind][:n]] = True
    return Split(tuple(map(str, names[~out])), tuple(map(str, names[out])))


def _kinds(responses: Responses) -> np.ndarray:
    """Number of the set of languages in which each prompt was rated."""
    asked = np.zeros((len(responses.prompts), len(responses.languages)), bool)
    known = responses.language >= 0
    asked[responses.prompt_of[responses.item[known]], responses.language[known]] = True
    return np.unique(asked, axis=0, return_inverse=True)[1].ravel()


def _quotas(sizes: np.ndarray, share: float) -> np.ndarray:
    """Whole numbers close to `share` of each size, which add up to the share of all."""
    total = int(np.clip(round(share * sizes.sum()), 1, sizes.sum() - 1))
    exact = share * sizes
    quotas = np.floor(exact).astype(int)
    room = sizes - quotas
    for kind in np.argsort(-(exact - quotas), kind="stable"):
        if quotas.sum() < total and room[kind]:
            quotas[kind] += 1
    while quotas.sum() > total:
        quotas[quotas.argmax()] -= 1
    return quotas
