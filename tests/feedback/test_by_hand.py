"""Every definition once on a study so small that its feedback can be counted on paper.

Four raters say how bad answers are, from 1 to 5: A and B to the question q, C and D to r, E to s.

====  =========  =========  =========  =========
      p0 (x, l)  p1 (x, c)  p2 (y, l)  p3 (y, c)
====  =========  =========  =========  =========
A     1          2          4          5
B     3          3          5          1
C     2          2          4
D     4          4          2
E     5
====  =========  =========  =========  =========
"""

import pandas as pd
import pytest

from pluralign_stats.errors import InputError
from pluralign_stats.feedback.budget import equal_budget
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.feedback.unpaired import unpaired_feedback

RATINGS = {"A": [1, 2, 4, 5], "B": [3, 3, 5, 1], "C": [2, 2, 4], "D": [4, 4, 2], "E": [5]}
PROMPTS = {"A": "q", "B": "q", "C": "r", "D": "r", "E": "s"}
NAMES = {name: name for name in ("rater", "item", "prompt")}
GROUPS = {"g": {}, "h": {}}
BAD = {"bad": 1.0}


@pytest.fixture(scope="module")
def study(study_of):
    rows = [
        (f"p{k}", item, PROMPTS[item], rating, "xxyy"[k], "lclc"[k])
        for item, ratings in RATINGS.items()
        for k, rating in enumerate(ratings)
    ]
    frame = pd.DataFrame(rows, columns=["rater", "item", "prompt", "bad", "g", "h"])
    book = {"dimensions": {"bad": {"valence": -1}}, "demographics": GROUPS}
    return study_of(frame, columns=NAMES, **book)


def pairs(study, weights=BAD, **recipe):
    """Each pair in order: how often, which share prefers it, and by what margin."""
    table = preference_pairs(study, Recipe(weights=weights, **recipe)).table
    return {
        row.chosen + row.rejected: (row.n, pytest.approx(row.p), pytest.approx(row.margin))
        for row in table.itertuples()
    }


def left_out(study, **recipe):
    excluded = preference_pairs(study, Recipe(weights=BAD, **recipe)).excluded
    return dict(zip(excluded["reason"], excluded["n"], strict=True))


def test_every_rater_speaks_and_contradictions_stay(study):
    # A's 1 beats 3, 3, 5; its 2 the same; its 4 beats 5. Of B 1 beats 2, 4, 5; 3 and 3 beat 4, 5.
    assert pairs(study) == {
        "AB": (7, 1 / 2, 2),
        "BA": (7, 1 / 2, 2),
        "CD": (4, 6 / 9, 2),
        "DC": (1, 3 / 9, 2),
    }
    assert left_out(study) == {
        "prompts with one response left": 1,
        "comparisons of two ratings that tie": 2 + 4,
    }


def test_soft_labels_are_one_example_a_pair(study):
    examples = preference_pairs(study, Recipe(weights=BAD, labels="soft")).examples()
    assert (examples["chosen"] + examples["rejected"]).tolist() == ["AB", "CD"]
    assert examples["p"].tolist() == pytest.approx([1 / 2, 6 / 9])
    hard = preference_pairs(study, Recipe(weights=BAD)).examples()
    assert (hard["chosen"] + hard["rejected"]).value_counts().to_dict() == {
        **{"AB": 7, "BA": 7},
        **{"CD": 4, "DC": 1},
    }
    assert set(hard["p"]) == {1.0}


def test_a_majority_needs_one_commonest_rating(study):
    assert pairs(study, strategy="majority") == {"CD": (1, 1, 2)}
    assert left_out(study, strategy="majority") == {
        "responses without a majority (two ratings equally common)": 1,
        "prompts with one response left": 2,
    }


def test_equal_means_and_medians_give_no_preference(study):
    assert pairs(study, strategy="mean") == {"CD": (1, 1, 10 / 3 - 8 / 3)}
    assert pairs(study, strategy="median") == {"CD": (1, 1, 2)}  # 3 and 3 of A and B; 2 and 4
    assert left_out(study, strategy="mean")["pairs of responses that tie"] == 1


def test_an_even_number_of_raters_has_its_median_halfway(study):
    # Of x alone: A 1.5, B 3, C 2, D 4.
    found = pairs(study, strategy="median", group={"g": "x"})
    assert found == {"AB": (1, 1, 1.5), "CD": (1, 1, 2)}


