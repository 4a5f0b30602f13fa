"""Preference pairs of choices, by every strategy that needs no ratings."""

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.choices import Choices, simulate_choices
from pluralign_stats.feedback import ChoiceRecipe, Recipe, split_prompts
from pluralign_stats.feedback.choice_pairs import response_names, response_texts

#: Two prompts; of the first, three raters prefer x to y, one y to x, and one neither.
ROWS = pd.DataFrame(
    [
        ("p1", "a", "x", "y", "x", "old"),
        ("p1", "b", "y", "x", "x", "old"),
        ("p1", "c", "x", "y", "x", "old"),
        ("p1", "d", "x", "y", "y", "young"),
        ("p1", "e", "x", "y", "tie", "young"),
        ("p2", "a", "x", "y", "y", "old"),
        ("p2", "d", "y", "x", "y", "young"),
    ],
    columns=["prompt", "rater", "one", "two", "won", "age"],
)
HOW = {"rater": "rater", "prompt": "prompt", "options": ["one", "two"], "chosen": "won"}


@pytest.fixture(scope="module")
def choices():
    return Choices.from_frame(ROWS, **HOW, demographics=["age"])


def rows_of(feedback, *columns):
    table = feedback.table[["chosen", "rejected", *columns]]
    return [tuple(row) for row in table.itertuples(index=False)]


def test_every_choice_is_kept(choices):
    found = pls.preference_pairs(choices, ChoiceRecipe())
    assert rows_of(found, "n", "weight", "p") == [
        ("p1:x", "p1:y", 3, 3.0, 0.7),
        ("p1:y", "p1:x", 1, 1.0, pytest.approx(0.3)),
        ("p2:y", "p2:x", 2, 2.0, 1.0),
    ]
    assert found.excluded.to_dict("records") == [{"reason": "comparisons that tie", "n": 1}]
    assert len(found.examples()) == 6
    soft = pls.preference_pairs(choices, ChoiceRecipe(labels="soft")).examples()
    assert soft[["chosen", "p"]].to_dict("records") == [
        {"chosen": "p1:x", "p": 0.7},
        {"chosen": "p2:y", "p": 1.0},
    ]


@pytest.mark.parametrize(
    ("strategy", "kept", "left"),
    [
        ("majority", [("p1:x", "p1:y"), ("p2:y", "p2:x")], []),
        (
            "consensus",
            [("p2:y", "p2:x")],
            [{"reason": "pairs on which raters do not all agree", "n": 1}],
        ),
    ],
)  # fmt: skip
def test_one_verdict_for_each_pair(choices, strategy, kept, left):
    found = pls.preference_pairs(choices, ChoiceRecipe(strategy=strategy))
    assert rows_of(found) == kept
    assert found.excluded.to_dict("records") == left
    assert (found.table[["n", "weight", "p"]] == 1).all(axis=None)


def test_as_many_on_either_side_are_no_majority(choices):
    half = Choices.from_frame(ROWS.iloc[[0, 3, 5]], **HOW)
    found = pls.preference_pairs(half, ChoiceRecipe(strategy="majority"))
    assert rows_of(found) == [("p2:y", "p2:x")]
    assert found.excluded["reason"].tolist() == ["pairs without a majority"]


def test_one_rater_of_each_pair_is_drawn_whatever_the_order_of_rows(choices):
    turned = Choices.from_frame(ROWS[::-1], **HOW, demographics=["age"])
    seen = set()
    for seed in range(30):
        recipe = ChoiceRecipe(strategy="random", seed=seed)
        found = pls.preference_pairs(choices, recipe)
        pd.testing.assert_frame_equal(found.table, pls.preference_pairs(turned, recipe).table)
        seen.add(tuple(found.table["chosen"]))
    assert seen == {("p1:x", "p2:y"), ("p1:y", "p2:y"), ("p2:y",)}


def test_groups_and_their_balance(choices):
    young = pls.preference_pairs(choices, ChoiceRecipe(group={"age": ["young"]}))
    assert rows_of(young, "p") == [("p1:y", "p1:x", 0.75), ("p2:y", "p2:x", 1.0)]
    assert "comparisons of raters outside the group" in set(young.excluded["reason"])
    even = pls.preference_pairs(choices, ChoiceRecipe(balance="age"))
    assert even.table["weight"].sum() == pytest.approx(7 - 7 / 6)
    assert even.table["p"].iloc[0] == pytest.approx(
        0.5 + 0.5 * (3 * 7 / 8 - 7 / 6) / (21 / 8 + 7 / 3)
    )


