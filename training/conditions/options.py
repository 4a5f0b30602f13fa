"""What can be set for each optimizer: every key with its type, default and meaning."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Optimizer = Literal["dpo", "kto", "grpo"]


class Frozen(BaseModel):
    """A part of a grid: frozen, hashable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)


class TrainingOptions(Frozen):
    """What every optimizer has."""

    learning_rate: float = Field(
        default=1e-5,
        gt=0,
        description="Peak learning rate. Adapters want about ten times that of full tuning.",
    )
    epochs: float = Field(default=1.0, gt=0, description="Passes over the examples.")
    max_steps: int | None = Field(
        default=None, ge=1, description="Number of steps, whatever the number of examples."
    )
    batch_size: int = Field(default=8, ge=1, description="Examples per device and forward pass.")
    accumulation: int = Field(default=4, ge=1, description="Forward passes per step.")
    warmup: float = Field(default=0.1, ge=0, lt=1, description="Share of the steps that warm up.")
    schedule: Literal["cosine", "linear", "constant"] = Field(
        default="cosine", description="Course of the learning rate after the warm-up."
    )
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay of the adapter.")
    max_grad_norm: float = Field(default=1.0, gt=0, description="Largest norm of a gradient.")
    max_length: int = Field(
        default=1024,
        ge=8,
        description="Longest prompt with response, in tokens; what is longer is left out and "
        "counted, never cut.",
    )
    lora_rank: int = Field(default=16, ge=1, description="Rank of the adapter.")
    lora_alpha: float = Field(
        default=32.0, gt=0, description="Scale of the adapter, divided by its rank."
    )
    lora_dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout inside the adapter.")
    lora_targets: Literal["all-linear"] | tuple[str, ...] = Field(
        default="all-linear", description="Modules that get an adapter, by name."
    )
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto",
        description="Number format; auto is bf16 on a GPU that has it, else fp32.",
    )
    quantization: Literal["none", "4bit"] = Field(
        default="none", description="4bit is QLoRA: needs the extra 'qlora' and a CUDA device."
    )
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = Field(
        default="auto", description="Implementation of attention; auto is the model's own default."
    )
    gradient_checkpointing: bool = Field(
        default=True, description="Compute activations twice to save memory."
    )
    checkpoint_minutes: float = Field(
        default=10.0, gt=0, description="Time after which a step is kept to resume from."
    )
    checkpoint_steps: int | None = Field(
        default=None, ge=1, description="Also keep every so many steps to resume from."
    )
    log_steps: int = Field(default=10, ge=1, description="Steps between two lines of metrics.")


class DpoOptions(TrainingOptions):
    """Direct preference optimization; soft labels make it conservative, pair by pair."""

    beta: float = Field(
        default=0.1, gt=0, description="How closely the tuned model keeps to its base."
    )


class KtoOptions(TrainingOptions):
    """Kahneman-Tversky optimization of unpaired feedback."""

    batch_size: int = Field(
        default=8,
        ge=2,
        description="Examples per device and forward pass; at least two, to estimate KL.",
    )
    beta: float = Field(
        default=0.1, gt=0, description="How closely the tuned model keeps to its base."
    )
    balance: bool = Field(
        default=True, description="Give desirable and undesirable examples equal weight in sum."
    )


class RewardOptions(TrainingOptions):
    """The reward model that GRPO follows, trained on the pairs that DPO would get."""

    learning_rate: float = Field(
        default=1e-4,
        gt=0,
        description="Peak learning rate. Adapters want about ten times that of full tuning.",
    )
    center: float = Field(
        default=0.01,
        ge=0,
        description="Weight of a penalty that keeps rewards near zero on average.",
    )


class GrpoOptions(TrainingOptions):
    """Group relative policy optimization against a reward model."""

    batch_size: int = Field(default=8, ge=1, description="Completions per device and forward pass.")
    beta: float = Field(
        default=0.04,
        ge=0,
        description="Weight of the divergence from the base model; guards the reward.",
    )
    generations: int = Field(
        default=8, ge=2, description="Completions of one prompt that are compared with each other."
    )
    temperature: float = Field(
        default=1.0, gt=0, description="Sampling temperature of completions."
    )
    top_p: float = Field(default=1.0, gt=0, le=1, description="Nucleus of completions.")
    max_new_tokens: int = Field(
        default=256,
        ge=1,
        description="Longest completion, thinking included; an unfinished one gets the lowest "
        "reward.",
    )
    thinking: bool = Field(
        default=True,
        description="Whether a reasoning model thinks before it answers; the thinking is "
        "never rewarded.",
    )
    loss: Literal["dapo", "grpo", "bnpo", "dr_grpo"] = Field(
        default="dapo", description="TRL's name of the loss."
    )
    reward: RewardOptions = Field(
        default=RewardOptions(), description="Training of the reward model, by the same keys."
    )

    @model_validator(mode="after")
    def _whole_groups(self) -> Self:
        rows = self.batch_size * self.accumulation
        if rows % self.generations:
            raise ValueError(
                f"'batch_size' times 'accumulation' is {rows}, and must be a multiple of "
                f"'generations', which is {self.generations}"
            )
        return self


OPTIONS: dict[str, type[DpoOptions] | type[KtoOptions] | type[GrpoOptions]] = {
    "dpo": DpoOptions,
    "kto": KtoOptions,
    "grpo": GrpoOptions,
}
