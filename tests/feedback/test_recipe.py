import pytest
from pydantic import BaseModel

from pluralign_stats import InputError
from pluralign_stats.feedback.recipe import Recipe, read_recipe
from pluralign_stats.study.yaml_file import dump_yaml

ONE = {"weights": {"toxicity": 1}}
WRONG = {
    "no dimension": ({"weights": {}}, "'weights': name at least one dimension"),
    "a weight of zero": (
        {"weights": {"a": 0}},
        "the weight of 'a' must be a number above 0, not 0",
    ),
    "a weight below zero": ({"weights": {"a": -1}}, "above 0, not -1"),
    "no number": ({"weights": {"a": float("nan")}}, "above 0, not nan"),
    "an infinite weight": ({"weights": {"a": float("inf")}}, "above 0, not inf"),
    "a word as weight": ({"weights": {"a": "x"}}, "'weights.a' is 'x'"),
    "no weights": ({}, "the key 'weights' is missing"),
    "an unknown key": ({**ONE, "strat": 1}, "'strat'; did you mean 'strategy'"),
    "an unknown strategy": ({**ONE, "strategy": "meen"}, "'meen'; did you mean 'mean'"),
    "an unknown scale": ({**ONE, "scale": "4-point"}, "'scale' must be one of '5-point'"),
    "a budget of none": ({**ONE, "budget": 0}, "'budget' is 0"),
    "a cap of none": ({**ONE, "max_per_prompt": 0}, "'max_per_prompt' is 0"),
    "a negative margin": ({**ONE, "min_margin": -1}, "'min_margin' is -1"),
    "a demographic without levels": ({**ONE, "group": {"g": []}}, "'group.g' is"),
    "a level twice": ({**ONE, "group": {"g": ["a", "a"]}}, "the levels of 'g' must differ"),
    "several mistakes": ({**ONE, "budget": 0, "seed": -1}, r"\(and 1 more\)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_one_line(what):
    fields, message = WRONG[what]
    with pytest.raises(InputError, match=f"^recipe: .*{message}") as raised:
        Recipe(**fields)
    assert "\n" not in str(raised.value)


def test_names():
    both = Recipe(weights={"toxicity": 1, "helpfulness": 1})
    assert (both.objective, both.group_name) == ("toxicity+helpfulness", "all")
    assert Recipe(weights={"a": 2, "b": 0.5}).objective == "2*a+0.5*b"
    group = {"gender": "Female", "country": ["US", "Germany"]}
    assert Recipe(**ONE, group=group).group_name == "gender=Female&country=US|Germany"
    assert Recipe(**ONE, balance="gender").group_name == "balanced(gender)"


def test_equal_recipes_are_equal_and_hash_alike_whatever_the_order_of_keys():
    one = Recipe(weights={"a": 1, "b": 2}, group={"g": "x"})
    other = Recipe(group={"g": ("x",)}, weights={"b": 2, "a": 1})
    assert one == other
    assert hash(one) == hash(other)
    assert hash(one) != hash(one.model_copy(update={"seed": 1}))
    with pytest.raises(ValueError, match="Instance is frozen"):
        one.seed = 2


def test_a_recipe_inside_another_model_goes_through_json_and_back():
    class Outer(BaseModel):
        recipe: Recipe

    outer = Outer(recipe={"weights": {"a": 1}, "group": {"g": "x"}, "strategy": "mean"})
    assert Outer.model_validate_json(outer.model_dump_json()) == outer
    with pytest.raises(InputError, match="name at least one dimension"):
        Outer(recipe={"weights": {}})


def test_a_recipe_is_read_from_yaml(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("weights: {toxicity: 1}\ngroup: {gender: Female}\nstrategy: mean\n")
    assert read_recipe(path) == Recipe(**ONE, group={"gender": "Female"}, strategy="mean")
    for text, message in {
        "weights: {toxicity: 1}\nstrategy: maen\n": "r.yaml: recipe: 'strategy' must be one of",
        "weights: [\n": "r.yaml, line .*malformed YAML",
        "1: 2\n": "r.yaml: recipe: the key 'weights' is missing",
    }.items():
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_recipe(path)
    with pytest.raises(InputError, match="no such file"):
        read_recipe(tmp_path / "absent.yaml")


def test_levels_in_a_recipe_are_as_written(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("weights: {good: 1e3}\ngroup: {a: 010, b: [1.0, NO, TRUE, null], 3: 12:30}\n")
    recipe = read_recipe(path)
    assert recipe.group == {"a": ("010",), "b": ("1.0", "NO", "TRUE", "null"), "3": ("12:30",)}
    assert recipe.weights == {"good": 1000}
    path.write_text(dump_yaml(recipe.model_dump(mode="json")))
    assert read_recipe(path) == recipe
