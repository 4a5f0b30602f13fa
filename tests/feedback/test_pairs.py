import dataclasses
import itertools
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, simulate_study
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.recipe import STRATEGIES, Recipe
from pluralign_stats.feedback.unpaired import unpaired_feedback

ONE, TWO = {"bad": 1.0}, {"bad": 1.0, "good": 0.3}
VARIANTS = {
    "plain": {},
    "a group": {"group": {"g": "a"}},
    "an intersection": {"group": {"g": "a", "h": ["x", "y"]}},
    "balanced": {"balance": "h"},
    "balanced within a group": {"balance": "h", "group": {"g": "a"}},
    "a margin": {"min_margin": 1.3},
    "pooled": {"languages": "pooled"},
}
AGREED = [s for s in STRATEGIES if s != "random"]


def check(study, recipe, brute, pairs_of):
    expected = brute(study, recipe).pairs()
    if not expected:
        with pytest.raises(InputError, match=r"gives no preference pairs: .* ratings of"):
            preference_pairs(study, recipe)
        return 0
    made = preference_pairs(study, recipe).table
    found = pairs_of(made)
    assert found.keys() == expected.keys()
    for key, numbers in expected.items():
        assert found[key] == pytest.approx(numbers, abs=1e-8), key
    assert made["margin"].to_numpy() == pytest.approx(
        (made["utility_chosen"] - made["utility_rejected"]).to_numpy()
    )
    return len(made)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("strategy", AGREED)
def test_pairs_are_those_of_enumeration(strategy, variant, random_study, brute, pairs_of):
    rows = 0
    for seed, weights, scale in itertools.product(
        range(2), (ONE, TWO), ("5-point", "3-point", "binary")
    ):
        recipe = Recipe(weights=weights, scale=scale, strategy=strategy, **VARIANTS[variant])
        study = random_study(seed, density=0.2 if strategy == "consensus" else 0.7)
        rows += check(study, recipe, brute, pairs_of)
    assert rows


def test_one_rater_speaks_for_each_response(random_study, brute):
    study = random_study(1, n_raters=9)
    recipe = Recipe(weights=TWO, strategy="random")
    loops = brute(study, recipe)
    seen = set()
    for seed in range(40):
        table = preference_pairs(study, recipe.model_copy(update={"seed": seed})).table
        assert (table["n"] == 1).all()
        assert (table["margin"] > 0).all()
        for row in table.itertuples():
            for side in ("chosen", "rejected"):
                stratum = (getattr(row, side), row.language)
                said = round(getattr(row, f"utility_{side}"), 6)
                allowed = {round(u, 6) for u, _ in loops.individuals(stratum)}
                assert said in allowed
                seen.add((stratum, said))
    everything = {(s, round(u, 6)) for s in loops.strata for u, _ in loops.individuals(s)}
    paired = {s for s, _ in seen}
    missed = {(s, u) for s, u in everything if s in paired} - seen
    assert len(missed) <= 0.1 * len(everything)


def test_every_rater_is_drawn_equally_often_unless_groups_are_balanced(study_of):
    frame = pd.DataFrame(
        {
            "rater": [f"p{i}" for i in range(6)] + ["z"],
            "item": ["a"] * 6 + ["b"],
            "prompt": "q",
            "rating": [1, 1, 1, 1, 5, 5, 3],
            "g": ["x"] * 4 + ["y"] * 3,
        }
    )
    book = {
        "columns": {"rater": "rater", "item": "item", "prompt": "prompt"},
        "demographics": {"g": {}},
    }
    study = study_of(frame, **book)

    def low(**more):
        recipes = (Recipe(weights={"rating": 1}, strategy="random", seed=s, **more) for s in SEEDS)
        return np.mean([preference_pairs(study, r).table["rejected"][0] == "a" for r in recipes])

    SEEDS = range(300)
    # Four of six equal raters; with x and y balanced each x weighs 7/8 and each y 7/6.
    for share, found in ((4 / 6, low()), (3.5 / (3.5 + 7 / 3), low(balance="g"))):
        assert found == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 300))


