"""The code that answers a choice, as it is shown to be copied."""

import json
from collections.abc import Mapping

from pluralign_stats.demographics.effects import default_factors
from pluralign_stats.explorer.choices import Choice
from pluralign_stats.study.study import Study

#: How each view comes from the model's effects; the table is `result`, the figure `picture`.
_VIEWS = {
    "points": (
        "result = pls.only_rows(effects.differences, term={label})",
        "picture = pls.figures.forest(result)",
    ),
    "mean": (
        'result = pls.only_rows(effects.percents, term={label}, reading="mean")',
        "picture = pls.figures.forest(result)",
    ),
    "odds": (
        'result = pls.only_rows(effects.percents, term={label}, reading="odds")',
        "picture = pls.figures.forest(result)",
    ),
    "shares": (
        "fit = effects.fits[{dimension}, {demographic}]",
        "result = pls.checks.predicted_shares(fit, {demographic}, min_cell={min_cell})",
        "result = result.labelled(study.labels).about({about})",
        "picture = pls.figures.shares(result)",
    ),
    "observed": (
        "only = chosen.where(dimension={dimension})",
        "result = pls.describe.rating_distribution(only, {demographic}, min_cell={min_cell})",
        "picture = pls.figures.distribution(result)",
    ),
}


def code_of(
    study: Study, choice: Choice, conditions: Mapping[str, str | list[str]], min_cell: int
) -> str:
    """Write the code that gives the same table and picture, for a study called `study`.

    Parameters
    ----------
    study
        The whole study.
    choice
        What is asked of it.
    conditions
        Columns and values of the ratings that are looked at.
    min_cell
        Groups of fewer raters are not shown.
    """
    dimension, demographic = _quoted(choice.dimension), _quoted(choice.demographic)
    lines = [
        "import pluralign_stats as pls",
        "",
        "# 'study' is the one explored here, from pls.read_study",
        f"chosen = {_narrowed(conditions)}",
        f"chosen = pls.with_reference(chosen, {demographic}, {_quoted(choice.reference)})",
    ]
    if choice.show != "observed":
        lines += [
            "effects = pls.demographic_effects(",
            "    chosen,",
            f"    {_quoted([*modelled(study, choice)])},",
            f"    [{dimension}],",
            f"    model={_quoted(choice.model)},",
            f"    min_cell={min_cell},",
            ")",
        ]
    filled = {
        "dimension": dimension,
        "demographic": demographic,
        "label": _quoted(study.codebook.label(choice.demographic)),
        "about": _quoted(study.codebook.label(choice.dimension)),
        "min_cell": min_cell,
    }
    lines += [line.format(**filled) for line in _VIEWS[choice.show]]
    return "\n".join([*lines, "picture"])


def modelled(study: Study, choice: Choice) -> tuple[str, ...]:
    """The demographics in the model: those of the codebook, and the one that is compared."""
    return tuple(dict.fromkeys((*default_factors(study), choice.demographic)))


def _narrowed(conditions: Mapping[str, str | list[str]]) -> str:
    if not conditions:
        return "study"
    return f"study.where({', '.join(f'{c}={_quoted(v)}' for c, v in conditions.items())})"


def _quoted(value: str | list[str]) -> str:
    """A text, or a list of texts, as Python reads it."""
    return json.dumps(value, ensure_ascii=False)
