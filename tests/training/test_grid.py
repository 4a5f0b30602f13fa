"""Grids: expanded, checked, explained."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from pluralign_stats import InputError
from pluralign_stats.feedback.pairs import preference_pairs
from pluralign_stats.feedback.split import split_prompts
from pluralign_stats.feedback.unpaired import unpaired_feedback
from pluralign_stats.study.study import Study
from pluralign_stats.study.yaml_file import parse_yaml
from training.conditions.grid import Grid, conditions, find_grid, hub_grids, read_grid, recipes
from training.conditions.hub import annotated, explanation, rewritten
from training.tuning.plan import plan_training


def grid(folder: Path, text: str) -> Grid:
    path = folder / "grid.yaml"
    path.write_text(text)
    return read_grid(path)


def test_levels_of_groups_are_as_written(tmp_path: Path) -> None:
    made = grid(tmp_path, "groups: [{a: 010}, {b: [1.0, NO]}, {c: 12:30, 3: 007}]\nseeds: [010]\n")
    assert made.groups == ({"a": "010"}, {"b": ("1.0", "NO")}, {"c": "12:30", "3": "007"})
    assert made.seeds == (10,)


def test_a_grid_is_every_combination(tmp_path: Path) -> None:
    made = grid(
        tmp_path,
        "groups: [all, {gender: Female, country: [US]}, {balance: gender}]\n"
        "scales: [5-point, binary]\nstrategies: [preserve, mean]\n"
        "objectives: [toxicity, [toxicity, helpfulness], {toxicity: 2, helpfulness: 1}]\n"
        "optimizers: [dpo, grpo]\nbase_models: [embedded, embedded-thinking]\nseeds: [1, 2]\n",
    )
    design = made.designs()[""]
    made_of = [r for seed in design.seeds for r in recipes(design, seed)]
    cells = [c for recipe in made_of for c in conditions(made, design, recipe)]
    assert len(cells) == 3 * 2 * 2 * 3 * 2 * 2 * 2
    assert len({c.id for c in cells}) == len(set(cells)) == len(cells)
    assert {c.recipe.group_name for c in cells} == {
        "all",
        "gender=Female&country=US",
        "balanced(gender)",
    }
    assert {c.recipe.seed == c.seed for c in cells} == {True}


def test_experiments_change_some_keys_and_share_conditions(
    tmp_path: Path, small_study: Study
) -> None:
    made = grid(
        tmp_path,
        "min_examples: 1\nexperiments:\n  scales: {scales: [5-point, binary]}\n"
        "  strategies: {strategies: [preserve, mean]}\n",
    )
    plan = plan_training(made, small_study)
    assert [p.experiments for p in plan.planned] == [
        ("scales", "strategies"),
        ("scales",),
        ("strategies",),
    ]


def test_options_of_a_base_model_take_the_place_of_general_ones(tmp_path: Path) -> None:
    made = grid(
        tmp_path,
        "base_models: [a, {model: b, training: {dpo: {beta: 0.5}}}]\n"
        "training: {dpo: {beta: 0.2, epochs: 3}}\n",
    )
    design = made.designs()[""]
    cells = conditions(made, design, recipes(design, 1)[0])
    assert [(c.training.beta, c.training.epochs) for c in cells] == [(0.2, 3), (0.5, 3)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grups: all", "unknown key 'grups': .*did you mean 'groups'"),
        ("scales: 4-point", "'scales' must be one of '5-point'.*did you mean '5-point'"),
        ("training: {dpo: {lerning_rate: 1}}", "unknown key 'training.dpo.lerning_rate'"),
        ("training: {grpo: {reward: {bta: 1}}}", "unknown key 'training.grpo.reward.bta'"),
        ("training: {grpo: {batch_size: 3}}", "must be a multiple of 'generations', which is 8"),
        ("experiments: {x: {seed: 1}}", "experiment 'x': unknown key 'seed'.*'seeds'"),
        ("base_models: [{path: x}]", "'base_models.0.model' is missing"),
        ("seeds: []", r"'seeds' is \[\], but value should have at least 1 item"),
        ("held_out: 1", "'held_out' is 1, but input should be less than 1"),
        ("objectives: [{toxicity: 0}]", "must be a number above 0"),
        ("base_models: [{model: x, training: {dpo: {bet: 1}}}]", "training of x, dpo: .*'beta'"),
    ],
)
def test_what_is_wrong_with_a_grid_is_told_in_one_line(
    text: str, said: str, tmp_path: Path, small_study: Study
) -> None:
    with pytest.raises(InputError, match=said) as error:
        plan_training(grid(tmp_path, text + "\n"), small_study)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("objectives: toxcity", "did you mean 'toxicity'"),
        ("groups: [{gender: Femal}]", "did you mean 'Female'"),
        ("groups: [{age: Female}]", "the level of 'age' must be one of .* not 'Female'"),
        ("budget: 9999999", "toxicity, 5-point, preserve, all .* fewer than 9,999,999"),
        ("min_examples: 9999999", "1 cell of the grid cannot be trained, and nothing was"),
    ],
)
def test_cells_that_cannot_be_trained_are_named_before_anything_is(
    text: str, said: str, tmp_path: Path, small_study: Study
) -> None:
    with pytest.raises(InputError, match=said):
        plan_training(grid(tmp_path, text + "\n"), small_study)


def test_an_equal_budget_is_that_of_the_poorest_condition(
    tmp_path: Path, small_study: Study
) -> None:
    text = "min_examples: 1\nstrategies: [preserve, mean]\noptimizers: [dpo, kto]\nbudget: equal\n"
    plan = plan_training(grid(tmp_path, text), small_study)
    train = split_prompts(small_study, 0.2, 0).train
    for optimizer, make in (("dpo", preference_pairs), ("kto", unpaired_feedback)):
        own = [p for p in plan.planned if p.condition.optimizer == optimizer]
        sizes = [
            make(small_study, p.condition.recipe.model_copy(update={"budget": None}), train).size
            for p in own
        ]
        assert {p.n_examples for p in own} == {min(sizes)}
        assert all(len(plan.examples(p.condition)) == min(sizes) for p in own)


def test_no_example_is_of_a_prompt_held_out(tmp_path: Path, small_study: Study) -> None:
    plan = plan_training(grid(tmp_path, "min_examples: 1\n"), small_study)
    examples = plan.examples(plan.planned[0].condition)
    split = split_prompts(small_study, 0.2, 0)
    assert set(examples["prompt"]) <= set(split.train)
    texts = small_study.items.set_index("item")
    for row in examples.head(20).itertuples():
        assert row.chosen_text == texts.loc[row.chosen, f"response_text_{row.language}"]
        assert row.rejected_text == texts.loc[row.rejected, f"response_text_{row.language}"]
        assert row.prompt_text == texts.loc[row.chosen, f"prompt_text_{row.language}"]


@pytest.mark.parametrize("name", sorted(hub_grids()))
def test_the_hub_explains_every_key(name: str) -> None:
    text = find_grid(name).read_text("utf-8")
    assert text == rewritten(text), "write them anew with: python -m training.conditions.hub"
    read_grid(name)

    def keys(model: type[BaseModel]) -> int:
        inner = [f.annotation for f in model.model_fields.values()]
        return len(model.model_fields) + sum(
            keys(t) for t in inner if isinstance(t, type) and issubclass(t, BaseModel)
        )

    def told(model: type[BaseModel]) -> list[str]:
        fields = model.model_fields.values()
        own = [explanation(field) for field in fields]
        inner = [f.annotation for f in fields]
        forms = [t for t in inner if isinstance(t, type) and issubclass(t, BaseModel)]
        return own + [line for form in forms for line in told(form)]

    comments = " ".join(x.strip().removeprefix("# ") for x in text.splitlines() if "# " in x)
    every = told(Grid)
    assert len(every) == keys(Grid) > 80
    for line in every:
        assert "None" not in line
        assert line in comments


def test_an_annotated_grid_reads_back_to_the_defaults() -> None:
    assert Grid.model_validate(parse_yaml(annotated({}), "grid")) == Grid()


def test_the_hub_has_the_published_design() -> None:
    made = read_grid("paper")
    designs = made.designs()
    assert len(designs["groups"].groups) == 6
    assert set(designs["scales"].scales) == {"5-point", "3-point", "binary"}
    assert len(designs["strategies"].strategies) == 6
    assert set(designs["optimizers"].optimizers) == {"dpo", "grpo"}
    assert {len(weights) for weights in designs["optimizers"].objectives} == {1, 5}
    names = " ".join(base.model for base in made.base_models)
    for name in ("Wizard-Vicuna-7B", "Qwen3", "Llama-3", "gemma-3", "DeepSeek-R1-Distill"):
        assert name in names
    small = read_grid("embedded-small").designs()[""]
    sizes = [len(small.groups), len(small.scales), len(small.strategies), len(small.optimizers)]
    assert sizes == [2, 2, 2, 2]


def test_an_unknown_grid_names_those_there_are() -> None:
    with pytest.raises(InputError, match="'embedded', 'embedded-small', 'paper'"):
        read_grid("papr")
