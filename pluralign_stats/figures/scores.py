"""The figure of the scores that models of outcomes are fitted to."""

from pluralign_stats.figures.marks import plain_axis
from pluralign_stats.figures.plot import Plot, drawing, need
from pluralign_stats.figures.style import (
    COLOURS,
    Context,
    foot,
    leftmost,
    name_below,
    name_panel,
    new_figure,
    panel_rows,
    panels,
    wrapped,
)
from pluralign_stats.results import Result
from pluralign_stats.words import counted


@drawing
def scores(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the scores of each design: quartiles, and what lies far from them, by dimension.

    Parameters
    ----------
    result
        What `scores` or `survey_scores` gave.

    Raises
    ------
    InputError
        If the table is another one.
    """
    need(result, "dimension", "design", "score")
    table = result.table
    designs, shown = (list(dict.fromkeys(table[name])) for name in ("design", "dimension"))
    down = panel_rows(len(shown), context)
    figure = new_figure(0.85 + down * (0.3 + 0.3 * len(designs)), context)
    axes = panels(figure, len(shown), sharey=True)
    for ax, dimension in zip(axes, shown, strict=True):
        own = table[table["dimension"] == dimension].groupby("design")["score"]
        drawn = [own.get_group(name).dropna() if name in own.groups else [] for name in designs]
        lines = {"color": COLOURS[0]}
        ax.boxplot(
            drawn, orientation="horizontal", positions=range(len(designs)), widths=0.6,
            boxprops=lines, whiskerprops=lines, capprops=lines, medianprops=lines,
            flierprops={"markersize": 2, "markeredgecolor": COLOURS[0]},
        )  # fmt: skip
        plain_axis(ax)
        name_panel(ax, str(dimension), -(-len(shown) // down))
    width = 18 if context == "one-column" else 30
    axes[0].set_ylim(len(designs) - 0.5, -0.5)
    for ax in leftmost(axes):
        ax.set_yticks(range(len(designs)), [wrapped(design, width) for design in designs])
    name_below(axes, "Score")
    foot(figure, result, counted(len(table), "score"), "boxes: quartiles")
    return Plot(figure, f"Boxes of scores by design. {result.sentence}")
