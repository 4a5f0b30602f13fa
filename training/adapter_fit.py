"""Whether an adapter fits a model: each weight of its file has a place, and each place a weight."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_PREFIX = "base_model.model."


def read_weights(adapter: Path) -> "dict[str, Tensor]":
    """Weights of a saved adapter by name, in the memory of the CPU."""
    from peft import load_peft_weights

    return load_peft_weights(str(adapter), device="cpu")


def require_fit(tuned: Any, weights: "Mapping[str, Tensor]") -> None:
    """Refuse weights of which one has no place in a model, or that leave a place without one.

    PEFT loads what fits and passes over the rest.

    Parameters
    ----------
    tuned
        A model of PEFT's, with the adapter in place and loaded or not.
    weights
        What `read_weights` gives.

    Raises
    ------
    InputError
        Says which weight does not fit.
    """
    places, all_places = _places(tuned)
    _refuse(weights.keys() - all_places.keys(), "weights have no place in the model")
    _refuse(places.keys() - weights.keys(), "weights that the model needs are missing")
    for name, weight in weights.items():
        if weight.shape != all_places[name].shape:
            have, need = (_size(shape) for shape in (weight.shape, all_places[name].shape))
            raise InputError(f"the weight {_short(name)} is {have}, and the model takes {need}")


def require_loaded(tuned: Any, weights: "Mapping[str, Tensor]") -> None:
    """Refuse a model that does not hold the weights of its adapter's file.

    Raises
    ------
    InputError
        Says which weight does not fit, or was not loaded.
    """
    from torch import allclose

    require_fit(tuned, weights)
    held = {name: tensor.detach().cpu() for name, tensor in _places(tuned)[0].items()}
    other = [
        name
        for name, tensor in held.items()
        if not allclose(tensor, weights[name].to(tensor.dtype), rtol=0, atol=0, equal_nan=True)
    ]
    _refuse(other, "weights were not loaded")


def _places(tuned: Any) -> "tuple[dict[str, Tensor], dict[str, Tensor]]":
    """What an adapter of this model consists of; and all that a file may hold, base included."""
    from peft import get_peft_model_state_dict

    own = get_peft_model_state_dict(tuned, save_embedding_layers=False)
    return own, {**tuned.state_dict(), **own}


def _refuse(names: Collection[str], what: str) -> None:
    if names:
        raise InputError(f"{len(names):,} {what}, such as {_short(min(names))}")


def _short(name: str) -> str:
    return name.removeprefix(_PREFIX)


def _size(shape: Collection[int]) -> str:
    return " × ".join(map(str, shape))