def test_consensus_is_all_on_one_side_and_none_in_the_middle(study):
    with pytest.raises(InputError, match="not all on one side: 4; prompts with one response left"):
        pairs(study, strategy="consensus")
    # x: A is 1 and 2, B neutral; C 2 and 2, D 4 and 4.
    assert pairs(study, strategy="consensus", group={"g": "x"}) == {"CD": (1, 1, 2)}


def test_one_rater_of_each_response_speaks(study):
    seen = set()
    for seed in range(60):
        recipe = Recipe(weights=BAD, strategy="random", seed=seed, group={"g": "x"})
        table = preference_pairs(study, recipe).table
        assert table.equals(preference_pairs(study, recipe).table)
        seen |= set(zip(table["chosen"], table["utility_chosen"], strict=True))
    assert seen == {("A", -1), ("A", -2), ("C", -2)}


def test_coarser_scales_come_before_everything_else(study):
    # Binary: A 0011, B 0010, C 001, D 110.
    assert pairs(study, scale="binary") == {
        "AB": (2, 6 / 16, 1),
        "BA": (6, 10 / 16, 1),
        "CD": (4, 6 / 9, 1),
        "DC": (1, 3 / 9, 1),
    }
    assert pairs(study, scale="binary", strategy="mean") == {
        "BA": (1, 1, 1 / 4),
        "CD": (1, 1, 1 / 3),
    }
    # Three points: A 1133, B 2231, C 113, D 331.
    assert pairs(study, scale="3-point", strategy="majority") == {"CD": (1, 1, 2)}
    assert pairs(study, scale="3-point") == {
        "AB": (6, (6 + 4 / 2) / 16, 8 / 6),
        "BA": (6, (6 + 4 / 2) / 16, 8 / 6),
        "CD": (4, 6 / 9, 2),
        "DC": (1, 3 / 9, 2),
    }


def test_a_margin_makes_ties_of_smaller_differences(study):
    # 1 and 2 over 5, 1 over 3 twice; 1 over 4 and 5, 3 over 5 twice.
    assert pairs(study, min_margin=2) == {
        "AB": (4, 1 / 2, 2.75),
        "BA": (4, 1 / 2, 2.75),
        "CD": (4, 6 / 9, 2),
        "DC": (1, 3 / 9, 2),
    }
    assert pairs(study, min_margin=3).keys() == {"AB", "BA"}


def test_groups_and_intersections(study):
    assert pairs(study, group={"g": "y"}) == {
        **{"AB": (1, (1 + 1 / 2) / 4, 1), "BA": (2, (2 + 1 / 2) / 4, 3.5)},
        "DC": (1, 1, 2),
    }
    assert pairs(study, group={"g": "y", "h": "l"}) == {"AB": (1, 1, 1), "DC": (1, 1, 2)}
    everyone = pairs(study, group={"g": ["x", "y"]})
    assert everyone == pairs(study)


def test_balanced_groups_weigh_equally(study):
    # 9 ratings of x weigh 15/18 each, 6 of y 15/12: as 2 to 3.
    assert pairs(study, strategy="mean", balance="g") == {
        "BA": (1, 1, (2 * (1 + 2) + 3 * (4 + 5)) / 10 - 3),
        "CD": (1, 1, (2 * 8 + 3 * 2) / 7 - (2 * 4 + 3 * 4) / 7),
    }
    # A over B: x's 1 and 2 over 3, 3, 5 and y's 4 over 5. B over A: 1 over 2, 4, 5; 3, 3 over 4, 5.
    over, under = 2 * 2 * (2 + 2 + 3) + 3 * 3, 3 * (2 + 3 + 3) + 2 * 2 * (3 + 3)
    found = pairs(study, balance="g")
    assert found["AB"][:2] == (7, (1 + (over - under) / 100) / 2)
    examples = preference_pairs(study, Recipe(weights=BAD, balance="g")).examples()
    weights = examples.groupby(["chosen", "rejected"])["weight"].sum()
    assert weights["A", "B"] == pytest.approx(over * (15 / 36) ** 2)
    # Within y, four ratings of l and two of c weigh as 1 to 2: A is 4 and twice 5, B 5 and twice 1.
    assert pairs(study, balance="h", group={"g": "y"}) == {
        "AB": (1, (1 + 2 / 2) / 9, 1),
        "BA": (2, (2 + 4 + 2 / 2) / 9, (2 * 3 + 4 * 4) / 6),
        "DC": (1, 1, 2),
    }


