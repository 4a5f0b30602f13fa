"""Linear equations in the names of estimates, as a reader types them."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np

from pluralign_stats.errors import InputError, listing, one_of
from pluralign_stats.study.text import nfc

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
    as ``1``, ``18-30`` or ``a - b``, is put in backticks or quotation marks; others may be. A
    number that is also a name is a constant where it multiplies or divides what holds a name, and
    as a whole side beside names in quotes; elsewhere it is refused.

    Raises
    ------
    InputError
        If the equation is not linear, names what is not there, says nothing of any name, or can be
        read in two ways.
    """
    if not isinstance(equation, str):
        raise InputError(f"a hypothesis must be text, as in 'a - b = 0', not {equation!r}")
    equation, names = nfc(equation), [nfc(name) for name in names]
    tokens = _tokens(equation, names)
    if tokens is None:
        raise _unreadable(equation, names)
    for token in tokens:
        if token.ambiguous and token.kind == "name":
            raise _ambiguous(equation, token.text, "a calculation")
    used = [t.text for t in tokens if t.kind == "name"]
    for name in used:
        if name not in names:
            raise InputError(f"in the hypothesis '{equation}' {one_of('a name', name, names)}")
        if names.count(name) > 1:
            raise InputError(
                f"in the hypothesis '{equation}' '{name}' stands for several estimates; rename the "
                "levels"
            )
    words = [_python(token, names, place) for place, token in enumerate(tokens)]
    left, equals, right = " ".join(words).partition("=")
    try:
        trees = [_tree(side) for side in (left, right if equals else "0")]
        _refuse_ambiguous(equation, tokens, trees, names)
        sides = [_evaluate(tree, tokens, len(names)) for tree in trees]
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


def _refuse_ambiguous(
    equation: str, tokens: Sequence[_Token], trees: Sequence[ast.expr], names: Sequence[str]
) -> None:
    """A number that is also a name must be quoted, or stand where it can only be a number."""
    quoted = any(token.quoted for token in tokens)
    sides = [tree for tree in trees if not (quoted and isinstance(tree, ast.Name))]
    unsafe = sorted(place for tree in sides for place in _unsafe(tree))
    if unsafe:
        text = tokens[unsafe[0]].text
        plain = f"{Decimal(text):f}"
        plain += "" if "." in plain else ".0"
        while plain in names:
            plain += "0"
        raise _ambiguous(equation, text, f"a number, as in {plain}")


def _unsafe(node: ast.AST) -> list[int]:
    """Places of numbers that may be names, but for factors of what holds a name."""
    match node:
        case ast.Name(id=name):
            return [int(name[1:])] if name[0] == "n" else []
        case ast.BinOp(left=a, op=ast.Mult(), right=b) if _only_number(a) and _holds_name(b):
            return _unsafe(b)
        case ast.BinOp(left=a, op=ast.Mult() | ast.Div(), right=b) if _only_number(
            b
        ) and _holds_name(a):
            return _unsafe(a)
    return [place for inner in ast.iter_child_nodes(node) for place in _unsafe(inner)]


def _only_number(node: ast.expr) -> bool:
    """Whether it is a number that may be a name, with a sign or without."""
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Name) and node.id[0] == "n"


def _holds_name(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id[0] == "x" for inner in ast.walk(node))


def _ambiguous(equation: str, text: str, other: str) -> InputError:
    return InputError(
        f"in the hypothesis '{equation}' {text} may be a name or {other}; put names that could be "
        f"misread in backticks, as in `{text}`"
    )


def _python(token: _Token, names: Sequence[str], place: int) -> str:
    """A word in Python: names as x and their number, numbers that may be names as n and place."""
    if token.kind == "name":
        return f"x{names.index(token.text)}"
    if token.ambiguous:
        return f"n{place}"
    return repr(float(token.text)) if token.kind == "number" else token.text


def _unreadable(equation: str, names: Sequence[str]) -> InputError:
    known = [written(name, names) for name in names]
    return InputError(
        f"the hypothesis '{equation}' must be a linear equation in {listing(known, 30)}, such as "
        f'"{known[0]} = 0"'
    )


def _tree(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _evaluate(node: ast.expr, tokens: Sequence[_Token], n: int) -> tuple[np.ndarray, float]:
    """Weights and constant of a linear expression in x0 to x(n - 1)."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return np.zeros(n), float(value)
        case ast.Name(id=name) if name[0] == "n":
            return np.zeros(n), float(tokens[int(name[1:])].text)
        case ast.Name(id=name):
            return np.eye(n)[int(name[1:])], 0.0
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
            weights, constant = _evaluate(inner, tokens, n)
            return (-weights, -constant) if isinstance(sign, ast.USub) else (weights, constant)
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=b):
            (wa, ca), (wb, cb) = _evaluate(a, tokens, n), _evaluate(b, tokens, n)
            direction = 1.0 if isinstance(op, ast.Add) else -1.0
            return wa + direction * wb, ca + direction * cb
        case ast.BinOp(left=a, op=ast.Mult() | ast.Div() as op, right=b):
            (wa, ca), (wb, cb) = _evaluate(a, tokens, n), _evaluate(b, tokens, n)
            if not wb.any() and (isinstance(op, ast.Mult) or cb):
                factor = cb if isinstance(op, ast.Mult) else 1 / cb
                return wa * factor, ca * factor
            if not wa.any() and isinstance(op, ast.Mult):
                return wb * ca, cb * ca
    raise ValueError("not linear")
