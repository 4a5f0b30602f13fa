"""Conditions: frozen, hashable, named."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pluralign_stats import InputError
from training.conditions.condition import Condition, Control, read_condition
from training.conditions.options import DpoOptions, GrpoOptions


def condition(**changes: object) -> Condition:
    given = {
        "recipe": {"weights": {"toxicity": 1}, "group": {"gender": ["Female"]}},
        "optimizer": "dpo",
        "base_model": "org/Model-7B",
        "seed": 3,
        "training": {"beta": 0.2},
    }
    return Condition.model_validate(given | changes)


def test_equal_conditions_are_one_and_others_have_other_names() -> None:
    one = condition()
    assert one == condition()
    assert len({one, condition()}) == 1
    assert one.id == condition().id
    others = [
        condition(seed=4),
        condition(training={"beta": 0.3}),
        condition(recipe={"weights": {"toxicity": 2}, "group": {"gender": ["Female"]}}),
        condition(held_out=0.3),
    ]
    assert len({c.id for c in [one, *others]}) == 5
    with pytest.raises(ValidationError, match=r"seed\n  Instance is frozen"):
        one.seed = 5  # type: ignore[misc]


def test_a_name_is_readable() -> None:
    assert condition().id.startswith("gender-female-5-point-preserve-toxicity-dpo-org-model-7b-s3-")
    assert condition().factors() == {
        "group": "gender=Female",
        "scale": "5-point",
        "strategy": "preserve",
        "objective": "toxicity",
        "labels": "hard",
        "languages": "separate",
        "min_margin": "0",
        "max_per_prompt": "all",
        "budget": "natural",
        "optimizer": "dpo",
        "settings": condition().factors()["settings"],
        "base_model": "org/Model-7B",
        "chat_template": "own",
        "seed": 3,
    }


def recipe(**changes: object) -> dict[str, object]:
    return {"weights": {"toxicity": 1}, "group": {"gender": ["Female"]}, **changes}


@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("group", {"recipe": recipe(group={})}),
        ("group", {"recipe": recipe(balance="country")}),
        ("scale", {"recipe": recipe(scale="binary")}),
        ("strategy", {"recipe": recipe(strategy="mean")}),
        ("objective", {"recipe": recipe(weights={"toxicity": 1, "helpfulness": 1})}),
        ("labels", {"recipe": recipe(labels="soft")}),
        ("languages", {"recipe": recipe(languages="pooled")}),
        ("min_margin", {"recipe": recipe(min_margin=1.5)}),
        ("max_per_prompt", {"recipe": recipe(max_per_prompt=20)}),
        ("budget", {"recipe": recipe(budget=400)}),
        ("settings", {"training": {"beta": 0.3}}),
        ("settings", {"held_out": 0.3}),
        ("settings", {"split_seed": 5}),
        ("settings", {"pad_token": "<pad>"}),
        ("base_model", {"base_model": "org/Model-8B"}),
        ("chat_template", {"chat_template": "vicuna"}),
        ("seed", {"seed": 4}),
    ],
)
def test_whatever_runs_differ_by_is_one_column(column: str, changes: dict[str, object]) -> None:
    before, after = condition().factors(), condition(**changes).factors()
    assert {name for name in before if before[name] != after[name]} == {column}


def test_the_budget_is_natural_or_a_number() -> None:
    assert condition(recipe=recipe(budget=400)).factors()["budget"] == "400"
    assert condition(recipe=recipe(max_per_prompt=20)).factors()["max_per_prompt"] == "20"


def test_options_are_those_of_the_optimizer() -> None:
    assert condition().training == DpoOptions(beta=0.2)
    assert isinstance(condition(optimizer="grpo", training={}).training, GrpoOptions)
    with pytest.raises(ValidationError, match=r"generations\n  Extra inputs are not permitted"):
        condition(training={"generations": 4})


def test_a_condition_reads_back_as_it_was(tmp_path: Path) -> None:
    for made in (condition(), condition(optimizer="grpo", training={"reward": {"epochs": 2}})):
        (tmp_path / "condition.json").write_text(json.dumps(made.model_dump(mode="json")))
        assert read_condition(tmp_path) == made
    (tmp_path / "condition.json").write_text("{}")
    with pytest.raises(InputError, match="does not describe a condition"):
        read_condition(tmp_path)
    with pytest.raises(InputError, match="is no run folder"):
        read_condition(tmp_path / "none")


def test_the_control_has_the_same_columns() -> None:
    control = Control(base_model="org/Model-7B")
    assert list(control.factors()) == list(condition().factors())
    assert control.factors()["strategy"] == "control"
    assert control.factors()["chat_template"] == "own"
    assert control.factors()["seed"] == 0


def test_controls_that_differ_have_other_names() -> None:
    assert Control(base_model="embedded").id == "control-embedded"
    long = "/models/" + "very/" * 20
    named = [
        Control(base_model="embedded"),
        Control(base_model="embedded", chat_template="vicuna"),
        Control(base_model="embedded", chat_template="llama3"),
        Control(base_model="embedded", pad_token="<pad>"),
        Control(base_model="org/Model-7B"),
        Control(base_model="org/model-7b"),
        Control(base_model=f"{long}one"),
        Control(base_model=f"{long}two"),
    ]
    assert len({control.id for control in named}) == len(named)
    assert named[4].id.startswith("control-org-model-7b-")
