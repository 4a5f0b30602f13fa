import numpy as np
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback.recipe import STRATEGIES, Recipe
from pluralign_stats.feedback.unpaired import unpaired_feedback

TWO = {"bad": 1.0, "good": 0.5}
MIDDLE = {"5-point": 3, "3-point": 2, "binary": 0.5}


@pytest.mark.parametrize("scale", MIDDLE)
@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s != "random"])
def test_verdicts_are_those_of_enumeration(strategy, scale, random_study, brute):
    study = random_study(3, density=0.2 if strategy == "consensus" else 0.7)
    recipe = Recipe(weights=TWO, strategy=strategy, scale=scale, balance="h")
    loops = brute(study, recipe)
    neutral = (-1 + 0.5) * MIDDLE[scale]
    expected = {}
    for stratum in loops.strata:
        voices = loops.individuals(stratum)
        if strategy != "preserve":
            voices = [(loops.aggregate(stratum), 1.0)]
        for side in (True, False):
            said = [
                (u, w)
                for u, w in voices
                if u is not None and abs(u - neutral) > 1e-9 and (u > neutral) == side
            ]
            if said:
                mean = np.average([u for u, _ in said], weights=[w for _, w in said])
                expected[stratum, side] = (len(said), sum(w for _, w in said), mean)
    table = unpaired_feedback(study, recipe).table
    found = {
        ((r.item, r.language), r.desirable): (r.n, r.weight, r.utility) for r in table.itertuples()
    }
    assert found.keys() == expected.keys()
    for key, numbers in expected.items():
        assert found[key] == pytest.approx(numbers, abs=1e-8)


def test_prompts_with_one_response_count(random_study):
    table = unpaired_feedback(random_study(1), Recipe(weights=TWO)).table
    assert "q0" in set(table["prompt"])


def test_a_margin_is_the_distance_from_the_middle(random_study):
    study = random_study(2)
    near = unpaired_feedback(study, Recipe(weights={"good": 1}, min_margin=2))
    assert set(near.table["utility"]) == {1.0, 5.0}
    given = study.ratings[study.ratings["dimension"] == "good"]["rating"]
    counts = near.excluded.set_index("reason")["n"]
    assert counts["ratings in the middle of the scale or closer to it than 2"] == (
        given.isin([2, 3, 4]).sum()
    )


def test_what_cannot_be_had_is_refused(random_study):
    with pytest.raises(InputError, match="unpaired feedback has no soft labels"):
        unpaired_feedback(random_study(1), Recipe(weights=TWO, labels="soft"))
    with pytest.raises(InputError, match=r"gives no unpaired feedback: .* closer to it than 99: "):
        unpaired_feedback(random_study(1), Recipe(weights=TWO, min_margin=99))
