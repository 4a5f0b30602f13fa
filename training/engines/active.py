"""Whether the adapter that an engine has loaded is the one that was trained, and is active."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pluralign_stats.errors import InputError
from training.engines.verification import Probe, largest_difference, read_canary, read_probes

#: Log probabilities of the tokens of each probe's answer.
Logprobs = Sequence[Sequence[float]]


def check_active(
    run_folder: Path,
    adapted: Callable[[Sequence[Probe]], Logprobs],
    bare: Callable[[Sequence[Probe]], Logprobs],
) -> None:
    """Refuse a loaded run that does not speak as it did after training.

    Parameters
    ----------
    run_folder
        Has the canary's probes and what was said of them after training.
    adapted, bare
        Give the engine's own log probabilities of probes, with the adapter and without.

    Raises
    ------
    InputError
        If the base model is not the one that was tuned, or the adapter changes nothing or not
        what it changed in training.
    """
    verdict = read_canary(run_folder)
    probes = read_probes(verdict)
    untuned, tuned = bare(probes), adapted(probes)
    from_base = largest_difference(untuned, verdict["base"])
    from_trained = largest_difference(tuned, verdict["trained"])
    moved = largest_difference(tuned, untuned)
    tolerance = verdict["tolerance"]
    if not from_base <= tolerance:
        raise InputError(
            f"the base model of {run_folder.name} is not the one that was tuned: its log "
            f"probabilities differ by up to {from_base:.3g}, where {tolerance:g} is rounding; "
            "restore it, or train the run again"
        )
    if not (from_trained <= tolerance and from_trained < moved):
        raise InputError(
            f"the adapter of {run_folder.name} is not active, or not the one that was trained: "
            f"its log probabilities differ from those after training by up to {from_trained:.3g} "
            f"and from the base model's by {moved:.3g}; train the run again"
        )
