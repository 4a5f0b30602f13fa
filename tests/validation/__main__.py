"""Count over simulated studies how often 95 % intervals hold the planted percentages.

Prints a Markdown table; the exit status is 1 if a count in the planted reading is not 90 to 99 of
100. The other reading follows from the planted one and is shown beside it.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from tests.benchmarks.machine import ONE_THREAD
from tests.benchmarks.report import markdown


def main(arguments: Sequence[str]) -> int:
    """Examine the studies in parallel and print the table; 1 if a count is out of bounds."""
    options = parse(arguments)
    os.environ.update(ONE_THREAD)  # before numpy is imported, here and in the processes

    import pandas as pd

    from tests.validation.coverage import HEADS, cells, summarize

    table = summarize(pd.concat(examined(options.seeds, options.jobs), ignore_index=True))
    print(markdown(HEADS, [cells(row) for _, row in table.iterrows()]))
    return int(not table.loc[table["judged"], "right"].all())


def examined(seeds: Sequence[int], jobs: int) -> list:
    """Tables of all seeds in their order, with progress on standard error."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from tests.validation.study import examine

    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(examine, seed): seed for seed in seeds}
        for done, future in enumerate(as_completed(futures), 1):
            if error := future.exception():
                pool.shutdown(cancel_futures=True)
                error.add_note(f"This happened in the study of seed {futures[future]}.")
                raise error
            print(f"\r{done} of {len(seeds)} studies", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return [future.result() for future in futures]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description=__doc__)
    parser.add_argument("--seeds", type=seed_range, default="1-100", metavar="FIRST-LAST")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    return parser.parse_args(arguments)


def seed_range(text: str) -> list[int]:
    """Seeds of a range such as ``1-100`` or of one number."""
    first, _, last = text.partition("-")
    seeds = list(range(int(first), int(last or first) + 1))
    if not seeds:
        raise argparse.ArgumentTypeError("the last seed comes before the first")
    return seeds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
