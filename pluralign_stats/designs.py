"""Designs of tuning as tables have them and as figures and sentences call them."""

import math
import re
from collections.abc import Iterable, Mapping

from pluralign_stats.errors import InputError, one_line
from pluralign_stats.notes import Code, Note
from pluralign_stats.strategies.registry import STRATEGIES
from pluralign_stats.study.text import parted

#: What an untuned model has in place of the factors of tuning.
CONTROL = "control"

#: What sets the miniature base models apart that come with the software.
MINIATURES = {"embedded": "answers at once", "embedded-thinking": "thinks first"}

#: Warning where runs were not replicated.
ONE_RUN = Note(
    Code.ONE_RUN,
    "Training was not repeated, so that training noise cannot be told from design: intervals and p "
    "rest on generations alone and are too narrow for any claim about designs. Train with three "
    "seeds or more.",
)

#: The values of the factors that vary, by what tables call each design.
Designs = Mapping[str, Mapping[str, str]]

#: What values of a factor are called in sentences; others are called by their names.
WORDS = {
    "strategy": {name: one.words for name, one in STRATEGIES.items()},
    "scale": {
        "5-point": "5-point ratings",
        "3-point": "3-point ratings",
        "binary": "binary ratings",
    },
}


def plain_design(design: str, designs: Designs) -> str:
    """A design as figures call it: ``gender: Female``, or ``DPO, 2 objectives``."""
    return ", ".join(_words(design, designs)) or design


def design_words(design: str, designs: Designs) -> str:
    """A design as sentences call it."""
    if design == CONTROL:
        return "the untuned model"
    first, *rest = _words(design, designs) or [design]
    for factor, value in list(designs.get(design, {}).items())[:1]:
        first = WORDS.get(factor, {}).get(value, first)
    return f"{first} on {', '.join(rest)}" if rest else first


def _words(design: str, designs: Designs) -> list[str]:
    """What figures call each value of a design; none where these are not known."""
    beside = [made["objective"] for made in designs.values() if {"objective"} < set(made)]
    short = short_objectives(beside)
    return [short.get(v, plain_value(name, v)) for name, v in designs.get(design, {}).items()]


def plain_value(factor: str, value: str) -> str:
    """The value of a factor as figures call it."""
    if factor == "optimizer":
        return value.upper()
    if factor == "objective":
        return _plain_objective(value)
    return _plain_group(value) if factor == "group" else value


def short_objectives(objectives: Iterable[str]) -> dict[str, str]:
    """What the one objective of several dimensions is called for short; of several such, none."""
    given = set(objectives)
    several = {one: f"{n} objectives" for one in given if (n := len(parse_objective(one))) > 1}
    return several if len(several) == 1 and not given & set(several.values()) else {}


def _plain_objective(objective: str) -> str:
    weights = parse_objective(objective)
    alike = len(set(weights.values())) == 1
    told = [name if alike else f"{weight:g}*{name}" for name, weight in weights.items()]
    return "+".join(told).replace("_", " ")


def _plain_group(group: str) -> str:
    if group == "all":
        return "all raters"
    told = []
    for part in parted(group, "&"):
        found = re.fullmatch(r"((?:[^\\=]|\\.)*)=(.*)", part, re.DOTALL)
        name, levels = found.groups() if found else (part, "")
        name = parted(name, "=")[0].replace("_", " ")
        told.append(f"{name}: {'|'.join(parted(levels, '|'))}" if found else name)
    return " & ".join(told)


def parse_objective(objective: str) -> dict[str, float]:
    """Weights of the dimensions that an objective names: ``toxicity``, ``2*a+1*b``.

    Raises
    ------
    InputError
        If a part is neither a dimension nor a number, ``*`` and a dimension; or names one again.
    """
    weights: dict[str, float] = {}
    for part in parted(objective, "+"):
        *weight, name = parted(part, "*")
        if not name or len(weight) > 1 or not all(map(_is_weight, weight)):
            raise InputError(
                f"objective '{one_line(objective)}': each part must be a dimension or a number "
                f"above 0, '*' and a dimension, as in 2*toxicity+1*warmth, not '{one_line(part)}'; "
                "write \\* or \\+ for a '*' or '+' that is in a dimension's name"
            )
        if name in weights:
            raise InputError(
                f"objective '{one_line(objective)}' names '{name}' twice; each dimension may have "
                "one weight, so add up its weights"
            )
        weights[name] = float(weight[0]) if weight else 1.0
    return weights


def _is_weight(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
