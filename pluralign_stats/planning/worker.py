"""A process that simulates studies: reads tasks from standard input until that is closed."""

import json
import signal
import sys

from pluralign_stats.planning.replicate import replicate
from pluralign_stats.planning.task import read_task


def main() -> None:
    """Answer each task with one line: the replicates as lists."""
    # An interruption is met by the process that asks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        task = read_task(line)
        found = [replicate(task.design, task.model, task.seed, n) for n in task.numbers]
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
