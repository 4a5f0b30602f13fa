"""Power by simulation: against closed forms, and whatever the jobs, interruptions and cache."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, nct, norm, t

import pluralign_stats as pls
from pluralign_stats.planning.detectable import solve_probit
from pluralign_stats.planning.replicate import FAILED, Replicate, Task, do_task, replicate
from pluralign_stats.planning.run import ALPHA, Replicates, summarize
from pluralign_stats.workers.pool import Pool

#: One rating of each rater and no spread of raters and items, so that ratings are independent.
PLAIN = pls.planning.StudyDesign(160, 80, 1, share=0.4, percent=160, rater_sd=0, item_sd=0)

SMALL = pls.planning.StudyDesign(60, 20, 3, share=0.3, percent=-60)

#: Odds of a test here to fail by chance alone.
RARE = 1e-4


def shares(design: pls.planning.StudyDesign, effect: float) -> np.ndarray:
    above = 1 / (1 + np.exp(np.array(design.thresholds) - effect))
    return -np.diff(np.concatenate([[1.0], above, [0.0]]))


def plausible(found: int, n: int, power: float) -> bool:
    """Whether a count does not speak against a power."""
    return bool(binom.ppf(RARE / 2, n, power) <= found <= binom.isf(RARE / 2, n, power))


def found_in(design: pls.planning.StudyDesign, model: str, n: int) -> int:
    return sum(replicate(design, model, 1, k).p_value < ALPHA for k in range(n))  # type: ignore[arg-type]


@pytest.mark.extended
def test_linear_power_is_that_of_the_noncentral_t() -> None:
    score = np.arange(1, 6)
    p0, p1 = shares(PLAIN, 0.0), shares(PLAIN, PLAIN.effect)
    difference = (p1 - p0) @ score
    assert PLAIN.mean_difference == pytest.approx(difference)
    n1, n = PLAIN.group_raters, PLAIN.raters
    variances = [p @ score**2 - (p @ score) ** 2 for p in (p0, p1)]
    pooled = ((n - n1) * variances[0] + n1 * variances[1]) / n
    shift = difference / np.sqrt(pooled * (1 / n1 + 1 / (n - n1)))
    edge = t.isf(ALPHA / 2, n - 2)
    power = nct.sf(edge, n - 2, shift) + nct.cdf(-edge, n - 2, shift)
    assert plausible(found_in(PLAIN, "linear", 150), 150, power)


@pytest.mark.extended
def test_ordinal_power_is_whiteheads() -> None:
    """Whitehead (1993), Statistics in Medicine 12, for proportional odds in two groups."""
    n1, n = PLAIN.group_raters, PLAIN.raters
    overall = (n1 * shares(PLAIN, PLAIN.effect) + (n - n1) * shares(PLAIN, 0.0)) / n
    information = n1 * (n - n1) / (3 * n) * (1 - (overall**3).sum())
    power = norm.sf(norm.isf(ALPHA / 2) - PLAIN.effect * np.sqrt(information))
    assert 0.5 < power < 0.9
    assert plausible(found_in(PLAIN, "ordinal", 150), 150, power)


@pytest.mark.extended
def test_without_a_difference_as_many_are_found_as_alpha_says() -> None:
    design = replace(SMALL, raters=80, percent=0.0)
    n = 80
    assert plausible(found_in(design, "ordinal", n), n, ALPHA)
    assert plausible(found_in(design, "linear", n), n, ALPHA)


def test_errors_of_sign_and_size_are_those_of_gelman_and_carlin() -> None:
    """Closed forms for a normal estimate (Lu, Qiu & Deng 2019, Br. J. Math. Stat. Psychol. 72)."""
    truth, n = 0.8, 200_000
    estimate = np.random.default_rng(1).normal(truth, 1.0, n)
    p = 2 * norm.sf(np.abs(estimate))
    inside = np.abs(estimate - truth) < norm.isf(ALPHA / 2)
    drawn = [Replicate(e, 1.0, v, c) for e, v, c in zip(estimate, p, inside, strict=True)]
    found = summarize(drawn, truth)
    z = norm.isf(ALPHA / 2)
    wrong, right = norm.cdf(-z - truth), norm.sf(z - truth)
    size = norm.pdf(z + truth) + norm.pdf(z - truth) + truth * (right - wrong)
    assert found.power == pytest.approx(wrong + right, abs=0.004)
    assert found.type_s == pytest.approx(wrong / (wrong + right), abs=0.003)
    assert found.type_m == pytest.approx(size / (wrong + right) / truth, abs=0.02)
    assert found.coverage == pytest.approx(1 - ALPHA, abs=0.003)
    assert (found.n_simulations, found.n_failed) == (n, 0)


def test_failed_fits_find_nothing() -> None:
    found = summarize([Replicate(-1.0, 0.1, 0.001, True), FAILED, FAILED, FAILED], -1.0)
    assert (found.power, found.n_failed, found.n_found, found.coverage) == (0.25, 3, 1, 1.0)
    none = summarize([FAILED], -1.0)
    assert none.power == 0
    assert np.isnan([none.type_s, none.type_m, none.coverage]).all()


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe (1998), Statistics in Medicine 17, Table I: 81/263, 15/148, 0/20, 1/29."""
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605)}
    published |= {(0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for (k, n), ends in published.items():
        drawn = [Replicate(1.0, 1.0, 0.001 if i < k else 0.9, True) for i in range(n)]
        found = summarize(drawn, 1.0)
        assert (found.conf_low, found.conf_high) == pytest.approx(ends, abs=5e-5)


def test_a_probit_regression_finds_the_difference_again() -> None:
    sizes, n = np.array([0.1, 0.15, 0.2, 0.25, 0.3]), 100_000
    counts = n * norm.cdf(sizes / 0.07 - norm.isf(ALPHA / 2))
    solved = solve_probit(sizes, counts, n, 0.8)
    assert solved is not None
    assert solved.size == pytest.approx(0.07 * (norm.isf(ALPHA / 2) + norm.ppf(0.8)))
    assert solve_probit(sizes, np.full(5, 50), 100, 0.8) is None
    assert solve_probit(sizes, np.array([9, 8, 7, 6, 5]), 10, 0.8) is None


def test_the_interval_of_the_detectable_difference_covers() -> None:
    rng = np.random.default_rng(2)
    sizes, true = np.array([0.6, 0.8, 1.0, 1.2, 1.4]), 1.0
    chance = norm.cdf(2.8 * sizes - 2.8 + norm.ppf(0.8))
    held = 0
    for _ in range(400):
        solved = solve_probit(sizes, rng.binomial(40, chance), 40, 0.8)
        held += solved is not None and solved.interval()[0] <= true <= solved.interval()[1]
    assert plausible(held, 400, 1 - ALPHA)


@pytest.mark.extended
def test_jobs_cache_and_length_do_not_change_results(tmp_path: Path) -> None:
    designs = SMALL.grid({"percent": [-60.0, -80.0]})
    whole = pls.power(designs, n_simulations=6, jobs=2, progress=False)
    short = pls.power(designs, n_simulations=4, jobs=1, cache=tmp_path, progress=False)
    kept = list(tmp_path.glob("*.jsonl"))
    assert len(kept) == 2
    longer = pls.power(designs, n_simulations=6, jobs=1, cache=tmp_path, progress=False)
    assert whole.table.equals(longer.table)
    assert short.table["n_simulations"].eq(4).all()
    here = [replicate(designs[0], "ordinal", 1, n) for n in range(6)]
    told = next(text for path in kept if '"percent": -60.0' in (text := path.read_text()))
    about, *found = map(json.loads, told.splitlines())
    assert (about["key"], about["model"], about["seed"]) == ("about", "ordinal", 1)
    by_number = {row.pop("key"): list(row.values()) for row in found}
    assert np.array([by_number[str(n)] for n in range(6)]) == pytest.approx(np.array(here))


def test_kept_simulations_are_read_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Replicates(tmp_path, SMALL, "ordinal", 1).add((0, 1, 2), [Replicate(-9.0, 1.0, 0.0, False)] * 3)
    monkeypatch.setattr("pluralign_stats.workers.fork_server.subprocess", None)
    result = pls.power(SMALL, n_simulations=3, cache=tmp_path, progress=False)
    assert result.table["power"].tolist() == [1.0]
    assert result.table["type_m"].tolist() == pytest.approx([-9 / np.log(0.4)])


def test_a_file_that_is_no_cache_is_made_anew(tmp_path: Path) -> None:
    Replicates(tmp_path, SMALL, "ordinal", 1).add((0,), [FAILED])
    assert Replicates(tmp_path, SMALL, "ordinal", 1).missing(2) == [1]
    assert Replicates(tmp_path, SMALL, "ordinal", 2).missing(2) == [0, 1]
    for path in tmp_path.glob("*.jsonl"):
        path.write_text("[]")
    assert Replicates(tmp_path, SMALL, "ordinal", 1).missing(2) == [0, 1]


def test_a_cache_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(pls.InputError, match=r"no simulation can be read .*choose another folder"):
        pls.power(SMALL, n_simulations=2, cache=tmp_path / "file", progress=False)


def test_a_simulation_that_fails_is_told_of() -> None:
    task = Task(SMALL, "no such model", 1, (0,))
    (event,) = Pool(do_task, 1).do([task])
    assert event.error == "KeyError: 'no such model'"


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid`, by Linux's process table."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.extended
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at Linux's process table")
def test_an_interruption_keeps_what_was_done_and_leaves_no_process(tmp_path: Path) -> None:
    command = ["-m", "pluralign_stats", "power", "--raters", "60", "--items", "20"]
    command += ["--simulations", "100000", "--jobs", "1", "--out", str(tmp_path / "plan")]
    with subprocess.Popen(
        [sys.executable, *command], stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        kept = tmp_path / "plan" / "simulations"
        deadline = time.monotonic() + 600
        while (
            not any(p.stat().st_size for p in kept.glob("*.jsonl")) and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        workers = children_of(process.pid)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "run the same command again to go on" in told
    assert len(workers) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(workers[0], 0)
    assert len(next(kept.glob("*.jsonl")).read_text().splitlines()) >= 26


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_simulations": 0}, "'n_simulations' must be a whole number of 1 or more"),
        ({"seed": -1}, "'seed' must be a whole number of 0 or more, not -1"),
        ({"jobs": 0}, "'jobs' must be a whole number of 1 or more, not 0"),
        ({"model": "bayes"}, "'model' must be one of"),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(pls.InputError) as error:
        pls.power(SMALL, progress=False, **options)  # type: ignore[arg-type]
    assert said in str(error.value)
    with pytest.raises(pls.InputError, match="no design was given"):
        pls.power([])
    with pytest.raises(pls.InputError, match="a list of StudyDesigns as 'designs', not a"):
        pls.power([3])  # type: ignore[list-item]


@pytest.mark.extended
@pytest.mark.usefixtures("simulated_here")
def test_the_detectable_difference_is_the_one_that_is_found() -> None:
    design = replace(PLAIN, percent=-1.0)
    result = pls.planning.detectable_effect(design, 0.7, n_simulations=50, jobs=1, progress=False)
    row = result.table.iloc[0]
    assert row["conf_low"] < row["estimate"] < row["conf_high"] < 0
    n1, n = design.group_raters, design.raters
    b = np.log1p(row["estimate"] / 100)
    overall = (n1 * shares(design, b) + (n - n1) * shares(design, 0.0)) / n
    information = n1 * (n - n1) / (3 * n) * (1 - (overall**3).sum())
    expected = -(norm.isf(ALPHA / 2) + norm.ppf(0.7)) / np.sqrt(information)
    low, high = np.log1p(row[["conf_low", "conf_high"]].to_numpy(float) / 100)
    half = norm.isf(RARE / 2) / norm.isf(ALPHA / 2) * (high - low) / 2
    assert b == pytest.approx(expected, abs=half)
    with pytest.raises(pls.InputError, match="'power' must be a number between"):
        pls.planning.detectable_effect(design, 1.0)
