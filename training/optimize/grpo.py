"""Group relative policy optimization against a reward model of the same feedback."""

from itertools import islice
from math import ceil
from typing import Any

import torch
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer

from training.bases.adapter import new_adapter
from training.bases.load import load_model
from training.chat import prompt_tokens
from training.conditions.options import GrpoOptions
from training.optimize.arguments import TrainerConfig, shared_arguments
from training.optimize.data import in_random_order
from training.optimize.reward import Rewards


class PolicyTrainer(GRPOTrainer):
    """TRL's trainer; prompts are written as everywhere else, with thinking or without."""

    #: Whether a reasoning model thinks before it answers.
    thinking: bool = True

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        ids = [prompt_tokens(self.processing_class, text, self.thinking) for text in prompts]
        return ids, None, {}


def grpo_trainer(config: TrainerConfig, prompts: list[str], rewards: Rewards) -> PolicyTrainer:
    """The trainer, before its first step.

    The prompts of all steps are drawn beforehand and gone through once, in order, so that a
    resumed run meets the same ones.

    Parameters
    ----------
    rewards
        Of the feedback's reward model; completions end where these say that a turn does.
    """
    options = config.options
    assert isinstance(options, GrpoOptions)  # noqa: S101
    settings = shared_arguments(config) | {"num_train_epochs": 1}
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
    order = in_random_order(prompts, config.seed)
    torch.manual_seed(config.seed)
    model = load_model(config.base, options)
    model.generation_config.eos_token_id = list(rewards.ends)
    trainer = PolicyTrainer(
        model=model,
        reward_funcs=rewards,
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": list(islice(order, steps * together))}),
        processing_class=config.tokenizer,
        peft_config=new_adapter(options),
    )
    trainer.thinking = options.thinking
    return trainer
