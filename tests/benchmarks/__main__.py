"""Measure speed and memory, beside other programs where there are any.

Each line gives the median of several runs and their range; limits are those that the project has
set itself. Peers and ours run with one thread, one after the other in turn. Nothing is installed:
where R is missing, only ours is timed. The machine should do nothing else meanwhile.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from tests.benchmarks import bayes, models
from tests.benchmarks.choices import choices
from tests.benchmarks.density import density
from tests.benchmarks.feedback import feedback
from tests.benchmarks.first_call import first_call
from tests.benchmarks.fitter import FitterError
from tests.benchmarks.lab import lab
from tests.benchmarks.machine import facts, r_facts
from tests.benchmarks.reading import reading
from tests.benchmarks.report import Report
from tests.benchmarks.scale import scale
from tests.benchmarks.startup import startup
from tests.benchmarks.tuning import tuning

#: Parts that need no other program, and those that have peers in R.
ALONE: dict[str, Callable] = {
    "start": startup,
    "reading": reading,
    "feedback": feedback,
    "choices": choices,
    "tuning": tuning,
    "scale": scale,
    "first-call": first_call,
    "density": density,
    "joint": bayes.joint,
    "first-draw": bayes.first_draw,
    "lab": lab,
}
COMPARED: dict[str, Callable] = {
    "ordinal": models.ordinal,
    "linear": models.linear,
    "ordered-beta": models.ordered_beta,
    "crossed": models.crossed,
    "insteval": models.insteval,
    "bayes": bayes.bayes,
}
PARTS = (
    "start",
    "reading",
    "feedback",
    "choices",
    "ordinal",
    "linear",
    "ordered-beta",
    "crossed",
    "insteval",
    "scale",
    "first-call",
    "bayes",
    "density",
    "joint",
    "first-draw",
    "tuning",
    "lab",
)


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for; 1 if one of them failed."""
    options = parse(arguments)
    chosen = [name for name in PARTS if name in options.parts or not options.parts]
    r, missing = r_facts()
    if missing and any(name in COMPARED for name in chosen):
        print(missing)
    report, failed = Report(), False
    for name in chosen:
        run = ALONE.get(name) or partial(COMPARED[name], r=bool(r))
        try:
            run(report, quick=options.quick)
        except FitterError as error:
            failed = True
            print(f"{name}: {error}", file=sys.stderr)
    print(f"\n{facts(r)}\n\n{report.markdown()}")
    if options.quick:
        print("\nA quick trial on small data: these are no results.")
    return int(failed)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    told = f"what to measure, all by default: {', '.join(PARTS)}"
    parser.add_argument("parts", nargs="*", type=part, metavar="PART", help=told)
    parser.add_argument("--quick", action="store_true", help="few runs on small data, as a trial")
    return parser.parse_args(arguments)


def part(name: str) -> str:
    """A part's name, if there is such a part."""
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"no part '{name}'; choose from {', '.join(PARTS)}")
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
