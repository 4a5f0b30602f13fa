"""Which column of a table of ratings is what, and why it seems so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from pluralign_stats.drafting.facts import Facts, facts_of, share_same, unique_together
from pluralign_stats.drafting.names import (
    about_people,
    has_key,
    identifies,
    is_dimension,
    is_key,
    is_rating,
    mentions,
    says,
    text_part,
)
from pluralign_stats.study.infer_factors import MANY_LEVELS

#: Roles of columns that the codebook does not read.
LEFT_OUT = "left out"
#: Share of pairs of rater and item that are there once, from which on rows are not of dimensions.
_ONE_ROW = 0.8
_NEARLY = 0.98
_FEW_RATERS = 4


@dataclass(frozen=True)
class Guess:
    """What one column is taken for.

    Attributes
    ----------
    column, role, why
        The column, its role, and what says so.
    sure
        Whether a name says so, or nothing else is possible; else the user is asked.
    """

    column: str
    role: str
    why: str
    sure: bool = True


def guess_roles(frame: pd.DataFrame, stated: Mapping[str, str]) -> list[Guess]:
    """Guess the role of every column of a table of ratings.

    Parameters
    ----------
    frame
        Cells as text.
    stated
        Roles by column, of those that the user named.

    Returns
    -------
    list of Guess
        In the order of the columns. Without a rater, an item or a rating none has such a role.
    """
    facts = {str(column): facts_of(str(column), frame[column]) for column in frame}
    guesses = {column: Guess(column, role, "as stated") for column, role in stated.items()}
    free = [f for f in facts.values() if f.name not in stated]
    constant = [f for f in free if f.n_values < 2]
    guesses |= {f.name: Guess(f.name, LEFT_OUT, _constant(f)) for f in constant}
    free = [f for f in free if f.n_values > 1]
    rater = _stated(facts, stated, "rater") or _add(guesses, _rater(free))
    if rater is None:
        return [guesses[c] for c in facts if c in guesses]
    who = facts[rater]
    free = [f for f in free if f.name not in guesses]
    items = [f for f in facts.values() if stated.get(f.name) == "item"]
    for guess in [] if items else _items(free, who):
        guesses[guess.column] = guess
        items.append(facts[guess.column])
    free = [f for f in free if f.name not in guesses]
    item = _together(items, frame) if items else None
    for guess in _prompt(free, item, stated):
        guesses[guess.column] = guess
    if item is not None and "dimension" not in stated.values():
        for guess in _long([f for f in free if f.name not in guesses], who, item, stated):
            guesses[guess.column] = guess
    for f in free:
        if f.name not in guesses:
            guesses[f.name] = _other(f, who, item)
    named = [c for c, guess in guesses.items() if guess.role == "rating" and is_rating(c)]
    ratings = [column for column, role in stated.items() if role == "rating"] or named
    return [_settled(guesses[column], guesses.values(), ratings) for column in facts]


def _stated(facts: Mapping[str, Facts], stated: Mapping[str, str], role: str) -> str | None:
    return next((column for column in facts if stated.get(column) == role), None)


def _add(guesses: dict[str, Guess], guess: Guess | None) -> str | None:
    if guess is not None:
        guesses[guess.column] = guess
    return guess.column if guess else None


def _constant(facts: Facts) -> str:
    return (
        f"every cell holds '{facts.different[0][:40]}'"
        if facts.different
        else "every cell is empty"
    )


def _together(columns: list[Facts], frame: pd.DataFrame) -> Facts:
    """What several columns identify together."""
    if len(columns) == 1:
        return columns[0]
    parts = [frame[column.name].fillna("") for column in columns]
    return facts_of("item", parts[0].str.cat(parts[1:], sep="\0"))


def _rater(free: Iterable[Facts]) -> Guess | None:
    """Who rated: by name, or a column of names that come again and again."""
    usable = [
        f for f in free
        if not f.long_text and not (f.numeric and not f.whole) and f.n_values >= _FEW_RATERS
    ]  # fmt: skip
    named = [f for f in usable if "rater" in identifies(f.name)]
    keys = [f for f in usable if is_key(f.name)]
    for tier, why in ((named, "named so"), (keys, "its name is that of a key")):
        again = [f for f in tier if not f.unique]
        if again:
            best = max(again, key=lambda f: f.n_values)
            return Guess(best.name, "rater", f"{why}; {_again(best)}")
    if named:
        return Guess(named[0].name, "rater", "named so; every row has another one")
    like = [
        f for f in usable
        if f.n_values >= 10 and 2 * f.n_values <= len(f.code)
        and not says(f.name) and not about_people(f.name) and not is_rating(f.name)
        and not identifies(f.name)
    ]  # fmt: skip
    if not like:
        return None
    best = max(like, key=lambda f: f.n_values)
    return Guess(
        best.name,
        "rater",
        f"of columns like it the one with most names; {_again(best)}",
        sure=False,
    )


def _again(facts: Facts) -> str:
    each = (facts.code >= 0).sum() / facts.n_values
    return f"{facts.n_values:,} different ones, {each:.3g} rows each"


def _items(free: list[Facts], who: Facts) -> list[Guess]:
    """What was rated: by name, by what the raters have once each, or a prompt with conditions."""
    usable = [f for f in free if not (f.numeric and not f.whole) and not f.dates]
    once = {f.name: unique_together([who, f]) for f in usable}
    varies = [f for f in usable if (share_same(f, who) or 0) < _NEARLY]
    named = [f for f in varies if "item" in identifies(f.name)]
    tiers = (
        ([f for f in named if not f.long_text], "named so"),
        ([f for f in varies if is_key(f.name)], "its name is that of a key"),
        ([f for f in named if f.long_text], "named so; the text stands for the response"),
    )
    for tier, why in tiers:
        if tier:
            best = max(tier, key=lambda f: (round(once[f.name], 2), not f.rated))
            return [Guess(best.name, "item", f"{why}; {_again(best)}")]
    prompts = [f for f in varies if "prompt" in identifies(f.name)]
    if prompts:
        more = [f for f in varies if f is not prompts[0] and _condition(f, prompts[0])]
        why = "no column is named like a response; this one with the prompt tells responses apart"
        first = Guess(
            prompts[0].name, "item", "named like a prompt; a part of the item", sure=False
        )
        return [first, *(Guess(f.name, "item", why, sure=False) for f in more)]
    like = [
        f for f in varies
        if once[f.name] > _NEARLY and 2 * f.n_values <= len(f.code) and f.n_values > 2
        and not says(f.name) and not about_people(f.name) and not is_rating(f.name)
    ]  # fmt: skip
    if not like:
        return []
    best = max(like, key=lambda f: (not f.rated, f.n_values))
    return [
        Guess(best.name, "item", f"raters have each of its values once; {_again(best)}", sure=False)
    ]


def _condition(facts: Facts, prompt: Facts) -> bool:
    """Whether a column of words says what was shown of a prompt."""
    words = not facts.numeric and not facts.rated and not facts.long_text
    few = facts.n_values <= MANY_LEVELS and not says(facts.name) and not about_people(facts.name)
    return words and few and (share_same(facts, prompt) or 0) < 1


def _prompt(free: list[Facts], item: Facts | None, stated: Mapping[str, str]) -> list[Guess]:
    """What responses answer: the same within a response, and shared by several."""
    if item is None or "prompt" in stated.values():
        return []
    groups = [
        f for f in free
        if mentions(f.name, "prompt") and (share_same(f, item) or 0) == 1
        and f.n_values < item.n_values and not says(f.name)
    ]  # fmt: skip
    if not groups:
        return []
    best = max(groups, key=lambda f: ("prompt" in identifies(f.name), not f.long_text))
    each = item.n_values / best.n_values
    return [
        Guess(best.name, "prompt", f"named so; {each:.3g} responses to each of {best.n_values:,}")
    ]


def _long(free: list[Facts], who: Facts, item: Facts, stated: Mapping[str, str]) -> list[Guess]:
    """Dimension and rating of a table with one rating a row."""
    if unique_together([who, item]) > _ONE_ROW:
        return []
    telling = [
        f for f in free
        if f.n_values <= MANY_LEVELS and not f.numeric
        and unique_together([who, item, f]) > _NEARLY and (share_same(f, item) or 0) < 1
    ]  # fmt: skip
    rated = [f for f in free if f.rated and f not in telling and not says(f.name)]
    named = [f for f in rated if is_rating(f.name)] or [
        f for f in rated if (share_same(f, who) or 0) < 1 and (share_same(f, item) or 0) < 1
    ]
    if not telling or not named or "rating" in stated.values():
        return []
    best = max(telling, key=lambda f: is_dimension(f.name))
    why = "a rater has several rows of one response, and this tells them apart"
    return [
        Guess(
            best.name,
            "dimension of the row",
            why,
            sure=is_dimension(best.name) or len(telling) == 1,
        ),
        Guess(
            named[0].name,
            "rating of the row",
            "holds the ratings of all dimensions",
            sure=len(named) == 1,
        ),
    ]


def _settled(guess: Guess, all_: Iterable[Guess], ratings: Sequence[str]) -> Guess:
    """A guess in the light of the others: one language, and ratings where some are named so."""
    others = list(all_)
    of_role = [other for other in others if other.role == guess.role]
    if guess.role == "language" and guess is not of_role[0]:
        return replace(
            guess, role="covariate", why="tags of languages beside another column of these"
        )
    long = any(other.role == "rating of the row" for other in others)
    if guess.role == "rating" and (long or (ratings and guess.column not in ratings)):
        why = "differs within raters and responses; another column is named like a rating"
        return replace(guess, role="covariate", why=why)
    return guess


def _other(facts: Facts, who: Facts, item: Facts | None) -> Guess:
    """The role of a column that identifies nothing."""
    name = facts.name
    return (
        _by_name(facts)
        or by_rater(facts, share_same(facts, who))
        or _by_item(facts, None if item is None else share_same(facts, item))
        or _by_cells(name, facts)
    )


def _by_name(facts: Facts) -> Guess | None:
    said = says(facts.name)
    if said == "attention check" and facts.n_values <= MANY_LEVELS:
        return Guess(facts.name, "attention check", "named so")
    if said in ("platform", "derived", "position"):
        told = {"platform": "about the session", "derived": "made of the ratings"}
        return Guess(facts.name, LEFT_OUT, told.get(said, "a place in an order"))
    if facts.dates or said == "date":
        return Guess(facts.name, LEFT_OUT, "a date")
    if said == "duration" and facts.numeric:
        return Guess(facts.name, LEFT_OUT, "a duration; it can tell who was too fast")
    if said == "language" and facts.tags:
        return Guess(facts.name, "language", "named so, with tags of languages")
    if said == "condition" and facts.n_values <= MANY_LEVELS:
        return Guess(facts.name, "covariate", "named like a condition of the study")
    return None


def by_rater(facts: Facts, same: float | None) -> Guess | None:
    """The role of a column that is (nearly) the same in all rows of a rater."""
    enough = 1 if facts.rated and not about_people(facts.name) else 0.9
    if same is None or same < enough:
        return None
    why = "the same in all rows of a rater"
    if same < 1:
        why = f"the same in {same:.1%} of the raters' rows; who has two answers has to be decided"
    if facts.long_text or (
        facts.n_values > MANY_LEVELS and not facts.numeric and not about_people(facts.name)
    ):
        return Guess(
            facts.name, LEFT_OUT, f"{why}, and free text: {facts.n_values:,} different ones"
        )
    if identifies(facts.name) or (is_key(facts.name) and facts.n_values > MANY_LEVELS):
        return Guess(facts.name, LEFT_OUT, f"{why}; another name for raters")
    return Guess(facts.name, "demographic", why)


def _by_item(facts: Facts, same: float | None) -> Guess | None:
    if facts.long_text:
        if same is not None and same < 1:
            return Guess(facts.name, LEFT_OUT, "free text of raters")
        return Guess(facts.name, text_part(facts.name), "long texts, one for each response")
    if same is None or same < 1:
        return None
    if facts.n_values <= MANY_LEVELS or (
        facts.numeric and not facts.unique and not identifies(facts.name)
    ):
        return Guess(facts.name, "covariate", "the same in all rows of a response")
    return Guess(
        facts.name, LEFT_OUT, f"another name for responses: {facts.n_values:,} different ones"
    )


def _by_cells(name: str, facts: Facts) -> Guess:
    if facts.rated and not has_key(name):
        return Guess(name, "rating", "answers on a scale that differ within raters and responses")
    if facts.n_values <= MANY_LEVELS and not facts.numeric:
        return Guess(name, "covariate", "words that differ within raters and responses")
    return Guess(name, LEFT_OUT, f"{facts.n_values:,} different values of no known meaning")
