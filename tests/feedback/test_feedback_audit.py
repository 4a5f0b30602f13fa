import itertools
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.describe import agreement
from pluralign_stats.feedback.feedback_audit import audit, audit_recipes
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.parts import effective_number, parts_of
from pluralign_stats.feedback.recipe import STRATEGIES, Recipe
from pluralign_stats.feedback.selection import select

TOXICITY = {"toxicity": 1.0}


@pytest.fixture(scope="module")
def audited(small_study):
    return audit(small_study, by="gender", n_bootstrap=100)


def wide(study, dimension="toxicity"):
    block = study.ratings[study.ratings["dimension"] == dimension].dropna(subset="rating")
    return block.assign(item=block["item"].astype(str), language=block["language"].astype(str))


def prefers(study):
    """Every individual preference on toxicity: rater and item chosen, rater and item rejected."""
    for _, block in wide(study).groupby(["prompt", "language"], observed=True):
        for a, b in itertools.permutations(block.itertuples(), 2):
            if a.item != b.item and a.rating < b.rating:
                yield a, b


def parts(study, recipe):
    selection = select(study, recipe)
    found, responses = parts_of(selection), selection.responses
    by_rater = np.bincount(
        responses.rater[selection.rows], weights=found.part, minlength=len(responses.raters)
    )
    return dict(zip(responses.raters, by_rater, strict=True)), found


def test_the_parts_of_raters_whose_every_rating_speaks(small_study):
    expected = defaultdict(float)
    for a, b in prefers(small_study):
        expected[a.rater] += 0.5
        expected[b.rater] += 0.5
    found, _ = parts(small_study, Recipe(weights=TOXICITY))
    assert {k: v for k, v in found.items() if v} == pytest.approx(dict(expected))


@pytest.mark.parametrize("strategy", ["majority", "mean", "median", "consensus"])
def test_the_parts_of_raters_of_whom_one_value_is_taken(strategy, small_study):
    scale = "5-point" if strategy == "consensus" else "binary"
    recipe = Recipe(weights=TOXICITY, strategy=strategy, scale=scale)
    table = preference_pairs(small_study, recipe).table
    mass = defaultdict(float)
    for row in table.itertuples():
        mass[row.chosen, row.language] += 0.5
        mass[row.rejected, row.language] += 0.5
    expected = defaultdict(float)
    for stratum, block in wide(small_study).groupby(["item", "language"], observed=True):
        positive = block["rating"] >= 4
        if strategy == "majority":
            block = block[positive == (positive.mean() > 0.5)]
        for rater in block["rater"]:
            expected[rater] += mass[stratum] / len(block)
    found, _ = parts(small_study, recipe)
    assert {k: v for k, v in found.items() if v} == pytest.approx(
        {k: v for k, v in expected.items() if v}
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "more", [{}, {"balance": "gender"}, {"min_margin": 2}, {"languages": "pooled"}]
)
def test_every_preference_is_shared_out_once(strategy, more, small_study):
    weights = {"toxicity": 1, "helpfulness": 0.5}
    _, found = parts(small_study, Recipe(weights=weights, strategy=strategy, **more))
    assert found.part.sum() == pytest.approx(found.preferences.weight.sum())
    assert (found.part >= 0).all()


def test_the_effective_number():
    assert effective_number(np.full(7, 0.3)) == pytest.approx(7)
    assert effective_number(np.array([1.0, 0, 0])) == pytest.approx(1)
    assert effective_number(np.array([2.0, 1, 1])) == pytest.approx(16 / 6)
    assert effective_number(np.zeros(3)) == 0


def test_contradictions_against_enumeration(audited, small_study):
    row = audited.conditions.table.set_index("strategy").loc["preserve"]
    pairs = defaultdict(lambda: [0, 0])
    for a, b in prefers(small_study):
        low, high = sorted([a.item, b.item])
        pairs[low, high, a.language][a.item == low] += 1
    counts = np.array(list(pairs.values()))
    assert row["n_preferences"] == counts.sum()
    assert row["n_pairs"] == len(counts)
    assert row["contradictory_share"] == pytest.approx((counts.min(axis=1) > 0).mean())
    assert row["contradicting_share"] == pytest.approx(counts.min(axis=1).sum() / counts.sum())
    others = audited.conditions.table.set_index("strategy").drop("preserve")
    assert (others.loc[others["n_pairs"] > 0, "contradictory_share"] == 0).all()


def test_shares_add_up_and_small_groups_are_withheld(audited, small_study):
    table = audited.shares.table
    sizes = small_study.raters["gender"].value_counts()
    small = [g for g in sizes.index if sizes[g] < 10]
    assert small
    assert table[table["group"].isin(small)].iloc[:, 3:].isna().all(axis=None)
    for _, block in table.groupby("strategy"):
        hidden = block["raters_share"].isna()
        assert hidden.sum() != 1
        for share in ("raters_share", "ratings_share", "pairs_share"):
            assert block[share].sum() <= 1 + 1e-9
            hidden = block[share].isna()
            assert hidden.sum() != 1
    preserve = table[table["strategy"] == "preserve"].set_index("group")
    answered = wide(small_study)
    men = answered[answered["gender"] == "Male"]
    if not np.isnan(preserve["n_ratings"]["Male"]):
        assert preserve["n_ratings"]["Male"] == len(men)
        assert preserve["n_raters"]["Male"] == men["rater"].nunique()