def test_the_best_of_several_is_preferred_to_each():
    made = simulate_choices(seed=1, n_raters=5, choices_per_rater=4, n_options=4)
    found = pls.preference_pairs(made, ChoiceRecipe())
    assert found.table["n"].sum() == 5 * 4 * 3


def test_caps_and_budgets_hold_for_choices(choices):
    assert pls.preference_pairs(choices, ChoiceRecipe(max_per_prompt=2)).size == 4
    assert len(pls.preference_pairs(choices, ChoiceRecipe(budget=3)).examples()) == 3


def test_options_of_one_prompt_keep_their_names():
    rows = ROWS.assign(
        one=ROWS["prompt"] + ROWS["one"], two=ROWS["prompt"] + ROWS["two"], won="one"
    )
    made = Choices.from_frame(rows, **HOW)
    assert set(response_names(made)) == {"p1x", "p1y", "p2x", "p2y"}


def test_texts_go_with_the_pairs():
    rows = ROWS.assign(t1="text of " + ROWS["one"], t2="text of " + ROWS["two"], asked="Why?")
    made = Choices.from_frame(rows, **HOW, texts=["t1", "t2"], prompt_text="asked")
    texts = response_texts(made).set_index("item")
    assert texts.loc["p1:x"].to_dict() == {
        "prompt": "p1",
        "text": "text of x",
        "prompt_text": "Why?",
    }
    other = Choices.from_frame(rows.assign(t1=range(7)), **HOW, texts=["t1", "t2"])
    with pytest.raises(
        pls.InputError, match="to prompt 'p1' has two texts or systems; name columns"
    ):
        response_texts(other)


def test_prompts_are_held_out(choices):
    split = split_prompts(choices, held_out=0.5)
    assert {*split.train, *split.held_out} == {"p1", "p2"}
    found = pls.preference_pairs(choices, ChoiceRecipe(), split.train)
    assert set(found.table["prompt"]) == set(split.train)
    with pytest.raises(pls.InputError, match="the prompt must be one of 'p1', 'p2', not 'p3'"):
        pls.preference_pairs(choices, ChoiceRecipe(), ["p3"])


def test_prompts_of_one_text_are_split_together():
    rows = ROWS.assign(asked="Why?")
    with pytest.raises(pls.InputError, match="have the same text"):
        split_prompts(Choices.from_frame(rows, **HOW, prompt_text="asked"))


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_averages_need_ratings(strategy):
    with pytest.raises(pls.InputError, match=f"'{strategy}' needs ratings, and choices have none"):
        ChoiceRecipe(strategy=strategy)


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({"weights": {"toxicity": 1}}, "unknown key: it must be one of 'group'"),
        ({"strategy": "vote"}, "'strategy' must be one of 'preserve'"),
        ({"group": {"age": ["old", "old"]}}, "the levels of 'age' must differ"),
    ],
)
def test_recipes_that_cannot_be(recipe, told):
    with pytest.raises(pls.InputError, match=told):
        ChoiceRecipe(**recipe)


def test_recipes_of_ratings_and_of_choices_are_not_mistaken(choices, toy):
    with pytest.raises(pls.InputError, match="is for ratings, and these are choices"):
        pls.preference_pairs(choices, Recipe(weights={"toxicity": 1}))
    with pytest.raises(pls.InputError, match="is for choices, and the study holds ratings"):
        pls.preference_pairs(toy.read(), ChoiceRecipe())


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({"group": {"age": "ancient"}}, "the level of 'age' must be one of 'old', 'young'"),
        ({"group": {"sex": "f"}}, "the demographic must be one of 'age', not 'sex'"),
    ],
)
def test_groups_that_are_not_there(choices, recipe, told):
    with pytest.raises(pls.InputError, match=told):
        pls.preference_pairs(choices, ChoiceRecipe(**recipe))


def test_ties_alone_give_no_pairs():
    made = Choices.from_frame(ROWS.assign(won="tie"), **HOW)
    with pytest.raises(
        pls.InputError, match=r"gives no preference pairs \(comparisons that tie: 7\)"
    ):
        pls.preference_pairs(made, ChoiceRecipe())


def test_strategies_on_as_many_pairs(choices):
    recipes = [ChoiceRecipe(), ChoiceRecipe(strategy="majority")]
    assert pls.feedback.equal_budget(choices, recipes) == 2
    with pytest.raises(pls.InputError, match="unpaired feedback needs ratings"):
        pls.feedback.equal_budget(choices, recipes, unpaired=True)
