import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from pluralign_stats.effects.adjust import holm


@pytest.mark.parametrize("m", [1, 2, 5, 30])
def test_against_statsmodels(m):
    rng = np.random.default_rng(m)
    for _ in range(3):
        p = rng.random(m) ** 4
        np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_by_hand():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03])), [0.06, 0.03, 0.06])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1, 1])
    np.testing.assert_allclose(holm(np.array([0.02, 0.02])), [0.04, 0.04])


def test_missing_values_do_not_count():
    adjusted = holm(np.array([0.02, np.nan, 0.3]))
    np.testing.assert_allclose(adjusted, [0.04, np.nan, 0.3])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert holm(np.array([])).size == 0
