"""Draws that fail their check are sampled again, with more of them, up to a limit."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.models.bayes.adapt import sample_well
from pluralign_stats.models.bayes.convergence import Convergence
from pluralign_stats.models.bayes.options import Attempt, Sampling


def convergence(ess: float = 900, divergent: int = 0, complete: bool = True) -> Convergence:
    table = pd.DataFrame({"term": ["a"], "rhat": 1.0, "ess_bulk": ess, "ess_tail": ess})
    return Convergence(table, 2000, 2, divergent, 0, 1.0, 1.0, complete)


@dataclass
class Fake:
    """What is sampled, each time as well as the next of some convergences says."""

    ways: list[Convergence]

    def __post_init__(self) -> None:
        self.tried: list[Attempt] = []

    def __call__(self, attempt: Attempt) -> SimpleNamespace:
        self.tried.append(attempt)
        way = self.ways[min(len(self.tried), len(self.ways)) - 1]
        return SimpleNamespace(convergence=way)

    @property
    def how(self) -> list[tuple[int | None, int, float]]:
        return [(a.how.draws, a.how.tune, a.how.target_accept) for a in self.tried]


def test_draws_that_pass_are_sampled_once():
    fake = Fake([convergence()])
    sample_well(Sampling(), fake)
    assert fake.how == [(1000, 300, 0.8)]
    assert str(fake.tried[0]).endswith("seed=1; attempt 1 of at most 4")


def test_too_few_effective_draws_double_draws_and_tuning_and_nothing_else():
    fake = Fake([convergence(ess=50), convergence(ess=150), convergence()])
    found = sample_well(Sampling(seed=7), fake)
    assert fake.how == [(1000, 300, 0.8), (2000, 600, 0.8), (4000, 1200, 0.8)]
    assert {a.how.seed for a in fake.tried} == {7}
    assert found.convergence is fake.ways[2]


def test_divergences_bring_the_acceptance_nearer_to_1():
    fake = Fake([convergence(divergent=3), convergence(divergent=1), convergence()])
    sample_well(Sampling(), fake, first=750)
    assert [draws for draws, _, _ in fake.how] == [750, 1500, 3000]
    assert [target for _, _, target in fake.how] == pytest.approx([0.8, 0.95, 0.9875])


@pytest.mark.parametrize(("attempts", "tried"), [(1, 1), (2, 2), (4, 4)])
def test_the_limit_is_kept(attempts, tried):
    fake = Fake([convergence(ess=5)])
    sample_well(Sampling(attempts=attempts), fake)
    assert len(fake.tried) == tried


def test_a_number_that_is_given_is_kept_to():
    fake = Fake([convergence(ess=5, divergent=9)])
    sample_well(Sampling(draws=400, tune=100), fake)
    assert fake.how == [(400, 100, 0.8)]
    assert "attempt" not in str(fake.tried[0])


def test_an_interrupted_run_is_not_begun_anew():
    fake = Fake([convergence(ess=5, complete=False)])
    sample_well(Sampling(), fake)
    assert len(fake.tried) == 1


def test_notes_tell_that_the_limit_was_reached_only_where_draws_fail():
    attempt = Attempt(Sampling(draws=4000), 3, 3)
    bad, good = (replace(convergence(ess=e), attempt=attempt) for e in (5, 900))
    assert "the limit of 3 attempts" in bad.notes()[-1]
    assert good.notes() == ()
    assert "of attempt 3, with tune=300, target_accept=0.8" in good.describe()


@pytest.mark.parametrize("attempts", [0, 1.5, "many"])
def test_attempts_are_a_whole_number(attempts):
    with pytest.raises(pls.InputError, match="'attempts' must be a whole number of 1 or more"):
        Sampling(attempts=attempts)


#: A model that is hard for so little data: raters of four binary ratings each and a prior so wide
#: that their standard deviation is hardly held.
HARD = {
    "formula": "rating ~ x + (1|rater)",
    "family": "bernoulli",
    "priors": {"sd(rater)": "normal(0, 20)"},
    "chains": 2,
    "progress": False,
}


@pytest.fixture(scope="module")
def hard_set() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rater = np.repeat(np.arange(25), 4)
    item = rng.integers(5, size=len(rater))
    x = rng.normal(size=25)[rater]
    latent = 8 * rng.normal(size=25)[rater] + x + rng.logistic(size=len(rater))
    y, who = (latent > 0).astype(int), rater.astype(str)
    return pd.DataFrame({"rating": y, "x": x, "rater": who, "item": item})


@pytest.mark.extended
def test_a_hard_little_set_fails_once_and_passes_by_default(hard_set):
    once = pls.fit_bayes(data=hard_set, attempts=1, **HARD)
    assert not once.converged
    fit = pls.fit_bayes(data=hard_set, **HARD)
    attempt = fit.convergence.attempt
    assert fit.converged
    assert pls.checks.sampling_check(fit).passed
    assert 1 < attempt.number <= 4
    assert fit.convergence.n_draws == 2 * attempt.how.draws == 2000 * 2 ** (attempt.number - 1)
    told = fit.summary().meta.sampling
    assert f"draws={attempt.how.draws}, tune={attempt.how.tune}" in told
    assert told.endswith(f"attempt {attempt.number} of at most 4")
    assert fit.comparisons("x").meta.sampling == fit.summary().describe()["sampling"] == told
    again = pls.fit_bayes(data=hard_set, **HARD)
    assert np.array_equal(fit.draws.joint, again.draws.joint)


@pytest.mark.extended
def test_a_limit_that_does_not_do_is_told(hard_set):
    fit = pls.fit_bayes(data=hard_set, attempts=1, **HARD)
    assert not any("limit" in note for note in fit.warnings)
    wide = HARD | {"priors": {"sd(rater)": "normal(0, 2000)"}}
    fit = pls.fit_bayes(data=hard_set.drop_duplicates("rater"), attempts=2, **wide)
    assert not fit.converged
    assert any("the limit of 2 attempts" in note for note in fit.warnings)
