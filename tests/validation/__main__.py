"""Hold the models against simulated truth; print Markdown tables; exit status 1 if one fails.

Part `effects`: how often 95 % intervals hold the planted percentages. It fails if a count in the
planted reading is not 90 to 99 of 100; the other reading follows from the planted one and is shown
beside it. Part `ranks`: simulation-based calibration of the Bayesian models. It fails if the ranks
of a parameter are not uniform, nor are they on other data sets. Part `sizes`: how often each test
finds a difference between halves of raters, or of items, that were made by chance. It fails if the
exact 95 % interval of a test's share of rejections leaves out 5 %, and does so on other halves too.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.benchmarks.machine import ONE_THREAD
from tests.benchmarks.report import markdown

if TYPE_CHECKING:
    import pandas as pd


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for and print their tables; 1 if one fails."""
    options = parse(arguments)
    os.environ.update(ONE_THREAD)  # before numpy is imported, here and in the processes
    parts = {"effects": effects, "ranks": ranks, "sizes": sizes}
    failed = [name for name in options.parts if not parts[name](options)]
    return int(bool(failed))


def effects(options: argparse.Namespace) -> bool:
    """Whether intervals hold the planted effects."""
    import pandas as pd

    from tests.validation.coverage import HEADS, cells, summarize
    from tests.validation.study import examine

    made = examined(examine, [(seed,) for seed in options.seeds], options.jobs, "studies")
    table = summarize(pd.concat(made, ignore_index=True))
    print(markdown(HEADS, [cells(row) for _, row in table.iterrows()]))
    return bool(table.loc[table["judged"], "right"].all())


def ranks(options: argparse.Namespace) -> bool:
    """Whether the ranks of true parameters in their posteriors are uniform.

    Chance makes one table of a hundred fail: models that do are tried again on other data sets, and
    only a quantity that fails both times counts.
    """
    from tests.validation.sbc import CASES

    first = calibrate(options.cases or list(CASES), 0, options)
    doubtful = first[~first["right"]]
    if doubtful.empty:
        return True
    print("Again, on other data sets:\n")
    second = calibrate(list(doubtful["case"].unique()), options.replications, options)
    return doubtful.merge(second[~second["right"]], on=["case", "quantity"]).empty


def calibrate(names: list[str], first: int, options: argparse.Namespace) -> "pd.DataFrame":
    """Calibrate models on data sets of seeds from `first` on; the table is printed too."""
    from tests.validation.sbc import HEADS, calibrated, cells, replicate

    seeds = range(first, first + options.replications)
    tasks = [(name, seed) for seed in seeds for name in names]
    made = examined(replicate, tasks, options.jobs, "data sets")
    found = {
        name: [one for task, one in zip(tasks, made, strict=True) if task[0] == name]
        for name in names
    }
    table = calibrated(found)
    print(markdown(HEADS, [cells(row) for _, row in table.iterrows()]))
    return table


def sizes(options: argparse.Namespace) -> bool:
    """Whether tests reject differences that are chance as often as they may.

    Chance makes one test of twenty fail: those that do are tried again on other halves, and only
    a test that fails both times counts.
    """
    from tests.validation.sizes import CASES

    first = sized(options.cases or list(CASES), 0, options)
    doubtful = first[~first["right"]]
    if doubtful.empty:
        return True
    print("Again, on other halves:\n")
    second = sized(list(doubtful["case"].unique()), options.halves, options)
    return doubtful.merge(second[~second["right"]], on=["case", "test"]).empty


def sized(names: list[str], first: int, options: argparse.Namespace) -> "pd.DataFrame":
    """Try the tests of some cases on halves of seeds from `first` on; the table is printed too."""
    from tests.validation.sizes import CASES, HEADS, cells, replicate, sizes

    tasks = [
        (name, first + seed)
        for seed in range(options.halves)
        for name in names
        if seed < CASES[name].share * options.halves
    ]
    made = examined(replicate, tasks, options.jobs, "data sets")
    table = sizes(
        {
            name: [one for task, one in zip(tasks, made, strict=True) if task[0] == name]
            for name in names
        }
    )
    print(markdown(HEADS, [cells(row) for _, row in table.iterrows()]))
    return table


def examined(
    function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], jobs: int, what: str
) -> list[Any]:
    """Results of all tasks in their order, with progress on standard error."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(function, *task): task for task in tasks}
        for done, future in enumerate(as_completed(futures), 1):
            if error := future.exception():
                pool.shutdown(cancel_futures=True)
                error.add_note(f"This happened in {futures[future]}.")
                raise error
            print(f"\r{done} of {len(tasks)} {what}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return [future.result() for future in futures]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.validation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ["effects", "ranks", "sizes"]
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    parser.add_argument(
        "--seeds", type=seed_range, default="1-100", metavar="FIRST-LAST", help="of the studies"
    )
    parser.add_argument(
        "--replications", type=int, default=200, metavar="N", help="data sets of each kind of model"
    )
    parser.add_argument(
        "--cases", nargs="+", metavar="NAME", help="of ranks or of sizes; all by default"
    )
    parser.add_argument(
        "--halves", type=int, default=400, metavar="N", help="data sets that are divided by chance"
    )
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