def label(study, recipe):
    """Sign of each pair of responses with a clear label."""
    table = preference_pairs(study, recipe).table
    table = table[table["p"] > 0.5 + 1e-9]
    low = np.minimum(table["chosen"].to_numpy(object), table["rejected"].to_numpy(object))
    high = np.maximum(table["chosen"].to_numpy(object), table["rejected"].to_numpy(object))
    index = pd.MultiIndex.from_arrays([table["language"], low, high])
    return pd.Series(np.where(table["chosen"] == low, 1, -1), index)


@pytest.mark.parametrize("strategy", ["preserve", "mean", "majority"])
def test_flips_are_those_of_a_study_without_the_group(strategy, audited, small_study):
    recipe = Recipe(weights=TOXICITY, strategy=strategy)
    every = label(small_study, recipe)
    table = audited.flips.table
    for row in table[table["strategy"] == strategy].itertuples():
        rest = small_study.raters[small_study.raters["gender"] != row.group]["rater"]
        without = label(small_study.where(rater=list(rest)), recipe).reindex(every.index)
        assert row.n_pairs == len(every)
        assert row.flipped_share == pytest.approx((without == -every).mean())
        assert row.lost_share == pytest.approx(without.isna().mean())
    assert len(table)


def test_a_drawn_rater_stays_unless_left_out(small_study):
    found = audit(
        small_study, [Recipe(weights=TOXICITY, strategy="random")], "gender", n_bootstrap=100
    )
    assert (found.flips.table["flipped_share"] < 0.5).all()


@pytest.fixture(scope="module")
def outvoted(study_of):
    """Twelve responses to two prompts; of six women and twelve men each, women find four bad."""
    rows = []
    for k in range(12):
        for n in range(36):
            woman = n % 3 == 0
            bad = (woman and k < 4) or (not woman and k == 0)
            rows.append((f"p{n}", f"r{k}", f"q{k % 2}", 5 if bad else 1 + (n + k) % 2, "mw"[woman]))
    frame = pd.DataFrame(rows, columns=["rater", "item", "prompt", "tox", "g"])
    return study_of(
        frame,
        columns={"rater": "rater", "item": "item", "prompt": "prompt"},
        dimensions={"tox": {"valence": -1}},
        demographics={"g": {}},
    )


def test_who_is_outvoted_and_where_it_survives(outvoted):
    table = audit(outvoted, by="g", n_bootstrap=100).survival.table
    women = table[table["group"] == "w"].set_index("strategy")
    assert (women["n_responses"] == 4).all()
    assert women["survived_share"]["preserve"] == 1
    assert women["voices_share"]["preserve"] == pytest.approx((1 + 3 * 12 / 36) / 4)
    # All agree on the first response; the other three are bad to women alone.
    for strategy in ("mean", "median"):
        assert women["survived_share"][strategy] == 0.25
        assert women["outvoted_share"][strategy] == 0.75
    assert women["survived_share"]["consensus"] == 0.25
    assert women["absent_share"]["consensus"] == 0.75
    men = table[table["group"] == "m"].set_index("strategy")
    assert (men["n_responses"] == 1).all()
    assert (men["survived_share"] == 1).all()


def test_agreement_is_that_of_the_first_analyses(audited, small_study):
    expected = agreement(small_study.where(dimension="toxicity"), "gender", n_bootstrap=100)
    pd.testing.assert_frame_equal(audited.agreement.table, expected.table)


def test_several_recipes_are_told_apart(small_study):
    recipes = [
        Recipe(weights=TOXICITY, group={"gender": "Male"}, scale="binary"),
        Recipe(weights=TOXICITY, scale="binary"),
    ]
    found = audit(small_study, recipes, "country", n_bootstrap=100)
    assert found.conditions.table["feedback"].tolist() == ["gender=Male", "all"]
    assert "on the binary scale" in found.conditions.meta.notes[0]
    twice = audit(small_study, [recipes[1], recipes[1]], "country", n_bootstrap=100)
    assert twice.conditions.table["recipe"].tolist() == [1, 2]


