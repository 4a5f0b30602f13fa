"""The scale of ratings that no codebook describes, told from their cells."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pluralign_stats.errors import listing
from pluralign_stats.study.inference import Taken
from pluralign_stats.study.known_answers import (
    is_declined,
    is_no_answer,
    is_no_rating,
    known_order,
    numbered,
)
from pluralign_stats.study.number_codes import SHORT, outside_of_others, told_of
from pluralign_stats.study.scale import Scale
from pluralign_stats.study.text import folded, is_number

#: From so many different whole numbers on, ratings come from a slider.
_SLIDER = 12
#: Ends that sliders and scales have, the more usual first.
_WHOLE = ((1, 5), (1, 7), (0, 1), (-2, 2), (-3, 3), (0, 10), (1, 10), (0, 100), (-100, 100))
_ANY = ((0, 1), (-1, 1), (1, 5), (0, 5), (1, 7), (0, 10), (0, 100), (-100, 100))


def infer_scale(values: Sequence[str], order: Sequence[str] = ()) -> Taken | None:
    """Scale of ratings that have these different cells, the words in `order` if that is known.

    Returns
    -------
    Taken or None
        None where some are words of which nobody knows the order.
    """
    silent = [value for value in values if is_no_rating(value)]
    given = [value for value in values if value not in silent]
    if order:
        return _in_order(
            [(word,) for word in order], _left(order, values), "as ordered in the data"
        )
    numbers = [value for value in given if is_number(value)]
    known = None
    if len(numbers) < len(given):
        # "Unsure" is a step of some sets, and no rating beside others.
        answered = [word for word in values if not is_declined(word) and not is_no_answer(word)]
        known = known_order(answered) or known_order(given)
    if known:
        steps = {folded(word) for step in known for word in step}
        left = [value for value in silent if folded(value) not in steps]
        return _in_order(known, left, "words of a known set of answers, in its order")
    if len(numbers) == len(given):
        return _with_missing(_of_numbers(np.array(sorted(map(float, numbers)))), silent)
    starts = numbered(given)
    if starts is None:
        return None
    taken = _of_numbers(np.array(sorted(starts.values()), float))
    labels = {number: word for word, number in starts.items() if not is_number(word)}
    content = taken.content | {"labels": labels}
    return _with_missing(
        replace(taken, content=content, why=f"numbers before words; {taken.why}"), silent
    )


def _left(order: Sequence[str], values: Iterable[str]) -> list[str]:
    known = {folded(word) for word in order}
    return [value for value in values if folded(value) not in known]


def _in_order(steps: Sequence[tuple[str, ...]], silent: Sequence[str], why: str) -> Taken:
    """A scale of words: from 0 where there are two, else from 1."""
    first = 0 if len(steps) == 2 else 1
    labels = {k: step[0] for k, step in enumerate(steps, first)}
    content = {"scale": [first, first + len(steps) - 1], "labels": labels}
    told = ", ".join(f"{k} {word}" for k, word in labels.items())
    return _with_missing(Taken(content, told, why), silent)


def _with_missing(taken: Taken, silent: Sequence[str]) -> Taken:
    """The same, where these words hold no rating."""
    if not silent:
        return taken
    missing = [*taken.content.get("missing", ()), *silent]
    told = f"{taken.told}; no rating: {listing(silent)}"
    return replace(taken, content=taken.content | {"missing": missing}, told=told)


def _of_numbers(numbers: np.ndarray) -> Taken:
    """Scale of (n,) different ratings, sorted."""
    if not len(numbers):
        return Taken({"scale": [1, 5]}, "1 to 5", "no cell holds a rating")
    code = outside_of_others(numbers)
    numbers, codes = numbers[~code], numbers[code]
    whole = bool((numbers == np.round(numbers)).all())
    low, high = numbers[0], numbers[-1]
    scale = Scale.of(*(_whole_ends(numbers) if whole else _ends(low, high)), continuous=not whole)
    seen = f"ratings from {low:g} to {high:g}"
    exact = (scale.low, scale.high) == (low, high)
    why = seen if exact else f"{seen}; {scale} is the usual scale around them"
    why += "" if whole else "; some lie between whole numbers"
    content: dict[str, Any] = {"scale": scale.model_dump()}
    told = scale.allowed
    if len(codes):
        content["missing"] = [f"{number:g}" for number in codes]
        told += f"; no rating: {listing(content['missing'])}"
        why += f"; {told_of(listing(content['missing']))}"
    return Taken(content, told, why)


def _whole_ends(numbers: np.ndarray) -> tuple[int, int]:
    """Ends of a scale of whole numbers of which (n,) different ones occur."""
    low, high = int(numbers[0]), int(numbers[-1])
    if high <= SHORT and len(numbers) < _SLIDER and (low in (0, 1) or low == -high) and low < high:
        return low, high
    if low == 1 and SHORT < high <= 100:
        return 1, 100
    return _around(low, high, _WHOLE)


def _ends(low: float, high: float) -> tuple[float, float]:
    return _around(low, high, _ANY)


def _around[Number: (int, float)](
    low: Number, high: Number, usual: Iterable[tuple[int, int]]
) -> tuple[Number, Number]:
    """The first usual scale that holds both; the two themselves where none does."""
    inside = ((a, b) for a, b in usual if a <= low and high <= b)
    return next(inside, (low, high if high > low else low + 1))


def pooled(taken: Mapping[str, Taken]) -> dict[str, Taken]:
    """Widen scales of whole numbers by those of like questions: nobody may have chosen an end."""
    short = {
        name: tuple(scale.content["scale"])
        for name, scale in taken.items()
        if isinstance(scale.content["scale"], list)
        and "labels" not in scale.content
        and scale.content["scale"][1] <= SHORT
    }
    made = dict(taken)
    for name, (low, high) in short.items():
        like = [(a, b) for a, b in short.values() if abs(a - low) + abs(b - high) <= 1]
        ends = min(a for a, _ in like), max(b for _, b in like)
        if ends != (low, high):
            scale = Scale.of(*ends)
            content = taken[name].content | {"scale": list(ends)}
            why = f"{taken[name].why}; like questions go from {scale}"
            made[name] = Taken(content, scale.allowed, why)
    return made
