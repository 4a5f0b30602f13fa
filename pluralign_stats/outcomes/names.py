"""What figures and sentences call designs."""

import re

from pluralign_stats.outcomes.read import CONTROL

#: What designs are called in sentences; others are called by their names.
WORDS = {
    "preserve": "keeping every rating",
    "majority": "majority vote",
    "mean": "averaging ratings",
    "median": "taking the median rating",
    "consensus": "using only unanimous responses",
    "random": "drawing one rater",
    "5-point": "5-point ratings",
    "3-point": "3-point ratings",
    "binary": "binary ratings",
    CONTROL: "the untuned model",
}


def plain_design(name: str) -> str:
    """A design as figures call it: ``gender: Female``, or ``DPO``."""
    plain = name.replace("=", ": ").replace("&", " & ").replace("_", " ")
    return re.sub(r"\b(dpo|kto|grpo)\b", lambda found: found[0].upper(), plain)


def design_words(design: str) -> str:
    """A design as sentences call it."""
    first, comma, rest = design.partition(", ")
    known = WORDS.get(first) or plain_design(first)
    return f"{known} on {plain_design(rest)}" if comma else known
