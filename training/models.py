"""Base models and their tokenizers: found, checked, loaded; adapters made and loaded."""

import json
import os
import warnings
from collections.abc import Collection, Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pluralign_stats.errors import InputError, MissingExtraError, listing
from training.adapter_fit import read_weights, require_fit, require_loaded
from training.conditions.options import TrainingOptions
from training.number_format import dtype_of, number_format
from training.process import prepare_process

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

#: Miniature base models that are made on first use.
EMBEDDED: tuple[Literal["embedded", "embedded-thinking"], ...] = ("embedded", "embedded-thinking")

TEMPLATES = Path(__file__).parent / "templates"
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")

#: Larger files are told apart by their size, beginning and end.
_HASHED_WHOLE = 2**28
_PART = 2**20

Head = Literal["language", "reward"]


def require_packages() -> None:
    """Refuse to go on without the packages of training.

    Raises
    ------
    MissingExtraError
        If one is not installed.
    """
    if not all(find_spec(name) for name in PACKAGES):
        raise MissingExtraError("Training", "training")


def find_base(name: str, cache: Path | None = None) -> str:
    """Folder of a base model, or its name on the hub.

    Parameters
    ----------
    name
        A folder, a name on the hub, or a miniature model's name.
    cache
        Where miniature models are kept; default: the user's cache folder.

    Raises
    ------
    InputError
        If the folder holds no model.
    """
    for kind in EMBEDDED:
        if name == kind:
            from training.embedded.base import base_model

            return str(base_model(kind, cache))
    folder = Path(name)
    if not folder.exists() and (folder.is_absolute() or name.startswith(".")):
        raise InputError(f"the base model {name} does not exist; give a folder or a hub name")
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise InputError(
            f"{name} holds no model (no config.json); give a folder that save_pretrained wrote"
        )
    return str(folder.resolve()) if folder.is_dir() else name


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


def first_line(error: BaseException) -> str:
    """First line of an error's message, for messages of our own."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def context_length(base: str) -> int | None:
    """Most tokens that a base model takes; None if its configuration does not say."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(base).get_text_config()
    return getattr(config, "max_position_embeddings", None)


def load_model(base: str, options: TrainingOptions, head: Head = "language") -> Any:
    """Load a base model in the number format in which it is trained.

    Parameters
    ----------
    base
        What `find_base` gave.
    options
        Number format, quantization and attention.
    head
        ``"language"`` predicts tokens; ``"reward"`` gives one number for a text.

    Raises
    ------
    InputError
        If there is no such model, or it cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    kind = AutoModelForCausalLM if head == "language" else AutoModelForSequenceClassification
    dtype = dtype_of(number_format(options))
    settings: dict[str, Any] = {"dtype": dtype}
    if options.attention != "auto":
        settings["attn_implementation"] = options.attention
    if options.quantization == "4bit":
        settings["quantization_config"] = four_bits(dtype)
    if head == "reward":
        settings["num_labels"] = 1
    if torch.cuda.is_available() and not _launched():
        settings["device_map"] = {"": torch.cuda.current_device()}
    try:
        loaded: Any = kind.from_pretrained(base, output_loading_info=True, **settings)
    except _unloadable() as error:
        raise InputError(
            f"the base model {base} cannot be loaded ({first_line(error)}); give a folder that "
            "save_pretrained wrote whole, or a hub name that can be reached from here"
        ) from error
    model, loading = loaded
    _refuse_random(base, model, loading["missing_keys"], head)
    return model


def _refuse_random(base: str, model: Any, missing: Collection[str], head: Head) -> None:
    """Refuse a model of which a part is random; the head of a reward model is yet to be trained."""
    own = f"{model.base_model_prefix}."
    random = sorted(k for k in missing if head == "language" or k.startswith(own))
    if random:
        raise InputError(
            f"the base model {base} has no weights for {len(random):,} parts of a "
            f"{type(model).__name__}, such as {random[0]}; give a folder that save_pretrained "
            "wrote whole, of a model whose config.json is its own"
        )


def named_ends(base: str) -> int | list[int] | None:
    """Tokens that end a turn by a model's own generation settings, where it has any."""
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(base).eos_token_id
    except OSError:
        return None


def _launched() -> bool:
    """Whether `accelerate launch` started this process and decides where parameters go."""
    return "LOCAL_RANK" in os.environ or "ACCELERATE_MIXED_PRECISION" in os.environ


