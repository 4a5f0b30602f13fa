"""Sentences say what was found: each is made false by a study, and changes."""

import re

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.results import Metadata

N = 80
TWO = np.repeat(["a", "b"], N // 2)

#: What no sentence may hold: numbers that are none, and one of something in the plural.
_NOT_SAID = re.compile(
    r"\bnan\b|\binf\b|\bNone\b(?! of)|\b1 (raters|ratings|items|dimensions|differences|groups|"
    r"pairs|analyses|cells|cases|responses|preferences|labels|comparisons|intervals|numbers)\b",
)


def frame(n=N, m=3, items=7, low=1, high=5, **columns):
    rng = np.random.default_rng(1)
    made = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(n)], m)})
    made["item"] = [f"i{i % items}" for i in range(n * m)]
    made["prompt"] = [f"q{i % items % 3}" for i in range(n * m)]
    made["rating"] = rng.integers(low, high + 1, n * m)
    for name, values in columns.items():
        made[name] = np.repeat(np.asarray(values, dtype=object), m)
    return made


def narrowed(rating):
    """Two demographics, of which one is narrowed to raters who all give one rating, or none."""
    made = frame(g=TWO, h=np.tile(["x", "y"], N // 2))
    made["rating"] = made["rating"].astype(object).where(made["h"] == "y", rating)
    return made


@pytest.fixture(scope="module")
def studies(study_of):
    columns = {"rater": "rater", "item": "item", "prompt": "prompt"}

    def of(made, **book):
        return study_of(made, columns=columns, **book)

    one, two = {"g": {}}, {"g": {}, "h": {}}
    second = frame(g=TWO).assign(second=lambda f: 10 * f["rating"])
    scales = {"rating": {}, "second": {"scale": [10, 50]}}
    return {
        "no demographics": of(frame()),
        "one group": of(frame(g=["a"] * N), demographics=one),
        "small groups": of(frame(g=np.repeat(["a", "b", "c"], [3, 4, 73])), demographics=one),
        "small reference": of(frame(g=np.repeat(["a", "b", "c"], [3, 44, 33])), demographics=one),
        "not asked for": of(frame(g=TWO), demographics={"g": {"effects": False}}),
        "equal ratings": of(narrowed(3), demographics=two).where(h="x"),
        "no ratings": of(narrowed(None), demographics=two).where(h="x"),
        "one rating each": of(frame(m=1, items=80, g=TWO), demographics=one),
        "about zero": of(
            frame(low=-1, high=1, g=TWO), dimensions={"rating": {"scale": [-1, 1]}},
            demographics=one,
        ),
        "two scales": of(second, dimensions=scales, demographics=one),
        "few raters": of(frame(n=4, g=["a", "b"] * 2), demographics=one),
        "the same twice": of(frame(g=TWO, h=TWO), demographics=two),
    }  # fmt: skip


#: Studies in which no two groups can be compared, and a part of the reason.
NOTHING = {
    "no demographics": "records no demographics",
    "one group": "are of one group, 'a'",
    "small groups": "only 'c' has 10 raters or more; join small groups",
    "not asked for": "asks for the effects of none",
    "equal ratings": "",
    "no ratings": "no rating was given",
    "few raters": "of the 2 groups of G none has 10 raters or more",
}

STUDIES = [*NOTHING, "small reference", "one rating each", "about zero", "two scales",
           "the same twice"]  # fmt: skip


def sentences(study):
    """What the quick analyses of a study say, by name."""
    group = next(iter(study.demographics), None)
    told = {
        "raters": pls.describe.composition(study),
        "unanswered": pls.describe.nonresponse(study),
        "left out": pls.describe.exclusions(study),
        "ratings": pls.describe.rating_distribution(study),
        "ratings by group": pls.describe.rating_distribution(study, group),
        "agreement": pls.describe.agreement(study, n_bootstrap=100),
        "agreement by group": pls.describe.agreement(study, group, n_bootstrap=100),
        "joint": pls.describe.positive_given_positive(study, n_bootstrap=100),
    }
    effects = {m: pls.demographic_effects(study, model=m) for m in ("auto", "linear")}
    for model, made in effects.items():
        told[f"{model} points"], told[f"{model} percents"] = made.differences, made.percents
    told["side by side"] = pls.demographics.side_by_side(effects["auto"], effects["linear"])
    if group is not None:
        audit = pls.audit(study, n_bootstrap=100)
        told |= {f"audit: {name}": result for name, result in audit.results().items()}
    told["scales"] = pls.feedback.coarser_scales(study)
    return {name: result.sentence for name, result in told.items()}


@pytest.mark.parametrize("name", STUDIES)
def test_no_sentence_holds_numbers_that_are_none_or_a_wrong_plural(studies, name):
    if name == "no ratings":
        pytest.skip("analyses of what was rated need a rating")
    told = sentences(studies[name])
    assert all(told.values())
    assert not {what: text for what, text in told.items() if _NOT_SAID.search(text)}


VERBS = {
    "ordinal": lambda s: pls.demographic_effects(s).differences,
    "linear percents": lambda s: pls.demographic_effects(s, model="linear").percents,
    "bayesian": lambda s: pls.demographics.bayesian_effects(s).effects.differences,
    "joint": lambda s: pls.demographics.joint_effects(s).pooled,
    "scale use": lambda s: pls.demographics.scale_use(s).result,
    "side by side": lambda s: pls.demographics.side_by_side(*[pls.demographic_effects(s)] * 2),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", NOTHING)
def test_where_nothing_is_compared_the_reason_stands_there(studies, name, verb):
    result = VERBS[verb](studies[name])
    assert result.table.empty
    assert "nothing can be said of differences between them: " in result.sentence
    assert NOTHING[name] in result.sentence
    assert "no difference" not in result.sentence.lower().replace("no difference has an est", "")


def test_intersections_of_no_two_demographics_say_why(studies):
    for name in ("no demographics", "one group", "no ratings"):
        result = pls.demographics.intersections(studies[name])
        assert "nothing can be said of differences between them: " in result.sentence
        assert NOTHING[name] in result.sentence


def test_a_reference_that_was_replaced_stands_in_the_sentence(studies):
    told = "G is compared with 'b', the largest group, as 'a' has fewer than 10 raters."
    for model in ("ordinal", "linear"):
        effects = pls.demographic_effects(studies["small reference"], model=model)
        for result in (effects.differences, effects.percents):
            assert set(result.table["contrast"]) == {"c vs b"}
            assert told in result.sentence


def test_differences_without_an_estimate_are_not_called_unclear(studies):
    told = pls.demographic_effects(studies["the same twice"]).differences.sentence
    assert told.startswith("2 differences between groups could not be estimated: Rating: G and H")


def test_no_share_of_a_mean_about_zero(studies):
    percents = pls.demographic_effects(studies["about zero"]).percents
    means = percents.table[percents.table["reading"] == "mean"]
    assert means[["estimate", "p_value", "p_adjusted"]].isna().all(axis=None)
    assert any("ratings go down to −1" in note for note in percents.meta.notes)
    assert "No percentage of the mean is given" in percents.sentence


def test_means_of_dimensions_on_other_scales_are_not_compared(studies):
    both, one = (
        pls.describe.rating_distribution(studies[n]).sentence for n in ("two scales", "one group")
    )
    assert both.startswith("Scales differ, so that means are not compared between dimensions:")
    assert "of 1 to 5; Second" in both
    assert re.fullmatch(r"The mean rating on Rating is \d\.\d\d, on a scale of 1 to 5\.", one)


def test_one_test_for_one_contrast_in_points_and_percent(studies):
    effects = pls.demographic_effects(studies["one rating each"])
    points, percents = effects.differences.table, effects.percents.table
    for column in ("p_value", "p_adjusted"):
        assert percents[column].tolist() == points[column].tolist() * 2


def test_readers_labels_stand_in_place_of_names():
    table = pd.DataFrame(
        {
            "term": ["gender", "gender: Male × age: 18-30"],
            "effect": ["by gender", "genders"],
            "group": ["age", "gender: other"],
        }
    )
    meta = Metadata("Shares by gender", notes=("Most: age: 18-30.",), warnings=("gender: x",))
    made = pls.Result(table, "It differs by gender; agender: no.", meta).labelled(
        {"gender": "Gender", "age": "Age band"}
    )
    assert made.table["term"].tolist() == ["Gender", "Gender: Male × Age band: 18-30"]
    assert made.table["effect"].tolist() == ["by Gender", "genders"]
    assert made.table["group"].tolist() == ["age", "gender: other"]
    assert made.sentence == "It differs by Gender; agender: no."
    assert (made.meta.title, made.meta.notes) == ("Shares by Gender", ("Most: Age band: 18-30.",))
    assert made.warnings == ("Gender: x",)


def test_joint_shares_that_cannot_be_known_are_not_blamed_on_the_ratings(study_of):
    """Each item is rated on one dimension only, most of them positive."""
    made = frame().assign(second=5)
    made["rating"] = made["rating"].astype(object).where(made.index % 2 == 0)
    made["second"] = (1 + made.index % 5).to_series().to_numpy()
    made["second"] = made["second"].astype(object).where(made["rating"].isna())
    study = study_of(made, dimensions={"rating": {}, "second": {}})
    told = pls.describe.positive_given_positive(study, n_bootstrap=100).sentence
    assert told.startswith("No rater rated one item positive on one dimension and rated it on")


def test_agreement_on_equal_ratings_is_told_from_items_of_one_rater(studies):
    equal, alone = (
        pls.describe.agreement(studies[name], n_bootstrap=100).sentence
        for name in ("equal ratings", "no ratings")
    )
    assert "are equal" in equal
    assert "too few raters" in alone
