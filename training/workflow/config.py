"""The configuration of a whole run: study, experiments, generation, judges, report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from pluralign_stats.errors import InputError, listing
from pluralign_stats.feedback.recipe import as_words
from pluralign_stats.study.yaml_file import parse_yaml, read_text
from training.bases.find import EMBEDDED
from training.conditions.errors import explain
from training.conditions.grid import HUB, RUNS, BaseModelEntry, Grid, read_grid
from training.conditions.options import Frozen
from training.engines.engine import GenerationOptions
from training.judges.choose import JudgeName

#: Where a simulated study is written, in the folder of the run.
OWN_STUDY = Path("study") / "study.yaml"


class Simulated(Frozen):
    """A study that is simulated."""

    seed: int = Field(default=1, ge=0, description="Equal seeds give equal studies.")
    embedded: bool = Field(
        default=True, description="Whether raters read responses of the miniature world."
    )
    raters: int | None = Field(default=None, ge=1, description="Number of raters.")
    prompts: int | None = Field(default=None, ge=1, description="Number of prompts.")
    responses: int | None = Field(default=None, ge=1, description="Responses to each prompt.")
    items: int | None = Field(default=None, ge=1, description="Items that each rater rates.")


class StudySource(Frozen):
    """Where the ratings come from: simulated, or the codebook of a study of one's own."""

    simulate: Simulated | None = None
    codebook: Path | None = None
    data: Path | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "StudySource":
        if (self.simulate is None) == (self.codebook is None):
            raise ValueError("give either 'simulate' or 'codebook'")
        if self.data is not None and self.codebook is None:
            raise ValueError("'data' goes with 'codebook'")
        return self


class GenerationSettings(Frozen):
    """Options of `pluralign generate`."""

    samples: int = Field(default=2, ge=1)
    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    batch: int = Field(default=64, ge=1)
    seed: int = Field(default=0, ge=0)
    engine: Literal["transformers", "vllm"] = "transformers"
    thinking: bool = True

    def checked(self) -> GenerationOptions:
        """The options as generation takes them."""
        return GenerationOptions(**self.model_dump())


class JudgeSettings(Frozen):
    """A judge and its options, as `pluralign judge` takes them."""

    judge: JudgeName
    options: dict[str, str | int | float | bool] = Field(
        default={}, description="Options of `pluralign judge`, with _ for -."
    )
    patience: float = Field(
        default=0, ge=0, description="Minutes to go on trying while the judge cannot be reached."
    )


class ReportSettings(Frozen):
    """What the report is given."""

    parameters: dict[str, Annotated[str | bool | list[str], BeforeValidator(as_words)]] = Field(
        default={}, description="Parameters of the notebooks, as -p takes them."
    )
    leave_out: list[str] = Field(
        default=[], description="Notebooks, by name or number, that do not run."
    )


class Changes(Frozen):
    """What the quick variant has in place of the whole."""

    experiments: dict[str, dict[str, Any]] | None = None
    generate: GenerationSettings | None = None
    report: ReportSettings | None = None


class BaseCost(Frozen):
    """What the cost of a base model is reckoned from."""

    parameters: float = Field(gt=0, description="Billions of parameters.")


class CostAssumptions(Frozen):
    """What the dry run reckons with. All of it is ours, and rough: change what you know better."""

    models: dict[str, BaseCost] = Field(
        default={}, description="By base model; else the number before 'B' in its name is taken."
    )
    prompts: int = Field(default=50, ge=1, description="Prompts of a study that is not there yet.")
    languages: int = Field(default=2, ge=1, description="Languages of such a study.")
    examples: int = Field(
        default=2000, ge=1, description="Examples of a condition, where no number of steps is set."
    )
    tokens_per_example: int = Field(
        default=400, ge=1, description="Tokens of a prompt with one response."
    )
    tokens_per_answer: int = Field(default=400, ge=1, description="Tokens that a model writes.")
    tokens_thinking: int = Field(
        default=1200, ge=0, description="Tokens that a reasoning model thinks before an answer."
    )
    reasoning: tuple[str, ...] = Field(default=(), description="Base models that think first.")
    peak_tflops: float = Field(
        default=989, gt=0, description="Of one GPU, dense bf16 (989: an H100 SXM)."
    )
    training_utilization: float = Field(
        default=0.3, gt=0, le=1, description="Share of the peak reached in training."
    )
    generation_utilization: float = Field(
        default=0.03, gt=0, le=1, description="Share of the peak reached in generation."
    )
    minutes_per_run: float = Field(
        default=3, ge=0, description="Loading and checking, for each training and generation."
    )
    node_gpus: int = Field(default=8, ge=1, description="GPUs of one machine.")
    cluster_gpus: int = Field(default=64, ge=1, description="GPUs that a cluster gives at once.")