def test_soft_labels_in_closed_form(study_of):
    rng = np.random.default_rng(3)
    a, b = rng.integers(1, 6, size=30), rng.integers(1, 6, size=20)
    frame = pd.DataFrame(
        {
            "rater": [f"p{i}" for i in range(50)],
            "item": ["a"] * 30 + ["b"] * 20,
            "prompt": "q",
            "rating": [*a, *b],
        }
    )
    study = study_of(frame, columns={"rater": "rater", "item": "item", "prompt": "prompt"})
    share = (a[:, None] > b).mean() + (a[:, None] == b).mean() / 2
    hard = preference_pairs(study, Recipe(weights={"rating": 1}))
    assert hard.table.set_index("chosen")["p"]["a"] == pytest.approx(share, abs=1e-12)
    assert hard.table["p"].sum() == pytest.approx(1, abs=1e-12)
    assert list(hard.table["n"]) == [(a[:, None] > b).sum(), (a[:, None] < b).sum()]
    soft = preference_pairs(study, Recipe(weights={"rating": 1}, labels="soft")).examples()
    assert len(soft) == 1
    assert soft["p"][0] == pytest.approx(max(share, 1 - share), abs=1e-12)
    assert soft["chosen"][0] == ("a" if share > 0.5 else "b")
    assert (hard.examples()["p"] == 1).all()


def test_identical_raters_leave_the_weights_of_balance_without_effect(random_study, pairs_of):
    study = random_study(5)
    plain = Recipe(weights=ONE, group={"g": "a"})
    balanced = Recipe(weights=ONE, group={"g": "a"}, balance="g")
    first, second = (pairs_of(preference_pairs(study, r).table) for r in (plain, balanced))
    assert first.keys() == second.keys()
    assert [*first.values()] == [pytest.approx(numbers) for numbers in second.values()]


