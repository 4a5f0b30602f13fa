"""Bayesian models: effective draws per second beside brms, the joint model, the first draw."""

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.benchmarks import data
from tests.benchmarks.machine import HERE, environment
from tests.benchmarks.models import CROSSED, DIMENSION, FEW
from tests.benchmarks.report import Report, Row, limit, spread
from tests.benchmarks.startup import seconds

SEEDS = (1, 2, 3)
RATIO = 20.0
FORMULA = f"rating ~ {FEW} + {CROSSED}"
PRIORS = {"coefficients": "normal(0, 1)", "thresholds": "normal(0, 2)", "sd": "exponential(1)"}

#: Dimensions on which agreement is bad, and the limits of the joint model.
VALENCE = {"stereotypical_bias": -1, "toxicity": -1}
JOINT_SECONDS, JOINT_ESS, JOINT_GIB = 300.0, 400.0, 6.0

#: Seconds to the first draw of a new process, with nothing compiled yet and compiled before.
COLD, WARM = 20.0, 5.0

#: A process that ends as soon as the sampler is asked for draws.
FIRST = """
import os, sys
import nutpie
import pandas as pd
import pluralign_stats as pls
nutpie.sample = lambda *_, **__: os._exit(0)
data = pd.read_pickle(sys.argv[1])
pls.fit_bayes("rating ~ gender + politics + (1|rater) + (1|item)", data, progress=False)
"""


@dataclass(frozen=True)
class Sampling:
    """One run: seconds of tuning and sampling, smallest bulk ESS, largest R-hat, divergences."""

    seconds: float
    ess: float
    rhat: float
    divergent: int

    @property
    def rate(self) -> float:
        """Smallest effective sample size per second."""
        return self.ess / self.seconds


def bayes(report: Report, *, quick: bool, r: bool) -> None:
    """One dimension of the simulated study with two chains, ours and brms's, in turn."""
    seeds = SEEDS[:1] if quick else SEEDS
    ratings = data.simulated_ratings(quick=quick)
    ratings = ratings[ratings["dimension"] == DIMENSION].drop(columns="dimension")
    with tempfile.TemporaryDirectory() as folder:
        place = data.write(ratings, Path(folder) / "data")
        _ours(place, 0)
        ours: list[Sampling] = []
        theirs: list[Sampling] = []
        if r and _has_brms():
            with _brms(place) as ask:
                for seed in seeds:
                    ours.append(_ours(place, seed))
                    theirs.append(ask(seed))
        else:
            print("brms is missing, so only ours is timed")
            ours = [_ours(place, seed) for seed in seeds]
    ratio = ""
    kept = max(run.rhat for run in ours) < 1.01 and not sum(run.divergent for run in ours)
    if theirs:
        ratios = [a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]
        ratio = f"{statistics.median(ratios):.0f} [{min(ratios):.0f}, {max(ratios):.0f}]"
        kept = kept and statistics.median(ratios) >= RATIO
    report.add(
        Row(
            f"`fit_bayes`, cumulative logit, {len(ratings):,} rows, 11 effects: smallest bulk ESS "
            "per second",
            _rates(ours),
            f"brms {_rates(theirs)}" if theirs else "",
            ratio,
            limit=limit(f"ratio {RATIO:.0f}, R-hat below 1.01, none divergent", kept=kept),
        )
    )


def _rates(runs: list[Sampling]) -> str:
    rates = [run.rate for run in runs]
    took = spread([run.seconds for run in runs])
    return (
        f"{statistics.median(rates):.1f} [{min(rates):.1f}, {max(rates):.1f}] (ESS "
        f"{min(run.ess for run in runs):,.0f} or more in {took}; R-hat up to "
        f"{max(run.rhat for run in runs):.3f}, {sum(run.divergent for run in runs)} divergent)"
    )


def _ours(place: Path, seed: int) -> Sampling:
    """One fit; the time is that of the whole call, the Laplace fit before it included."""
    import pluralign_stats as pls

    frame = data.read(place)
    began = time.perf_counter()
    fit = pls.fit_bayes(FORMULA, frame, priors=PRIORS, chains=2, seed=seed, progress=False)
    took = time.perf_counter() - began
    table = fit.convergence.table
    return Sampling(took, table["ess_bulk"].min(), table["rhat"].max(), fit.convergence.n_divergent)


def _has_brms() -> bool:
    code = "quit(status = !requireNamespace('brms', quietly = TRUE))"
    return subprocess.run(["Rscript", "-e", code], capture_output=True).returncode == 0


@contextmanager
def _brms(place: Path) -> Iterator[object]:
    """A process of R with the compiled model, that is asked for draws by seed."""
    command = [shutil.which("Rscript") or "Rscript", str(HERE / "bayes.R"), str(place), FORMULA]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as process:

        def answer(word: str) -> list[str]:
            for line in process.stdout:
                if line.startswith(word):
                    return line.split()[1:]
            raise RuntimeError("brms ended before it answered")

        def ask(seed: int) -> Sampling:
            process.stdin.write(f"{seed}\n")
            process.stdin.flush()
            took, ess, rhat, divergent = answer("draws")
            return Sampling(float(took), float(ess), float(rhat), int(divergent))

        answer("ready")
        yield ask
        process.stdin.close()


def joint(report: Report, *, quick: bool) -> None:
    """The model of all dimensions: time, memory, and the least known of what it reports."""
    import pluralign_stats as pls

    ratings = data.simulated_ratings(quick=quick)
    demographics = data.DEMOGRAPHICS[:2] if quick else data.DEMOGRAPHICS
    began = time.perf_counter()
    fit = pls.fit_joint(ratings, demographics, valence=VALENCE, chains=2, progress=False)
    took = time.perf_counter() - began
    table: pd.DataFrame = fit.convergence.table
    ess, gib = table["ess_bulk"].min(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    n = sum(each.nobs for each in fit.fits.values())
    kept = took <= JOINT_SECONDS and ess >= JOINT_ESS and gib <= JOINT_GIB
    told = f"{JOINT_SECONDS:.0f} s, ESS {JOINT_ESS:.0f}, {JOINT_GIB:.0f} GB"
    report.add(
        Row(
            f"`fit_joint`, five dimensions, {n:,} rows, {len(table)} reported quantities",
            f"{took:.0f} s, {gib:.1f} GiB",
            f"smallest bulk ESS {ess:,.0f}, R-hat up to {table['rhat'].max():.3f}, "
            f"{fit.convergence.n_divergent} divergent",
            limit=limit(told, kept=kept),
        )
    )


def first_draw(report: Report, *, quick: bool) -> None:
    """Time whole processes until the sampler starts, numba's cache empty or full."""
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "ratings.pkl"
        ratings = data.simulated_ratings(quick=True)
        ratings[ratings["dimension"] == "toxicity"].to_pickle(stored)
        command = [sys.executable, "-c", FIRST, str(stored)]
        empty, full = [], []
        for _ in range(1 if quick else 5):
            with tempfile.TemporaryDirectory() as cache:
                empty.append(seconds(*command, NUMBA_CACHE_DIR=cache))
                full.append(seconds(*command, NUMBA_CACHE_DIR=cache))
    states = (("nothing compiled yet", empty, COLD), ("compiled before", full, WARM))
    for state, times, most in states:
        kept = statistics.median(times) <= most
        what = f"New process to the first draw of `fit_bayes`, {state}"
        report.add(Row(what, spread(times), limit=limit(f"{most:.0f} s", kept=kept)))