def check_quantization(options: TrainingOptions) -> None:
    """Refuse QLoRA where it cannot run.

    Raises
    ------
    MissingExtraError
        If bitsandbytes is not installed.
    InputError
        If there is no CUDA device.
    """
    if options.quantization == "none":
        return
    if find_spec("bitsandbytes") is None:
        raise MissingExtraError("QLoRA (quantization: 4bit)", "qlora")
    import torch

    if not torch.cuda.is_available():
        raise InputError(
            "QLoRA (quantization: 4bit) needs a CUDA device, and there is none here; set "
            "quantization: none"
        )


def four_bits(dtype: "torch.dtype") -> Any:
    """How QLoRA stores a base model, computing in `dtype`: four-bit normal floats, twice so."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def new_adapter(options: TrainingOptions, head: Head = "language") -> Any:
    """A LoRA adapter to be trained, as PEFT describes it."""
    from peft import LoraConfig, TaskType

    chosen = options.lora_targets
    return LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha,  # type: ignore[arg-type]  # fractions are allowed
        lora_dropout=options.lora_dropout,
        target_modules=chosen if isinstance(chosen, str) else list(chosen),
        bias="none",
        task_type=TaskType.CAUSAL_LM if head == "language" else TaskType.SEQ_CLS,
    )


def with_adapter(model: Any, adapter: Path) -> Any:
    """Put a saved adapter onto a freshly loaded base model.

    Raises
    ------
    InputError
        If the adapter cannot be read, or not all of it can be loaded; the model is then as it was.
    """
    from peft import set_peft_model_state_dict

    try:
        weights = read_weights(adapter)
        tuned = _prepared(model, adapter)
    except _unloadable() as error:
        raise InputError(
            f"the adapter {adapter} cannot be loaded ({first_line(error)}); train the run again"
        ) from error
    try:
        require_fit(tuned, weights)
        set_peft_model_state_dict(tuned, weights)
        require_loaded(tuned, weights)
    except _unloadable() as error:
        tuned.unload()
        raise InputError(
            f"the adapter {adapter} does not fit the base model ({first_line(error)}); train the "
            "run again"
        ) from error
    return tuned.eval()


def check_adapter(base: str, adapter: Path) -> None:
    """Refuse an adapter that does not fit a base model, of which no weights are loaded.

    Parameters
    ----------
    base
        What `find_base` gave.
    adapter
        Folder of the adapter.

    Raises
    ------
    InputError
        If the adapter cannot be read or does not fit.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        with torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
        require_fit(_prepared(empty, adapter), read_weights(adapter))
    except _unloadable() as error:
        raise InputError(
            f"the adapter {adapter} does not fit the base model {base} ({first_line(error)}); "
            "train the run again"
        ) from error


def _prepared(model: Any, adapter: Path) -> Any:
    """A model with room for an adapter, by the adapter's own configuration."""
    from peft import PeftConfig, get_peft_model

    config = PeftConfig.from_pretrained(str(adapter))
    config.inference_mode = True
    with warnings.catch_warnings():
        # That the base model lies elsewhere than in training says nothing; what follows does.
        warnings.simplefilter("ignore")
        return get_peft_model(model, config)


def _unloadable() -> tuple[type[Exception], ...]:
    """What is raised for files that are missing, torn or of another model."""
    from safetensors import SafetensorError

    own = (InputError, ImportError, OSError, ValueError, TypeError, KeyError, RuntimeError)
    return (*own, SafetensorError)


def base_fingerprint(base: str) -> str:
    """SHA-256 that tells base models apart: of all their files, or of a hub model's revision."""
    folder = Path(base)
    if not folder.is_dir():
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(base)
        return sha256(f"{base}@{getattr(config, '_commit_hash', None)}".encode()).hexdigest()
    whole = sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "complete.json"):
        whole.update(str(path.relative_to(folder)).encode())
        for part in _parts(path):
            whole.update(part)
    return whole.hexdigest()


def _parts(path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    yield str(size).encode()
    with path.open("rb") as file:
        if size <= _HASHED_WHOLE:
            yield from iter(lambda: file.read(_PART), b"")
        else:
            yield file.read(_PART)
            file.seek(-_PART, os.SEEK_END)
            yield file.read(_PART)


def adapter_bytes(base: str, rank: int) -> int | None:
    """About how large an adapter on all linear layers is; None if the configuration is unusual."""
    config = Path(base) / "config.json"
    if not config.is_file():
        return None
    told = json.loads(config.read_text(encoding="utf-8"))
    told = told.get("text_config", told)
    try:
        wide, inner, layers = (
            int(told[key]) for key in ("hidden_size", "intermediate_size", "num_hidden_layers")
        )
    except (KeyError, TypeError, ValueError):
        return None
    return 4 * rank * layers * (8 * wide + 3 * (wide + inner))
