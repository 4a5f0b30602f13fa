"""Files of choices: rows that are pairs or sets with a winner, or options with a mark or a rank."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from pluralign_stats.choices.codebook import TIES
from pluralign_stats.choices.offered import NO, YES
from pluralign_stats.drafting.facts import Facts, share_same, unique_together
from pluralign_stats.drafting.names import identifies, is_key, mentions, says
from pluralign_stats.study.inference import words_of_name
from pluralign_stats.study.text import folded, is_number

#: What tells the columns of options apart, in their order.
_PLACES = (
    tuple("abcdefghij"), tuple("123456789"), ("left", "right"), ("first", "second", "third"),
    ("one", "two", "three"), ("x", "y"), ("links", "rechts"), tuple("01"),
)  # fmt: skip
_WINNER = {
    "winner", "winning", "choice", "preference", "preferred", "prefer", "chosen", "best", "better",
    "vote", "selected", "selection", "favorite", "favourite", "pick", "picked", "auswahl", "wahl",
    "gewählt", "besser", "gewinner", "verdict",
}  # fmt: skip
_TIES = {
    *TIES, "both", "neither", "equal", "equally good", "same", "draw", "none", "about the same",
    "bothbad", "both bad", "both_bad", "unentschieden", "gleich", "keine", "beide", "no preference",
    "tied", "both are good", "both are bad",
}  # fmt: skip
_RANK = {"rank", "ranking", "ranks", "rang", "place", "platz"}
_SYSTEM = {"model", "system", "assistant", "bot", "llm", "modell"}
_REJECTED = {"rejected", "loser", "losing"}
#: Share of the answers that have to be known.
_KNOWN = 0.9


@dataclass(frozen=True)
class ChoiceGuess:
    """How the options of a file of choices are named, and what was preferred.

    Attributes
    ----------
    section
        Entries of `choices`, but for file, rater and prompt.
    told
        By entry what it was taken for, and why.
    used
        Columns that have a role in it.
    undecided
        What the user has to decide.
    """

    section: dict[str, Any]
    told: dict[str, tuple[str, str]] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    undecided: tuple[str, ...] = ()


#: Columns that differ by one word for a place: that word by column, in the order of places.
_Family = dict[str, str]


def _words(name: str) -> list[str]:
    """The words of a name, numbers apart: ``answer2`` is answer, 2."""
    return words_of_name(re.sub(r"(?<=[^\W\d_])(?=\d)", " ", name))


def guess_choices(facts: Mapping[str, Facts], frame: pd.DataFrame) -> ChoiceGuess | None:
    """Find options of which one is best.

    Parameters
    ----------
    facts, frame
        Columns, and their cells as text.

    Returns
    -------
    ChoiceGuess or None
        None where a row is no choice between columns, and no option with a mark or a rank.
    """
    families = list(_families(facts))
    return _pair(facts) or _winner(facts, frame, families) or _ranked(facts, families)


def _families(columns: Mapping[str, Facts]) -> Iterator[_Family]:
    """Groups of columns such as model_a and model_b."""
    found: dict[tuple[Any, ...], _Family] = {}
    for column in columns:
        words = _words(column)
        for k, places in enumerate(_PLACES):
            at = max((i for i, word in enumerate(words) if word in places), default=None)
            if at is not None:
                key = (k, *words[:at], None, *words[at + 1 :])
                found.setdefault(key, {})[column] = words[at]
    for (k, *_), family in found.items():
        places = _PLACES[k][: len(family)]
        by_place = {place: column for column, place in family.items()}
        if len(family) > 1 and set(by_place) == set(places):
            yield {by_place[place]: place for place in places}


def _pair(facts: Mapping[str, Facts]) -> ChoiceGuess | None:
    """A column of what was chosen beside one of what was rejected."""
    words = {column: _words(column) for column in facts}
    chosen = [column for column in facts if set(words[column]) & {"chosen", "winner"}]
    rejected = [column for column in facts if set(words[column]) & _REJECTED]
    pairs = [(c, r) for c in chosen for r in rejected if len(words[c]) == len(words[r])]
    if not pairs:
        return None
    chosen_, rejected_ = min(pairs, key=lambda pair: len(pair[0]))
    section: dict[str, Any] = {"chosen": chosen_, "rejected": [rejected_]}
    if facts[chosen_].long_text:
        section["texts"] = [chosen_, rejected_]
    told = {"chosen": (f"'{chosen_}' beside '{rejected_}'", "named so")}
    return ChoiceGuess(section, told, frozenset({chosen_, rejected_}))


def _winner(
    facts: Mapping[str, Facts], frame: pd.DataFrame, families: Sequence[_Family]
) -> ChoiceGuess | None:
    """A column that says which of the others in its row is best."""
    for column, own in facts.items():
        if not set(_words(column)) & _WINNER or own.n_values < 2:
            continue
        usable = [family for family in families if column not in family]
        for family in sorted(usable, key=lambda f: _preferred(f, facts)):
            said = _meanings(own, family, frame)
            if said is not None:
                return _of_winner(column, family, said, usable, facts)
    return None


def _preferred(family: _Family, facts: Mapping[str, Facts]) -> tuple[bool, bool]:
    """Systems and names identify an option better than texts do."""
    words = {word for column in family for word in _words(column)}
    return any(facts[column].long_text for column in family), not words & _SYSTEM


@dataclass(frozen=True)
class _Meanings:
    """What the cells of a winner's column mean: words for columns, ties, and what is not known."""

    words: dict[str, str]
    ties: tuple[str, ...]
    unknown: tuple[str, ...]


