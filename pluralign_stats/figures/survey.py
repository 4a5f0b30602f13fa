"""The figure of groups' own ratings beside the models tuned on them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pluralign_stats.designs import parse_objective, plain_value
from pluralign_stats.figures.breaking import PARAGRAPH, broken
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.outcome_parts import (
    bands,
    filled,
    not_repeated,
    points,
    share_limits,
    span,
)
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import (
    COLOURS,
    INK,
    MUTED,
    SMALL,
    foot,
    new_figure,
    wrapped,
)
from pluralign_stats.figures.tables import need
from pluralign_stats.results import Result

#: Purple of the circles, as in the published study; darker than the blue too.
_PURPLE = "#6A1B9A"

#: By source: words, colour and marker, and how far from the middle of its row it stands.
_SOURCES = {
    "ratings": ("the groups' own ratings", (_PURPLE, "o"), -0.17),
    "models": ("models tuned on them", (COLOURS[0], "^"), 0.17),
}

#: Whether both differ in the same direction, with a sign that needs no colour.
_SIGNS = {True: "= same", False: "≠ opposite"}

#: Columns beside a panel, and most characters of a line in them.
_ASIDE = {"Signs": 10, "Tuned on": 15, "Pairs": 20, "Margin": 15}

#: Inches of a line in them.
_LINE = 0.13


@drawing
def survey_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw differences between groups' own ratings beside those between models (figure 2).

    Purple circles are the groups' ratings, blue triangles the models tuned on them. Beside each
    dimension stands whether both differ in the same direction, what the models were tuned on, and
    how many pairs, of what mean margin, the feedback of each group held.

    Parameters
    ----------
    result
        What `survey_and_models` gave.
    columns
        As for `against_control_figure`.

    Raises
    ------
    InputError
        If the table is another one, or `columns` is neither 1 nor 2.
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
        "both_exclude_0",
    )
    wide = columns == 2
    blocks = [rows for _, rows in result.table.groupby(["term", "contrast"], sort=False)]
    heights = [_height(block, wide=wide) for block in blocks]
    figure = new_figure(sum(heights) + 0.8 * len(blocks) + (0.8 if wide else 1.2), columns)
    grid = figure.subplots(
        len(blocks),
        columns,
        width_ratios=[1, 1.15][:columns],
        height_ratios=heights,
        squeeze=False,
    )
    for row, block in zip(grid, blocks, strict=True):
        _panel(row[0], block, wide=wide)
        if wide:
            _aside(row[1], block, row[0])
    share_limits(list(grid[:, 0]))
    handles, names = grid[0, 0].get_legend_handles_labels()
    legend(figure, handles, names, columns)
    sure = ["signs in bold: both intervals leave out 0"] if wide else []
    sure += not_repeated(result)
    foot(figure, result, *_counts(result.table), filled(result.table), *sure)
    return Picture(figure, f"Circles and triangles with intervals. {result.sentence}")


def _height(block: pd.DataFrame, *, wide: bool) -> float:
    """Inches of a panel: as many for each dimension as the words beside it need."""
    rows = block.drop_duplicates("dimension").to_dict("records")
    if not wide:
        return 0.85 * len(rows)
    lines = max(words.count("\n") + 1.5 for row in rows for words in _words(row))
    return len(rows) * max(0.3, _LINE * lines)


def _panel(ax: Axes, block: pd.DataFrame, *, wide: bool) -> None:
    each = block.drop_duplicates("dimension")
    dimensions = list(each["dimension"])
    labels = [wrapped(dimension, 18 if wide else 24) for dimension in dimensions]
    if not wide:
        labels = [
            PARAGRAPH.join([label, *_below(row)])
            for label, row in zip(labels, each.to_dict("records"), strict=True)
        ]
    bands(ax, labels)
    for source, (name, look, shift) in _SOURCES.items():
        own = block[block["source"] == source]
        y = own["dimension"].map(dimensions.index).to_numpy(dtype=float) + shift
        points(ax, own, y, look, name)
    first, second = each[["level", "reference"]].iloc[0]
    ax.set_title(each["term"].iloc[0], fontsize=9)
    ax.set_xlabel(wrapped(f"{first} less {second} (points)", 44 if wide else 30), fontsize=8)


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


def _aside(ax: Axes, block: pd.DataFrame, panel: Axes) -> None:
    """The columns of words beside a panel, in its rows."""
    ax.set_axis_off()
    ax.set_ylim(panel.get_ylim())
    ax.set_xlim(0, 1)
    rows = block.drop_duplicates("dimension").to_dict("records")
    places = _places([_words(row) for row in rows])
    for x, name in zip(places, _ASIDE, strict=True):
        ax.text(x, -0.62, name, fontsize=SMALL, color=MUTED, va="bottom")
    for k, row in enumerate(rows):
        sure = "bold" if row["both_exclude_0"] is True else "normal"
        for x, name, words in zip(places, _ASIDE, _words(row), strict=True):
            weight = sure if name == "Signs" else "normal"
            ax.text(x, k, words, fontsize=SMALL, color=INK, va="center", fontweight=weight)


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
