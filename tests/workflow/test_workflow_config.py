"""The configuration of a run: what ships, what is refused, and in which words."""

from pathlib import Path

import pytest
from small_run import small_config, write_config

from pluralign_stats.errors import InputError
from pluralign_stats.study.yaml_file import dump_yaml, parse_yaml
from training.conditions.grid import RUNS, hub_grids
from training.workflow.config import read_run
from training.workflow.cost import estimate, expected_conditions, parameters
from training.workflow.layout import Layout


@pytest.mark.parametrize("name", RUNS)
def test_runs_that_ship_can_be_read_and_are_no_grids(name: str) -> None:
    run = read_run(name)
    assert expected_conditions(run.grid())
    quick = run.quickened()
    assert quick.is_quick
    assert len(expected_conditions(quick.grid())) < len(expected_conditions(run.grid()))
    assert name not in hub_grids()


def test_the_embedded_run_holds_the_four_experiments() -> None:
    found = expected_conditions(read_run("reproduce").grid())
    told = [c.factors() for c in found]
    assert {row["group"] for row in told} >= {"politics=Liberal", "gender=Male"}
    assert {row["scale"] for row in told} == {"5-point", "3-point", "binary"}
    assert len({row["strategy"] for row in told}) == 6
    assert {row["optimizer"] for row in told} == {"dpo", "grpo"}
    assert {row["base_model"] for row in told} == {"embedded", "embedded-thinking"}
    for headline in ({"strategy": "majority"}, {"scale": "binary"}, {"optimizer": "grpo"}):
        seeds = {r["seed"] for r in told if headline.items() <= r.items()}
        assert len(seeds) >= 3, headline


def test_the_full_run_has_the_published_design() -> None:
    run = read_run("full")
    found = [c.factors() for c in expected_conditions(run.grid())]
    bases = {row["base_model"] for row in found}
    assert len(bases) >= 4
    assert bases & set(run.cost.reasoning)
    assert {row["seed"] for row in found} == {1, 2, 3}
    assert len({row["strategy"] for row in found}) == 6


def test_conditions_of_two_experiments_are_trained_once(tmp_path: Path) -> None:
    run = read_run(str(write_config(tmp_path, small_config(Path("embedded")))))
    found = expected_conditions(run.grid())
    assert len(found) == 3
    assert len({c.id for c in found}) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"judgess": {}}, "did you mean 'judges'"),
        ({"experiments": {"x": {"scale": "binary"}}}, "did you mean 'scales'"),
        ({"experiments": {}}, "'experiments' is {}, but dictionary should have at least 1 item"),
        ({"changes": {"seed": 1}}, "a grid has no key 'seed'"),
        ({"study": {}}, "give either 'simulate' or 'codebook'"),
        ({"base": "no-such-grid"}, "there is no grid file no-such-grid"),
        ({"judges": {"a/b": {"judge": "embedded"}}}, "'a/b' names a folder"),
        ({"judges": {"one": {"judge": "embeded"}}}, "not 'embeded'; did you mean 'embedded'"),
        ({"generate": {"samples": 0}}, "'generate.samples' is 0, but input should be"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, change, said: str) -> None:
    path = write_config(tmp_path, small_config(Path("embedded"), **change))
    with pytest.raises(InputError) as told:
        read_run(str(path))
    assert said in str(told.value)
    assert str(told.value).startswith("small.yaml: ")
    assert "\n" not in str(told.value)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("seeds: [5]\n")
    config = small_config(Path("embedded"), study={"codebook": "study.yaml"}, base="own.yaml")
    config["changes"].pop("seeds")
    run = read_run(str(write_config(tmp_path, config)))
    assert run.study.codebook == tmp_path / "study.yaml"
    assert {c.seed for c in expected_conditions(run.grid())} == {5}


def test_a_resolved_configuration_is_the_same_run() -> None:
    run = read_run("full")
    again = type(run).model_validate(parse_yaml(dump_yaml(run.model_dump(mode="json")), "run"))
    assert again == run


def test_parameters_of_notebooks_are_as_written(tmp_path: Path) -> None:
    config = small_config(tmp_path / "out")
    text = dump_yaml({k: v for k, v in config.items() if k != "report"})
    told = "report:\n  parameters: {a: 010, b: 1e3, c: [007, NO], d: true, e: 12:30}\n"
    (tmp_path / "run.yaml").write_text(text + told)
    report = read_run(str(tmp_path / "run.yaml")).report
    assert report
    assert report.parameters == {
        "a": "010",
        "b": "1e3",
        "c": ["007", "NO"],
        "d": True,
        "e": "12:30",
    }


def test_hours_are_operations_over_speed(tmp_path: Path) -> None:
    """One condition of DPO, reckoned by hand."""
    config = small_config(
        Path("some/model-2B"),
        experiments={"one": {"scales": "binary"}},
        cost={
            "peak_tflops": 100, "training_utilization": 0.5, "generation_utilization": 0.01,
            "minutes_per_run": 6, "tokens_per_example": 300, "tokens_per_answer": 200,
        },
    )  # fmt: skip
    run = read_run(str(write_config(tmp_path, config)))
    cost = estimate(run, Layout(tmp_path / "out"))
    (row,) = cost.table.to_dict("records")
    seconds = 4 * 4 * 2 * 300 * (4 + 2) * 2e9 / 50e12  # steps, batch, texts, tokens, passes
    assert row["train_hours"] == pytest.approx(seconds / 3600 + 0.1)
    answers = 1 * 2 * 2  # one prompt of six held out, two languages, a control and a run
    assert row["answers"] == answers
    each = 2 * 2e9 * 200 / 1e12
    assert row["generate_hours"] == pytest.approx(answers * each / 3600 + 0.2)
    assert cost.node_hours == pytest.approx(cost.gpu_hours / 8)
    assert cost.judge_calls == {}


def test_a_reasoning_model_costs_more_and_every_judge_is_counted(tmp_path: Path) -> None:
    judges = {"paid": {"judge": "endpoint", "options": {"model": "x", "repeats": 3}}}
    config = small_config(Path("m-2B"), judges=judges)
    plain = read_run(str(write_config(tmp_path, config)))
    thinking = read_run(str(write_config(tmp_path, {**config, "cost": {"reasoning": ["m-2B"]}})))
    place = Layout(tmp_path / "out")
    assert estimate(thinking, place).gpu_hours > estimate(plain, place).gpu_hours
    assert estimate(plain, place).judge_calls == {"paid": 3 * 4 * 2}


def test_sizes_of_models_are_in_their_names_or_must_be_told() -> None:
    given = read_run("full").cost
    assert parameters("Qwen/Qwen3-8B", given) == 8
    assert parameters("google/gemma-3-4b-it", given) == 4
    assert parameters("a/b-0.5B-Instruct", given) == 0.5
    assert parameters("embedded", given) == 0
    with pytest.raises(InputError, match="the size of some/beta is not known"):
        parameters("some/beta", given)


def test_what_figures_say_of_data_and_models(tmp_path: Path) -> None:
    run = read_run("reproduce")
    assert run.data_note(simulated=True) == "simulated study, miniature model"
    assert run.quickened().data_note(simulated=True).endswith(", quick run")
    assert read_run("full").data_note(simulated=False) == ""


def test_a_seed_and_parameters_that_are_typed_come_before_those_of_the_file() -> None:
    run = read_run("reproduce").seeded(7).reported_with({"n_bootstrap": "50"})
    assert run.study.simulate.seed == 7
    assert run.report.parameters["n_bootstrap"] == "50"
