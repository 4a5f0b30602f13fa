import numpy as np

from pluralign_stats.simulate import design
from pluralign_stats.simulate.design import draw_design, weighted_sample


def test_items_are_distinct_within_a_rater_and_come_back_across_raters():
    shown = draw_design(1095, 200, 5, np.random.default_rng(1))
    assert shown.shape == (1095, 5)
    assert all(len(set(row)) == 5 for row in shown)
    assert set(shown.ravel()) == set(range(200))


def test_raters_per_item_are_more_uneven_than_by_chance():
    counts = np.bincount(draw_design(1095, 200, 5, np.random.default_rng(1)).ravel())
    # Even probabilities would give about 1, with a sampling SD of 0.1.
    assert counts.var() / counts.mean() > 3
    assert counts.min() >= 2


def test_raters_and_items_are_crossed():
    shown = draw_design(1095, 200, 5, np.random.default_rng(1))
    reached = {0}
    raters: set[int] = set()
    while True:
        joined = set(np.flatnonzero(np.isin(shown, list(reached)).any(axis=1))) - raters
        if not joined:
            break
        raters |= joined
        reached |= set(shown[list(joined)].ravel())
    assert len(raters) == 1095


def test_sampling_without_replacement_has_the_exact_probabilities():
    weights, rows = np.array([1.0, 2.0, 5.0, 1.5, 0.5, 3.0]), 200_000
    total = weights.sum()
    drawn = weighted_sample(weights, rows, 4, np.random.default_rng(3))
    for first in range(6):
        for second in set(range(6)) - {first}:
            expected = weights[first] / total * weights[second] / (total - weights[first])
            share = np.mean((drawn[:, 0] == first) & (drawn[:, 1] == second))
            assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / rows)


def test_a_rater_can_rate_every_item():
    shown = draw_design(30, 7, 7, np.random.default_rng(1))
    assert (np.sort(shown, axis=1) == np.arange(7)).all()


def test_chunks_cover_every_rater(monkeypatch):
    monkeypatch.setattr(design, "_CHUNK", 10)
    shown = draw_design(25, 50, 5, np.random.default_rng(1))
    assert shown.shape == (25, 5)
    assert len(np.unique(shown, axis=0)) == 25


def test_items_lie_in_the_order_of_their_arrival():
    weights, rows = np.ones(100), 20_000
    weights[70] = 99.0
    drawn = weighted_sample(weights, rows, 40, np.random.default_rng(4))
    assert abs(np.mean(drawn[:, 0] == 70) - 0.5) < 4 * np.sqrt(0.25 / rows)
