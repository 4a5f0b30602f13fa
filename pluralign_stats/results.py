"""What every analysis returns: a table, a sentence in plain words, and how it was made."""

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from pluralign_stats.arguments import checked
from pluralign_stats.backing import COUNT_WITHHELD, SHARES, Backing, beside
from pluralign_stats.documentation import documented_by
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.formatting import in_words
from pluralign_stats.metadata import Metadata
from pluralign_stats.notes import Code, reworded, tells
from pluralign_stats.settings import MIN_CELL
from pluralign_stats.suppression import check_min_cell
from pluralign_stats.typeset import save_table, set_table, table_html, table_latex

if TYPE_CHECKING:
    from great_tables import GT

#: Columns that most tables share, in the order in which they stand.
VOCABULARY = (
    "dimension",
    "given",
    "term",
    "group",
    "other",
    "contrast",
    "level",
    "reference",
    "reading",
    "rating",
    "weighting",
    "estimate",
    "share",
    "std_error",
    "sd",
    "conf_low",
    "conf_high",
    "prob_positive",
    "p_value",
    "p_adjusted",
    "n_items",
    "n_raters",
    "n_ratings",
    "method",
)

#: Tables of more rows are folded away in HTML, and of those that are still longer only the first
#: rows are shown.
LONG_TABLE, SHOWN_ROWS = 15, 200

#: More notes than this are folded away in HTML.
FEW_NOTES = 2


