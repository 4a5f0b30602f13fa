"""How strong options and single responses are, by group of raters."""

import numpy as np
import pandas as pd

from pluralign_stats.backing import Backing
from pluralign_stats.effects.option_groups import (
    about_choices,
    backing_of_groups,
    need_options,
    option_groups,
    quantile,
)
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.figures.charts import FOREST, STRENGTHS
from pluralign_stats.formatting import with_interval
from pluralign_stats.models.choice_estimates import ChoiceEstimates
from pluralign_stats.models.family import UNITS
from pluralign_stats.results import Result
from pluralign_stats.settings import CONF_LEVEL
from pluralign_stats.words import counted, joined


def strengths(
    fit: ChoiceEstimates, by: str | None = None, *, conf_level: float = CONF_LEVEL
) -> Result:
    """Strength of each option: log odds of being preferred to an average one.

    Parameters
    ----------
    fit
        A model of choices.
    by
        A demographic of the model, for strengths in each of its levels; others are averaged over
        the raters.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns option, (group,) estimate, std_error, conf_low, conf_high, n_raters (of the group),
        method. Strengths add up to 0 in each group.

    Raises
    ------
    InputError
        If the model has no such demographic, or no strengths of options.
    """
    need_options(fit)
    groups, width = option_groups(fit, by), quantile(conf_level)
    rows = fit.centred_rows(groups.covariates)
    estimate, error = fit.combine(rows.transpose(1, 0, 2).reshape(-1, rows.shape[2]))
    n, g = len(fit.options), len(groups.names)
    table = pd.DataFrame({"option": np.repeat(fit.options, g), "group": np.tile(groups.names, n)})
    raters = np.tile(groups.raters, n)
    table = table.assign(
        estimate=estimate, std_error=error, conf_low=estimate - width * error,
        conf_high=estimate + width * error, n_raters=raters, method=fit.method,
    )  # fmt: skip
    table = table if by else table.drop(columns="group")
    unit = UNITS[fit.structure.link]

    def told(shown: pd.DataFrame) -> str:
        return _best_told(shown, unit)

    title = f"Strengths by {by}" if by else "Strengths"
    return Result.of(
        fit, table, told(table), title, unit=unit, conf_level=conf_level,
        notes=[*about_choices(fit), "Strengths add up to 0: 0 is an average option."],
        backing=backing_of_groups(fit, by, groups.behind.T.ravel(), told), figure=STRENGTHS,
    )  # fmt: skip


def _best_told(shown: pd.DataFrame, unit: str) -> str:
    """Which option is the strongest, in each group."""
    if shown.empty:
        return "No group is large enough to be shown."
    parts = []
    for group, own in shown.groupby("group", sort=False) if "group" in shown else [("", shown)]:
        who = f"{group}: " if group else ""
        if own["estimate"].isna().any():
            lost = joined(own.loc[own["estimate"].isna(), "option"])
            parts.append(f"{who}{lost} without a finite strength, as the warnings say")
        known = own.dropna(subset="estimate")
        if len(known):
            best, rest = known.loc[known["estimate"].idxmax()], len(known) < len(own)
            strongest = f"{best['option']} is the strongest{' of the others' if rest else ''}"
            parts.append(f"{who}{strongest}, {with_interval(best, '.2f', unit)}")
    return "; ".join(parts) + "."


def response_strengths(fit: ChoiceEstimates, *, conf_level: float = CONF_LEVEL) -> Result:
    """Predicted strength of each response to a prompt, beside that of its option or system.

    Parameters
    ----------
    fit
        A model of choices with ``responses=True``.
    conf_level
        Level of the intervals, which hold the other parameters fixed.

    Returns
    -------
    Result
        Columns prompt, option, estimate, std_error, conf_low, conf_high, n_raters (who compared
        it), method.

    Raises
    ------
    InputError
        If the model has no random strengths of responses.
    """
    if not fit.structure.responses:
        raise NotApplicableError(
            "the model has no strengths of single responses; fit it with responses=True"
        )
    found, width, rows = fit.found, quantile(conf_level), fit.rows
    options = rows.choices.options
    choice = options["choice"].to_numpy()
    used = rows.kept[choice]
    seen = pd.DataFrame({"response": rows.response[used], "rater": rows.rater[choice[used]]})
    raters = seen.groupby("response")["rater"].nunique()
    first = pd.Series(np.arange(len(options)), rows.response).groupby(level=0).first()
    at = first[found.responses].to_numpy()
    table = pd.DataFrame(
        {
            "prompt": rows.choices.choices["prompt"].astype(str).to_numpy()[choice[at]],
            "option": options["option"].astype(str).to_numpy()[at],
            "estimate": found.strengths,
            "std_error": found.errors,
            "conf_low": found.strengths - width * found.errors,
            "conf_high": found.strengths + width * found.errors,
            "n_raters": raters[found.responses].to_numpy(),
            "method": fit.method,
        }
    )
    sd = fit.random_sd["response"]
    unit = UNITS[fit.structure.link]

    def told(shown: pd.DataFrame) -> str:
        return (
            f"{counted(len(shown), 'response')}; strengths of responses have a standard deviation "
            f"of {sd:.2f} {unit} beside those of options."
        )

    return Result.of(
        fit, table, told(table), "Strengths of responses", unit=unit, conf_level=conf_level,
        interval="intervals given the other parameters", notes=about_choices(fit),
        backing=Backing(table["n_raters"].to_numpy(), retell=told), figure=FOREST,
    )  # fmt: skip


def choice_summary(fit: ChoiceEstimates, *, conf_level: float = CONF_LEVEL) -> Result:
    """Strengths of all raters together, the width of ties, position, and random effects.

    Parameters
    ----------
    fit
        A model of choices.
    conf_level
        Level of the intervals.

    Returns
    -------
    Result
        Columns term, estimate, std_error, conf_low, conf_high, method.
    """
    width, x = quantile(conf_level), fit.parameters
    structure, f = fit.structure, len(fit.found.location)
    rows: list[np.ndarray] = []
    names: list[str] = []
    for name, there in (("tie (half-width)", structure.ties), ("shown first", structure.position)):
        if there:
            rows.append(np.eye(len(x))[len(names)])
            names.append(name)
    behind = [fit.n_raters] * len(names)
    if fit.options:
        behind += list(fit.raters_who_compared(None)[0])
        names += list(fit.options)
        rows += list(fit.centred_rows(fit.covariates_at(None))[0])
    for k, term in enumerate(structure.terms):
        rows.append(np.eye(len(x))[f + k])
        names.append(f"sd({term})")
    behind += [fit.n_raters] * len(structure.terms)
    estimate, error = fit.combine(np.array(rows))
    table = pd.DataFrame({"term": names, "estimate": estimate, "std_error": error})
    table = table.assign(
        conf_low=estimate - width * error, conf_high=estimate + width * error, method=fit.method
    )
    told = (
        f"{counted(fit.n_choices, 'comparison' if fit.pairs else 'choice')}; log-likelihood "
        f"{fit.loglik:,.1f}."
    )
    backing = Backing(np.array(behind))
    return Result.of(
        fit, table, told, "Model of choices", unit=UNITS[structure.link], conf_level=conf_level,
        notes=about_choices(fit), backing=backing, figure=FOREST,
    )  # fmt: skip
