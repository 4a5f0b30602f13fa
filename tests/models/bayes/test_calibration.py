"""The tools of simulation-based calibration; the calibration itself is part of `make validate`."""

import numpy as np
import pytest

from tests.validation.ecdf import uniformity
from tests.validation.sbc import CASES, DRAWS, THIN, calibrated, replicate


def test_bands_hold_uniform_ranks_as_often_as_they_should():
    rng = np.random.default_rng(3)
    p = [uniformity(rng.integers(0, 101, 60), 100).p_value for _ in range(400)]
    for level in (0.05, 0.2, 0.5):
        assert np.mean(np.array(p) <= level) == pytest.approx(level, abs=0.06)


@pytest.mark.parametrize("shape", [(2.0, 2.0), (0.5, 0.5), (1.0, 1.6)])
def test_bands_find_ranks_that_are_not_uniform(shape):
    """Posteriors that are too wide, too narrow, and off to one side."""
    ranks = np.floor(101 * np.random.default_rng(1).beta(*shape, 200)).astype(int)
    found = uniformity(ranks, 100)
    assert found.p_value < 0.01
    assert found.largest > 0.05


@pytest.mark.parametrize("name", ["nominal", "gaussian"])
def test_a_replication_ranks_every_quantity(name):
    made = [replicate(name, seed) for seed in range(3)]
    ranks = next(one for one in made if one)
    assert "log-likelihood" in ranks
    assert "effect of the first rater" in ranks
    assert all(0 <= rank <= DRAWS // THIN for rank in ranks.values())
    assert replicate(name, made.index(ranks)) == ranks


def test_the_verdict_is_by_quantity():
    made = [{"x": rank % 101, "sd(rater)": 0} for rank in range(0, 1010, 10)]
    table = calibrated({"gaussian": made}).set_index("quantity")
    assert table.loc["x", "right"]
    assert not table.loc["sd(rater)", "right"]
    assert set(table["case"]) <= set(CASES)