class Source(Protocol):
    """What a result is made from; it may have `warnings`, `interval` and `told` as well."""

    @property
    def data_kind(self) -> str:
        """Whether its data are simulated; see `Metadata`."""


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A table, the sentence that sums it up, and its metadata; shows itself in Jupyter.

    Attributes
    ----------
    table, sentence, meta
        These.
    backing
        Who stands behind the rows, where some may have to be withheld from all that leaves the
        program; None where every row may be shown.
    figure
        What draws it, given by the analysis that made it; None where it has no figure.

    Examples
    --------
    >>> result = pls.contrasts(fit, "gender")
    >>> result.table["contrast"].tolist()
    ['Male vs Female', 'Non-binary vs Female']
    >>> result.sentence.split(";")[0]
    '0 of 2 differences by gender have an adjusted p below 0.05'
    >>> [path.name for path in result.save("gender")]
    ['gender.html', 'gender.tex', 'gender.csv']
    """

    table: pd.DataFrame
    sentence: str
    meta: Metadata = field(default_factory=lambda: Metadata(""))
    backing: Backing | None = field(default=None, kw_only=True)
    figure: Callable[..., Any] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Let the backing keep the table of its rows, by which it knows them again."""
        if self.backing is not None and self.backing.whole is None:
            object.__setattr__(self, "backing", replace(self.backing, whole=self.table))

    @classmethod
    def of(
        cls,
        source: Source,
        table: pd.DataFrame,
        sentence: str,
        title: str,
        *,
        unit: str = "",
        conf_level: float | None = None,
        interval: str = "",
        notes: Iterable[str | None] = (),
        warnings: Iterable[str] | None = None,
        data_note: str = "",
        published: Mapping[str, Mapping[str, int]] | None = None,
        designs: Mapping[str, Mapping[str, str]] | None = None,
        backing: Backing | None = None,
        figure: Callable[..., Any] | None = None,
    ) -> "Result":
        """A table made from a study, a fit, an outcome table or another result.

        Parameters
        ----------
        source
            Tells whether its data are simulated and what is said of them and, unless given here,
            what should be doubted and the kind of the intervals.
        table, sentence, title, unit, conf_level, data_note, published, designs, backing, figure
            As `Result` and `Metadata` describe them.
        interval
            Kind of the intervals, where there are any; by default the fit's own.
        notes, warnings
            Empty ones are left out, and repeated ones stand once.
        """
        own = getattr(source, "warnings", ()) if warnings is None else warnings
        meta = Metadata(
            title,
            data=source.data_kind,
            unit=unit,
            conf_level=conf_level,
            interval=interval or (getattr(source, "interval", "") if conf_level else ""),
            notes=tuple(dict.fromkeys(filter(None, notes))),
            warnings=tuple(dict.fromkeys(own)),
            data_note=data_note or getattr(source, "data_note", ""),
            published=published or {},
            designs=designs or {},
            sampling=getattr(source, "sampling", ""),
        )
        return cls(table, sentence, meta, backing=backing, figure=figure)

    @property
    def data_kind(self) -> str:
        """Whether the data are simulated; see `Metadata`."""
        return self.meta.data

    @property
    def data_note(self) -> str:
        """What is said of the data."""
        return self.meta.data_note

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong or should be doubted."""
        return self.meta.warnings

    def about(self, what: str) -> "Result":
        """The same with title, sentence and warnings that say what they are about."""
        title, sentence, *warnings = (
            reworded(text, f"{what}: {text}")
            for text in (self.meta.title, self.sentence, *self.warnings)
        )
        meta = replace(self.meta, title=title, warnings=tuple(warnings))
        backing = self.backing and self.backing.about(what)
        return replace(self, sentence=sentence, meta=meta, backing=backing)

    def labelled(self, labels: Mapping[str, str]) -> "Result":
        """The same with what readers call variables in place of their names.

        Names are looked for where tables have them: alone, before a level as in ``gender: Male``,
        and in words behind *by*.
        """
        if not labels:
            return self
        names = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
        pattern = re.compile(rf"(?<![\w'])(?:(?<=by )({names})|({names})(?=: ))(?![\w'])")

        def told(text: str) -> str:
            return reworded(text, pattern.sub(lambda found: labels[found[1] or found[2]], text))

        def relabel(table: pd.DataFrame) -> pd.DataFrame:
            words = table.select_dtypes(exclude=["number", "bool", "boolean"]).columns.difference(
                _NO_NAMES
            )
            return table.assign(
                **{
                    c: table[c].map(lambda x: labels.get(x, told(x)) if isinstance(x, str) else x)
                    for c in words
                }
            )

        meta = replace(
            self.meta,
            title=told(self.meta.title),
            notes=tuple(map(told, self.meta.notes)),
            warnings=tuple(map(told, self.meta.warnings)),
        )
        backing = self.backing and self.backing.labelled(relabel, told)
        table, sentence = relabel(self.table), told(self.sentence)
        return replace(self, table=table, sentence=sentence, meta=meta, backing=backing)

    def with_data_note(self, data_note: str) -> "Result":
        """The same with what is said of the data, unless that is empty."""
        return replace(self, meta=replace(self.meta, data_note=data_note)) if data_note else self

    def released(self, min_cell: int = MIN_CELL) -> "Result":
        """What of it may leave the program: without rows about groups of fewer raters.

        Files, HTML, figures and reports hold this of a result; `table` and `sentence` hold all.

        Parameters
        ----------
        min_cell
            Fewest raters of a group that is shown; 1 for all, for those who may show them.
        """
        check_min_cell(min_cell)
        if self.backing is None and not self.meta.published:
            return self
        meta, (table, sentence, notes) = replace(self.meta, published={}), self._shown(min_cell)
        if min_cell == 1:
            return replace(self, meta=meta, backing=None)
        fractions = SHARES if self.backing is None else self.backing.fractions
        table, some = beside(table, self.meta.published, min_cell, fractions)
        notes = (
            (*notes, COUNT_WITHHELD) if some and not tells(notes, Code.COUNT_WITHHELD) else notes
        )
        return replace(
            self, table=table, sentence=sentence, meta=replace(meta, notes=notes), backing=None
        )

    def _shown(self, min_cell: int) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
        """Table, sentence and notes without what the backing withholds."""
        if self.backing is None:
            return self.table, self.sentence, self.meta.notes
        table, sentence, notes = self.backing.shown(self.table, self.sentence, min_cell)
        return table, sentence, (*self.meta.notes, *notes)

    def to_csv_text(self, min_cell: int = MIN_CELL) -> str:
        """Write what may be shown as CSV: counts whole, a last column that says if simulated.

        Booleans are True and False, and nothing where they are missing.
        """
        table = self.released(min_cell).table
        counts = [c for c in table if c.startswith("n_")]
        whole = table.astype(dict.fromkeys(counts, "Int64"))
        return whole.assign(data=self.meta.data).to_csv(index=False)

    def describe(self) -> dict[str, Any]:
        """Sentence and metadata as plain values."""
        told = {"sentence": self.sentence, **asdict(self.meta)}
        if not self.meta.checked:
            del told["checked"], told["passed"], told["p_value"]
        if not self.meta.sampling:
            del told["sampling"]
        del told["published"], told["designs"]
        return told

    def __repr__(self) -> str:
        table = self.table.drop(columns=in_words(self.table, "contrast"))
        return f"{self.caption()}\n{table.to_string(index=False)}\n{self.sentence}"

    @documented_by(released)
    def gt(self, min_cell: int = MIN_CELL) -> "GT":
        """The table as great-tables sets it, to be changed further or written.

        Raises
        ------
        MissingExtraError
            If great-tables is not installed.
        """
        shown = self.released(min_cell)
        return set_table(shown.table, shown.meta)

    @documented_by(released)
    def to_latex(self, min_cell: int = MIN_CELL) -> str:
        """LaTeX of the table, as `save` writes it.

        Raises
        ------
        MissingExtraError
            If great-tables is not installed.
        """
        shown = self.released(min_cell)
        return table_latex(shown.table, shown.meta)

    def plot(self, context: str = "two-column") -> Any:
        """Draw the figure of this table; functions of figures have further choices.

        Parameters
        ----------
        context
            What the figure is made for: ``"one-column"``, ``"two-column"`` or ``"screen"``.

        Returns
        -------
        Plot
            The figure with its text alternative.

        Raises
        ------
        NotApplicableError
            If there is no figure of such tables.
        InputError
            If there is no such context.
        """
        if self.figure is None:
            raise NotApplicableError(
                f"the table '{self.meta.title}' has no figure of its own; draw its columns with "
                "seaborn, or another table with a function of figures"
            )
        return self.figure(self, context=context)

    @checked
    def save(self, stem: str | Path, min_cell: int = MIN_CELL) -> list[Path]:
        """Write ``STEM.html``, ``STEM.tex`` and ``STEM.csv``, or none, and return their paths.

        Parameters
        ----------
        stem
            Path without ending.
        min_cell
            As for `released`. What is withheld is told in the files and by a warning.

        Raises
        ------
        InputError
            If the files cannot be written.
        MissingExtraError
            If great-tables is not installed.
        """
        shown = self.released(min_cell)
        if len(shown.table) < len(self.table):
            warnings.warn(" ".join(shown.meta.notes[len(self.meta.notes) :]), stacklevel=2)
        return save_table(shown.table, shown.meta, shown.to_csv_text(), stem)

    def caption(self) -> str:
        """Title, unit, interval and what is said of the data in one line."""
        parts = (self.meta.title, self.meta.measure, self.meta.about_data)
        return "; ".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        return self.released()._html()

    def _html(self) -> str:
        notes = "".join(f"<p class='note'>{escape(note)}</p>" for note in self.meta.notes)
        if len(self.meta.notes) > FEW_NOTES:
            summary = f"<summary>{len(self.meta.notes)} notes on this table</summary>"
            notes = f"<details class='notes'>{summary}{notes}</details>"
        warned = "".join(f"<p class='warning'>{escape(text)}</p>" for text in self.warnings)
        first = self.table.head(SHOWN_ROWS)
        table = "" if self.table.empty else table_html(first, self.caption())
        if len(self.table) > LONG_TABLE:
            some = f", of which {len(first)} are shown" if len(first) < len(self.table) else ""
            summary = f"<summary>Table of {len(self.table):,} rows{some}</summary>"
            table = f"<details class='long'>{summary}{table}</details>"
        return f"<p class='sentence'>{escape(self.sentence)}</p>{warned}{table}{notes}"


def ordered_columns(columns: Iterable[str]) -> list[str]:
    """Put a table's columns into the common order; others keep theirs, before `method`."""
    given = list(columns)
    known = [c for c in VOCABULARY if c in given and c != "method"]
    other = [c for c in given if c not in VOCABULARY]
    return known + other + (["method"] if "method" in given else [])


#: Columns of words in which no names of variables stand.
_NO_NAMES = ("group", "level", "reference", "method")
