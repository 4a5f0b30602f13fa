"""Group relative policy optimization against a reward model of the same feedback."""

from math import ceil
from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer

from training.bases.adapter import new_adapter
from training.bases.load import load_model
from training.chat import prompt_tokens
from training.conditions.options import GrpoOptions
from training.optimize.arguments import Stage, run_trainer, shared_arguments
from training.optimize.data import dataset, in_random_order
from training.optimize.reward import Rewards


class PolicyTrainer(GRPOTrainer):
    """TRL's trainer; prompts are written as everywhere else, with thinking or without."""

    #: Whether a reasoning model thinks before it answers.
    thinking: bool = True

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        ids = [prompt_tokens(self.processing_class, text, self.thinking) for text in prompts]
        return ids, None, {}


def grpo_trainer(stage: Stage, prompts: list[str], rewards: Rewards) -> PolicyTrainer:
    """The trainer of a stage, before its first step.

    The prompts of all steps are drawn beforehand and gone through once, in order, so that a
    resumed run meets the same ones.

    Parameters
    ----------
    stage
        What to train, with `GrpoOptions`.
    prompts
        Texts of the prompts, each once.
    rewards
        Of the feedback's reward model; completions end where these say that a turn does.
    """
    options = stage.options
    assert isinstance(options, GrpoOptions)  # noqa: S101
    settings = shared_arguments(stage) | {"num_train_epochs": 1}
    arguments = GRPOConfig(
        **settings,
        beta=options.beta,
        num_generations=options.generations,
        temperature=options.temperature,
        top_p=options.top_p,
        max_completion_length=options.max_new_tokens,
        loss_type=options.loss,
        shuffle_dataset=False,
        disable_dropout=True,
    )
    together = (arguments.generation_batch_size or 0) // options.generations
    steps = options.max_steps or ceil(options.epochs * len(prompts) / together)
    arguments.max_steps = steps
    order = in_random_order(prompts, stage.seed)
    torch.manual_seed(stage.seed)
    model = load_model(stage.base, options)
    model.generation_config.eos_token_id = list(rewards.ends)
    trainer = PolicyTrainer(
        model=model,
        reward_funcs=rewards,
        args=arguments,
        train_dataset=dataset({"prompt": next(order)} for _ in range(steps * together)),
        processing_class=stage.tokenizer,
        peft_config=new_adapter(options),
    )
    trainer.thinking = options.thinking
    return trainer


def train_grpo(stage: Stage, prompts: list[str], rewards: Rewards) -> PolicyTrainer:
    """Train to the end, from where a killed run stopped."""
    return run_trainer(stage, grpo_trainer(stage, prompts, rewards))
