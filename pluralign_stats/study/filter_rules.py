"""Filters of a codebook: which values of which columns a row or a rater must have to be kept."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from pluralign_stats.errors import listing
from pluralign_stats.study.entries import ColumnNames, Part, Texts, as_text
from pluralign_stats.study.scale import Number


def _as_values(value: object) -> object:
    """Values as texts; of a mapping, of columns or languages, those of each of its entries."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {as_text(key): _as_values(each) for key, each in value.items()}
    return tuple(map(as_text, value if isinstance(value, list | tuple) else [value]))


#: Values of all columns in any language; by column or by language; or by column and language.
Keep = Annotated[
    tuple[str, ...] | dict[str, tuple[str, ...] | dict[str, tuple[str, ...]]] | None,
    BeforeValidator(_as_values),
]


class Filter(Part):
    """A check that ratings, raters or items must have passed to be kept.

    Attributes
    ----------
    columns
        Columns of one file: of the ratings, the raters or the items.
    keep
        Values that pass, in any case; where they differ, by column, by language, or by column
        and in it by language.
    drop
        Values that do not pass.
    at_least, at_most
        Lowest and highest number that passes.
    require
        How many of the columns must pass: all, any, or a number.
    scope
        Drop the failing row, or the whole rater.
    """

    columns: ColumnNames
    keep: Keep = None
    drop: Texts = ()
    at_least: Number | None = None
    at_most: Number | None = None
    require: Literal["all", "any"] | int = "all"
    scope: Literal["rating", "rater"] = "rating"

    @property
    def needed(self) -> int:
        """Number of columns that must pass."""
        if isinstance(self.require, int):
            return self.require
        return len(self.columns) if self.require == "all" else 1

    @property
    def numeric(self) -> bool:
        """Whether cells are compared as numbers."""
        return self.at_least is not None or self.at_most is not None

    @property
    def by_column(self) -> bool:
        """Whether the values that pass are stated column by column."""
        return isinstance(self.keep, dict) and set(self.keep) <= set(self.columns)

    @property
    def by_language(self) -> tuple[str, ...]:
        """Languages for which values that pass are stated."""
        if not isinstance(self.keep, dict):
            return ()
        if not self.by_column:
            return tuple(self.keep)
        inner = [each for each in self.keep.values() if isinstance(each, dict)]
        return tuple(dict.fromkeys(tag for each in inner for tag in each))

    def kept(self, column: str) -> tuple[str, ...] | Mapping[str, tuple[str, ...]] | None:
        """Values of a column that pass, or these by language; None where all do."""
        if isinstance(self.keep, dict):
            return self.keep[column] if self.by_column else self.keep  # type: ignore[return-value]
        return self.keep

    @property
    def told(self) -> str:
        """What passes, for messages."""
        parts = [f"keeps {listing(self._values())}"] if self.keep is not None else []
        parts += [f"drops {listing(self.drop)}"] if self.drop else []
        parts += [f"keeps {self.at_least:g} or more"] if self.at_least is not None else []
        parts += [f"keeps {self.at_most:g} or less"] if self.at_most is not None else []
        return " and ".join(parts)

    def _values(self) -> list[str]:
        found: list[str] = []
        pending: list[object] = [self.keep]
        for each in pending:
            if isinstance(each, dict):
                pending += each.values()
            elif isinstance(each, tuple):
                found += each
        return list(dict.fromkeys(found))

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not 1 <= self.needed <= len(self.columns):
            raise ValueError(
                f"'require' must be 'all', 'any' or 1 to {len(self.columns)}, not {self.require}"
            )
        if self.keep is None and not self.drop and not self.numeric:
            raise ValueError("say what passes: 'keep', 'drop', 'at_least' or 'at_most'")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"no number is at least {self.at_least} and at most {self.at_most}")
        if self.by_column and isinstance(self.keep, dict) and set(self.keep) != set(self.columns):
            absent = [column for column in self.columns if column not in self.keep]
            raise ValueError(f"'keep' by column lacks {listing(absent)}")
        return self
