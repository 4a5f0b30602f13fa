"""Shows how far a whole run is: one bar over all its steps and conditions, from what lies there."""

from dataclasses import dataclass, field

from pluralign_stats.progress import WorkProgress
from pluralign_stats.storage.files import read_json
from pluralign_stats.storage.folders import MARK
from pluralign_stats.storage.lock import was_held
from training.conditions.names import FAILED
from training.tuning.worker import failure
from training.workflow.config import RunConfig
from training.workflow.layout import Layout
from training.workflow.marks import conditions


@dataclass
class ProgressMonitor:
    """What has been seen of a run so far.

    Attributes
    ----------
    run, layout
        The run.
    todo
        Steps that are done in this call.
    bar
        What is told.
    began
        When the call began, in seconds since the epoch: older failures are not its own.
    """

    run: RunConfig
    layout: Layout
    todo: tuple[str, ...]
    bar: WorkProgress
    began: float
    _ended: set[str] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Tell what has begun, ended or failed since the last look."""
        for step in self.todo:
            if step not in ("train", "generate"):
                self._look_at_step(step)
        if "plan" in self.todo and not self.layout.mark("plan").exists():
            return
        for name in conditions(self.layout):
            if "train" in self.todo:
                self._look_at(f"train {name}", *self._trained(name))
            if "generate" in self.todo:
                self._look_at(f"answers {name}", *self._answered(name))

    def _look_at_step(self, step: str) -> None:
        if step in self._ended:
            return
        layout = self.layout
        error = layout.error(step)
        if layout.mark(step).is_file():
            self._end(step)
        elif error.is_file():
            self._end(step, error.read_text(encoding="utf-8").strip())
        elif was_held(layout.steps / step):
            self.bar.advance(step)

    def _look_at(self, part: str, state: str, why: str) -> None:
        """See a part that is first known when the plan is made."""
        if part in self._ended:
            return
        if part not in self._known:
            self._known.add(part)
            self.bar.add(part)
        if state == "done":
            self._end(part)
        elif state == "failed":
            self._end(part, why)
        elif state == "running":
            self.bar.advance(part)

    def _trained(self, name: str) -> tuple[str, str]:
        folder = self.layout.runs / name
        if (folder / MARK).is_file():
            return "done", ""
        working = folder.with_name(f"{name}.partial")
        why = failure(working)
        if why is not None and (working / FAILED).stat().st_mtime >= self.began:
            return "failed", why
        return ("running" if was_held(folder) else "waiting"), ""

    def _answered(self, name: str) -> tuple[str, str]:
        folder = self.layout.generations / name
        if (folder / MARK).is_file():
            return "done", ""
        whole = read_json(self.layout.mark("generate"))
        if whole:
            return "failed", whole.get("failed", {}).get(name, "it gave no answers")
        return ("running" if folder.with_name(f"{name}.partial").is_dir() else "waiting"), ""

    def _end(self, part: str, error: str | None = None) -> None:
        self._ended.add(part)
        self.bar.end(part, error)
