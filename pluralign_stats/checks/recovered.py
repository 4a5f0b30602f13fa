"""Whether a simulated study gives back what was planted in it."""

import pandas as pd

from pluralign_stats.errors import InputError
from pluralign_stats.figures.charts import FOREST
from pluralign_stats.results import Result
from pluralign_stats.study.study import Study
from pluralign_stats.words import counted

_KEYS = ["dimension", "term", "level", "reference", "reading"]
_COLUMNS = ["dimension", "term", "contrast", "reading", "planted"]
_ESTIMATES = ["estimate", "conf_low", "conf_high", "n_raters", "n_ratings", "method"]


def recovery(study: Study, percents: Result) -> Result:
    """Set estimated percentages beside the planted ones.

    Parameters
    ----------
    study
        A simulated study.
    percents
        The percents of `demographic_effects` on it.

    Returns
    -------
    Result
        One row per reported effect and reading: columns dimension, term, contrast, reading,
        planted (percent), estimate, conf_low, conf_high, covered (bool; missing without
        an interval), n_raters, n_ratings, method.

    Raises
    ------
    InputError
        If the study has no planted truth.

    Examples
    --------
    >>> pls.checks.recovery(study, effects.percents).table["contrast"].tolist()
    ['Male vs Female', 'Male vs Female']
    """
    if study.truth is None:
        raise InputError("this study has no planted truth to compare with")
    tests = ["std_error", "p_value", "p_adjusted"]
    estimates = percents.table.drop(columns=tests, errors="ignore")
    table = _planted(study).merge(estimates, on=_KEYS)
    table = table[_COLUMNS + _ESTIMATES]
    inside = (table["conf_low"] <= table["planted"]) & (table["planted"] <= table["conf_high"])
    known = table["conf_low"].notna()
    table.insert(8, "covered", inside.astype("boolean").where(known))
    sentence = (
        f"{int(inside.sum())} of {counted(int(known.sum()), 'interval')} "
        f"{'holds' if known.sum() == 1 else 'hold'} the planted value; single studies miss some by "
        "chance."
        if known.any()
        else "No effect that was planted has an estimate here, so that nothing can be compared."
    )
    return Result.of(
        study,
        table,
        sentence,
        "Planted and estimated percentages",
        unit="percent",
        conf_level=percents.meta.conf_level,
        interval=percents.meta.interval,
        notes=(
            f"The reported percentages were planted in the reading '{study.truth.reading}'; the "
            "other reading follows from it.",
        ),
        figure=FOREST,
    )


def _planted(study: Study) -> pd.DataFrame:
    """Planted effects, one row per reading, under the labels that readers see."""
    effects = study.truth.effects  # type: ignore[union-attr]
    effects = effects[effects["planted"]]
    label = study.codebook.label
    rows = [
        (
            label(row.dimension),
            label(row.term),
            row.level,
            row.reference,
            reading,
            getattr(row, f"percent_{reading}"),
        )
        for row in effects.itertuples()
        for reading in ("mean", "odds")
    ]
    return pd.DataFrame(rows, columns=[*_KEYS, "planted"])
