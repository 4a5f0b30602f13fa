"""The errors that users see: one line each, saying what was wrong and what to do."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


class PluralignError(Exception):
    """Base of every error that Pluralign raises on purpose.

    Examples
    --------
    >>> issubclass(pls.InputError, pls.PluralignError)
    True
    """


class InputError(PluralignError):
    """A file, codebook, parameter or argument that cannot be used as it is.

    Attributes
    ----------
    draft
        Where the message says so, a text that mends it, such as entries for the codebook, for the
        user to look at; else empty.

    Examples
    --------
    >>> pls.contrasts(fit, "age")
    Traceback (most recent call last):
    ...
    pluralign_stats.errors.InputError: the factor must be one of 'gender', 'politics', not 'age'
    """

    def __init__(self, message: str = "", draft: str = "") -> None:
        super().__init__(message)
        self.draft = draft


class NotApplicableError(InputError):
    """A question, asked rightly, that these data or this model cannot answer."""


class MissingExtraError(PluralignError):
    """A part of Pluralign whose packages are not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed; "
            f"install them with: pip install 'pluralign[{extra}]'"
        )


def one_line(value: object, limit: int = 80) -> str:
    """Text of a value on one line, cut where it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def listing(values: Iterable[object], limit: int = 8) -> str:
    """Join values for a message: ``'a', 'b', … (12 in all)``."""
    items = list(values)
    shown = ", ".join(f"'{v}'" if isinstance(v, str) else str(v) for v in items[:limit])
    return shown if len(items) <= limit else f"{shown}, … ({len(items)} in all)"


def one_of(name: str, value: object, allowed: Iterable[object]) -> str:
    """Say that `name` must be one of `allowed`, with the nearest spelling if there is one."""
    options = list(allowed)
    near = get_close_matches(str(value), [str(o) for o in options], n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    given = f"'{value}'" if isinstance(value, str) else value
    return f"{name} must be one of {listing(options, 20)}, not {given}{hint}"


def check_one_of(name: str, value: object, allowed: Collection[object]) -> None:
    """Refuse a value that is none of `allowed`, as `one_of` says it."""
    if value not in allowed:
        raise InputError(one_of(name, value, allowed))
