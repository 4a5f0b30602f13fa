"""Shows how far a whole run is: one bar over all its steps and conditions, from what lies there."""

from dataclasses import dataclass, field

from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.folders import MARK
from pluralign_stats.storage.lock import was_held
from training.conditions.names import FAILED
from training.tuning.worker import failure
from training.workflow.layout import Layout


@dataclass
class ProgressMonitor:
    """What has been seen of a run so far.

    Attributes
    ----------
    layout
        Where the run lies.
    bar
        What is told.
    began
        When the call began, in seconds since the epoch: older failures are not its own.
    """

    layout: Layout
    bar: WorkProgress
    began: float
    _known: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Tell what has begun, ended or failed since the last look."""
        steps = self.layout.steps
        for path in (*steps.glob(".*.lock"), *steps.glob("*.done"), *steps.glob("*.error")):
            step = path.stem.removeprefix(".")
            if step.partition("-")[0] not in ("train", "generate") and "." not in step:
                self._look_at(step, *self._step(step))
        failed = self.layout.failed()
        for name in self.layout.conditions():
            self._look_at(f"train {name}", *self._trained(name))
            self._look_at(f"answers {name}", *self._answered(name, failed))

    def _look_at(self, part: str, state: str, why: str | None = None) -> None:
        """See a part; one that was complete from the beginning is none of this call."""
        if part in self._ended or (part not in self._known and state == "kept"):
            return
        if part not in self._known:
            self._known.add(part)
            self.bar.add(part)
        if state == "running":
            self.bar.advance(part)
        elif state != "waiting":
            self._ended.add(part)
            self.bar.end(part, why)

    def _step(self, step: str) -> tuple[str, str | None]:
        if self.layout.done(step).is_file():
            return "done", None
        if was_held(self.layout.steps / step):
            return "running", None
        why = self.layout.why(step)
        return ("failed", why) if why else ("kept", None)

    def _trained(self, name: str) -> tuple[str, str | None]:
        folder = self.layout.runs / name
        if (folder / MARK).is_file():
            return "kept", None
        working = folder.with_name(f"{name}.partial")
        why = failure(working)
        if why is not None and (working / FAILED).stat().st_mtime >= self.began:
            return "failed", why
        return ("running" if was_held(folder) else "waiting"), None

    def _answered(self, name: str, failed: dict[str, str]) -> tuple[str, str | None]:
        folder = self.layout.generations / name
        if (folder / MARK).is_file():
            return "kept", None
        if name in failed:
            return "failed", failed[name]
        return ("running" if folder.with_name(f"{name}.partial").is_dir() else "waiting"), None
