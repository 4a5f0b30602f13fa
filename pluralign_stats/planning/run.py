"""Simulate many studies of several designs, going on from what was kept, and sum them up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from pluralign_stats.errors import InputError, PluralignError, one_of
from pluralign_stats.models.bayes.options import check_whole, n_cores
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.replicate import MODELS, Model, Replicate, Task, do_task
from pluralign_stats.progress import WorkProgress
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.storage.digest import digest_files, digest_values
from pluralign_stats.storage.store import Store
from pluralign_stats.workers.pool import Pool

#: Ratings that a worker simulates between two answers: about half a second of work.
_RATINGS_A_TASK = 40_000


def simulate_designs(
    designs: Sequence[StudyDesign],
    *,
    n_simulations: int,
    seed: int,
    model: Model,
    jobs: int | None,
    cache: str | Path,
    progress: bool,
) -> dict[StudyDesign, list[Replicate]]:
    """Simulate each design so many times; parameters as for `power`.

    Raises
    ------
    InputError
        If an argument is out of range or the folder cannot be used.
    PluralignError
        If a worker process dies.
    """
    if model not in MODELS:
        raise InputError(one_of("'model'", model, (*MODELS, "auto")))
    check_whole({"n_simulations": (n_simulations, 1), "seed": (seed, 0)})
    jobs = n_cores() if jobs is None else jobs
    check_whole({"jobs": (jobs, 1)})
    stores = {design: Replicates(cache, design, model, seed) for design in designs}
    tasks = [
        task
        for design in sorted(stores, key=lambda design: -design.n_ratings)
        for task in _tasks(design, model, seed, stores[design].missing(n_simulations))
    ]
    names = {design: f"{k}. {design.label}" for k, design in enumerate(stores, 1)}
    left = {design: sum(len(t.numbers) for t in tasks if t.design == design) for design in stores}
    parts = {names[design]: n for design, n in left.items() if n}
    with WorkProgress("Simulating", "studies", parts, progress) as bar:
        # With one thread each, numbers do not depend on how many workers there are.
        for event in Pool(do_task, jobs, one_thread_each=True).do(tasks):
            if event.error is not None:
                raise PluralignError(
                    f"a process that simulated studies {event.error}; run the same again, with "
                    "fewer jobs: simulations that were kept are not repeated"
                )
            task, found = event.task, event.value
            stores[task.design].add(task.numbers, found)
            bar.advance(names[task.design], len(found))
            left[task.design] -= len(found)
            if not left[task.design]:
                bar.end(names[task.design])
    return {design: store.first(n_simulations) for design, store in stores.items()}


def model_of(designs: Sequence[StudyDesign], model: Model | Literal["auto"]) -> Model:
    """The model that is asked for; ``"auto"``: as real ratings would be analysed."""
    if model != "auto":
        return model
    return "ordinal" if all(design.points is None for design in designs) else "linear"


def several(designs: StudyDesign | Iterable[StudyDesign]) -> list[StudyDesign]:
    """One design or more as a list, each once.

    Raises
    ------
    InputError
        If there is none, or one is something else.
    """
    given = [designs] if isinstance(designs, StudyDesign) else list(designs)
    if not given:
        raise InputError("no design was given; give one pls.planning.StudyDesign or more")
    for design in given:
        if not isinstance(design, StudyDesign):
            raise InputError(f"a design must be a pls.planning.StudyDesign, not {design!r}")
    return list(dict.fromkeys(given))


def _tasks(design: StudyDesign, model: Model, seed: int, missing: list[int]) -> list[Task]:
    size = max(1, min(25, _RATINGS_A_TASK // design.n_ratings))
    starts = range(0, len(missing), size)
    return [Task(design, model, seed, tuple(missing[a : a + size])) for a in starts]


#: A difference counts as found if its p-value is below.
ALPHA = 1 - CONF_LEVEL


@dataclass(frozen=True)
class Summary:
    """What a design can be expected to find.

    Attributes
    ----------
    power, conf_low, conf_high
        Share of studies in which the difference is found, with its Monte Carlo interval.
    type_s
        Share of these in which it has the wrong sign.
    type_m
        By what factor they exaggerate its size, on average.
    coverage
        Share of intervals that hold the truth, among fits that did not fail.
    n_simulations, n_found, n_failed
        Studies in all, those in which the difference is found, and those whose fit failed.
    """

    power: float
    conf_low: float
    conf_high: float
    type_s: float
    type_m: float
    coverage: float
    n_simulations: int
    n_found: int
    n_failed: int


def summarize(replicates: Sequence[Replicate], truth: float) -> Summary:
    """Sum up simulated studies.

    A failed fit counts as a study that does not find the difference. Errors of sign and size are
    those of Gelman & Carlin (2014, Perspectives on Psychological Science 9(6)): among differences
    that are found. They are missing where none is, or where there is nothing to find.

    Parameters
    ----------
    replicates
        One or more.
    truth
        The difference that was planted, in the unit of the estimates.
    """
    estimate, p, covered = (
        np.array([getattr(r, name) for r in replicates], dtype=float)
        for name in ("estimate", "p_value", "covered")
    )
    failed, found = np.isnan(p), p < ALPHA
    n, n_found, n_failed = len(p), int(found.sum()), int(failed.sum())
    low, high = proportion_confint(n_found, n, 1 - CONF_LEVEL, method="wilson")
    wrong = size = float("nan")
    if n_found and truth:
        wrong = float((np.sign(estimate[found]) != np.sign(truth)).mean())
        size = float(np.abs(estimate[found]).mean() / abs(truth))
    held = float(covered[~failed].mean()) if n_failed < n else float("nan")
    return Summary(n_found / n, low, high, wrong, size, held, n, n_found, n_failed)


#: The code that simulations come from; with another, they are made anew.
_CODE = ("models/*.py", "models/engine/*.py", "planning/design.py", "planning/replicate.py",
         "simulate/design.py", "simulate/margins.py")  # fmt: skip

#: The entry that says whose simulations a file holds.
_ABOUT = "about"


class Replicates:
    """Replicates by number, in memory and, with a folder, on disk.

    Parameters
    ----------
    folder
        Where to keep them; empty to keep none.
    design, model, seed
        Whose replicates these are.

    Raises
    ------
    PluralignError
        If the folder cannot be used.
    """

    def __init__(self, folder: str | Path, design: StudyDesign, model: Model, seed: int) -> None:
        self._about: dict[str, Any] = {
            "design": design.numbers(),
            "model": model,
            "seed": seed,
            "conf_level": CONF_LEVEL,
            "code": code_fingerprint(),
        }
        path = Path(folder) / f"{digest_values(self._about)[:32]}.jsonl" if folder else None
        self._store = Store(path, "simulation")
        self._store.prepare()

    def missing(self, n: int) -> list[int]:
        """Which of the first `n` replicates are not there."""
        return [number for number in range(n) if str(number) not in self._store.entries]

    def add(self, numbers: tuple[int, ...], found: list[Replicate]) -> None:
        """Keep replicates."""
        told = {str(n): replicate._asdict() for n, replicate in zip(numbers, found, strict=True)}
        self._store.add({_ABOUT: self._about, **told} if not self._store.entries else told)

    def first(self, n: int) -> list[Replicate]:
        """The first `n` replicates."""
        return [Replicate(**self._store.entries[str(number)]) for number in range(n)]


@cache
def code_fingerprint() -> str:
    """Digest of the code that simulations come from."""
    package = Path(__file__).parents[1]
    return digest_files(sorted(path for pattern in _CODE for path in package.glob(pattern)))
