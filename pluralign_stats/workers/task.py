"""What is done in a worker process, and how it says that nothing more can be."""

import base64
import os
import pickle
from collections.abc import Callable
from typing import Any

from pluralign_stats.errors import PluralignError

#: Tells how far a task is.
Tell = Callable[[Any], None]

#: Does a task and returns what comes of it.
type Do[T] = Callable[[T, Tell], Any]


class WorkStoppedError(PluralignError):
    """A task failed in a way in which every other would, such as on a full disk."""


def is_first() -> bool:
    """Whether this process speaks and writes, of several that do one task."""
    return os.environ.get("RANK", "0") == "0"


def packed[T](do: Do[T], task: T) -> str:
    """What to do with which task, as a word of a command line."""
    return base64.b85encode(pickle.dumps((do, task))).decode()
