"""Tokenizers of base models, with their chat templates."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import InputError, listing
from training.bases.packages import first_line
from training.process import prepare_process

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


TEMPLATES = Path(__file__).parents[1] / "templates"


def load_tokenizer(
    base: str, chat_template: str | None = None, pad_token: str | None = None
) -> "PreTrainedTokenizerBase":
    """Load a tokenizer that can write chats and pad.

    Parameters
    ----------
    base
        What `find_base` gave, or the adapter folder of a run.
    chat_template, pad_token
        For a model that has none.

    Raises
    ------
    InputError
        If there is no tokenizer, or it has no chat template or padding token.
    """
    prepare_process()
    from transformers import AutoTokenizer, logging

    logging.set_verbosity_error()

    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the tokenizer of {base} cannot be loaded ({first_line(error)}); give a folder that "
            "save_pretrained wrote, or a hub name that can be reached from here"
        ) from error
    if chat_template is not None:
        tokenizer.chat_template = read_template(chat_template)
    if not tokenizer.chat_template:
        raise InputError(
            f"the base model {base} has no chat template; name one in the grid: base_models: "
            f"[{{model: {base}, chat_template: vicuna}}] ({listing(templates())} ship, or a file)"
        )
    _set_padding(tokenizer, base, pad_token)
    _try_template(tokenizer, base)
    return tokenizer


def _set_padding(tokenizer: Any, base: str, pad_token: str | None) -> None:
    if pad_token is not None:
        if pad_token not in tokenizer.get_vocab():
            raise InputError(
                f"the base model {base} has no token '{pad_token}' to pad with; name one of its "
                "own tokens that stands in no text"
            )
        tokenizer.pad_token = pad_token
    if tokenizer.pad_token_id is None:
        raise InputError(
            f"the base model {base} has no padding token; name a token of it that stands in no "
            f"text in the grid: base_models: [{{model: {base}, pad_token: ...}}]"
        )
    tokenizer.padding_side = "left"


def _try_template(tokenizer: Any, base: str) -> None:
    from training.chat import exchange_tokens, template_fault

    try:
        fault = template_fault(tokenizer)
        exchange_tokens(tokenizer, "Question", "Answer")
    except Exception as error:
        raise InputError(
            f"the chat template of {base} cannot write a question and an answer "
            f"({first_line(error)}); name another with chat_template in the grid"
        ) from error
    if fault:
        raise InputError(
            f"the chat template of {base} cannot be trained with, as {fault}; name another with "
            "chat_template in the grid"
        )


def templates() -> dict[str, Path]:
    """Chat templates that come with Pluralign, by name."""
    return {path.stem: path for path in sorted(TEMPLATES.glob("*.jinja"))}


def read_template(name: str) -> str:
    """Text of a chat template, given by name or as a file."""
    path = templates().get(name, Path(name))
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"there is no chat template {name}; give a file, or one of {listing(templates())}"
        ) from error
