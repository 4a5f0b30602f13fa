"""The packages that training needs, and what they raise where a model cannot be loaded."""

from importlib.util import find_spec

from pluralign_stats.errors import InputError, MissingExtraError

PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def require_packages() -> None:
    """Refuse to go on without the packages of training.

    Raises
    ------
    MissingExtraError
        If one is not installed.
    """
    if not all(find_spec(name) for name in PACKAGES):
        raise MissingExtraError("Training", "training")


def first_line(error: BaseException) -> str:
    """First line of an error's message, for messages of our own."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def unloadable() -> tuple[type[Exception], ...]:
    """What is raised for files that are missing, torn or of another model."""
    from safetensors import SafetensorError

    own = (InputError, ImportError, OSError, ValueError, TypeError, KeyError, RuntimeError)
    return (*own, SafetensorError)