def _meanings(winner: Facts, family: _Family, frame: pd.DataFrame) -> _Meanings | None:
    """What cells say, if nearly all say which of the options is best."""
    columns, own = list(family), frame[winner.name]
    named = pd.concat([own == frame[column] for column in columns], axis=1).any(axis=1)
    ties = tuple(v for v in winner.looked_at if folded(v) in _TIES)
    words, plain, unknown = {}, [], []
    for value in winner.looked_at:
        meant = _column_of(value, family)
        if value in ties:
            continue
        if meant is None:
            unknown.append(value)
        elif folded(value) == folded(meant):
            plain.append(value)
        else:
            words[value] = meant
    known = own.isin([*words, *plain, *ties])
    given = own.notna()
    by_word, by_name = known[given].mean(), (named | own.isin(ties))[given].mean()
    if by_name >= _KNOWN and by_name >= by_word and named.any():
        return _Meanings({}, ties, ())
    if by_word < _KNOWN or not (words or plain):
        return None
    return _Meanings(words, ties, tuple(unknown))


def _column_of(value: str, family: _Family) -> str | None:
    """The column that a word such as ``A``, ``Response A`` or ``model_a`` is about."""
    said = _words(value)
    for column, place in family.items():
        if folded(value) in (folded(column), place) or said == _words(column):
            return column
    found = [c for c, place in family.items() if place in said]
    return found[0] if len(found) == 1 and len(said) <= 4 else None


def _of_winner(
    winner: str,
    family: _Family,
    said: _Meanings,
    families: Sequence[_Family],
    facts: Mapping[str, Facts],
) -> ChoiceGuess:
    options = list(family)
    section: dict[str, Any] = {"options": options, "chosen": winner}
    section |= {"words": dict(said.words)} if said.words else {}
    usual = {folded(tie) for tie in TIES}
    if any(folded(tie) not in usual for tie in said.ties):
        section["ties"] = list(said.ties)
    places = list(family.values())
    alike = [f for f in families if list(f.values()) == places and f is not family]
    more = {"texts": [f for f in alike if all(facts[c].long_text for c in f)]}
    more["systems"] = [f for f in alike if _SYSTEM & set(_words(next(iter(f))))]
    for name, found in more.items():
        section |= {name: list(found[0])} if found else {}
    if "texts" not in section and all(facts[c].long_text for c in options):
        section["texts"] = [*options]
    told = {
        "options": (", ".join(options), f"'{winner}' says which of them is best"),
        "chosen": (winner, f"its cells are {_few([*said.words, *said.ties]) or 'their names'}"),
    }
    used = {winner, *options, *section.get("texts", ()), *section.get("systems", ())}
    undecided = []
    if said.unknown:
        undecided.append(
            f"what {_few(said.unknown)} of '{winner}' mean: state 'words' or 'ties' of 'choices'"
        )
    return ChoiceGuess(section, told, frozenset(used), tuple(undecided))


