"""A codebook of choices drafted from data files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pluralign_stats.drafting.choices import (
    ChoiceGuess,
    guess_choices,
    guess_marks,
    prompt_text,
    who_and_what,
    with_prompt_text,
)
from pluralign_stats.drafting.compose import Drafted
from pluralign_stats.drafting.facts import Facts, facts_of, share_same
from pluralign_stats.drafting.names import says
from pluralign_stats.drafting.roles import LEFT_OUT, Guess, by_rater
from pluralign_stats.drafting.sources import Source
from pluralign_stats.drafting.tables import Sources
from pluralign_stats.drafting.wide import Ask
from pluralign_stats.errors import InputError, listing
from pluralign_stats.study.draft import Given, draft_demographics
from pluralign_stats.study.inference import Inference

_ORDER = "Do {} stand in the order in which they were shown?"


def draft_choices(
    sources: Sources,
    rater: str | None,
    prompt: str | None,
    raters: Sequence[Guess],
    ask: Ask | None,
) -> Drafted | None:
    """Draft a codebook of choices.

    Parameters
    ----------
    sources
        The files, of which that of ratings may hold choices.
    rater, prompt
        Columns that the user named.
    raters
        Roles of the columns of the raters' file, if there is one.
    ask
        Asks what cannot be told; None to guess.

    Returns
    -------
    Drafted or None
        None where no column says which of several options is best.

    Raises
    ------
    InputError
        If none says who chose, or what the options respond to.
    """
    frame = sources.ratings.table.frame
    facts = {str(column): facts_of(str(column), frame[column]) for column in frame}
    guess = guess_choices(facts, frame)
    found = who_and_what(facts, guess)
    who, what = rater or sources.rater or found[0], prompt or found[1]
    if guess is None and who in facts and what in facts:
        guess = guess_marks(facts, who, what)
    if guess is None:
        return None
    who = _named(who, "rater", "who chose", facts, sources, ask)
    what = _named(what, "prompt", "what the options respond to", facts, sources, ask)
    guess = with_prompt_text(guess, prompt_text(facts, what, guess))
    others = [f for f in facts.values() if f.name not in {who, what, *guess.used}]
    own = [_role(f, facts[who]) for f in others]
    return _composed(sources, guess, (who, what), own, raters, ask)


def _named(
    found: str | None,
    key: str,
    about: str,
    facts: Mapping[str, Facts],
    sources: Sources,
    ask: Ask | None,
) -> str:
    """A column that was found or named, or that the user names when asked."""
    if found is None and ask is not None:
        found = ask(f"Which column says {about}?", list(facts), "")
    if found is None or found not in facts:
        raise InputError(
            f"{sources.ratings.table.name}: holds choices, and no column says {about}; name it "
            f"with --{key} COLUMN; there are {listing(facts, 20)}"
        )
    return found


def _role(facts: Facts, who: Facts) -> Guess:
    """The role of a column that says nothing of the choice."""
    name = facts.name
    if facts.n_values < 2:
        return Guess(name, LEFT_OUT, "every cell holds the same, or nothing")
    if facts.dates or says(name):
        return Guess(name, LEFT_OUT, f"a {says(name) or 'date'}, by its name or cells")
    about = by_rater(facts, share_same(facts, who))
    return about or Guess(name, LEFT_OUT, "nothing that choices need, by what is known")


def _composed(
    sources: Sources,
    guess: ChoiceGuess,
    named: tuple[str, str],
    own: Sequence[Guess],
    raters: Sequence[Guess],
    ask: Ask | None,
) -> Drafted:
    who, what = named
    described = raters if sources.raters is not None else own
    columns = [each.column for each in described if each.role == "demographic"]
    demographics, inferred = draft_demographics(sources.tables, who, columns, Given())
    section: dict[str, Any] = {"file": sources.ratings.plain, "rater": who, "prompt": what}
    section |= guess.section
    undecided = list(guess.undecided)
    if "options" in section:
        shown, open_ = _in_order(section["options"], ask)
        section |= shown
        undecided += open_
    content: dict[str, Any] = {"name": "my_choices"}
    content |= {"files": {"raters": sources.raters.plain}} if sources.raters else {}
    content |= {"demographics": demographics} if demographics else {}
    told = [
        Inference(who, "rater", f"'{who}'", "says who chose", ("choices", "rater")),
        Inference(what, "prompt", f"'{what}'", "what options respond to", ("choices", "prompt")),
        *(Inference(key, "choice", taken, why, ("choices", key))
          for key, (taken, why) in guess.told.items()),
        *inferred,
        *_read(sources.ratings, ("choices", "file")),
    ]  # fmt: skip
    left = (*(g for g in (*own, *raters) if g.column not in columns), *sources.apart)
    return Drafted(
        {**content, "choices": section}, tuple(told), left, tuple(undecided), sources.tables
    )


def _read(source: Source, where: tuple[str, ...]) -> list[Inference]:
    name = source.table.name
    return [Inference(name, "file of choices", "read so", why, where) for why in source.why]


def _in_order(options: Sequence[str], ask: Ask | None) -> tuple[dict[str, bool], list[str]]:
    """Whether options stand as they were shown, as the user says it; left open otherwise."""
    answer = "open"
    if ask is not None:
        answer = ask(_ORDER.format(listing(options)), ["yes", "no", "open"], "open")
    if answer != "open":
        return {"shown_in_order": answer == "yes"}, []
    return {}, [
        f"whether {listing(options)} stand in the order in which they were shown "
        "('shown_in_order: true'); no effect of the order is estimated unless they do"
    ]


def with_choices(drafted: Drafted, chosen: Drafted) -> Drafted:
    """A codebook of ratings that describes the choices in the same file as well."""
    told = [each for each in chosen.inferred if each.where[:1] == ("choices",)]
    used = {column for entry in chosen.content["choices"].values() for column in _columns(entry)}
    return replace(
        drafted,
        content=drafted.content | {"choices": chosen.content["choices"]},
        inferred=(*drafted.inferred, *told),
        left_out=tuple(guess for guess in drafted.left_out if guess.column not in used),
        open=(*drafted.open, *chosen.open),
    )


def _columns(entry: Any) -> list[str]:
    return [entry] if isinstance(entry, str) else [*entry] if isinstance(entry, list) else []
