"""The grid: lists of values in YAML, every combination of which is a condition."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from pluralign_stats.errors import InputError, listing
from pluralign_stats.feedback.recipe import Recipe, as_words
from pluralign_stats.feedback.scales import Scale
from pluralign_stats.strategies.registry import StrategyName
from pluralign_stats.study.yaml_file import parse_yaml, read_text
from training.conditions.condition import Condition
from training.conditions.errors import explain
from training.conditions.options import (
    OPTIONS,
    DpoOptions,
    Frozen,
    GrpoOptions,
    KtoOptions,
    Optimizer,
)

HUB = Path(__file__).parents[1] / "configs"

#: Files there that describe a whole run of the study, not a grid.
RUNS = ("reproduce", "full")

Group = dict[str, Annotated[str | tuple[str, ...], BeforeValidator(as_words)]]
Given = dict[str, Any]


def _each(read: Callable[[Any], Any] = lambda entry: entry) -> BeforeValidator:
    """Reads each value of a list; one that stands alone is a list of it."""
    return BeforeValidator(
        lambda value: [read(e) for e in (value if isinstance(value, list | tuple) else [value])]
    )


def _group(entry: Any) -> Any:
    return {} if entry == "all" else entry


def _base_model(entry: Any) -> Any:
    return {"model": entry} if isinstance(entry, str) else entry


def _weights(entry: Any) -> Any:
    names = [entry] if isinstance(entry, str) else entry
    return dict.fromkeys(names, 1.0) if isinstance(names, list | tuple) else names


class OptimizerOptions(Frozen):
    """Options by optimizer."""

    dpo: DpoOptions = Field(default=DpoOptions(), description="Options of DPO.")
    kto: KtoOptions = Field(default=KtoOptions(), description="Options of KTO.")
    grpo: GrpoOptions = Field(default=GrpoOptions(), description="Options of GRPO.")


class BaseModelEntry(Frozen):
    """A base model, what it lacks, and options of its own."""

    model: str = Field(description="A folder, a name on the hub, embedded or embedded-thinking.")
    chat_template: str | None = Field(
        default=None, description="For a model without one: a template that ships, or a file."
    )
    pad_token: str | None = Field(
        default=None, description="For a model without one: the token to pad with."
    )
    training: dict[Optimizer, dict[str, Any]] = Field(
        default={}, description="Options that differ for this model, by optimizer."
    )


class Design(Frozen):
    """What is combined with what."""

    groups: Annotated[tuple[Group, ...], _each(_group), Field(min_length=1)] = Field(
        default=({},),
        description="Whose ratings count: all, {gender: Female}, {gender: Female, country: US}, "
        "or {balance: gender}.",
    )
    scales: Annotated[tuple[Scale, ...], _each(), Field(min_length=1)] = Field(
        default=("5-point",), description="Scales to which ratings are converted."
    )
    strategies: Annotated[tuple[StrategyName, ...], _each(), Field(min_length=1)] = Field(
        ("preserve",), description="What is done with disagreement."
    )
    objectives: Annotated[tuple[dict[str, float], ...], _each(_weights), Field(min_length=1)] = (
        Field(
            default=({"toxicity": 1.0},),
            description="A dimension, several in a list, or several with weights: {toxicity: 2, "
            "helpfulness: 1}.",
        )
    )
    optimizers: Annotated[tuple[Optimizer, ...], _each(), Field(min_length=1)] = Field(
        ("dpo",), description="How models are tuned: dpo, kto, grpo."
    )
    base_models: Annotated[
        tuple[BaseModelEntry, ...],
        _each(_base_model),
        Field(min_length=1),
    ] = Field(
        default=(BaseModelEntry(model="embedded"),),
        description="Names or folders of base models, or {model, chat_template, pad_token, "
        "training}.",
    )
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], _each(), Field(min_length=1)] = Field(
        default=(1,), description="Seeds; three or more show how far chance goes."
    )
    labels: Literal["hard", "soft"] = Field(
        default="hard",
        description="hard: preferences as they are; soft: the share that prefers one.",
    )
    languages: Literal["separate", "pooled"] = Field(
        default="separate", description="Whether ratings in several languages are compared."
    )
    min_margin: float = Field(
        default=0.0, ge=0, description="Smallest difference of utility in a pair."
    )
    max_per_prompt: int | None = Field(
        default=None, ge=1, description="Most examples of one prompt."
    )
    budget: Literal["natural", "equal"] | Annotated[int, Field(ge=1)] = Field(
        default="natural",
        description="Examples of a condition: all (natural), as many as the poorest condition of "
        "the experiment has (equal), or a number.",
    )


class Grid(Design):
    """A whole grid file."""

    min_examples: int = Field(
        default=10,
        ge=1,
        description="A condition with fewer examples is refused before any training.",
    )
    held_out: float = Field(
        default=0.2, gt=0, lt=1, description="Share of the prompts that no condition is trained on."
    )
    split_seed: int = Field(default=0, ge=0, description="Seed that chooses the prompts held out.")
    training: OptimizerOptions = Field(
        default=OptimizerOptions(), description="Options of each optimizer."
    )
    experiments: dict[str, dict[str, Any]] = Field(
        default={},
        description="Several grids in one: each changes some of the keys from groups to budget; "
        "conditions that occur twice are trained once.",
    )

    @model_validator(mode="before")
    @classmethod
    def _check_experiments(cls, content: Any) -> Any:
        """Experiments take the file's own values for what they leave out."""
        experiments = content.get("experiments") if isinstance(content, dict) else None
        if isinstance(experiments, dict):
            given = {k: v for k, v in content.items() if k in Design.model_fields}
            for name, changes in experiments.items():
                if isinstance(changes, dict):
                    _design(str(name), {**given, **changes})
        return content

    def designs(self) -> dict[str, Design]:
        """The experiments by name; the grid itself, without a name, if it has none."""
        own = {name: getattr(self, name) for name in Design.model_fields}
        if not self.experiments:
            return {"": Design.model_construct(**own)}
        return {name: _design(name, {**own, **new}) for name, new in self.experiments.items()}


