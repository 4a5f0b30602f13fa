"""The summary of a Bayesian fit: its posterior in a table."""

from functools import partial

import pandas as pd

from pluralign_stats.figures.charts import FOREST
from pluralign_stats.models.bayes.convergence import label
from pluralign_stats.models.bayes.fit import PosteriorEstimates
from pluralign_stats.models.bayes.summarize import summarize
from pluralign_stats.models.engine.clusters import spread_draws
from pluralign_stats.models.few_units import scale_units, score_covariance
from pluralign_stats.models.summary import coefficient_raters, model_backing, sizes_of
from pluralign_stats.results import Result, ordered_columns
from pluralign_stats.words import levels_of

#: Note on effects on thresholds and scale.
SPREAD = (
    "Effects on thresholds and scale: sd and interval are as wide as {units} differ in their use "
    "of the scale, which the model itself leaves out."
)


def posterior_summary(fit: PosteriorEstimates, conf_level: float) -> Result:
    """Posterior means, SDs and intervals of all parameters; see `Posterior.summary`."""
    from pluralign_stats.models.bayes.arviz_data import parameter_draws

    tables = []
    units = meat = None
    if units := scale_units(fit):
        meat = score_covariance(fit, units)
    for kind, (names, drawn) in parameter_draws(fit, fit.layout, fit.draws).items():
        signed = kind in ("coefficients", "changes", "scale", "cor")
        terms = [label(kind, name) for name in names]
        if meat is not None and kind in ("changes", "scale"):
            drawn = spread_draws(fit.draws.joint, drawn, meat)
        table = summarize(drawn, conf_level, signed=signed)
        table.insert(0, "term", terms)
        tables.append(table)
    made = pd.concat(tables, ignore_index=True)
    made = made.merge(fit.convergence.table, on="term", how="left").assign(method=str(fit.method))
    raters = dict(zip(map(str, fit.params.index), coefficient_raters(fit), strict=True))
    behind = made["term"].map(raters).fillna(fit.design.raters.n).to_numpy(dtype=float)
    return Result.of(
        fit,
        made[ordered_columns(made)],
        _sentence(fit),
        fit.formula,
        unit=fit.family.unit,
        conf_level=conf_level,
        notes=(
            "Estimate: mean of the posterior; sd: its standard deviation; prob positive: "
            "probability that the parameter is above 0. R-hat near 1 and many effective draws "
            "(ess) mean that the sampler has settled.",
            *([] if units is None else [SPREAD.format(units=levels_of(units.names))]),
        ),
        backing=model_backing(fit, behind, partial(_sentence, fit)),
        figure=FOREST,
    )


def _sentence(fit: PosteriorEstimates, counted: bool = True) -> str:
    told = f"{sizes_of(fit, counted)}; {fit.convergence.describe()}"
    return told[:1].upper() + told[1:]
