"""How long a report will take is told before it begins, and from what."""

import pytest

from reports.cache import ChapterCache
from reports.expected import rounded, size_of, told_time
from reports.model import Job
from reports.notebook import find_notebooks
from tests.reports.conftest import Maker


@pytest.fixture
def jobs(notebook: Maker, tmp_path):
    paths = [notebook("01_a"), notebook("02_b", tags=("parameters", "slow"))]
    made = []
    for each in find_notebooks(paths):
        folder = tmp_path / "rooms" / each.name
        folder.mkdir(parents=True)
        made.append(Job(each, {}, folder))
    return made


@pytest.fixture
def cache(tmp_path) -> ChapterCache:
    return ChapterCache(tmp_path / "kept", "c0ffee")


def test_without_earlier_runs_it_is_a_rough_guess_and_says_so(jobs, cache):
    told = told_time(jobs, 0, cache, 10_000, 1)
    assert told == (
        "2 chapters to run, about 2 minutes (a rough guess by kinds of chapters and about 10,000 "
        "ratings)"
    )
    assert told_time(jobs, 0, None, 10_000, 1) == told


def test_earlier_times_count_scaled_by_ratings(jobs, cache):
    for job, seconds in zip(jobs, (100, 200), strict=True):
        cache.put(job, seconds, 1000)
    assert told_time(jobs, 0, cache, 1000, 1).endswith("about 5 minutes (as earlier runs took)")
    assert "about 10 minutes" in told_time(jobs, 0, cache, 2000, 1)
    assert "about 200 seconds" not in told_time(jobs, 0, cache, 1000, 2)
    assert "about 3 minutes" in told_time(jobs, 0, cache, 1000, 2)
    assert "about 3 minutes" in told_time(jobs, 0, cache, 1000, 4)  # no less than the longest


@pytest.mark.parametrize(
    ("n", "told"), [(0, 0), (7, 7), (61, 61), (6_410, 6_400), (33_871, 34_000), (61_031, 61_000)]
)
def test_no_more_than_the_size_of_a_study_is_told(n, told):
    assert size_of(n) == told


def test_what_is_kept_is_counted_and_what_is_partly_known_is_told(jobs, cache):
    cache.put(jobs[0], 60, 0)
    told = told_time(jobs, 3, cache, 0, 1)
    assert told.startswith(
        "3 chapters kept from an earlier run; 2 chapters to run, about 2 minutes"
    )
    assert told.endswith("about 0 ratings, 1 of 2 from earlier runs)")
    assert told_time([], 1, cache, 0, 1) == "1 chapter kept from an earlier run: nothing runs anew"


def test_a_chapter_is_kept_for_the_same_inputs_alone(jobs, cache, notebook, monkeypatch):
    (job, other) = jobs
    cache.put(job, 1, 1)
    assert cache.holds(job)
    assert not cache.holds(other)
    assert not ChapterCache(cache.folder, "other study").holds(job)
    assert not cache.holds(Job(job.notebook, {"seed": 2}, job.folder))
    monkeypatch.setattr("reports.cache._code", lambda: "changed")
    assert not cache.holds(job)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(2, "10 seconds"), (44, "40 seconds"), (200, "3 minutes"), (5400, "1.5 hours")],
)
def test_times_are_coarse(seconds, told):
    assert rounded(seconds) == told
