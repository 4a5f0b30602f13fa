"""Our fits beside those of other programs: the same rows, one run, interleaved."""

import statistics
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.fitter import FitterError, Outcome, running
from tests.benchmarks.machine import HERE
from tests.benchmarks.report import Report, Row, limit, spread

#: How far apart two criteria of one optimum may lie: log-likelihoods, REML criteria.
TOLERANCE = {"ordinal": 1e-3, "ordered-beta": 1e-3, "ml": 1e-3, "reml": 1e-4}
#: Seconds after which a program that has not answered is stopped.
PATIENCE = 3600.0


@dataclass(frozen=True)
class Model:
    """What is fitted.

    Attributes
    ----------
    what
        Its name in the table.
    folder
        Where the data lie.
    method
        ``"ordinal"``, ``"ordered-beta"``, ``"reml"`` or ``"ml"``.
    formula
        The same for all programs.
    """

    what: str
    folder: Path
    method: str
    formula: str


@dataclass(frozen=True)
class Peer:
    """Another program: how often it runs, the ratio to be reached, the most seconds of a fit."""

    name: str
    runs: int
    least: float | None = None
    patience: float = PATIENCE


def command(program: str, model: Model) -> list[str]:
    """Command line of one program's process."""
    task = [str(model.folder), model.method, model.formula]
    if program in {"clmm", "lmer", "glmmTMB"}:
        return ["Rscript", str(HERE / "fit.R"), *task]
    return [sys.executable, "-m", "tests.benchmarks.fit", *task, program]


def compare(report: Report, model: Model, peers: Iterable[Peer], runs: int) -> None:
    """Time our fits and, between them, those of the peers; add a row for each peer."""
    own, theirs, troubles = measure(model, peers, runs)
    what, measured = _what(model, own), spread([o.seconds for o in own])
    rows = [_row(model, own, peer, outcomes) for peer, outcomes in theirs.items()]
    rows += [Row(what, measured, trouble) for trouble in troubles]
    for row in rows or [Row(what, measured)]:
        report.add(row)


def measure(
    model: Model, peers: Iterable[Peer], runs: int
) -> tuple[list[Outcome], dict[Peer, list[Outcome]], list[str]]:
    """Our outcomes, those of the peers, and what became of peers that failed."""
    own: list[Outcome] = []
    theirs: dict[Peer, list[Outcome]] = {}
    troubles: list[str] = []
    with ExitStack() as stack:
        ours = stack.enter_context(running("pluralign", command("pluralign", model), PATIENCE))
        fitters = {}
        for peer in peers:
            start = running(peer.name, command(peer.name, model), peer.patience)
            try:
                fitters[peer] = stack.enter_context(start)
            except FitterError as error:
                troubles.append(str(error))
        for turn in range(runs):
            own.append(ours.fit())
            for peer in due(fitters, turn, runs):
                try:
                    theirs.setdefault(peer, []).append(fitters[peer].fit())
                except FitterError as error:
                    troubles.append(str(error))
                    del fitters[peer], theirs[peer]
    return own, theirs, troubles


def due(peers: Iterable[Peer], turn: int, turns: int) -> Iterator[Peer]:
    """Peers that run after one of our `turns`, each spread evenly over them."""
    for peer in list(peers):
        if peer.runs * (turn + 1) // turns > peer.runs * turn // turns:
            yield peer


def _what(model: Model, own: list[Outcome]) -> str:
    return f"{model.what}, {own[0].rows:,} rows, {own[0].effects} effects"


def _row(model: Model, own: list[Outcome], peer: Peer, theirs: list[Outcome]) -> Row:
    """Our times, the peer's, their ratio, and whether it counts."""
    ours, others = [o.seconds for o in own], [o.seconds for o in theirs]
    ratio = statistics.median(others) / statistics.median(ours)
    same, optimum = _optimum(model, own[-1], theirs[-1])
    told = f"{ratio:.3g} [{min(others) / max(ours):.3g}, {max(others) / min(ours):.3g}]"
    least = ""
    if peer.least is not None:
        least = limit(f"ratio {peer.least:g}", kept=same and ratio >= peer.least)
    return Row(
        _what(model, own),
        spread(ours),
        f"{peer.name} {spread(others)}",
        told if same else f"{told}, does not count",
        optimum,
        least,
    )


def _optimum(model: Model, own: Outcome, other: Outcome) -> tuple[bool, str]:
    """Whether both programs reached the same optimum of the same problem, and how it differs."""
    if (own.rows, own.effects) != (other.rows, other.effects):
        return False, f"not the same model: {other.rows:,} rows, {other.effects} effects there"
    gap = own.criterion - other.criterion
    name = "REML criterion" if model.method == "reml" else "log-likelihood"
    told = f"{name} {own.criterion:.4f}, ours differs by {gap:+.1e}"
    if abs(gap) <= TOLERANCE[model.method]:
        return True, told
    better = (gap < 0) == (model.method == "reml")
    return False, f"{told}: {'the peer stopped short' if better else 'ours stopped short'}"
