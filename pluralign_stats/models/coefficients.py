"""Coefficients of a model matrix: their names, and the variables and levels that they stand for."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import product

from formulaic import ModelSpec
from formulaic.materializers.types import ScopedFactor, ScopedTerm


@dataclass(frozen=True)
class Coefficient:
    """A coefficient, and the column of a model matrix that it belongs to.

    Attributes
    ----------
    name
        What tables call it, such as ``"a[T.x]:b"``.
    variables
        Columns of the data that its term depends on, in the term's order.
    parts
        The factors of its column, each with its level, such as ``(("a", "x"), ("b", ""))``; a
        number has none. Empty for a constant.
    changes
        What it is an effect on: a threshold, ``"scale"``, or empty for the level of ratings.
    """

    name: str
    variables: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    changes: str = ""

    @property
    def words(self) -> str:
        """The coefficient in words: ``a: x × b: y`` for ``a[T.x]:b[T.y]``."""
        parts = [f"{name}: {level}" if level else name for name, level in self.parts]
        told = " × ".join(parts) or self.name
        return f"{self.changes}: {told}" if self.changes else told

    def on(self, what: str) -> "Coefficient":
        """The same effect on a threshold or the scale."""
        return replace(self, name=f"{what}: {self.name}", changes=what)


def coefficients_of(spec: ModelSpec, data: Collection[str]) -> tuple[Coefficient, ...]:
    """The coefficients of a model matrix in the order of its columns."""
    return tuple(
        Coefficient(name, variables, known.get(name, ((name, ""),)))
        for row in spec.structure or ()
        for variables in [_variables(row.scoped_terms, data)]
        for known in [dict(p for term in row.scoped_terms for p in _parts(term, spec).items())]
        for name in row.columns
    )


def _variables(terms: Collection[ScopedTerm], data: Collection[str]) -> tuple[str, ...]:
    """Variables of a term's factors, those of one factor by name."""
    factors = [scoped.factor for term in terms for scoped in term.factors]
    found = [name for factor in factors for name in sorted(map(str, factor.variables or ()))]
    return tuple(dict.fromkeys(name for name in found if name in data))


def _parts(term: ScopedTerm, spec: ModelSpec) -> dict[str, tuple[tuple[str, str], ...]]:
    """Names of a term's columns, as formulaic puts them together, with their factors and levels."""
    if not term.factors:
        return {"Intercept": ()}
    each = [_levels(scoped, spec) for scoped in term.factors]
    return {
        ":".join(name for name, _ in chosen): tuple(part for _, part in chosen)
        for chosen in product(*(levels.items() for levels in each))
    }


def _levels(scoped: ScopedFactor, spec: ModelSpec) -> dict[str, tuple[str, str]]:
    """Names of a factor's columns, with the factor and the level of each."""
    factor = scoped.factor.expr
    state = spec.factor_contrasts.get(scoped.factor.factor)
    if state is None:
        return {factor: (factor, "")}
    levels, reduced = state.levels, scoped.reduced
    form = state.contrasts.get_factor_format(levels, reduced_rank=reduced)
    fields = state.contrasts.get_coding_column_names(levels, reduced_rank=reduced)
    return {form.format(name=factor, field=field): (factor, str(field)) for field in fields}
