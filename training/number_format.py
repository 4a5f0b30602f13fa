"""Number formats: bf16 where a device has instructions for it, fp32 everywhere else."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

    from training.conditions.options import TrainingOptions

NumberFormat = Literal["bf16", "fp32"]

#: What torch calls the instructions of processors, x86 and ARM, that multiply matrices in bf16.
_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16")


@cache
def gpu_has_bf16() -> bool:
    """Whether there is a GPU that computes in bf16 and does not emulate it."""
    import torch

    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)


@cache
def cpu_has_bf16() -> bool:
    """Whether this processor multiplies matrices in bf16 by instructions of its own.

    Without them a product takes ten times as long as in fp32, and with them less than half. Torch
    is asked and nothing is measured, so that a machine gives the same answer every time.
    """
    import torch

    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    if (
        not any(known.get(name) for name in _INSTRUCTIONS)
        or not torch.backends.mkldnn.is_available()
    ):
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def number_format(options: "TrainingOptions") -> NumberFormat:
    """The number format in which a condition is trained on this machine.

    Where it is left open it is that of the device: bf16 on a GPU that has it. On a CPU it is fp32,
    which is fast on all of them, so that a run does not depend on the kind of CPU.
    """
    if options.precision != "auto":
        return options.precision
    return "bf16" if gpu_has_bf16() else "fp32"


def dtype_of(form: NumberFormat) -> "torch.dtype":
    """A number format as torch has it."""
    import torch

    return torch.bfloat16 if form == "bf16" else torch.float32


def is_fast(form: NumberFormat) -> bool:
    """Whether models compute in a format by instructions of the device that they are put on."""
    import torch

    return form == "fp32" or (gpu_has_bf16() if torch.cuda.is_available() else cpu_has_bf16())