def test_each_response_alone(study):
    table = unpaired_feedback(study, Recipe(weights=BAD)).table
    counts = {(row.item, row.desirable): row.n for row in table.itertuples()}
    assert counts == {
        **{("A", True): 2, ("A", False): 2, ("B", True): 1, ("B", False): 1},
        **{("C", True): 2, ("C", False): 1, ("D", True): 1, ("D", False): 2, ("E", False): 1},
    }


def test_equal_budgets_and_caps(study):
    recipes = [Recipe(weights=BAD, strategy=s) for s in ("preserve", "majority", "mean", "median")]
    budget = equal_budget(study, recipes)
    assert budget == 1
    for recipe in recipes:
        fair = recipe.model_copy(update={"budget": budget, "seed": 3})
        examples = preference_pairs(study, fair).examples()
        assert len(examples) == budget
        assert examples.equals(preference_pairs(study, fair).examples())
    capped = Recipe(weights=BAD, max_per_prompt=4)
    assert preference_pairs(study, capped).examples()["prompt"].value_counts().to_dict() == {
        **{"q": 4, "r": 4},
    }


def test_several_dimensions_with_weights_and_valence(study_of):
    # Utility is -bad + good / 2.
    frame = pd.DataFrame(
        [
            *(("p0", "A", "q", 4, 5), ("p1", "A", "q", 2, 1)),
            *(("p0", "B", "q", 2, 3), ("p1", "B", "q", 2, 4), ("p2", "B", "q", 5, None)),
        ],
        columns=["rater", "item", "prompt", "bad", "good"],
    )
    study = study_of(frame, columns=NAMES, dimensions={"bad": {"valence": -1}, "good": {}})
    both = {"bad": 1.0, "good": 0.5}
    # Raters who answered both: A -1.5, -1.5; B -0.5, 0.
    assert pairs(study, both) == {"BA": (4, 1, 1.25)}
    # Means by dimension, of all who answered it: A -3 + 1.5; B -3 + 1.75.
    assert pairs(study, both, strategy="mean") == {"BA": (1, 1, 0.25)}
    # Medians: A -3 + 1.5; B -2 + 1.75.
    assert pairs(study, both, strategy="median") == {"BA": (1, 1, 1.25)}
    assert pairs(study, {"bad": 1.0, "good": 3.0}, strategy="median") == {"BA": (1, 1, 2.5)}


def test_languages_are_kept_apart(study_of):
    # In English A is better, in German B; pooled they tie.
    frame = pd.DataFrame(
        [
            *(("p0", "A", "q", "en", 5), ("p1", "B", "q", "en", 1)),
            *(("p2", "A", "q", "de", 1), ("p3", "B", "q", "de", 5)),
        ],
        columns=["rater", "item", "prompt", "language", "good"],
    )
    columns = {**NAMES, "language": "language"}
    study = study_of(frame, columns=columns, dimensions={"good": {}})
    table = preference_pairs(study, Recipe(weights={"good": 1}, strategy="mean")).table
    assert table[["language", "chosen"]].to_numpy().tolist() == [["de", "B"], ["en", "A"]]
    with pytest.raises(InputError, match="pairs of responses that tie: 1"):
        preference_pairs(study, Recipe(weights={"good": 1}, strategy="mean", languages="pooled"))


def test_seven_ratings_with_a_map_of_their_own(study_of):
    frame = pd.DataFrame(
        [("p0", "A", "q", 7), ("p1", "A", "q", 5), ("p0", "B", "q", 4), ("p1", "B", "q", 6)],
        columns=["rater", "item", "prompt", "good"],
    )
    maps = {
        "3-point": dict(zip(range(1, 8), [1, 1, 1, 2, 2, 3, 3], strict=True)),
        "binary": dict(zip(range(1, 8), [0, 0, 0, 0, 0, 0, 1], strict=True)),
    }
    dimensions = {"good": {"scale": [1, 7], "conversions": maps}}
    study = study_of(frame, columns=NAMES, dimensions=dimensions)
    # As rated 7, 5 against 4, 6; on three points 3, 2 against 2, 3; binary 1, 0 against 0, 0.
    good = {"good": 1.0}
    assert pairs(study, good, scale="as-rated") == {"AB": (3, 3 / 4, 5 / 3), "BA": (1, 1 / 4, 1)}
    assert pairs(study, good, scale="3-point") == {"AB": (1, 1 / 2, 1), "BA": (1, 1 / 2, 1)}
    assert pairs(study, good, scale="binary") == {"AB": (2, 3 / 4, 1)}
