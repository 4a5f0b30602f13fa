"""Arguments that every trainer gets, and what all of them do alike."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, TrainerCallback

from pluralign_stats.errors import InputError
from pluralign_stats.storage.files import write_json
from training.bases.adapter import read_weights, require_fit, require_loaded
from training.conditions.options import TrainingOptions
from training.number_format import number_format
from training.optimize.checkpoints import Checkpoints, Metrics, last_checkpoint

#: How long processes that train one condition wait for the slowest of them: a week.
_SECONDS_TO_MEET = 7 * 24 * 3600

#: Says how far a training is: its name, steps done, steps in all.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainerConfig:
    """One training with one trainer.

    Attributes
    ----------
    name
        ``"dpo"``, ``"kto"``, ``"reward"`` or ``"grpo"``.
    folder
        Where checkpoints, metrics and arguments go.
    base
        Folder or hub name of the base model.
    tokenizer
        With its chat template.
    options
        Of this training.
    seed
        Of everything random.
    tell
        Is told of every step.
    """

    name: str
    folder: Path
    base: str
    tokenizer: Any
    options: TrainingOptions
    seed: int
    tell: Tell

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints of this training."""
        return self.folder / f"checkpoints-{self.name}"


def shared_arguments(config: TrainerConfig) -> dict[str, Any]:
    """Arguments of transformers' trainer, the same for all optimizers."""
    import torch

    options = config.options
    schedule: str = options.schedule
    if schedule == "constant" and options.warmup:
        schedule = "constant_with_warmup"
    return {
        "output_dir": str(config.checkpoints),
        "learning_rate": options.learning_rate,
        "num_train_epochs": options.epochs,
        "max_steps": options.max_steps or -1,
        "per_device_train_batch_size": options.batch_size,
        "gradient_accumulation_steps": options.accumulation,
        "warmup_steps": options.warmup,
        "lr_scheduler_type": schedule,
        "weight_decay": options.weight_decay,
        "max_grad_norm": options.max_grad_norm,
        "bf16": number_format(options) == "bf16",
        "activation_checkpointing": options.gradient_checkpointing,
        # TRL changes this very mapping, by its old name, where ZeRO-3 needs the other way.
        "activation_checkpointing_kwargs": {"use_reentrant": False},
        "logging_steps": options.log_steps,
        "logging_first_step": True,
        "seed": config.seed,
        "data_seed": config.seed,
        "save_strategy": "no",
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "use_cpu": not torch.cuda.is_available(),
        "ddp_timeout": _SECONDS_TO_MEET,
    }


def run_trainer[T: Any](config: TrainerConfig, trainer: T) -> T:
    """Train to the end, from the last whole checkpoint if there is one; returns the trainer.

    The arguments that the trainer resolved are stored beside its metrics.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(
        Checkpoints(config.options.checkpoint_minutes, config.options.checkpoint_steps)
    )
    trainer.add_callback(Metrics(config.folder / f"metrics-{config.name}.jsonl", config.name))
    trainer.add_callback(Teller(config.name, config.tell))
    if trainer.is_world_process_zero():
        write_json(config.folder / f"arguments-{config.name}.json", _plain(trainer.args))
    resumed = last_checkpoint(config.checkpoints) if config.checkpoints.is_dir() else None
    if resumed is not None and not (trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled):
        trainer.add_callback(Resumed(resumed, trainer.accelerator.unwrap_model(trainer.model)))
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    return trainer


def _plain(args: Any) -> dict[str, Any]:
    """All arguments as plain values; paths of this machine left out."""
    values = {k: v for k, v in args.to_dict().items() if k not in ("output_dir", "logging_dir")}
    return json.loads(json.dumps(values, default=str))


def save_adapter(trainer: Any, tokenizer: Any, folder: Path) -> None:
    """Save the adapter and the tokenizer with its template; whole or not there."""
    made = folder.with_name(f".{folder.name}.new")
    if trainer.is_world_process_zero():
        shutil.rmtree(made, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(made))
    if trainer.is_world_process_zero():
        (made / "training_args.bin").unlink(missing_ok=True)
        tokenizer.save_pretrained(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    trainer.accelerator.wait_for_everyone()


class Resumed(TrainerCallback):
    """Refuses to go on with a model that does not hold the adapter of the checkpoint.

    The model is the trainer's, at first before the checkpoint is loaded.

    Raises
    ------
    InputError
        If the checkpoint does not fit the model.
    """

    def __init__(self, checkpoint: Path, model: Any) -> None:
        self._checkpoint = checkpoint
        self._model = model
        self._require(require_fit)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Hold what was loaded against the file."""
        self._require(require_loaded)

    def _require(self, check: Callable[..., None]) -> None:
        try:
            check(self._model, read_weights(self._checkpoint))
        except (InputError, OSError, ValueError) as error:
            raise InputError(
                f"the checkpoint {self._checkpoint} cannot be gone on from ({error}); delete "
                f"{self._checkpoint.parent}, and training begins anew"
            ) from error


class Teller(TrainerCallback):
    """Passes on how far a trainer is."""

    def __init__(self, name: str, tell: Tell) -> None:
        self._name = name
        self._tell = tell

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell of a step."""
        if state.is_world_process_zero:
            self._tell(self._name, state.global_step, state.max_steps)
