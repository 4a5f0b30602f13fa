"""The figure of optimizers and objectives, in each base model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from pluralign_stats.designs import Designs, parse_objective, plain_value, short_objectives
from pluralign_stats.errors import InputError
from pluralign_stats.figures.forest_parts import Rows, Series, draw, name_series, rows, rule, styles
from pluralign_stats.figures.outcomes import compared, not_repeated, plain_model, share_limits, span
from pluralign_stats.figures.plot import Plot, drawing, filled_where, need
from pluralign_stats.figures.style import (
    MUTED,
    SMALL,
    Context,
    foot,
    is_wide,
    name_below,
    new_figure,
    wrapped,
)
from pluralign_stats.results import Result
from pluralign_stats.significance import significant

#: What stands in the panel of a base model that has no such run.
_NOT_TRIED = "not tuned so in this run"
_MIDDLE: dict[str, Any] = {"ha": "center", "va": "center", "color": MUTED, "fontsize": SMALL}


@drawing
def optimizers(result: Result, *, context: Context = "two-column") -> Plot:
    """Draw optimizers, and objectives, against the untuned control in each base model (figure 5).

    The upper panels (A and B with two base models) hold the optimizers, all on one objective; the
    lower panels (C and D) hold single objectives and several at once, all by one optimizer.

    Parameters
    ----------
    result
        What `by_base_model` gave for `OPTIMIZERS`.

    Raises
    ------
    InputError
        If the table holds no optimizers in base models, or there is no such context.

    Examples
    --------
    >>> result = pls.outcomes.by_base_model(outcomes, ("optimizer", "objective"))
    >>> plot = pls.figures.optimizers(result)
    >>> plot.alt.split(". ")[0]
    'Points with intervals by base model'
    """
    need(result, "base_model")
    table = _with_parts(compared(result, control=True), result.meta.designs)
    models = list(dict.fromkeys(table["base_model"]))
    dimensions = list(dict.fromkeys(table["dimension"]))
    halves = _halves(table, f"Difference from the untuned control ({result.meta.unit})")
    down = len(models) if context == "one-column" else 1
    where = [half.rows(dimensions, context) for half in halves]
    heights = [0.75 + down * (0.6 + own.height) for own in where]
    figure = new_figure(sum(heights) + 0.4, context)
    letters = iter(ascii_uppercase)
    places = figure.subfigures(len(halves), 1, height_ratios=heights, squeeze=False)[:, 0]
    panels = [
        panel
        for half, place, own in zip(halves, places, where, strict=True)
        for panel in half.draw(place, models, own, letters)
    ]
    share_limits(panels, ticks=6 if down > 1 or len(models) < 3 else 4)
    n = f"{span(table['n_runs'], 'training run')}, {span(table['n_generations'], 'generation')}"
    seeds = f"{span(table['n_seeds'], 'seed')}, {span(table['n_prompts'], 'prompt')}"
    told = [f"each design in each base model: {n}", seeds, f"filled: {filled_where(table)}"]
    foot(figure, result, *told, *not_repeated(result))
    return Plot(figure, f"Points with intervals by base model. {result.sentence}")


@dataclass(frozen=True)
class _Half:
    """One row of panels: what varies in them, and what stands above and below."""

    heading: str
    what: str
    by: str
    table: pd.DataFrame
    words: Mapping[str, str]

    @property
    def series(self) -> dict[str, Series]:
        """What varies, with a look for each."""
        return styles(list(dict.fromkeys(self.table[self.by])))

    def rows(self, dimensions: list[str], context: str) -> Rows:
        """A row for each dimension, with a point of each thing that varies."""
        labels = {dimension: dimension for dimension in dimensions}
        return rows(labels, context=context, width=16, series=max(len(self.series), 2), apart=0.12)

    def draw(
        self, place: SubFigure, models: list[str], where: Rows, letters: Iterator[str]
    ) -> list[Axes]:
        """A panel for each base model, with a letter."""
        wide = is_wide(place)
        across = (1, len(models)) if wide else (len(models), 1)
        axes = list(place.subplots(*across, squeeze=False).ravel())
        for ax, model in zip(axes, models, strict=True):
            self._panel(ax, self.table[self.table["base_model"] == model], where)
            # Broken after its owner and at hyphens.
            owned = plain_model(model).replace("/", "/ ")
            name = wrapped(owned, max(66 // len(models), 16) if wide else 34).replace("/ ", "/")
            ax.set_title(f"{next(letters)}  {name}", fontsize=SMALL)
            if wide and ax is not axes[0]:
                ax.tick_params(axis="y", labelleft=False)
        place.suptitle(
            wrapped(self.heading, 90 if wide else 44), x=0.01, ha="left", fontsize="medium"
        )
        name_below(axes, self.what)
        named = {self.words[name]: own for name, own in self.series.items()}
        name_series(place, named, 4, loc="outside lower right")
        return axes

    def _panel(self, ax: Axes, block: pd.DataFrame, where: Rows) -> None:
        filled = significant(block).to_numpy()
        made = block.assign(row=block["dimension"], series=block[self.by], filled=filled)
        if block.empty:
            ax.text(0.5, 0.5, _NOT_TRIED, transform=ax.transAxes, **_MIDDLE)
        draw(ax, made, where, self.series, dashes=not block.empty)
        rule(ax, where)
        where.name(ax)


def _with_parts(table: pd.DataFrame, designs: Designs) -> pd.DataFrame:
    """The table with optimizer and objective of each design, in words too."""
    made = [designs.get(design, {}) for design in table["level"]]
    if not all({"optimizer", "objective"} <= set(values) for values in made):
        raise InputError(
            "this table holds designs by one factor; the figure is of optimizers and objectives: "
            "pls.outcomes.by_base_model(outcomes, ('optimizer', 'objective'))"
        )
    return table.assign(
        optimizer=[values["optimizer"] for values in made],
        objective=[values["objective"] for values in made],
    )


def _halves(table: pd.DataFrame, what: str) -> list[_Half]:
    """Optimizers on the objective that most of them have, and objectives of one optimizer.

    What does not vary is left out.
    """
    objective = _most_compared(table, "objective", "optimizer")
    optimizer = _most_compared(table, "optimizer", "objective")
    words = {
        **{name: plain_value("optimizer", name) for name in table["optimizer"]},
        **{name: plain_value("objective", name) for name in table["objective"]},
        **short_objectives(table["objective"]),
    }
    halves = [
        _Half(
            f"Optimizers, all tuned on {words[objective]}",
            what,
            "optimizer",
            table[table["objective"] == objective],
            words,
        ),
        _Half(
            f"Objectives, all tuned by {words[optimizer]}",
            what,
            "objective",
            table[table["optimizer"] == optimizer],
            words,
        ),
    ]
    return [half for half in halves if len(half.series) > 1] or halves[:1]


def _most_compared(table: pd.DataFrame, keep: str, vary: str) -> str:
    """With which value of one column most values of another were tried; DPO and several first."""
    tried = table.groupby(keep, sort=False)[vary].nunique()
    most = [str(name) for name in tried[tried == tried.max()].index]
    if keep == "optimizer":
        return "dpo" if "dpo" in most else most[0]
    return max(most, key=lambda name: len(parse_objective(name)) > 1)
