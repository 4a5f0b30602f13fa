import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback import feedback
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.unpaired import unpaired_feedback

COUNTS = np.array([50, 1, 0, 9, 20])


@pytest.mark.parametrize("urn", [10**9, 10])
def test_draws_have_the_moments_of_the_hypergeometric(urn, monkeypatch):
    monkeypatch.setattr(feedback, "_LARGEST_URN", urn)
    n, k = COUNTS.sum(), 30
    draws = np.array([feedback.drawn(COUNTS, k, seed) for seed in range(3000)])
    assert (draws.sum(axis=1) == k).all()
    assert (draws <= COUNTS).all()
    share = COUNTS / n
    mean = k * share
    covariance = k * (n - k) / (n - 1) * (np.diag(share) - np.outer(share, share))
    error = np.sqrt(np.diag(covariance) / 3000)
    assert (np.abs(draws.mean(axis=0) - mean) <= 4 * error).all()
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.08 * covariance.max())


def test_caps_hold_for_each_prompt_and_do_not_depend_on_other_prompts():
    prompt = np.array(["a", "a", "b", "b", "b"])
    kept = feedback.capped(COUNTS, prompt, 10, 5)
    assert (kept <= COUNTS).all()
    assert [kept[prompt == p].sum() for p in "ab"] == [10, 10]
    alone = feedback.capped(COUNTS[2:], prompt[2:], 10, 5)
    assert alone.tolist() == kept[2:].tolist()
    np.testing.assert_array_equal(feedback.capped(COUNTS, prompt, 1000, 5), COUNTS)


def test_examples_are_single_preferences_within_cap_and_budget(small_study):
    recipe = Recipe(weights={"toxicity": 1}, max_per_prompt=25, budget=100, seed=4)
    feedback = preference_pairs(small_study, recipe)
    examples = feedback.examples()
    assert len(examples) == 100
    assert list(examples) == ["prompt", "language", "chosen", "rejected", "p", "weight"]
    assert examples["prompt"].value_counts().max() <= 25
    keys = ["prompt", "language", "chosen", "rejected"]
    drawn = examples.value_counts(keys)
    assert (drawn <= feedback.table.set_index(keys)["n"].reindex(drawn.index)).all()
    pd.testing.assert_frame_equal(examples, feedback.examples())
    other = preference_pairs(small_study, recipe.model_copy(update={"seed": 5})).examples()
    assert not examples.equals(other)


def test_without_a_budget_every_preference_is_an_example(small_study):
    feedback = preference_pairs(small_study, Recipe(weights={"toxicity": 1}))
    examples = feedback.examples()
    assert len(examples) == feedback.size == feedback.table["n"].sum()
    assert (examples["weight"] == 1).all()
    balanced = preference_pairs(small_study, Recipe(weights={"toxicity": 1}, balance="country"))
    assert balanced.examples()["weight"].sum() == pytest.approx(balanced.table["weight"].sum())
    soft = preference_pairs(small_study, Recipe(weights={"toxicity": 1}, labels="soft"))
    units = {frozenset(x) for x in zip(soft.table["chosen"], soft.table["rejected"], strict=True)}
    assert len(soft.examples()) >= len(units)
    assert not soft.examples().duplicated(["language", "chosen", "rejected"]).any()
    assert (soft.examples()["p"] >= 0.5).all()


def test_too_large_a_budget_names_both_numbers(small_study):
    recipe = Recipe(weights={"toxicity": 1}, strategy="mean", budget=10_000)
    size = len(preference_pairs(small_study, recipe).table)
    with pytest.raises(InputError, match=f"the budget is 10,000 examples, but .* gives {size:,};"):
        preference_pairs(small_study, recipe).examples()


def test_examples_too_many_to_be_written_are_refused(small_study, monkeypatch):
    monkeypatch.setattr("pluralign_stats.feedback.feedback.MOST_EXAMPLES", 100)
    feedback = preference_pairs(small_study, Recipe(weights={"toxicity": 1}))
    with pytest.raises(InputError, match=f"{feedback.size:,} examples are too many"):
        feedback.examples()


def test_unpaired_examples(small_study):
    feedback = unpaired_feedback(small_study, Recipe(weights={"toxicity": 1}, budget=50))
    assert list(feedback.examples()) == ["prompt", "language", "item", "desirable", "weight"]
    assert len(feedback.examples()) == 50
