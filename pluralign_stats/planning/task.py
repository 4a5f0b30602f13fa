"""What a worker process is asked, and what it answers, each as one line of JSON."""

import json
from dataclasses import dataclass
from typing import Any

from pluralign_stats.planning.design import StudyDesign


@dataclass(frozen=True)
class Task:
    """Some replicates of one design.

    Attributes
    ----------
    design, model, seed
        As for `replicate`.
    numbers
        Which replicates.
    """

    design: StudyDesign
    model: Any
    seed: int
    numbers: tuple[int, ...]

    def line(self) -> str:
        """The task as a worker reads it."""
        told = {"design": self.design.numbers(), "model": self.model, "seed": self.seed}
        return json.dumps({**told, "numbers": self.numbers}) + "\n"


def read_task(line: str) -> Task:
    """Read what `Task.line` wrote."""
    told = json.loads(line)
    return Task(StudyDesign(**told["design"]), told["model"], told["seed"], tuple(told["numbers"]))
