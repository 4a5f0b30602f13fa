"""Prompts to train on, and prompts held out for evaluation."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pluralign_stats.choices.choices import Choices
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.responses import Responses, responses_of
from pluralign_stats.study.prompts import same_prompts
from pluralign_stats.study.study import Study
from pluralign_stats.study.text import TEXTS

#: Second number of the seed that splits prompts.
_SPLIT = 4


@dataclass(frozen=True)
class Split:
    """Names of prompts, sorted.

    Attributes
    ----------
    train, held_out
        No prompt is in both, in whatever language it is asked and under whatever name.
    joined
        How many of them have a text that another one has too; those stay on one side together.

    Examples
    --------
    >>> split = pls.feedback.split_prompts(study, held_out=0.25)
    >>> set(split.train) & set(split.held_out)
    set()
    """

    train: tuple[str, ...]
    held_out: tuple[str, ...]
    joined: int = 0

    @property
    def summary(self) -> str:
        """What a reader has to know of the split; empty if nothing."""
        return (
            f"{self.joined:,} of {len(self.train) + len(self.held_out):,} prompts have a text that "
            "another one has too, and were split together"
            if self.joined
            else ""
        )


@dataclass(frozen=True, eq=False)
class _Prompts:
    """Prompts to split.

    Attributes
    ----------
    names
        (n,) sorted names.
    group
        (n,) number of the text that each has, for itself or with others.
    kind
        (groups,) number of the languages in which each text was used.
    """

    names: np.ndarray
    group: np.ndarray
    kind: np.ndarray


def split_prompts(study: Study | Choices, held_out: float = 0.2, seed: int = 0) -> Split:
    """Split the prompts of a study, stratified by the languages in which they were rated.

    Prompts with the same text in some language, but for case, space and the like, are one prompt
    under several names: they come to one side together.

    Parameters
    ----------
    study
        The study, or choices.
    held_out
        Share of prompts held out, above 0 and below 1. Of prompts rated in the same languages the
        same share is held out, up to rounding; at least one prompt is on each side. Prompts with
        one text count once.
    seed
        Equal seeds split equally.

    Returns
    -------
    Split
        Names of the prompts to train on and of those held out.

    Raises
    ------
    InputError
        If the share is not between 0 and 1, the seed is negative, or there are fewer than two
        prompts, or two texts of prompts.

    Examples
    --------
    >>> split = pls.feedback.split_prompts(study, held_out=0.25, seed=0)
    >>> len(split.train), len(split.held_out)
    (9, 3)
    """
    if not 0 < held_out < 1:
        raise InputError(f"held_out must lie between 0 and 1, such as 0.2, not {held_out:g}")
    if seed < 0:
        raise InputError(f"the seed of the split must be 0 or more, not {seed}")
    prompts = _of_choices(study) if isinstance(study, Choices) else _of_study(study)
    names, group, kinds = prompts.names, prompts.group, prompts.kind
    if len(names) < 2:
        raise InputError(
            f"the study has {len(names)} prompt, and a split needs two at least; state the prompt "
            "of each item in the codebook ('columns: prompt')"
        )
    n_groups = len(kinds)
    if n_groups < 2:
        raise InputError(
            f"all {len(names)} prompts of the study have the same text, and a split needs two texts"
        )
    order = np.random.default_rng([seed, _SPLIT]).permutation(n_groups)
    taken = _quotas(np.bincount(kinds), held_out)
    chosen = np.zeros(n_groups, bool)
    for kind, n in enumerate(taken):
        chosen[order[kinds[order] == kind][:n]] = True
    out, alike = chosen[group], np.bincount(group)[group] > 1
    return Split(tuple(map(str, names[~out])), tuple(map(str, names[out])), int(alike.sum()))


def _of_study(study: Study) -> _Prompts:
    responses = responses_of(study)
    group = same_prompts(study.items, responses.prompts.tolist())
    return _Prompts(responses.prompts, group, _kinds(responses, group))


def _of_choices(choices: Choices) -> _Prompts:
    """Prompts of choices; those with one text are one."""
    about = choices.choices
    names = np.unique(about["prompt"].astype(str))
    texts = about[["prompt"]].assign(
        **{f"{TEXTS['prompt']}any": about["prompt_text"]} if "prompt_text" in about else {}
    )
    group = same_prompts(texts.drop_duplicates(), names.tolist())
    spoken = (
        pd.factorize(about["language"])[0] if "language" in about else np.zeros(len(about), int)
    )
    place = group[pd.Index(names).get_indexer(about["prompt"].astype(str))]
    asked = np.zeros((group.max() + 1, spoken.max() + 1), bool)
    asked[place[spoken >= 0], spoken[spoken >= 0]] = True
    return _Prompts(names, group, np.unique(asked, axis=0, return_inverse=True)[1].ravel())


def _kinds(responses: Responses, group: np.ndarray) -> np.ndarray:
    """Number of the set of languages in which each group of prompts was rated."""
    asked = np.zeros((group.max() + 1, len(responses.languages)), bool)
    known = responses.language >= 0
    prompt = responses.prompt_of[responses.item[known]]
    asked[group[prompt], responses.language[known]] = True
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
