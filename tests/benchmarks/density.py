"""What the density written by hand buys: the same models by nutpie as PyMC states them."""

import statistics
import time
from typing import Any

from tests.benchmarks import data
from tests.benchmarks.bayes import FORMULA, PRIORS, SEEDS, Sampling
from tests.benchmarks.models import DIMENSION
from tests.benchmarks.report import Report, Row, spread

#: Priors of each family.
FAMILIES = {
    "cumulative": PRIORS,
    "gaussian": {name: prior for name, prior in PRIORS.items() if name != "thresholds"},
}
#: Effective draws of the parameter that has fewest, for which seconds are told.
EFFECTIVE = 400


def density(report: Report, *, quick: bool) -> None:
    """Each family with two chains, ours and PyMC's in turn; a row for each."""
    ratings = data.simulated_ratings(quick=quick)
    ratings = ratings[ratings["dimension"] == DIMENSION]
    for family, priors in FAMILIES.items():
        fit, _ = _ours(ratings, family, priors, 0)
        began = time.perf_counter()
        model = fit.pymc_model()
        peer = _compiled(model)
        compiling = time.perf_counter() - began
        names = [v.name for v in model.unobserved_RVs if "effects (" not in v.name]
        ours, theirs = [], []
        for seed in SEEDS[:1] if quick else SEEDS:
            ours.append(_ours(ratings, family, priors, seed)[1])
            theirs.append(_theirs(peer, names, seed))
        own, other = ([EFFECTIVE / run.rate for run in runs] for runs in (ours, theirs))
        ratios = [b / a for a, b in zip(own, other, strict=True)]
        report.add(
            Row(
                f"{family}, {len(ratings):,} rows, {len(fit.params)} effects: {EFFECTIVE} "
                "effective draws of every parameter",
                f"{spread(own)} (nothing to compile anew; {_told(ours)})",
                f"PyMC with nutpie {spread(other)} after {compiling:.0f} s of compiling "
                f"({_told(theirs)})",
                f"{statistics.median(ratios):.1f} [{min(ratios):.1f}, {max(ratios):.1f}]",
            )
        )


def _told(runs: list[Sampling]) -> str:
    return (
        f"ESS {min(run.ess for run in runs):,.0f} or more in {spread([r.seconds for r in runs])}; "
        f"R-hat up to {max(run.rhat for run in runs):.3f}, "
        f"{sum(run.divergent for run in runs)} divergent"
    )


def _ours(frame: Any, family: str, priors: dict[str, str], seed: int) -> tuple[Any, Sampling]:
    """One fit; the time is that of the whole call, the fit that it starts from included."""
    import pluralign_stats as pls

    began = time.perf_counter()
    how = {"family": family, "priors": priors, "chains": 2, "progress": False}
    fit = pls.fit_bayes(FORMULA, frame, seed=seed, **how)
    took, table = time.perf_counter() - began, fit.convergence.table
    worst = table["ess_bulk"].min(), table["rhat"].max()
    return fit, Sampling(took, *worst, fit.convergence.n_divergent)


def _compiled(model: Any) -> Any:
    """PyMC's density of the model and its gradient, compiled by nutpie's default."""
    import nutpie

    return nutpie.compile_pymc_model(model)


def _theirs(compiled: Any, names: list[str], seed: int) -> Sampling:
    """Draws by nutpie's defaults; the time is that of tuning and sampling."""
    import arviz as az
    import nutpie

    began = time.perf_counter()
    how = {"draws": 1000, "chains": 2, "cores": 2, "progress_bar": False}
    drawn = nutpie.sample(compiled, seed=seed, **how)
    took = time.perf_counter() - began
    ess, rhat = (check(drawn, var_names=names) for check in (az.ess, az.rhat))
    least = min(float(ess[name].min()) for name in names)
    largest = max(float(rhat[name].max()) for name in names)
    return Sampling(took, least, largest, int(drawn.sample_stats["diverging"].sum()))
