import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback.split import split_prompts


@pytest.fixture(scope="module")
def languages(study_of):
    """Forty prompts in English, twenty in German, ten in both, in whatever order."""

    def make(seed):
        asked = [(f"e{k}", "en") for k in range(40)] + [(f"d{k}", "de") for k in range(20)]
        asked += [(f"b{k}", language) for k in range(10) for language in ("en", "de")]
        rows = [
            (f"p{n}{language}", f"{prompt}x", prompt, language, 1 + (n + k) % 5)
            for k, (prompt, language) in enumerate(asked)
            for n in range(2)
        ]
        frame = pd.DataFrame(rows, columns=["rater", "item", "prompt", "language", "rating"])
        names = {c: c for c in ("rater", "item", "prompt", "language")}
        return study_of(frame.sample(frac=1, random_state=seed), columns=names)

    return make


def test_every_prompt_is_on_one_side_and_languages_keep_their_share(languages):
    split = split_prompts(languages(1), 0.2, 3)
    assert not set(split.train) & set(split.held_out)
    assert len(split.train) + len(split.held_out) == 70
    kinds = [sum(name[0] == kind for name in split.held_out) for kind in "edb"]
    assert kinds == [8, 4, 2]


def test_a_split_is_the_seeds_and_not_the_orders(languages):
    assert split_prompts(languages(1), 0.2, 3) == split_prompts(languages(2), 0.2, 3)
    assert split_prompts(languages(1), 0.2, 3) != split_prompts(languages(1), 0.2, 4)
    study = languages(1)
    often = np.mean(["e7" in split_prompts(study, 0.25, seed).held_out for seed in range(200)])
    assert often == pytest.approx(0.25, abs=0.13)


@pytest.mark.parametrize(("share", "n"), [(0.01, 1), (0.99, 69), (0.5, 35), (0.333, 23)])
def test_both_sides_have_a_prompt(languages, share, n):
    assert len(split_prompts(languages(1), share).held_out) == n


def test_what_cannot_be_split_is_refused(languages, study_of):
    for share in (0, 1, 1.5, -0.1):
        with pytest.raises(InputError, match=f"held_out must lie between 0 and 1.* not {share:g}"):
            split_prompts(languages(1), share)
    with pytest.raises(InputError, match="the seed of the split must be 0 or more, not -1"):
        split_prompts(languages(1), 0.2, -1)
    frame = pd.DataFrame({"rater": ["a", "b"], "item": "x", "rating": [1, 2]})
    with pytest.raises(InputError, match="the study has 1 prompt"):
        split_prompts(study_of(frame))
