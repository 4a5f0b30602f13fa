"""The same experiment in each base model by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pluralign_stats.designs import CONTROL
from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.adjust import Adjustment
from pluralign_stats.errors import InputError, NotApplicableError
from pluralign_stats.figures.charts import OPTIMIZERS
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.notes import reworded
from pluralign_stats.outcomes.contrasts import against_control
from pluralign_stats.outcomes.models import BayesFamily, Kind
from pluralign_stats.outcomes.read import Outcomes
from pluralign_stats.outcomes.select import select_experiment
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL


@documented_by(against_control)
def by_base_model(
    outcomes: Outcomes,
    factor: str | Sequence[str],
    dimensions: Sequence[str] = (),
    *,
    fixed: Mapping[str, Any] | None = None,
    conf_level: float = CONF_LEVEL,
    adjust: Adjustment = "holm",
    kind: Kind = "linear",
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
) -> Result:
    """Compare every design with the untuned control, within each base model.

    What the experiment does not vary is the same in all of them.

    Parameters
    ----------
    outcomes
        The scores.
    factor, fixed
        As for `select_experiment`.

    Returns
    -------
    Result
        The rows of `against_control` of each base model, with a column base_model after term.

    Raises
    ------
    InputError
        If no base model can be looked at.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70, for the correction of p.

    Examples
    --------
    >>> pls.outcomes.by_base_model(outcomes, "strategy").table["base_model"].unique().tolist()
    ['embedded']
    """
    tuned = outcomes.table["optimizer"] != CONTROL
    if not tuned.any():
        raise NotApplicableError("no model was tuned; train some: pluralign train")
    setting = dict(select_experiment(outcomes, factor, fixed=fixed).fixed)
    found: dict[str, Result] = {}
    missing = []
    for model in sorted(outcomes.table.loc[tuned, "base_model"].unique()):
        try:
            experiment = select_experiment(
                outcomes, factor, fixed={**(fixed or {}), **setting, "base_model": model}
            )
            found[model] = against_control(
                experiment, dimensions, conf_level=conf_level, adjust=adjust, kind=kind,
                by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling,
            )  # fmt: skip
        except InputError as error:
            missing.append(f"{model}: {error}.")
    if not found:
        raise NotApplicableError(" ".join(missing))
    return _joined(found, missing)


def _notes(found: dict[str, Result]) -> tuple[str, ...]:
    """Notes that hold for all, and those of single base models."""
    each = [set(result.meta.notes) for result in found.values()]
    shared = set.intersection(*each)
    told = [
        note if note in shared else reworded(note, f"{model}: {note}")
        for model, result in found.items()
        for note in result.meta.notes
    ]
    return tuple(dict.fromkeys(told))


def _joined(found: dict[str, Result], missing: list[str]) -> Result:
    tables = [result.table.assign(base_model=model) for model, result in found.items()]
    table = pd.concat(tables, ignore_index=True)
    place = list(table).index("term") + 1
    columns = [c for c in table if c != "base_model"]
    results = [result.about(model) for model, result in found.items()]
    first = next(iter(found.values())).meta
    shared = [w for w in first.warnings if all(w in own.warnings for own in found.values())]
    own = [
        told
        for result, named in zip(found.values(), results, strict=True)
        for text, told in zip(result.warnings, named.warnings, strict=True)
        if text not in shared
    ]
    warnings = [*missing, *shared, *own]
    meta = replace(
        first,
        title=f"{first.title}, in each base model",
        notes=_notes(found),
        warnings=tuple(dict.fromkeys(warnings)),
        designs={k: v for result in found.values() for k, v in result.meta.designs.items()},
    )
    ordered = table[[*columns[:place], "base_model", *columns[place:]]]
    return Result(ordered, " ".join(result.sentence for result in results), meta, figure=OPTIMIZERS)