def _design(name: str, content: Given) -> Design:
    try:
        return Design.model_validate(content)
    except ValidationError as error:
        told = explain(error, content, Design)
        raise InputError(f"experiment '{name}': {told}") from None


def read_grid(source: str | Path) -> Grid:
    """Read a grid from a YAML file, or one that comes with Pluralign.

    Parameters
    ----------
    source
        A path, or the name of a grid that comes with Pluralign, such as ``"embedded-small"``.

    Raises
    ------
    InputError
        If there is no such file, or it holds an unknown key or a value that is not allowed.
    """
    path = find_grid(source)
    text = read_text(path)
    content = parse_yaml(text, path.name)
    try:
        return Grid.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path.name}: {explain(error, content, Grid)}") from None
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def hub_grids() -> dict[str, Path]:
    """Grids that come with Pluralign, by name."""
    found = sorted(HUB.glob("*.yaml"), key=lambda path: path.stem)
    return {path.stem: path for path in found if path.stem not in RUNS}


def find_grid(source: str | Path) -> Path:
    """Path of a grid file, given as one or by the name of one that comes with Pluralign."""
    path = Path(source)
    if path.is_file():
        return path
    hub = hub_grids()
    if str(source) in hub:
        return hub[str(source)]
    raise InputError(
        f"there is no grid file {source}, and none of that name comes with Pluralign; those are "
        f"{listing(hub)}"
    )


def recipes(design: Design, seed: int) -> list[Recipe]:
    """Every recipe of a design, for one seed, with no budget yet."""
    cells = product(design.groups, design.scales, design.strategies, design.objectives)
    return [
        Recipe.model_validate(
            {
                "weights": weights,
                "group": {k: v for k, v in group.items() if k != "balance"},
                "balance": group.get("balance"),
                "scale": scale,
                "strategy": strategy,
                "labels": design.labels,
                "languages": design.languages,
                "min_margin": design.min_margin,
                "max_per_prompt": design.max_per_prompt,
                "seed": seed,
            }
        )
        for group, scale, strategy, weights in cells
    ]


def conditions(grid: Grid, design: Design, recipe: Recipe) -> list[Condition]:
    """The conditions of one recipe: each optimizer on each base model, with the recipe's seed."""
    return [
        Condition(
            recipe=recipe,
            optimizer=optimizer,
            base_model=base.model,
            seed=recipe.seed,
            training=_options(grid, base, optimizer),
            chat_template=base.chat_template,
            pad_token=base.pad_token,
            held_out=grid.held_out,
            split_seed=grid.split_seed,
        )
        for base, optimizer in product(design.base_models, design.optimizers)
    ]


def _options(
    grid: Grid, base: BaseModelEntry, optimizer: Optimizer
) -> DpoOptions | KtoOptions | GrpoOptions:
    """The grid's options, with those of the base model in their place."""
    general: DpoOptions | KtoOptions | GrpoOptions = getattr(grid.training, optimizer)
    own = base.training.get(optimizer, {})
    merged = _merged(general.model_dump(), own)
    try:
        return OPTIONS[optimizer].model_validate(merged)
    except ValidationError as error:
        told = explain(error, merged, OPTIONS[optimizer])
        raise InputError(f"training of {base.model}, {optimizer}: {told}") from None


def _merged(general: Given, own: Given) -> Given:
    inner = {
        k: _merged(general[k], v) if isinstance(v, dict) and isinstance(general.get(k), dict) else v
        for k, v in own.items()
    }
    return {**general, **inner}
