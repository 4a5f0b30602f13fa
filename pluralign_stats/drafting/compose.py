"""The codebook of files of which every column has a role, and what is left to decide."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pluralign_stats.drafting.facts import facts_of
from pluralign_stats.drafting.names import says
from pluralign_stats.drafting.roles import LEFT_OUT, Guess
from pluralign_stats.drafting.rules import rules_of
from pluralign_stats.drafting.tables import Sources
from pluralign_stats.drafting.wide import Ask
from pluralign_stats.errors import listing
from pluralign_stats.study.draft import Given, Roles, draft_codebook
from pluralign_stats.study.entries import ENGLISH
from pluralign_stats.study.inference import Inference, identifier
from pluralign_stats.study.tables import Tables
from pluralign_stats.study.text import folded

_PASSED = {"correct", "passed", "pass", "true", "yes", "1", "ok", "richtig", "bestanden", "ja"}
_SINGLE = {"rater": "rater", "prompt": "prompt", "language": "language"}
_SINGLE |= {"dimension of the row": "dimension", "rating of the row": "rating"}


@dataclass(frozen=True)
class Drafted:
    """A codebook's content, what it rests on, and what is left to decide.

    Attributes
    ----------
    content
        Of the codebook.
    inferred
        What was taken for what, by its place in the codebook.
    left_out
        Columns that are not read, and why.
    open
        What the user has to decide, one sentence each.
    tables
        The files as text.
    """

    content: dict[str, Any]
    inferred: tuple[Inference, ...]
    left_out: tuple[Guess, ...]
    open: tuple[str, ...]
    tables: Tables

    @property
    def of_choices(self) -> bool:
        """Whether the files hold choices and no ratings."""
        return "dimensions" not in self.content


def compose(
    sources: Sources,
    ratings: Sequence[Guess],
    raters: Sequence[Guess],
    items: Sequence[Guess],
    given: Given,
    ask: Ask | None,
) -> Drafted:
    """Put together what was guessed of the files of ratings, raters and items."""
    every = [*ratings, *raters, *items]
    roles = _roles(every, sources.tables)
    given = _asked_valence(roles, sources.tables, given, ask)
    head = {"name": "my_study", "title": "My study", "files": sources.entries}
    draft = draft_codebook(sources.tables, roles, given, head)
    filters, told, undecided = _filters(every, sources.tables)
    content = draft.content | ({"filters": filters} if filters else {})
    rules = rules_of(sources, roles, ask)
    content |= rules.content
    keys = [_key(guess) for guess in every if guess.role in ("item", *_SINGLE)]
    texts = [
        Inference(g.column, g.role, "wording", g.why, ("texts", g.role.split()[0]))
        for g in every if g.role.endswith(" text")
    ]  # fmt: skip
    reasons = {guess.column: guess.why for guess in every}
    found = [
        replace(each, why=_both(reasons.get(each.column, ""), each)) for each in draft.inferred
    ]
    files = [
        Inference(source.table.name, f"file of {role}", "read so", why, ("files", role))
        for role in ("ratings", "raters", "items")
        if (source := getattr(sources, role)) is not None
        for why in source.why
    ]
    left = (*(guess for guess in every if guess.role == LEFT_OUT), *sources.apart)
    parts = [sources.wide.undecided] if sources.wide and sources.wide.undecided else []
    open_ = (*parts, *_unsure(every), *undecided, *rules.open, *_open_valence(content))
    inferred = (*files, *keys, *found, *texts, *told, *rules.told)
    return Drafted(content, inferred, left, open_, sources.tables)


def _both(why: str, inference: Inference) -> str:
    return f"{why}; {inference.why}" if why and inference.role != "valence" else inference.why


def _key(guess: Guess) -> Inference:
    key = _SINGLE.get(guess.role, "item")
    return Inference(guess.column, guess.role, f"'{guess.column}'", guess.why, ("columns", key))


def _roles(guesses: Sequence[Guess], tables: Tables) -> Roles:
    def of(role: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(guess.column for guess in guesses if guess.role == role))

    single = {key: next(iter(of(role)), None) for role, key in _SINGLE.items()}
    prompt_texts = of("prompt text")
    prompt, language = single["prompt"], single["language"]
    if prompt and facts_of(prompt, _column(tables, prompt)).long_text:
        prompt_texts = (*prompt_texts, prompt)
    tags = _tags(tables, language)
    texts = {"prompt": prompt_texts[:1], "response": of("response text")[:1]}
    return Roles(
        rater=str(single["rater"]), item=of("item"), prompt=prompt, language=language,
        dimension=single["dimension"], rating=single["rating"],
        dimensions=() if single["rating"] else of("rating"),
        demographics=of("demographic"), covariates=of("covariate"),
        texts={part: dict.fromkeys(tags, c[0]) for part, c in texts.items() if c},
    )  # fmt: skip


def _column(tables: Tables, column: str) -> pd.Series:
    present = [t for t in (tables.ratings, tables.raters, tables.items) if t is not None]
    return next(table.frame[column] for table in present if column in table.frame)


def _tags(tables: Tables, language: str | None) -> list[str]:
    """Tags of the languages of texts: those of the ratings, or the one that all rows have."""
    if language is not None:
        return sorted(_column(tables, language).dropna().unique())
    for column in map(str, tables.ratings.frame):
        facts = facts_of(column, tables.ratings.frame[column])
        if says(column) == "language" and facts.n_values == 1 and facts.tags:
            return [facts.different[0]]
    return [ENGLISH]


def _asked_valence(roles: Roles, tables: Tables, given: Given, ask: Ask | None) -> Given:
    """Valence of each dimension as the user says it; not declared where nobody is asked."""
    if ask is None:
        return given
    names: tuple[str, ...] = roles.rated
    if roles.dimension is not None:
        names = tuple(tables.ratings.frame[roles.dimension].dropna().unique())
    known = {"good": 1, "bad": -1}
    valence = dict(given.valence)
    for name in names:
        if name not in valence and identifier(name, (), "dimension") not in valence:
            question = f"Is a high rating of '{name}' good or bad?"
            answer = ask(question, ["good", "bad", "later"], "later")
            valence |= {name: known[answer]} if answer in known else {}
    return replace(given, valence=valence)


def _filters(
    guesses: Sequence[Guess], tables: Tables
) -> tuple[dict[str, Any], list[Inference], list[str]]:
    """Filters of attention checks whose passing answer can be told by its word."""
    filters: dict[str, Any] = {}
    told, undecided = [], []
    for guess in guesses:
        if guess.role != "attention check":
            continue
        values = Counter(_column(tables, guess.column).dropna())
        passed = [value for value in values if folded(value) in _PASSED]
        if len(passed) == 1 and len(values) > 1:
            name = identifier(guess.column, filters, "check")
            filters[name] = {"columns": guess.column, "keep": passed[0]}
            why = f"{guess.why}; '{passed[0]}' is a word for passing"
            told.append(
                Inference(guess.column, "filter", f"'{passed[0]}' is kept", why, ("filters", name))
            )
        else:
            undecided.append(
                f"which answers to '{guess.column}' pass: it looks like an attention check and "
                f"holds {listing(values)}; state them under 'filters'"
            )
    return filters, told, undecided


def _unsure(guesses: Sequence[Guess]) -> list[str]:
    unsure: dict[str, list[str]] = {}
    for guess in guesses:
        if not guess.sure:
            unsure.setdefault(guess.role, []).append(guess.column)
    return [
        f"whether {role} is {listing(columns)}: a guess by what the columns hold, not by a name"
        for role, columns in unsure.items()
    ]


def _open_valence(content: Mapping[str, Any]) -> list[str]:
    unknown = [name for name, d in content["dimensions"].items() if d["valence"] is None]
    if not unknown:
        return []
    return [
        f"whether a high rating is good (valence: 1) or bad (valence: -1) of {listing(unknown)}; "
        "preferences, their audit and averages over dimensions ask for it"
    ]
