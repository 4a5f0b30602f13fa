import numpy as np

from pluralign_stats.feedback.utilities import first_drawn


def test_the_smallest_key_of_each_cell():
    cell = np.array([2, 0, 2, 0, 5])
    keys = np.array([0.3, 0.9, 0.1, 0.2, 0.7])
    assert first_drawn(cell, keys).tolist() == [3, 2, 4]
