"""How long a report will take, before it begins: from earlier times, else a rough reckoning."""

from collections.abc import Sequence

from pluralign_stats.words import counted
from reports.cache import ChapterCache
from reports.model import Job

#: Seconds that a chapter takes where no earlier time of it is known, for a small study and for each
#: 1,000 ratings more; of chapters tagged slow. From reports on an ordinary machine of two cores.
USUAL, SLOW = (12.0, 1.0), (45.0, 8.0)


def told_time(
    new: Sequence[Job], n_kept: int, cache: ChapterCache | None, n_ratings: int, at_a_time: int
) -> str:
    """One line on what is taken from earlier runs, and how long the rest will take.

    Parameters
    ----------
    new
        The chapters that have to run.
    n_kept
        How many are kept from an earlier run.
    n_ratings
        Ratings of the study, as of `size_of`.
    at_a_time
        How many chapters run side by side.
    """
    kept = f"{counted(n_kept, 'chapter')} kept from an earlier run" if n_kept else ""
    if not new:
        return f"{kept}: nothing runs anew"
    known = [cache.seconds(job, n_ratings) if cache else None for job in new]
    each = [
        _reckoned(job, n_ratings) if seconds is None else seconds
        for job, seconds in zip(new, known, strict=True)
    ]
    seconds = max(sum(each) / at_a_time, *each, 0.0)
    n_known = sum(k is not None for k in known)
    source = (
        "as earlier runs took"
        if n_known == len(new)
        else f"a rough guess by kinds of chapters and about {n_ratings:,} ratings"
        + (f", {n_known} of {len(new)} from earlier runs" if n_known else "")
    )
    told = f"{counted(len(new), 'chapter')} to run, about {rounded(seconds)} ({source})"
    return f"{kept}; {told}" if kept else told


def size_of(n_ratings: int) -> int:
    """A number of ratings to two digits: exact, it may tell how few left a dimension out."""
    digits = len(str(n_ratings))
    return round(n_ratings, min(2 - digits, 0))


def _reckoned(job: Job, n_ratings: int) -> float:
    least, each = SLOW if job.notebook.slow else USUAL
    return least + each * n_ratings / 1000


def rounded(seconds: float) -> str:
    """A time in words as coarse as a guess: ``20 seconds``, ``4 minutes``, ``1.5 hours``."""
    if seconds < 90:
        return f"{max(round(seconds, -1), 10):.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