def _few(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values[:6])


def _ranked(facts: Mapping[str, Facts], families: Sequence[_Family]) -> ChoiceGuess | None:
    """Ranks in columns, one for each option."""
    for ranks in families:
        named = set(_words(next(iter(ranks)))) & _RANK
        numbers = all(facts[c].whole and facts[c].n_values <= len(ranks) + 1 for c in ranks)
        others = [f for f in families if f is not ranks and [*f.values()] == [*ranks.values()]]
        if named and numbers and others:
            options = min(others, key=lambda f: _preferred(f, facts))
            section = {"options": list(options), "ranks": list(ranks)}
            why = f"{_few([*ranks])} hold their ranks"
            told = {"options": (", ".join(options), why)}
            return ChoiceGuess(section, told, frozenset({*options, *ranks}))
    return None


def guess_marks(facts: Mapping[str, Facts], rater: str, prompt: str) -> ChoiceGuess | None:
    """Find a mark or a rank of options, of which several are one rater's answers to one prompt."""
    sets = [facts[rater], facts[prompt]]
    if unique_together(sets) > _KNOWN:
        return None
    options = [
        f for f in facts.values()
        if f.name not in (rater, prompt) and (identifies(f.name) & {"item"} or is_key(f.name))
        and not f.long_text and unique_together([*sets, f]) == 1
    ]  # fmt: skip
    for f in facts.values():
        words = set(_words(f.name))
        mark = words & _WINNER and {folded(v) for v in f.different} <= {*YES, *NO}
        rank = words & _RANK and f.whole and f.n_values <= 20
        if options and f.n_values > 1 and (mark or rank):
            option = max(options, key=lambda o: o.n_values).name
            key = "chosen" if mark else "rank"
            section = {"option": option, key: f.name}
            system = [o.name for o in facts.values() if set(_words(o.name)) & _SYSTEM]
            section |= {"system": system[0]} if system else {}
            told = {key: (f.name, f"named so; rows of one rater and '{prompt}' are one choice")}
            return ChoiceGuess(section, told, frozenset({option, f.name, *system[:1]}))
    return None


def who_and_what(
    facts: Mapping[str, Facts], guess: ChoiceGuess | None
) -> tuple[str | None, str | None]:
    """The columns that name the rater and the prompt of a choice."""
    free = [f for f in facts.values() if guess is None or f.name not in guess.used]
    raters = [f for f in free if identifies(f.name) == {"rater"} and f.n_values > 1]
    rater = max(raters, key=lambda f: f.n_values, default=None)
    asked = [f for f in free if f is not rater and f.n_values > 1 and not says(f.name)]
    tiers = (
        [f for f in asked if "prompt" in identifies(f.name) and not f.long_text],
        [f for f in asked if mentions(f.name, "prompt")],
        [f for f in asked if "item" in identifies(f.name) and not f.long_text],
        [f for f in asked if is_key(f.name) and not is_number(f.name)],
    )
    prompt = next((max(tier, key=lambda f: f.n_values) for tier in tiers if tier), None)
    return (rater.name if rater else None), (prompt.name if prompt else None)


def prompt_text(facts: Mapping[str, Facts], prompt: str, guess: ChoiceGuess) -> str | None:
    """The column with the wording of prompts."""
    if facts[prompt].long_text:
        return prompt
    found = (
        f.name for f in facts.values()
        if f.long_text and f.name not in guess.used and mentions(f.name, "prompt")
        and share_same(f, facts[prompt]) in (None, 1.0)
    )  # fmt: skip
    return next(found, None)


def with_prompt_text(guess: ChoiceGuess, column: str | None) -> ChoiceGuess:
    """The guess with the wording of prompts."""
    if column is None:
        return guess
    section = guess.section | {"prompt_text": column}
    return replace(guess, section=section, used=guess.used | {column})
