"""Budgets: as many examples for every recipe, so that quantity decides nothing."""

from collections.abc import Collection, Sequence

from pluralign_stats.choices.choices import Choices
from pluralign_stats.errors import InputError
from pluralign_stats.feedback.choice_recipe import ChoiceRecipe
from pluralign_stats.feedback.feedback import Feedback
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.unpaired import unpaired_feedback
from pluralign_stats.study.study import Study


def equal_budget(
    study: Study | Choices,
    recipes: Sequence[Recipe] | Sequence[ChoiceRecipe],
    prompts: Collection[str] | None = None,
    *,
    unpaired: bool = False,
) -> int:
    """The largest budget that every recipe can meet: the fewest examples that any of them gives.

    Training on equally many examples keeps a strategy from being credited for mere quantity.

    Parameters
    ----------
    study, prompts
        As for `preference_pairs`.
    recipes
        The recipes to be compared; their own budgets are passed over.
    unpaired
        Count unpaired feedback instead of pairs.

    Returns
    -------
    int
        Examples that every recipe can give.

    Raises
    ------
    InputError
        If no recipe is given, or one gives no feedback.

    Examples
    --------
    >>> pls.feedback.equal_budget(study, [recipe])
    34
    """
    if not recipes:
        raise InputError("no recipe is given; name at least one")
    return min(feedback_of(study, recipe, prompts, unpaired=unpaired).size for recipe in recipes)


def feedback_of(
    study: Study | Choices,
    recipe: Recipe | ChoiceRecipe,
    prompts: Collection[str] | None = None,
    *,
    unpaired: bool = False,
) -> Feedback:
    """Preference pairs, or feedback on single responses, which choices cannot give."""
    if not unpaired:
        return preference_pairs(study, recipe, prompts)
    if isinstance(study, Choices) or isinstance(recipe, ChoiceRecipe):
        raise InputError("unpaired feedback needs ratings, and choices have none; make pairs")
    return unpaired_feedback(study, recipe, prompts)
