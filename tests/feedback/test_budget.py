import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback.budget import equal_budget
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.unpaired import unpaired_feedback


def test_the_equal_budget_is_the_least_that_all_can_meet(small_study):
    recipes = [Recipe(weights={"toxicity": 1}, strategy=s) for s in ("preserve", "mean", "median")]
    sizes = [len(preference_pairs(small_study, r).examples()) for r in recipes]
    assert equal_budget(small_study, recipes) == min(sizes)
    sizes = [len(unpaired_feedback(small_study, r).examples()) for r in recipes]
    assert equal_budget(small_study, recipes, unpaired=True) == min(sizes)
    with pytest.raises(InputError, match="no recipe is given"):
        equal_budget(small_study, [])
