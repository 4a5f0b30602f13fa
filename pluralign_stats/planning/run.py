"""Simulate many studies of several designs, going on from what was kept."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pluralign_stats.errors import InputError, PluralignError, one_of
from pluralign_stats.models.bayes.options import check_whole, n_cores
from pluralign_stats.planning.design import StudyDesign
from pluralign_stats.planning.replicate import MODELS, Model, Replicate, Task, do_task
from pluralign_stats.planning.store import Replicates
from pluralign_stats.progress import WorkProgress
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