def test_balancing_gives_each_group_the_same_say(study_of):
    # 9 men like a, 3 women like b as much: the men win unless groups weigh equally.
    frame = pd.DataFrame(
        {
            "rater": [f"p{i}" for i in range(12)] * 2,
            "item": ["a"] * 12 + ["b"] * 12,
            "prompt": "q",
            "rating": [5] * 9 + [1] * 3 + [1] * 9 + [5] * 3,
            "g": (["m"] * 9 + ["w"] * 3) * 2,
        }
    )
    book = {
        "columns": {"rater": "rater", "item": "item", "prompt": "prompt"},
        "demographics": {"g": {}},
    }
    study = study_of(frame, **book)
    table = preference_pairs(study, Recipe(weights={"rating": 1})).table.set_index("chosen")
    assert table["n"].to_dict() == {"a": 81, "b": 9}
    table = preference_pairs(study, Recipe(weights={"rating": 1}, balance="g")).table
    assert table["p"].to_numpy() == pytest.approx([0.5, 0.5])
    assert table["weight"].to_numpy() == pytest.approx([36, 36])
    with pytest.raises(InputError, match="gives no preference pairs"):
        preference_pairs(study, Recipe(weights={"rating": 1}, balance="g", strategy="mean"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_order_of_rows_changes_nothing(strategy, study_of):
    rng = np.random.default_rng(8)
    n = 240
    frame = pd.DataFrame(
        {
            "rater": [f"p{i}" for i in rng.permutation(n) // 4],
            "item": [f"q{q}r{r}" for q, r in rng.integers(0, 4, size=(n, 2))],
            "rating": rng.integers(1, 6, size=n),
        }
    ).drop_duplicates(["rater", "item"])
    if strategy == "consensus":
        high = frame["item"].str[-1].isin(["0", "1"])
        frame["rating"] = np.where(high, 4, 1) + frame["rating"] % 2
    frame["prompt"] = frame["item"].str[:2]
    frame["g"] = np.where(frame["rater"].str[-1].isin(list("0123")), "x", "y")
    book = {
        "columns": {"rater": "rater", "item": "item", "prompt": "prompt"},
        "demographics": {"g": {}},
    }
    recipe = Recipe(
        weights={"rating": 1},
        strategy=strategy,
        balance="g",
        max_per_prompt=5 if strategy == "preserve" else 2,
        budget=4,
        seed=3,
    )
    runs = [
        preference_pairs(study_of(part, **book), recipe)
        for part in (frame, frame.sample(frac=1, random_state=1), frame.iloc[::-1])
    ]
    for run in runs[1:]:
        pd.testing.assert_frame_equal(runs[0].table, run.table, check_exact=True)
        pd.testing.assert_frame_equal(runs[0].examples(), run.examples(), check_exact=True)
        pd.testing.assert_frame_equal(runs[0].excluded, run.excluded)


def test_only_the_prompts_named_are_used(random_study):
    study = random_study(2)
    every = preference_pairs(study, Recipe(weights=ONE)).table
    some = preference_pairs(study, Recipe(weights=ONE), ("q3", "q1"))
    expected = every[every["prompt"].isin(["q1", "q3"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(some.table, expected)
    assert some.excluded["reason"][0] == "rated responses to prompts held out"
    with pytest.raises(InputError, match=r"the prompt must be one of .* not 'q9'"):
        preference_pairs(study, Recipe(weights=ONE), ["q9"])
    with pytest.raises(InputError, match="no prompt is named"):
        preference_pairs(study, Recipe(weights=ONE), [])


def test_what_is_left_out_is_counted(random_study, brute):
    study = random_study(4)
    recipe = Recipe(weights=TWO, group={"g": "a"}, balance="h")
    found = preference_pairs(study, recipe)
    frame = study.ratings.pivot(index=["rater", "item"], columns="dimension", values="rating")
    frame = frame.join(study.raters.set_index("rater")[["g", "h"]], on="rater")
    inside = frame[frame["g"] == "a"]
    answered = inside[inside[["bad", "good"]].notna().any(axis=1)]
    known = answered[answered["h"].notna()]
    counts = found.excluded.set_index("reason")["n"]
    assert counts["rated responses of raters outside the group"] == (frame["g"] != "a").sum()
    assert counts.get("rated responses without an answer", 0) == len(inside) - len(answered)
    silent = counts.get("rated responses of raters without an answer on 'h'", 0)
    assert silent == len(answered) - len(known)
    gaps = known[["bad", "good"]].isna().any(axis=1).sum()
    assert counts["rated responses that skip one of several dimensions"] == gaps
    assert counts["prompts with one response left in a language"] == 2  # q0, in both languages
    loops = brute(study, recipe)
    compared = sum(
        len(loops.individuals(a)) * len(loops.individuals(b))
        for a, b in itertools.combinations(loops.strata, 2)
        if a[1] == b[1] and loops.prompt[a[0]] == loops.prompt[b[0]]
    )
    assert counts["comparisons of two ratings that tie"] == compared - found.table["n"].sum()


def test_responses_without_a_value_are_counted(study_of):
    ratings = {"a": [1, 1, 5, 5], "b": [1, 2, 2, 3], "c": [4, 5, 4, 4], "d": [1, 1, 2, 1]}
    frame = pd.DataFrame(
        [(f"p{k}", i, "q", r) for i, all_ in ratings.items() for k, r in enumerate(all_)],
        columns=["rater", "item", "prompt", "rating"],
    )
    study = study_of(frame, columns={"rater": "rater", "item": "item", "prompt": "prompt"})
    majority = preference_pairs(study, Recipe(weights={"rating": 1}, strategy="majority"))
    assert set(majority.table["chosen"]) | set(majority.table["rejected"]) == {"b", "c", "d"}
    reasons = majority.excluded.set_index("reason")["n"]
    assert reasons["responses without a majority (two ratings equally common)"] == 1
    agreed = preference_pairs(study, Recipe(weights={"rating": 1}, strategy="consensus"))
    assert agreed.table[["chosen", "rejected"]].to_numpy().tolist() == [["c", "d"]]
    assert agreed.table["margin"][0] == pytest.approx(4.25 - 1.25)
    reasons = agreed.excluded.set_index("reason")["n"]
    assert reasons["responses whose raters are not all on one side"] == 2


@pytest.fixture(scope="module")
def texts_missing(small_study):
    """The simulated study with the German answers of two items gone."""
    items = small_study.items
    items.loc[items["item"].isin(["Q01A", "Q02B"]), "response_text_de"] = [" ", None]
    return dataclasses.replace(small_study, _items=items)


def test_responses_without_a_text_are_left_out_where_they_would_be_read(texts_missing, small_study):
    recipe = Recipe(weights={"toxicity": 1})
    table = preference_pairs(texts_missing, recipe).table
    german = table[table["language"] == "de"]
    english = table[table["language"] == "en"]
    assert not {"Q01A", "Q02B"} & {*german["chosen"], *german["rejected"]}
    assert {"Q01A", "Q02B"} <= {*english["chosen"], *english["rejected"]}
    counts = preference_pairs(texts_missing, recipe).excluded.set_index("reason")["n"]
    assert counts["responses with an empty text"] == 2
    assert "responses with an empty text" not in set(
        preference_pairs(small_study, recipe).excluded["reason"]
    )
    pooled = Recipe(weights={"toxicity": 1}, languages="pooled")
    table = preference_pairs(texts_missing, pooled).table
    assert set(table["language"]) == {"en"}
    assert {"Q01A", "Q02B"} <= {*table["chosen"], *table["rejected"]}


WRONG = {
    "a dimension": ({"weights": {"bd": 1}}, "the dimension must be one of .* did you mean 'bad'"),
    "a demographic": ({"group": {"k": "a"}}, "the demographic must be one of 'g', 'h', not 'k'"),
    "a level": ({"group": {"g": "c"}}, "the level of 'g' must be one of 'a', 'b', not 'c'"),
    "a demographic to balance": ({"balance": "k"}, "the demographic must be one of"),
    "an empty group": (
        {"group": {"g": "b", "h": "z"}},
        r"no rater is in the group g=b&h=z; raters by level: g=b: 4, h=z: 2",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_the_study_does_not_have_is_refused(what, random_study):
    more, message = WRONG[what]
    study = random_study(1)
    if what == "an empty group":
        study = study.where(rater=[r for r in study.raters["rater"] if r not in {"p5", "p11"}])
    with pytest.raises(InputError, match=message):
        preference_pairs(study, Recipe(**{"weights": ONE, **more}))


def test_without_pairs_the_reason_is_told_with_counts(study_of):
    frame = pd.DataFrame({"rater": list("abcd"), "item": list("wxyz"), "rating": [1, 2, 3, 4]})
    with pytest.raises(InputError, match="gives no preference pairs: 4 ratings of 4 responses"):
        preference_pairs(study_of(frame), Recipe(weights={"rating": 1}))
    with pytest.raises(InputError, match="prompts with one response left: 4"):
        preference_pairs(study_of(frame), Recipe(weights={"rating": 1}))
    unpaired = unpaired_feedback(study_of(frame), Recipe(weights={"rating": 1}))
    assert unpaired.table["item"].tolist() == ["w", "x", "z"]


def test_the_strategies_are_those_of_the_recipe():
    assert set(STRATEGIES) == set(get_args(Recipe.model_fields["strategy"].annotation))


def test_a_larger_study_against_single_pairs_drawn_from_it():
    study = simulate_study(2, n_raters=300, n_prompts=12)
    recipe = Recipe(weights=dict.fromkeys(study.dimensions, 1), scale="3-point")
    table = preference_pairs(study, recipe).table
    wide = study.ratings.assign(
        rating=study.ratings["rating"].map({1: 1, 2: 1, 3: 2, 4: 3, 5: 3}),
    ).pivot(index=["rater", "item", "language"], columns="dimension", values="rating")
    valence = [study.codebook.dimensions[d].valence for d in wide]
    utility = (wide * valence).sum(axis=1, skipna=False).dropna()
    by_item = {key: part.to_numpy() for key, part in utility.groupby(["item", "language"])}
    for row in table.sample(60, random_state=1).itertuples():
        a, b = (by_item[item, row.language] for item in (row.chosen, row.rejected))
        assert row.n == (a[:, None] > b).sum()
        assert row.p == pytest.approx((a[:, None] > b).mean() + (a[:, None] == b).mean() / 2)


def test_what_was_cut_into_equal_parts_is_told(slider_study):
    dimension = slider_study.dimensions[0]
    for make in (preference_pairs, unpaired_feedback):
        made = make(slider_study, Recipe(weights={dimension: 1.0}, scale="3-point"))
        (note,) = made.notes
        assert "cut into parts of equal width" in note
        assert note in repr(made)
        assert not make(slider_study, Recipe(weights={dimension: 1.0}, scale="as-rated")).notes


def test_preferences_ask_for_a_valence_that_is_not_declared(study_of):
    frame = pd.DataFrame({"rater": list("aabb"), "item": list("xyxy"), "prompt": "q"})
    frame["odd"], frame["good"] = [1, 2, 3, 4], [4, 3, 2, 1]
    columns = {"rater": "rater", "item": "item", "prompt": "prompt"}
    study = study_of(frame, columns=columns, dimensions={"odd": {"valence": None}, "good": {}})
    for make in (preference_pairs, unpaired_feedback):
        assert make(study, Recipe(weights={"good": 1})) is not None
        with pytest.raises(NotApplicableError) as error:
            make(study, Recipe(weights={"good": 1, "odd": 1}))
        assert "the valence of 'odd' is not declared; state 'valence: 1'" in str(error.value)
        assert "under dimensions.odd in the codebook" in str(error.value)
        assert "\n" not in str(error.value)
