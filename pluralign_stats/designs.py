"""Designs of tuning as tables have them and as figures and sentences call them."""

import re

#: What an untuned model has in place of the factors of tuning.
CONTROL = "control"

#: What sets the miniature base models apart that come with the software.
MINIATURES = {"embedded": "answers at once", "embedded-thinking": "thinks first"}

#: Warning where runs were not replicated.
ONE_RUN = (
    "Training was not repeated, so that training noise cannot be told from design: intervals and p "
    "rest on generations alone and are too narrow for any claim about designs. Train with three "
    "seeds or more."
)

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
