"""A codebook drafted from data files: read, guessed at, asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from pluralign_stats.drafting.choice_study import draft_choices, with_choices
from pluralign_stats.drafting.compose import Drafted, compose
from pluralign_stats.drafting.facts import Facts, facts_of
from pluralign_stats.drafting.names import mentions, says, text_part
from pluralign_stats.drafting.roles import LEFT_OUT, Guess, guess_roles
from pluralign_stats.drafting.sources import Source
from pluralign_stats.drafting.tables import Sources, beside, check_listed, read_sources
from pluralign_stats.drafting.wide import Ask
from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.draft import Given
from pluralign_stats.study.infer_factors import MANY_LEVELS


@dataclass(frozen=True)
class Stated:
    """What the user says beforehand.

    Attributes
    ----------
    rater, item, prompt, ratings
        Columns.
    given
        Valence and scales by dimension.
    """

    rater: str | None = None
    item: tuple[str, ...] = ()
    prompt: str | None = None
    ratings: tuple[str, ...] = ()
    given: Given = field(default_factory=Given)

    @property
    def roles(self) -> dict[str, str]:
        """Role by column."""
        named = dict.fromkeys(self.ratings, "rating")
        named |= dict.fromkeys(self.item, "item")
        named |= {self.prompt: "prompt"} if self.prompt else {}
        return named | ({self.rater: "rater"} if self.rater else {})


def draft_study(paths: Sequence[Path], folder: Path, stated: Stated, ask: Ask | None) -> Drafted:
    """Draft the codebook of a study.

    Parameters
    ----------
    paths
        Data files: of ratings, raters and items, or one that holds all.
    folder
        Where the codebook is to lie.
    stated
        What the user says beforehand.
    ask
        Asks what cannot be told; None to take the guesses.

    Raises
    ------
    InputError
        If a file cannot be read, or there is no column of raters, of responses or of ratings.
    """
    sources = read_sources(paths, folder, ask, wide=not (stated.item or stated.ratings))
    raters = _guess_others(sources.raters, sources.rater, "demographic")
    chosen = None
    if not (stated.item or stated.ratings or sources.wide):
        chosen = draft_choices(sources, stated.rater, stated.prompt, raters, ask)
    if chosen is not None and not _rated_too(sources, chosen):
        return chosen
    frame = sources.ratings.table.frame
    roles = _known(sources) | stated.roles
    for column, role in stated.roles.items():
        check_listed([column], frame, role)
    guesses = [_with_reason(guess, sources) for guess in _certain(frame, roles, ask)]
    _check_guesses(guesses, sources)
    items = _guess_others(sources.items, sources.item, "covariate")
    sources, raters = beside(sources, guesses, raters, folder)
    drafted = compose(sources, guesses, raters, items, stated.given, ask)
    return drafted if chosen is None else with_choices(drafted, chosen)


def _rated_too(sources: Sources, chosen: Drafted) -> bool:
    """Whether options of choices, one a row, have ratings as well."""
    section = chosen.content["choices"]
    used = [section.get(key) for key in ("chosen", "rank")]
    guesses = guess_roles(sources.ratings.table.frame, _known(sources))
    return "option" in section and any(
        guess.role == "rating" and guess.column not in used for guess in guesses
    )


def _known(sources: Sources) -> dict[str, str]:
    """Roles of columns that files share, and of those that a wide file was made long to."""
    shared = {sources.rater: "rater", sources.item: "item"}
    roles = {guess.column: guess.role for guess in sources.laid_out}
    if sources.rater is not None:
        roles = {column: role for column, role in roles.items() if role != "rater"}
    return roles | {column: role for column, role in shared.items() if column is not None}


def _with_reason(guess: Guess, sources: Sources) -> Guess:
    """A guess that rests on how the files are laid out, said so."""
    if guess.column in (sources.rater, sources.item):
        return replace(guess, why="its names are those of another file")
    known = (
        each for each in (sources.wide.roles if sources.wide else ()) if each.column == guess.column
    )
    return next((each for each in known if each.role == guess.role), guess)


def _certain(frame: pd.DataFrame, roles: Mapping[str, str], ask: Ask | None) -> list[Guess]:
    """Guesses, after the user was asked for those that are unsure."""
    guesses = guess_roles(frame, roles)
    if ask is None:
        return guesses
    asked = {"rater": "Which column says who rated?", "item": "Which column says what was rated?"}
    for role, question in asked.items():
        found = [guess for guess in guesses if guess.role == role]
        if role in roles.values() or (found and all(guess.sure for guess in found)):
            continue
        default = ", ".join(guess.column for guess in found)
        answer = ask(f"{question} (several: a, b)", [*map(str, frame)], default)
        columns = [part.strip() for part in answer.split(",") if part.strip()]
        roles = {**roles, **dict.fromkeys(columns, role)}
        guesses = guess_roles(frame, roles)
    return guesses


def _check_guesses(guesses: Sequence[Guess], sources: Sources) -> None:
    """Refuse files in which nobody rates anything."""
    name, frame = sources.ratings.table.name, sources.ratings.table.frame
    by_role = {guess.role: guess.column for guess in guesses}
    columns = listing(frame.columns, 20)
    if "rater" not in by_role:
        raise InputError(
            f"{name}: no column says who rated; name it with --rater COLUMN; there are {columns}"
        )
    raters = frame[by_role["rater"]].dropna()
    if raters.is_unique:
        raise InputError(
            f"{name}: column '{by_role['rater']}': every row has a rater of its own, so this is a "
            "table of people or of responses; give the file that has one row for each rater and "
            "response as well, or name the column of raters with --rater COLUMN"
        )
    if "item" not in by_role:
        raise InputError(
            f"{name}: no column says what was rated; name it with --item COLUMN; there are "
            f"{columns}"
        )
    if not {"rating", "rating of the row"} & set(by_role):
        raise InputError(
            f"{name}: no column of ratings was found (numbers of a scale, or words in a known "
            f"order, that differ within raters and responses); name it with --rating COLUMN; "
            f"there are {columns}"
        )


def _guess_others(source: Source | None, key: str | None, usual: str) -> list[Guess]:
    """Roles of the columns of a file of raters or items."""
    if source is None:
        return []
    frame = source.table.frame
    columns = [str(column) for column in frame if column != key]
    return [_guess_other(facts_of(column, frame[column]), usual) for column in columns]


def _guess_other(facts: Facts, usual: str) -> Guess:
    name, said = facts.name, says(facts.name)
    if facts.n_values < 2:
        return Guess(name, LEFT_OUT, "every cell holds the same, or nothing")
    if facts.long_text and usual == "covariate":
        return Guess(name, text_part(name), "long texts, one for each response")
    if usual == "covariate" and mentions(name, "prompt") and not facts.unique:
        return Guess(name, "prompt", "named so, and shared by responses")
    if facts.dates or said in ("date", "duration", "platform", "derived", "position"):
        return Guess(name, LEFT_OUT, "about the session or made of the ratings, by its name")
    if facts.n_values > MANY_LEVELS and not facts.numeric:
        return Guess(name, LEFT_OUT, f"{facts.n_values:,} different texts")
    if said == "attention check":
        return Guess(name, said, "named so")
    where = "raters" if usual == "demographic" else "items"
    return Guess(name, usual, f"a column of the file of {where}")