class RunConfig(Frozen):
    """A whole run."""

    title: str = Field(min_length=1)
    study: StudySource
    base: str = Field("embedded", description="Grid of which the experiments are variations.")
    changes: dict[str, Any] = Field({}, description="Keys of that grid that differ.")
    experiments: dict[str, dict[str, Any]] = Field(min_length=1)
    generate: GenerationSettings = GenerationSettings()
    judges: dict[str, JudgeSettings] = Field(min_length=1)
    report: ReportSettings | None = ReportSettings()
    quick: Changes = Changes()
    cost: CostAssumptions = CostAssumptions()
    is_quick: bool = False

    @model_validator(mode="after")
    def _checked(self) -> "RunConfig":
        for name in self.judges:
            if not name.isidentifier():
                raise ValueError(f"'{name}' names a folder; use letters, digits and _")
        self.grid()
        return self

    def grid(self) -> Grid:
        """The training grid: the base grid with these experiments."""
        own = read_grid(self.base).model_dump(mode="json", exclude={"experiments"})
        unknown = [key for key in self.changes if key not in own]
        if unknown:
            raise InputError(f"changes: a grid has no key {listing(unknown)}")
        content = _merged(own, self.changes) | {"experiments": self.experiments}
        try:
            return Grid.model_validate(content)
        except ValidationError as error:
            raise InputError(explain(error, content, Grid)) from None

    @property
    def main_judge(self) -> str:
        """The judge whose scores the report is about: the first."""
        return next(iter(self.judges))

    def bases(self) -> list[BaseModelEntry]:
        """Base models of all experiments."""
        designs = self.grid().designs().values()
        return [base for design in designs for base in design.base_models]

    def miniatures(self) -> list[str]:
        """Base models that are made on first use."""
        return list(dict.fromkeys(b.model for b in self.bases() if b.model in EMBEDDED))

    def data_note(self, simulated: bool) -> str:
        """What every figure of the report says of the data and models behind it."""
        miniature = all(base.model in EMBEDDED for base in self.bases())
        told = {
            "simulated study": simulated,
            "miniature model": miniature,
            "quick run": self.is_quick,
        }
        return ", ".join(words for words, is_so in told.items() if is_so)

    def seeded(self, seed: int) -> "RunConfig":
        """The run on a study that is simulated with another seed.

        Raises
        ------
        InputError
            If its study is not simulated.
        """
        if self.study.simulate is None:
            raise InputError("--seed is the seed of a simulated study, and this run reads one")
        simulate = self.study.simulate.model_copy(update={"seed": seed})
        study = self.study.model_copy(update={"simulate": simulate})
        return self.model_copy(update={"study": study})

    def reported_with(self, parameters: Mapping[str, Any]) -> "RunConfig":
        """The run whose notebooks get other parameters.

        Raises
        ------
        InputError
            If it makes no report.
        """
        if self.report is None:
            raise InputError("--parameter is one of the notebooks, and this run makes no report")
        told = {**self.report.parameters, **parameters}
        report = self.report.model_copy(update={"parameters": told})
        return self.model_copy(update={"report": report})

    def quickened(self) -> "RunConfig":
        """The quick variant, which says that it is one."""
        new = {k: v for k, v in dict(self.quick).items() if v is not None}
        return self.model_copy(update={**new, "is_quick": True})


def read_run(source: str) -> RunConfig:
    """Read the configuration of a run: a YAML file, or the name of one that ships.

    Relative paths in it are from its own folder.

    Raises
    ------
    InputError
        If there is no such file, or it holds an unknown key or a value that is not allowed.
    """
    path = find_run(source)
    content = parse_yaml(read_text(path), path.name)
    own = path.resolve().parent / str(content.get("base", ""))
    if own.is_file():
        content["base"] = str(own)
    try:
        run = RunConfig.model_validate(content)
        run.quickened().grid()
    except ValidationError as error:
        raise InputError(f"{path.name}: {explain(error, content, RunConfig)}") from None
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None
    return _with_paths(run, path.resolve().parent)


def find_run(source: str) -> Path:
    """Path of a run's configuration, given as one or by the name of one that ships."""
    if Path(source).is_file():
        return Path(source)
    if source in RUNS:
        return HUB / f"{source}.yaml"
    raise InputError(
        f"there is no file {source}, and no run of that name comes with Pluralign; those are "
        f"{listing(RUNS)}"
    )


def _with_paths(run: RunConfig, folder: Path) -> RunConfig:
    study = run.study
    paths = {
        key: (folder / path).resolve()
        for key, path in (("codebook", study.codebook), ("data", study.data))
        if path is not None
    }
    return run.model_copy(update={"study": study.model_copy(update=paths)})


def _merged(own: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    inner = {
        k: _merged(own[k], v) if isinstance(v, dict) and isinstance(own.get(k), dict) else v
        for k, v in new.items()
    }
    return {**own, **inner}
