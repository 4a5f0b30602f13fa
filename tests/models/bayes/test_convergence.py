"""Agreement of draws, against R-hat of parts computed by hand."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from pluralign_stats.models.bayes.convergence import rhat_and_ess_of


def by_hand(parts):
    """R-hat by ranks of parts (m, N), the larger of draws and of distances from their median."""
    found = []
    for values in (parts, np.abs(parts - np.median(parts))):
        z = norm.ppf((rankdata(values).reshape(parts.shape) - 3 / 8) / (parts.size + 1 / 4))
        n = parts.shape[1]
        between, within = z.mean(axis=1).var(ddof=1), z.var(axis=1, ddof=1).mean()
        found.append(np.sqrt(between / within + (n - 1) / n))
    return max(found)


@pytest.mark.parametrize(("n_chains", "n_parts"), [(1, 4), (2, 4), (4, 8)])
def test_rhat_compares_quarters_of_a_single_chain_and_halves_of_several(n_chains, n_parts):
    drawn = np.random.default_rng(3).normal(size=400) + np.linspace(0, 1, 400)
    rhat = rhat_and_ess_of(drawn[:, None], n_chains)["rhat"].iloc[0]
    assert rhat == pytest.approx(by_hand(drawn.reshape(n_parts, -1)), rel=1e-6)
