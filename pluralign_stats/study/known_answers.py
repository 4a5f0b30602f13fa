"""Answers that questionnaires share: words in a known order, and words for no answer."""

import re
from collections.abc import Iterable

from pluralign_stats.study.text import folded

#: Sets of answers, lowest first; the words of one step are separated by ``|``.
_SETS = (
    "no|n|nein|false|non|not agree, yes|y|ja|true|oui|sí|si|agree",
    "no|nein, unsure|maybe|perhaps|not sure|vielleicht|unsicher, yes|ja",
    "disagree|stimme nicht zu, neutral|neither|neither agree nor disagree|undecided|weder noch"
    "|teils/teils, agree|stimme zu",
    "strongly disagree, disagree, agree, strongly agree",
    "strongly disagree|completely disagree|totally disagree|fully disagree, disagree"
    "|somewhat disagree|rather disagree|slightly disagree|mostly disagree, neutral|neither"
    "|neither agree nor disagree|neither agree or disagree|undecided|unsure, agree|somewhat agree"
    "|rather agree|slightly agree|mostly agree, strongly agree|completely agree|totally agree"
    "|fully agree",
    "strongly disagree, disagree, somewhat disagree|slightly disagree, somewhat agree"
    "|slightly agree, agree, strongly agree",
    "strongly disagree|completely disagree, disagree, somewhat disagree|slightly disagree, neutral"
    "|neither|neither agree nor disagree|undecided, somewhat agree|slightly agree, agree"
    ", strongly agree|completely agree",
    "stimme überhaupt nicht zu|stimme gar nicht zu|trifft überhaupt nicht zu|trifft gar nicht zu"
    ", stimme nicht zu|stimme eher nicht zu|trifft nicht zu|trifft eher nicht zu, neutral"
    "|weder noch|teils/teils|teils teils|teilweise|unentschieden, stimme zu|stimme eher zu"
    "|trifft eher zu, stimme voll zu|stimme voll und ganz zu|stimme völlig zu|trifft voll zu"
    "|trifft voll und ganz zu|trifft zu",
    "never, rarely|seldom, sometimes|occasionally, often|frequently, always|very often",
    "never, sometimes, often, always",
    "nie, selten, manchmal|gelegentlich, oft|häufig, immer|sehr oft",
    "not at all, a little|slightly|a bit|a little bit|somewhat, moderately|moderate"
    "|a moderate amount, very|very much|quite a bit|a lot, extremely|a great deal|completely",
    "gar nicht|überhaupt nicht, wenig|kaum, mittelmäßig|etwas, ziemlich, sehr",
    "bad|poor|schlecht, okay|ok|fair|average|medium|mittel, good|gut",
    "very bad|very poor|terrible|sehr schlecht, bad|poor|schlecht, okay|ok|fair|average|neutral"
    "|acceptable|mittel, good|gut, very good|excellent|great|sehr gut",
    "very unlikely|extremely unlikely, unlikely, neutral|neither likely nor unlikely, likely"
    ", very likely|extremely likely",
    "very dissatisfied, dissatisfied, neutral, satisfied, very satisfied",
    "low|niedrig, medium|middle|moderate|mittel, high|hoch",
    "very low|sehr niedrig, low|niedrig, medium|middle|moderate|mittel, high|hoch, very high"
    "|sehr hoch",
    "negative, neutral, positive",
    "very negative, negative, neutral, positive, very positive",
    "worse, same|equal|tie, better",
    "left|links, centre|center|middle|moderate|mitte, right|rechts",
    "liberal, centre|center|moderate|mitte, conservative|konservativ",
    "very liberal|strongly liberal, liberal|rather liberal|somewhat liberal, centre|center|moderate"
    "|middle of the road|mitte, conservative|rather conservative|somewhat conservative"
    "|konservativ, very conservative|strongly conservative",
)  # fmt: skip
_STEPS = sorted(
    (tuple(tuple(step.strip().split("|")) for step in folded(each).split(", ")) for each in _SETS),
    key=len,
)

_DECLINED = {
    "prefer not to say", "prefer not to answer", "prefer not to disclose", "prefer not to respond",
    "i prefer not to say", "i prefer not to answer", "i wish not to declare", "rather not say",
    "i'd rather not say", "i'd prefer not to say", "decline to answer", "declined",
    "declined to answer", "no answer", "refused", "not disclosed", "undisclosed",
    "do not wish to answer", "keine angabe", "keine angaben", "möchte ich nicht sagen",
    "ich möchte keine angaben machen", "möchte keine angaben machen",
}  # fmt: skip
_NO_ANSWER = {
    "nan", "n/a", "#n/a", "null", "<na>", "n.a.", "missing", "not available", "no data",
    "data_expired", "data expired", "consent_revoked", "consent revoked", "-", "--", ".", "?",
}  # fmt: skip
_UNSURE = {
    "don't know", "dont know", "do not know", "i don't know", "not applicable", "can't say",
    "cannot say", "no opinion", "unsure", "not sure", "skip", "skipped", "weiss nicht",
    "weiss ich nicht", "not rated",
}  # fmt: skip

#: ``1 - Strongly disagree``, ``5 (always)``, ``3: neutral``; a hyphen between digits is a range.
_NUMBERED = re.compile(r"\s*([-+]?\d+)\s*(?:[-–—:=.)(]\s*|\s+)(?P<text>[^\d\s].*)", re.DOTALL)


def is_declined(word: str) -> bool:
    """Whether a word says that somebody preferred not to answer."""
    return folded(word).strip(" .()") in _DECLINED


def is_no_answer(word: str) -> bool:
    """Whether a word stands where a program or a platform had no answer."""
    return folded(word) in _NO_ANSWER


def is_no_rating(word: str) -> bool:
    """Whether a word says that somebody gave no rating."""
    return is_declined(word) or is_no_answer(word) or folded(word) in _UNSURE


def known_order(words: Iterable[str]) -> tuple[tuple[str, ...], ...] | None:
    """The shortest known set of answers that holds all of the words, lowest step first.

    Returns
    -------
    tuple of tuple of str, or None
        The words of each step, as given where they were, else as the set has them; None where no
        set holds them, or two words stand for one step.
    """
    given = {folded(word).strip(): word for word in words}
    for steps in _STEPS:
        places = {word: k for k, step in enumerate(steps) for word in step}
        found = [places.get(word) for word in given]
        if len(given) > 1 and None not in found and len(set(found)) == len(found):
            own = {places[word]: shown for word, shown in given.items()}
            return tuple((own[k],) if k in own else step[:1] for k, step in enumerate(steps))
    return None


def numbered(words: Iterable[str]) -> dict[str, int] | None:
    """Numbers that words begin with, as in ``1 - never``; None where one has none, or two share."""
    found = {}
    for word in words:
        match = _NUMBERED.fullmatch(word)
        if match is None and not re.fullmatch(r"[-+]?\d+", word.strip()):
            return None
        found[word] = int(match[1] if match else word)
    return found if len(set(found.values())) == len(found) else None
