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
from pluralign_stats.figures.legends import legend
from pluralign_stats.figures.outcome_parts import (
    band_height,
    bands,
    compared,
    filled,
    not_repeated,
    plain_model,
    points,
    share_limits,
    span,
)
from pluralign_stats.figures.picture import Picture, drawing
from pluralign_stats.figures.style import MUTED, SMALL, foot, look, new_figure, wrapped
from pluralign_stats.figures.tables import need
from pluralign_stats.results import Result

#: What stands in the panel of a base model that has no such run.
_NOT_TRIED = "not tuned so in this run"
_MIDDLE: dict[str, Any] = {"ha": "center", "va": "center", "color": MUTED, "fontsize": SMALL}


@drawing
def optimizers_figure(result: Result, *, columns: int = 2) -> Picture:
    """Draw optimizers, and objectives, against the untuned control in each base model (figure 5).

    The upper panels (A and B with two base models) hold the optimizers, all on one objective; the
    lower panels (C and D) hold single objectives and several at once, all by one optimizer.

    Parameters
    ----------
    result
        What `by_base_model` gave for `OPTIMIZERS`.
    columns
        As for `against_control_figure`.

    Raises
    ------
    InputError
        If the table holds no optimizers in base models, or `columns` is neither 1 nor 2.
    """
    need(result, "base_model")
    table = _with_parts(compared(result, control=True), result.meta.designs)
    models = list(dict.fromkeys(table["base_model"]))
    dimensions = list(dict.fromkeys(table["dimension"]))
    halves = _halves(table, f"Difference from the untuned control ({result.meta.unit})")
    down = 1 if columns == 2 else len(models)
    heights = [
        0.75 + down * (0.6 + len(dimensions) * band_height(len(half.names))) for half in halves
    ]
    figure = new_figure(sum(heights) + 0.4, columns)
    letters = iter(ascii_uppercase)
    places = figure.subfigures(len(halves), 1, height_ratios=heights, squeeze=False)[:, 0]
    panels = [
        panel
        for half, place in zip(halves, places, strict=True)
        for panel in half.draw(place, models, dimensions, letters, columns)
    ]
    share_limits(panels, ticks=6 if columns == 1 or len(models) < 3 else 4)
    n = f"{span(table['n_runs'], 'training run')}, {span(table['n_generations'], 'generation')}"
    seeds = f"{span(table['n_seeds'], 'seed')}, {span(table['n_prompts'], 'prompt')}"
    told = [f"each design in each base model: {n}", seeds, filled(table), *not_repeated(result)]
    foot(figure, result, *told)
    return Picture(figure, f"Points with intervals by base model. {result.sentence}")


@dataclass(frozen=True)
class _Half:
    """One row of panels: what varies in them, and what stands above and below."""

    heading: str
    what: str
    by: str
    table: pd.DataFrame
    words: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """What varies."""
        return list(dict.fromkeys(self.table[self.by]))

    def draw(
        self,
        place: SubFigure,
        models: list[str],
        dimensions: list[str],
        letters: Iterator[str],
        columns: int,
    ) -> list[Axes]:
        """A panel for each base model, with a letter."""
        across = (1, len(models)) if columns == 2 else (len(models), 1)
        axes = list(place.subplots(*across, squeeze=False).ravel())
        for ax, model in zip(axes, models, strict=True):
            self._panel(ax, self.table[self.table["base_model"] == model], dimensions)
            room = 66 // len(models) if columns == 2 else 34
            name = _broken(plain_model(model), max(room, 16))
            ax.set_title(f"{next(letters)}  {name}", fontsize=8.5)
            if columns == 2 and ax is not axes[0]:
                ax.tick_params(axis="y", labelleft=False)
        place.suptitle(
            wrapped(self.heading, 90 if columns == 2 else 44), x=0.01, ha="left", fontsize=9
        )
        middle = axes[(len(axes) - 1) // 2 if columns == 2 else -1]
        even = columns == 2 and len(axes) % 2 == 0
        middle.set_xlabel(wrapped(self.what, 80 if columns == 2 else 30), x=1.05 if even else 0.5)
        handles, names = axes[0].get_legend_handles_labels()
        legend(place, handles, names, 4, loc="outside lower right", fontsize=SMALL)
        return axes

    def _panel(self, ax: Axes, block: pd.DataFrame, dimensions: list[str]) -> None:
        bands(ax, [wrapped(dimension, 16) for dimension in dimensions])
        step = 0.12 / band_height(len(self.names))
        for k, name in enumerate(self.names):
            own = block[block[self.by] == name]
            if block.empty:
                ax.text(0.5, 0.5, _NOT_TRIED, transform=ax.transAxes, **_MIDDLE)
                break
            y = own["dimension"].map(dimensions.index).to_numpy(dtype=float)
            at = y + step * (k - (len(self.names) - 1) / 2)
            points(ax, own, at, look(k), self.words[name])


def _with_parts(table: pd.DataFrame, designs: Designs) -> pd.DataFrame:
    """The table with optimizer and objective of each design, in words too."""
    made = [designs.get(design, {}) for design in table["level"]]
    if not all({"optimizer", "objective"} <= set(values) for values in made):
        raise InputError(
            "this table holds designs by one factor; the figure is of optimizers and objectives: "
            "by_base_model(outcomes, OPTIMIZERS)"
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
    return [half for half in halves if len(half.names) > 1] or halves[:1]


def _most_compared(table: pd.DataFrame, keep: str, vary: str) -> str:
    """With which value of one column most values of another were tried; DPO and several first."""
    tried = table.groupby(keep, sort=False)[vary].nunique()
    most = [str(name) for name in tried[tried == tried.max()].index]
    if keep == "optimizer":
        return "dpo" if "dpo" in most else most[0]
    return max(most, key=lambda name: len(parse_objective(name)) > 1)


def _broken(model: str, width: int) -> str:
    """A model's name in lines, broken after its owner and at hyphens."""
    return wrapped(model.replace("/", "/ "), width).replace("/ ", "/")
