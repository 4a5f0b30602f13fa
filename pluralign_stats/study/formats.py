"""Formats in which ratings were given, as a codebook states them."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pluralign_stats.errors import listing
from pluralign_stats.study.entries import Column, Part, Text
from pluralign_stats.study.questions import Factor

#: What the column of formats is called in a study.
FORMAT = "format"


class Formats(Part):
    """On how many options ratings were given, where that changed.

    Attributes
    ----------
    options
        The ratings that each format offered; the first offered the whole scale of all dimensions.
    column
        Column of the ratings file that says which format a row has.
    order
        Where no column says it, and there are two formats: a column of raters' numbers in the
        order in which they took part (of each language, where there are several). The shorter
        format is the longest run of raters of whom none gave a rating outside of it.
    """

    options: Annotated[dict[Text, tuple[int, ...]], Field(min_length=2)]
    column: Column | None = None
    order: Column | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        (first, whole), *others = self.options.items()
        for name, options in others:
            beyond = sorted(set(options) - set(whole))
            if beyond or not options:
                raise ValueError(
                    f"'options' of '{name}' must be some of those of '{first}' ({listing(whole)}), "
                    f"not {listing(beyond or ['none'])}"
                )
        if (self.column is None) == (self.order is None):
            raise ValueError("state either 'column' or 'order'")
        if self.order is not None and len(others) > 1:
            raise ValueError("'order' can tell two formats apart; name a 'column' for more")
        return self

    @property
    def factor(self) -> Factor:
        """The formats as levels."""
        return Factor(column=self.column, levels=tuple(self.options), label={"en": "Format"})
