"""Parameters by which all notebooks together do as little as they allow."""

from pluralign_stats.models.bayes.options import FEWEST_DRAWS

LITTLE_WORK = {
    "draws": FEWEST_DRAWS,
    "tune": FEWEST_DRAWS,
    "n_bootstrap": 100,
    "n_replicates": 19,
    "n_simulations": 10,
    "n_detectable": 50,
    "raters": 100,
    "single_items": False,
    "about_raters": False,
}
