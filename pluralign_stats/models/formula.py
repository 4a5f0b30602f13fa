"""Formulas with random effects: ``rating ~ gender + (1 | rater)``."""

import re
from dataclasses import dataclass

from formulaic import Formula, SimpleFormula
from formulaic.errors import FormulaicError
from formulaic.parser.types import Factor
from formulaic.transforms import TRANSFORMS
from formulaic.utils.variables import Variable, get_required_variables

from pluralign_stats.errors import InputError

#: What may stand between the names of a group, outside of quoted names.
_BETWEEN = "(?=(?:[^`]*`[^`]*`)*[^`]*$)"


@dataclass(frozen=True)
class RandomTerm:
    """One ``(effects | group)`` or, with uncorrelated effects, ``(effects || group)``."""

    effects: str
    group: str
    correlated: bool = True

    @property
    def factors(self) -> tuple[str, ...]:
        """The columns whose combination is the group: a and b of ``a:b``."""
        return tuple(self.group.split(":"))

    def __str__(self) -> str:
        return f"({self.effects} {'|' if self.correlated else '||'} {self.group})"


@dataclass(frozen=True)
class MixedFormula:
    """A formula taken apart: response, fixed effects, random terms."""

    response: str
    fixed: str
    random: tuple[RandomTerm, ...]

    @property
    def outcome(self) -> str:
        """The response without its quotes: a column, or a function of one."""
        return self.response.strip("`")


def parse_formula(formula: str) -> MixedFormula:
    """Take a formula apart."""
    if not isinstance(formula, str):
        raise InputError(f"the formula must be text, as in 'rating ~ gender', not {formula!r}")
    left, tilde, right = formula.partition("~")
    if not tilde or not left.strip():
        raise InputError(
            f"the formula '{formula}' needs a response, as in 'rating ~ gender + (1|rater)'"
        )
    random, spans = [], []
    for start, end in _brackets(formula, right):
        inside = right[start + 1 : end - 1]
        if "|" in inside:
            random += _random_terms(inside, formula)
            spans.append((start, end))
    fixed = right
    for start, end in reversed(spans):
        fixed = fixed[:start] + "\0" + fixed[end:]
    fixed = re.sub(r"(\+\s*\0)|(\0\s*\+)|\0", "", fixed).strip() or "1"
    if "|" in fixed:
        raise InputError(f"in the formula '{formula}' a '|' stands outside of (effects | group)")
    twice = {str(term) for term in random if random.count(term) > 1}
    if twice:
        raise InputError(f"the formula '{formula}' holds {sorted(twice)[0]} twice; leave one out")
    return MixedFormula(left.strip(), fixed, tuple(random))


def read_side(side: str) -> SimpleFormula:
    """One side of a formula, or the effects of a random term, as formulaic reads it."""
    try:
        read = Formula(side)
    except FormulaicError as error:
        raise InputError(f"the formula cannot be read: {str(error).splitlines()[0]}") from None
    except SyntaxError as error:
        told = f"{error.msg.rstrip('?')} in '{(error.text or side).strip()}'"
        raise InputError(f"the formula cannot be read: {told}") from None
    if not isinstance(read, SimpleFormula):
        raise InputError(f"the formula cannot be read: '{side}' has more than one part")
    return read


def variables_of(side: str) -> set[str]:
    """Columns that one side of a formula needs, those within ``poly(x, 2)`` and the like too."""
    names: set[str] = set()
    for factor in {factor for term in read_side(side) for factor in term.factors}:
        if factor.eval_method == Factor.EvalMethod.LOOKUP:
            names.add(str(factor.expr))
        elif factor.eval_method == Factor.EvalMethod.PYTHON:
            found = get_required_variables(factor.expr)
            used = {v for v in found if Variable.Role.VALUE in v.roles or v.root != v}
            names |= {str(v.root) for v in used} - set(TRANSFORMS)
    return names


def _brackets(formula: str, text: str) -> list[tuple[int, int]]:
    """Spans of the outermost brackets of `text`."""
    spans, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character == "(":
            start = position if depth == 0 else start
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                spans.append((start, position + 1))
        if depth < 0:
            break
    if depth != 0:
        raise InputError(f"the brackets of the formula '{formula}' do not match")
    return spans


def _random_terms(inside: str, formula: str) -> list[RandomTerm]:
    """One term, or with ``a/b`` those of a and of b within a."""
    mark = "||" if "||" in inside else "|"
    effects, _, group = (part.strip() for part in inside.partition(mark))
    nested = re.split(f"/{_BETWEEN}", group)
    factors = [[name.strip() for name in re.split(f":{_BETWEEN}", part)] for part in nested]
    readable = all(re.fullmatch(r"`[^`:]+`|[^\W\d]\w*", name) for part in factors for name in part)
    if not effects or not readable:
        raise InputError(
            f"the random term '({inside})' of the formula '{formula}' must read "
            "(effects | group), as in (1|rater), (1 + x|rater), (1|a:b) or (1|a/b)"
        )
    plain = [[name.strip("`") for name in part] for part in factors]
    joined = [[name for part in plain[: k + 1] for name in part] for k in range(len(plain))]
    return [RandomTerm(effects, ":".join(names), mark == "|") for names in joined]
