"""The figure of groups' own ratings beside the models tuned on them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.designs import parse_objective, plain_value
from pluralign_stats.figures.breaking import PARAGRAPH, broken
from pluralign_stats.figures.forest_parts import LINE, Rows, Series, draw, name_series, rows, rule
from pluralign_stats.figures.outcomes import not_repeated, share_limits, span
from pluralign_stats.figures.plot import Plot, drawing, filled_where, need
from pluralign_stats.figures.style import (
    COLOURS,
    INK,
    MUTED,
    SMALL,
    Context,
    foot,
    new_figure,
    wrapped,
)
from pluralign_stats.results import Result
from pluralign_stats.significance import significant

#: Purple of the circles, as in the published study; darker than the blue too.
_PURPLE = "#6A1B9A"

#: By source: how it looks, and in words.
_SOURCES = {"ratings": Series((_PURPLE, "o")), "models": Series((COLOURS[0], "^"))}
_WORDS = {"ratings": "the groups' own ratings", "models": "models tuned on them"}

#: Whether both differ in the same direction, with a sign that needs no colour.
_SIGNS = {True: "= same", False: "≠ opposite"}

#: Columns beside a panel, and most characters of a line in them.
_ASIDE = {"Signs": 10, "Tuned on": 15, "Pairs": 20, "Margin": 15}


@drawing
def survey(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw differences between groups' own ratings beside those between models (figure 2).

    Purple circles are the groups' ratings, blue triangles the models tuned on them. Beside each
    dimension stands whether both differ in the same direction, what the models were tuned on, and
    how many pairs, of what mean margin, the feedback of each group held.

    Parameters
    ----------
    result
        What `survey_and_models` gave.

    Raises
    ------
    InputError
        If the table is another one, or there is no such context.

    Examples
    --------
    >>> pairs = [("gender", "Female", "Male")]
    >>> result = pls.outcomes.survey_and_models(study, outcomes, pairs)
    >>> plot = pls.figures.survey(result)
    >>> plot.alt.split(". ")[0]
    'Circles and triangles with intervals'
    """
    need(
        result,
        "dimension",
        "term",
        "contrast",
        "level",
        "reference",
        "source",
        "signs_agree",
        "both_exclude_zero",
    )
    wide = context != "one-column"
    blocks = [rows for _, rows in result.table.groupby(["term", "contrast"], sort=False)]
    where = [_rows(block, context) for block in blocks]
    heights = [own.height for own in where]
    figure = new_figure(sum(heights) + 0.8 * len(blocks) + (0.8 if wide else 1.2), context)
    across = 2 if wide else 1
    grid = figure.subplots(
        len(blocks),
        across,
        width_ratios=[1, 1.15][:across],
        height_ratios=heights,
        squeeze=False,
    )
    for axes, block, own in zip(grid, blocks, where, strict=True):
        _panel(axes[0], block, own, wide=wide)
        if wide:
            _aside(axes[1], block, own)
    share_limits(list(grid[:, 0]))
    name_series(figure, {_WORDS[source]: own for source, own in _SOURCES.items()}, across)
    sure = ["signs in bold: both intervals leave out 0"] if wide else []
    sure += not_repeated(result)
    foot(figure, result, *_counts(result.table), f"filled: {filled_where(result.table)}", *sure)
    return Plot(figure, f"Circles and triangles with intervals. {result.sentence}")


def _rows(block: pd.DataFrame, context: str) -> Rows:
    """A row for each dimension, as high as the words beside it need."""
    each = block.drop_duplicates("dimension").to_dict("records")
    wide = context != "one-column"
    labels = {row["dimension"]: row["dimension"] for row in each}
    if wide:
        lines = max(words.count("\n") + 1 for row in each for words in _words(row))
        least = max(0.3, LINE * lines)
        return rows(labels, context=context, width=18, series=2, apart=0.12, least=least)
    labels = {row["dimension"]: PARAGRAPH.join([row["dimension"], *_below(row)]) for row in each}
    return rows(labels, context=context, width=24, series=2, apart=0.12)


def _panel(ax: Axes, block: pd.DataFrame, where: Rows, *, wide: bool) -> None:
    made = block.assign(row=block["dimension"], series=block["source"], filled=significant(block))
    draw(ax, made, where, _SOURCES)
    rule(ax, where)
    where.name(ax)
    first, second = block[["level", "reference"]].iloc[0]
    ax.set_title(block["term"].iloc[0])
    ax.set_xlabel(wrapped(f"{first} less {second} (points)", 44 if wide else 30))


def _beside(row: dict[str, object]) -> dict[str, str]:
    """What stands beside a dimension, by column."""
    told = {"Signs": "–" if pd.isna(row["signs_agree"]) else _SIGNS[bool(row["signs_agree"])]}
    if pd.isna(row.get("n_pairs_first")):
        return told
    objective = str(row["objective"])
    many = len(parse_objective(objective))
    return told | {
        "Tuned on": plain_value("objective", objective) if many == 1 else f"{many} objectives",
        "Pairs": f"{row['n_pairs_first']:,.0f} | {row['n_pairs_second']:,.0f}",
        "Margin": f"{row['margin_first']:.2f} | {row['margin_second']:.2f}",
    }


def _below(row: dict[str, object]) -> list[str]:
    """The same, for lines below a dimension."""
    told = _beside(row)
    signs = f"signs: {told['Signs']}"
    if "Pairs" not in told:
        return [signs]
    return [
        signs,
        broken(f"tuned on {told['Tuned on']}", 24),
        f"pairs: {told['Pairs']}",
        f"margin: {told['Margin']}",
    ]


def _aside(ax: Axes, block: pd.DataFrame, where: Rows) -> None:
    """The columns of words beside a panel, in its rows."""
    ax.set_axis_off()
    ax.set_ylim(where.height, 0)
    ax.set_xlim(0, 1)
    rows = block.drop_duplicates("dimension").to_dict("records")
    places = _places([_words(row) for row in rows])
    for x, name in zip(places, _ASIDE, strict=True):
        ax.text(x, 0, name, fontsize=SMALL, color=MUTED, va="bottom")
    for row in rows:
        sure = "bold" if row["both_exclude_zero"] is True else "normal"
        for x, name, words in zip(places, _ASIDE, _words(row), strict=True):
            weight = sure if name == "Signs" else "normal"
            y = where.places[row["dimension"]]
            ax.text(x, y, words, fontsize=SMALL, color=INK, va="center", fontweight=weight)


def _words(row: dict[str, object]) -> list[str]:
    """What stands beside a dimension, column by column, in lines."""
    told = _beside(row)
    return [broken(told.get(name, ""), width) for name, width in _ASIDE.items()]


def _places(rows: list[list[str]]) -> list[float]:
    """Where columns of words begin, as shares of their room: by the longest of their lines."""
    longest = [
        max(map(len, "\n".join(words).splitlines())) for words in zip(_ASIDE, *rows, strict=True)
    ]
    ends = np.cumsum([letters + 3.0 for letters in longest])
    return [0.0, *(ends[:-1] / ends[-1])]


def _counts(table: pd.DataFrame) -> list[str]:
    """How much stands behind circles and triangles."""
    told = ["pairs and mean margin (points): group named first | second"]
    ratings, models = (table[table["source"] == source] for source in _SOURCES)
    if len(ratings) and "n_raters" in table:
        told.append(f"ratings: {span(ratings['n_raters'])} raters in the first")
    if len(models):
        runs, n = span(models["n_runs"], "training run"), span(models["n_generations"])
        told.append(f"models: {runs}, {n} generations of each group")
    return told
