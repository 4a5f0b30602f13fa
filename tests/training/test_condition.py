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
    with pytest.raises(ValidationError):
        one.seed = 5  # type: ignore[misc]


def test_a_name_is_readable() -> None:
    assert condition().id.startswith("gender-female-5-point-preserve-toxicity-dpo-org-model-7b-s3-")
    assert condition().factors() == {
        "group": "gender=Female",
        "scale": "5-point",
        "strategy": "preserve",
        "objective": "toxicity",
        "optimizer": "dpo",
        "base_model": "org/Model-7B",
        "seed": 3,
    }


def test_options_are_those_of_the_optimizer() -> None:
    assert condition().training == DpoOptions(beta=0.2)
    assert isinstance(condition(optimizer="grpo", training={}).training, GrpoOptions)
    with pytest.raises(ValidationError):
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
    assert control.id == "control-org-model-7b"
    assert control.factors().keys() == condition().factors().keys()
    assert control.factors()["strategy"] == "control"
    assert control.factors()["seed"] == 0