def test_sentences_name_the_recipe_in_full_and_compare_like_with_like(small_study):
    recipes = [
        Recipe(weights={d: 1}, strategy=s)
        for d in ("toxicity", "stereotypical_bias")
        for s in ("preserve", "mean")
    ]
    found = audit(small_study, recipes, "country", n_bootstrap=100, min_voices=1, min_cell=2)
    table = found.survival.table
    single = table[table["strategy"] == "mean"]
    worst = single.loc[single["outvoted_share"].idxmax()]
    like = (table[["dimension", "group"]] == worst[["dimension", "group"]]).all(axis=1)
    (voices,) = table.loc[like & (table["strategy"] == "preserve"), "voices_share"]
    assert f"{worst['objective']}, mean says otherwise" in found.survival.sentence
    assert f"on average {voices:.0%} of all" in found.survival.sentence
    row = found.flips.table.loc[found.flips.table["flipped_share"].idxmax()]
    named = f"those by {row['objective']}, {row['strategy']} without {row['group']}"
    assert named in found.flips.sentence


def test_a_recipe_without_preferences_is_said_to_be_one(outvoted):
    recipes = [Recipe(weights={"tox": 1}, scale="binary", min_margin=9), Recipe(weights={"tox": 1})]
    found = audit(outvoted, recipes, "g", n_bootstrap=100)
    assert len(found.conditions.warnings) == 1
    assert "gives no preferences" in found.conditions.warnings[0]


def test_defaults(small_study, outvoted, study_of):
    assert [r.strategy for r in audit_recipes(small_study)] == list(STRATEGIES)
    assert audit_recipes(small_study)[0].objective == "toxicity"
    assert audit_recipes(outvoted)[0].objective == "tox"
    frame = pd.DataFrame({"rater": list("ab"), "item": "x", "rating": [1, 7]})
    seven = study_of(frame, dimensions={"rating": {"scale": [1, 7]}})
    assert audit_recipes(seven)[0].scale == "as-rated"
    with pytest.raises(InputError, match="records no demographics"):
        audit(seven)
    dimensions = {"odd": {"valence": None}, "rating": {}}
    two = study_of(frame.assign(odd=[1, 2], rating=[1, 5]), dimensions=dimensions)
    assert audit_recipes(two)[0].objective == "rating"


def test_bad_arguments(small_study):
    with pytest.raises(InputError, match="did you mean 'gender'"):
        audit(small_study, by="gendr")
    with pytest.raises(InputError, match="did you mean 'toxicity'"):
        audit_recipes(small_study, "toxicty")
    with pytest.raises(InputError, match="min_voices must be 1 or more, not 0"):
        audit(small_study, min_voices=0)
    with pytest.raises(InputError, match="min_cell must be 1 or more, not 0"):
        audit(small_study, min_cell=0)
    with pytest.raises(InputError, match="no recipe is given"):
        audit(small_study, [])


def test_real_ratings(trustamas):
    found = audit(trustamas, by="gender", n_bootstrap=100)
    table = found.conditions.table.set_index("strategy")
    block = trustamas.ratings
    block = block[block["dimension"] == "blame"].dropna(subset="rating")
    counts = block.groupby(["prompt", "language", "item", "rating"], observed=True).size()
    n = 0
    for _, part in counts.groupby(level=["prompt", "language"], observed=True):
        grid = part.unstack("rating", fill_value=0).to_numpy().astype(int)
        total = grid.sum(axis=0)
        equal = total @ total - (grid**2).sum()
        all_ = grid.sum() ** 2 - (grid.sum(axis=1) ** 2).sum()
        n += (all_ - equal) // 2
    assert table["n_preferences"]["preserve"] == n
    assert set(found.survival.table["dimension"]) == {"Blame"}


def test_a_slider_is_audited_as_rated_and_bad_is_told(slider_study):
    assert {recipe.scale for recipe in audit_recipes(slider_study)} == {"as-rated"}
    made = audit(slider_study, n_bootstrap=100).survival
    assert "A rating is positive where it is 51 or more, which is bad here." in made.meta.notes
    assert "find bad (Toxicity: 51 or more)" in made.sentence
    recipes = [Recipe(weights={"toxicity": 1.0}, strategy="mean")]
    cut = audit(slider_study, recipes, n_bootstrap=100).survival.meta.notes[0]
    assert "0 to 19 as 1, 20 to 39 as 2" in cut


def test_on_two_ratings_only_the_upper_one_is_bad(study_of):
    rng = np.random.default_rng(2)
    rows = [
        (f"p{r}", f"i{i}", "q", "ab"[r % 2], int(rng.random() < i / 10))
        for r in range(40)
        for i in range(10)
    ]
    frame = pd.DataFrame(rows, columns=["rater", "item", "prompt", "team", "rude"])
    study = study_of(
        frame,
        columns={"rater": "rater", "item": "item", "prompt": "prompt"},
        dimensions={"rude": {"scale": [0, 1], "valence": -1}},
        demographics={"team": {}},
    )
    table = audit(study, n_bootstrap=100).survival.table
    bad = frame.groupby(["team", "item"])["rude"].mean().gt(0.5).groupby("team").sum()
    found = table[table["strategy"] == "mean"].set_index("group")["n_responses"]
    assert found.to_dict() == bad.to_dict()
    assert found.max() < 10
