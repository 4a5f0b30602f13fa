"""The figure of agreement between groups: a matrix for each dimension."""

from math import ceil

import numpy as np
import pandas as pd

from pluralign_stats.figures.cells import colour_bar, matrix
from pluralign_stats.figures.plot import Plot, counted, drawing
from pluralign_stats.figures.style import SHARES, Context, foot, new_figure, with_counts, wrapped
from pluralign_stats.formatting import minus
from pluralign_stats.results import Result

#: Of more groups, matrices stand one below the other, and of still more lack words.
MOST_BESIDE, MOST_WITH_WORDS = 5, 12


@drawing
def agreement_between(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw the table of `agreement_between`: of each dimension a matrix of groups by groups.

    On the diagonal stands the agreement within a group.

    Parameters
    ----------
    result
        What `agreement_between` gave.

    Examples
    --------
    >>> result = pls.describe.agreement_between(study, "gender", n_bootstrap=100)
    >>> plot = pls.figures.agreement_between(result)
    >>> plot.alt.split(". ")[0]
    'Matrices of groups by groups'
    """
    table = result.table
    dimensions = list(dict.fromkeys(table["dimension"]))
    groups = list(dict.fromkeys([*table["group"], *table["other"]]))
    side = 2 if context != "one-column" and len(groups) <= MOST_BESIDE else 1
    across = min(side, len(dimensions))
    down = ceil(len(dimensions) / across)
    figure = new_figure(1.0 + down * (0.9 + 0.42 * len(groups)), context)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    turned = table.rename(columns={"group": "other", "other": "group"})
    shown, top = np.concatenate([table["estimate"], [0]]), table["estimate"].max()
    ends = {"vmin": min(0.0, np.nanmin(shown)), "vmax": top if top > 0 else 1.0}
    behind = table.groupby("group")["n_raters"]
    beside = [wrapped(with_counts(g, behind.get_group(g)), 20) for g in groups]
    for ax, dimension in zip(panels, dimensions, strict=False):
        both = (part[part["dimension"] == dimension] for part in (table, turned))
        cells = {(r.group, r.other): r.estimate for part in both for r in part.itertuples()}
        values = np.array([[cells.get((a, b), np.nan) for b in groups] for a in groups])
        write = np.vectorize(lambda v: "" if np.isnan(v) else minus(f"{v:z.2f}"), otypes=[object])
        frame, words = (pd.DataFrame(v, groups, groups) for v in (values, write(values)))
        many = len(groups) > MOST_WITH_WORDS
        mesh = matrix(ax, frame, None if many else words, cmap=SHARES, **ends)
        names = [wrapped(name, 16) for name in groups]
        ax.set_xticks(np.arange(len(groups)) + 0.5, names, rotation=90)
        ax.set_yticks(np.arange(len(groups)) + 0.5, beside, rotation=0)
        ax.set_title(dimension)
    for ax in panels[len(dimensions) :]:
        ax.set_axis_off()
    colour_bar(list(panels), mesh, "Agreement (0: chance, 1: perfect)")
    told = ["diagonal: within a group", "intervals: in the table"]
    foot(figure, result, *counted(table, "raters of the group"), *told)
    return Plot(figure, f"Matrices of groups by groups. {result.sentence}")
