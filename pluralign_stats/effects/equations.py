"""Linear equations in the names of estimates, as a reader types them."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pluralign_stats.errors import InputError, listing, one_of

_OPERATORS = "+-*/()="

#: What a name may be put in, the preferred one first.
_QUOTES = "`'\""

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![\w.])")


@dataclass(frozen=True)
class _Token:
    """A word of an equation.

    Attributes
    ----------
    kind, text
        What it is, and how it was written (a name without its quotes).
    quoted
        Whether it stood in quotes.
    ambiguous
        Whether it may be read otherwise: a name as a calculation, or a number as a name.
    """

    kind: Literal["name", "number", "operator"]
    text: str
    quoted: bool = False
    ambiguous: bool = False


def parse_equation(equation: str, names: Sequence[str]) -> tuple[np.ndarray, float]:
    """Weights (m,) of the names, and the constant, of left side less right side.

    A number is a constant. A name that could be read as one, or as a calculation with others, such
    as ``1``, ``18-30`` or ``a - b``, is put in backticks or quotation marks; others may be.

    Raises
    ------
    InputError
        If the equation is not linear, names what is not there, says nothing of any name, or can be
        read in two ways.
    """
    if not isinstance(equation, str):
        raise InputError(f"a hypothesis must be text, as in 'a - b = 0', not {equation!r}")
    tokens = _tokens(equation, names)
    if tokens is None:
        raise _unreadable(equation, names)
    _refuse_ambiguous(equation, tokens)
    used = [t.text for t in tokens if t.kind == "name"]
    for name in used:
        if name not in names:
            raise InputError(f"in the hypothesis '{equation}' {one_of('a name', name, names)}")
        if list(names).count(name) > 1:
            raise InputError(
                f"in the hypothesis '{equation}' '{name}' stands for several estimates; rename the "
                "levels"
            )
    left, equals, right = " ".join(_python(token, names) for token in tokens).partition("=")
    try:
        sides = [_linear(side, len(names)) for side in (left, right if equals else "0")]
    except (SyntaxError, ValueError):
        raise _unreadable(equation, names) from None
    weights, constant = sides[0][0] - sides[1][0], sides[0][1] - sides[1][1]
    if not weights.any():
        known = listing([written(name, names) for name in names], 30)
        raise InputError(f"the hypothesis '{equation}' says nothing of any of {known}; name one")
    return weights, constant


def written(name: str, names: Sequence[str]) -> str:
    """How to write a name in an equation: as it is, or in quotes where it could be misread."""
    if _tokens(name, names) == [_Token("name", name)]:
        return name
    free = [quote for quote in _QUOTES if quote not in name]
    return f"{free[0]}{name}{free[0]}" if free else name


def _tokens(text: str, names: Sequence[str]) -> list[_Token] | None:
    """The words of an equation; None where one cannot be read."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        read = _next(text, at, names)
        if read is None:
            return None
        token, at = read
        found.append(token)
    return found


def _next(text: str, at: int, names: Sequence[str]) -> tuple[_Token, int] | None:
    """The word at a place, and where it ends."""
    number = _NUMBER.match(text, at)
    name = max((n for n in names if n and _stands(n, text, at)), key=len, default="")
    if number and len(number[0]) >= len(name):
        return _Token("number", number[0], ambiguous=number[0] == name), number.end()
    if name:
        others = [n for n in names if n != name]
        otherwise = _tokens(name, others) or []
        return _Token(
            "name", name, ambiguous=any(t.kind == "operator" for t in otherwise)
        ), at + len(name)
    if text[at] in _QUOTES:
        end = text.find(text[at], at + 1)
        return None if end < 0 else (_Token("name", text[at + 1 : end], quoted=True), end + 1)
    return (_Token("operator", text[at]), at + 1) if text[at] in _OPERATORS else None


def _stands(name: str, text: str, at: int) -> bool:
    """Whether a name stands at a place, and not only the beginning of a longer word."""
    end = at + len(name)
    goes_on = re.match(r"\w", name[-1]) and re.match(r"[\w.]", text[end : end + 1])
    return text.startswith(name, at) and not goes_on


def _refuse_ambiguous(equation: str, tokens: list[_Token]) -> None:
    """A number that is also a name must be quoted, or stand where it can only be a number.

    That is where it multiplies or divides, and as a whole side beside names in quotes.
    """
    texts = [t.text if t.kind == "operator" else "" for t in tokens]
    quoted = any(t.quoted for t in tokens)
    for before, token, after in zip(["=", *texts], tokens, [*texts[1:], "="], strict=False):
        factor = before in ("*", "/") or after == "*"
        side = quoted and before == after == "="
        if token.ambiguous and not (token.kind == "number" and (factor or side)):
            other = "or a calculation"
            if token.kind == "number":
                other = "or a number" if "." in token.text else f"or a number, as in {token.text}.0"
            raise InputError(
                f"in the hypothesis '{equation}' {token.text} may be a name {other}; put names "
                f"that could be misread in backticks, as in `{token.text}`"
            )


def _python(token: _Token, names: Sequence[str]) -> str:
    """A word in Python, names as x and their number."""
    if token.kind == "name":
        return f"x{names.index(token.text)}"
    return repr(float(token.text)) if token.kind == "number" else token.text


def _unreadable(equation: str, names: Sequence[str]) -> InputError:
    known = [written(name, names) for name in names]
    return InputError(
        f"the hypothesis '{equation}' must be a linear equation in {listing(known, 30)}, such as "
        f'"{known[0]} = 0"'
    )


def _linear(text: str, n: int) -> tuple[np.ndarray, float]:
    """Weights and constant of a linear expression in x0 to x(n - 1)."""
    return _evaluate(ast.parse(text.strip(), mode="eval").body, n)


def _evaluate(node: ast.expr, n: int) -> tuple[np.ndarray, float]:
    match node:
        case ast.Constant(value=int() | float() as value):
            return np.zeros(n), float(value)
        case ast.Name(id=name):
            return np.eye(n)[int(name[1:])], 0.0
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
            weights, constant = _evaluate(inner, n)
            return (-weights, -constant) if isinstance(sign, ast.USub) else (weights, constant)
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=b):
            (wa, ca), (wb, cb) = _evaluate(a, n), _evaluate(b, n)
            direction = 1.0 if isinstance(op, ast.Add) else -1.0
            return wa + direction * wb, ca + direction * cb
        case ast.BinOp(left=a, op=ast.Mult() | ast.Div() as op, right=b):
            (wa, ca), (wb, cb) = _evaluate(a, n), _evaluate(b, n)
            if not wb.any() and (isinstance(op, ast.Mult) or cb):
                factor = cb if isinstance(op, ast.Mult) else 1 / cb
                return wa * factor, ca * factor
            if not wa.any() and isinstance(op, ast.Mult):
                return wb * ca, cb * ca
    raise ValueError("not linear")
