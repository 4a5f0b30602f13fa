"""Engines by name, loaded when they are used."""

from importlib.util import find_spec

from pluralign_stats.errors import MissingExtraError
from training.bases.packages import require_packages
from training.engines.base import Base
from training.engines.engine import Engine, GenerationOptions
from training.process import prepare_process


def open_engine(base: Base, options: GenerationOptions) -> Engine:
    """Load a base model into the engine that the options name.

    Raises
    ------
    MissingExtraError
        If the engine's packages are not installed.
    InputError
        If the model cannot be used.
    """
    require_packages()
    prepare_process()
    if options.engine == "vllm":
        if find_spec("vllm") is None:
            raise MissingExtraError("Generation by vLLM", "vllm")
        from training.engines.vllm_engine import VllmEngine

        return VllmEngine(base, options)
    from training.engines.transformers_engine import TransformersEngine

    return TransformersEngine(base, options)
