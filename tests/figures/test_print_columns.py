"""Every figure in one and in two columns of print: legible, nothing cut, nothing covered."""

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from test_outcome_figures import differences, optimizers, specifications, survey

import pluralign_stats as pls
from pluralign_stats import Result
from pluralign_stats.checks.calibration import calibration_check
from pluralign_stats.checks.influence import influence_check
from pluralign_stats.checks.random_effects import random_effects_table
from pluralign_stats.checks.residuals import residual_check
from pluralign_stats.feedback.feedback_audit import audit
from pluralign_stats.figures import Plot
from pluralign_stats.figures.style import CONTEXTS, theme
from pluralign_stats.results import Metadata
from tests.figures import hard

pytestmark = pytest.mark.extended

#: Points below which print cannot be read.
SMALLEST = 6

DIMENSIONS = ["Stereotypical bias", "Toxicity", "Sensitivity and openness"]
GROUPS = ["All ratings", "Black or African American", "Conservative"]


def made(rows: Any, columns: list[str], **more: Any) -> Result:
    """A table of numbers that are drawn at random, with what figures say of their data."""
    table = pd.DataFrame(list(rows), columns=columns)
    x = np.random.default_rng(1).uniform(0.1, 0.4, len(table))
    table = table.assign(estimate=x, conf_low=x - 0.1, conf_high=x + 0.1, **more)
    meta = Metadata(
        "Title",
        data="simulated",
        unit="rating points",
        conf_level=0.95,
        interval="intervals by simulation",
    )
    return Result(table, "A sentence about it.", meta)


def replicated() -> Result:
    result = made(product(["Ethnicity"], GROUPS, range(1, 6)), ["term", "group", "rating"])
    return made(
        product(["Ethnicity"], GROUPS, range(1, 6)), ["term", "group", "rating"],
        n_raters=1000, observed=result.table["estimate"] + 0.05,
    )  # fmt: skip


def judged() -> Result:
    rows = product(DIMENSIONS, GROUPS, ["kappa", "alpha", "bias"])
    more = {"ceiling": 0.3, "ceiling_low": 0.2, "ceiling_high": 0.4, "n_raters": 1000}
    return made(rows, ["dimension", "group", "statistic"], **more)


def drawn_posteriors() -> Result:
    contrasts = ["Conservative vs Liberal", "Black or African American vs White"]
    return made(product(DIMENSIONS, contrasts, range(60)), ["dimension", "contrast", "draw"])


def ranks() -> Result:
    terms = ["sd(rater: Intercept)", "gender[Non-binary]", "threshold 1|2"]
    rows = product(terms, range(1, 5), range(1, 11))
    return made(rows, ["term", "chain", "part"], limit=0.2)


def left_out() -> Result:
    return made(((f, "Pareto k of rating") for f in np.linspace(0, 1, 30)), ["share", "term"],
                limit=0.5)  # fmt: skip


def planned() -> Result:
    rows = [(n, r, 200, 0.12, -18.0) for r in (3, 5) for n in (200, 400, 800, 1600)]
    names = ["raters", "ratings_per_rater", "items", "share", "percent"]
    result = made(rows, names, n_found=100, type_m=1.2, n_simulations=200, method="")
    table = result.table
    return Result(
        table.assign(power=table["estimate"], n_group=(table["raters"] * 0.12).astype(int)),
        result.sentence,
        result.meta,
    )


@pytest.fixture(scope="module")
def audited(small_study: pls.Study) -> Any:
    return audit(small_study, by="ethnicity", n_bootstrap=100, min_voices=1, min_cell=2)


@pytest.fixture(scope="module")
def gallery(
    small_study: pls.Study, small_effects: Any, fit: pls.OrdinalFit, audited: Any
) -> dict[str, Callable[..., Plot]]:
    """Every public figure, to be drawn for a context."""
    study, effects = small_study, small_effects.differences
    influence = influence_check(fit)
    cells = ["given", "group", "observed"]
    chosen = pls.fit_choices(pls.choices.simulate_choices(seed=2, n_raters=60), "gender")
    met = made(((g, h, 0.2) for g in ("Female", "Male") for h in GROUPS), cells, n_raters=1000)
    calls: dict[str, tuple[Any, ...]] = {
        "composition": (pls.describe.composition(study),),
        "distribution": (pls.describe.rating_distribution(study, "ethnicity", min_cell=2),),
        "agreement": (pls.describe.agreement(study, "politics", n_bootstrap=100),),
        "agreement_between": (
            pls.describe.agreement_between(study, "politics", n_bootstrap=100, min_cell=2),
        ),
        "strengths": (chosen.strengths(by="gender"),),
        "wins": (chosen.win_probabilities(by="gender"),),
        "joint": (pls.describe.positive_given_positive(study, n_bootstrap=100),),
        "forest": (effects,),
        "intersections": (met,),
        "shares": (pls.predictions(fit, by=["gender", "politics"], kind="probability"),),
        "caterpillar": (random_effects_table(fit, "item"),),
        "calibration": (calibration_check(fit, "politics", n_simulations=39).result,),
        "residuals": (residual_check(fit, n_simulations=39).result,),
        "influence": (influence.result, *influence.details),
        "predictive": (replicated(),),
        "ridge": (drawn_posteriors(),),
        "pareto": (left_out(),),
        "sampling": (ranks(),),
        "judge": (judged(),),
        "feedback_shares": (audited.shares,),
        "feedback_survival": (audited.survival,),
        "feedback_flips": (audited.flips,),
        "feedback_scales": (pls.feedback.coarser_scales(small_study),),
        "against_control": (differences(["mean vs control", "majority vs control"]),),
        "pairwise": (differences(["mean vs majority", "mean vs random"]),),
        "optimizers": (optimizers(),),
        "survey": (survey(),),
        "specification_curve": (specifications(),),
        "power": (planned(),),
        "scores": (hard.scores(DIMENSIONS, ["control", "preserve", "majority vote"]),),
    }

    def drawing(name: str) -> Callable[..., Plot]:
        return lambda context: getattr(pls.figures, name)(*calls[name], context=context)

    return {name: drawing(name) for name in calls}


NAMES = set(pls.figures.__all__) - {"Plot"}


def words(picture: Plot) -> list[Any]:
    """Every text that is seen, with its place in pixels."""
    figure = picture.figure
    with theme():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    found = figure.findobj(Text)
    shown = [t for t in found if t.get_visible() and t.get_text().strip()]
    unseen = _unseen(picture)
    places = [(t, t.get_window_extent(canvas.get_renderer())) for t in shown]
    return [(t, box) for t, box in places if box.width > 0 and id(t) not in unseen]


def _labels(ticks: Any) -> set[int]:
    return {id(label) for tick in ticks for label in (tick.label1, tick.label2)}


def _unseen(picture: Plot) -> set[int]:
    """Texts of panels that are hidden, and labels of ticks that are not drawn."""
    unseen: set[int] = set()
    for ax in picture.figure.axes:
        if not ax.get_visible():
            unseen |= {id(text) for text in ax.findobj(Text)}
        for axis in (ax.xaxis, ax.yaxis):
            drawn = _labels(axis._update_ticks()) if ax.axison else set()
            unseen |= _labels((*axis.get_major_ticks(), *axis.get_minor_ticks())) - drawn
    return unseen


@pytest.fixture(scope="module", params=list(product(sorted(NAMES), CONTEXTS)), ids=str)
def printed(request: Any, gallery: dict[str, Any]) -> tuple[Plot, str, list[Any]]:
    """A figure, its context, and its words where they are seen."""
    name, context = request.param
    picture = gallery[name](context)
    return picture, context, words(picture)


def test_text_is_legible(printed: tuple[Plot, str, list[Any]]) -> None:
    _, _, found = printed
    small = {t.get_text(): t.get_fontsize() for t, _ in found if t.get_fontsize() < SMALLEST}
    assert small == {}


def test_nothing_leaves_the_figure(printed: tuple[Plot, str, list[Any]]) -> None:
    picture, context, _ = printed
    figure = picture.figure
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert width == CONTEXTS[context][0]
    assert min(box.x0, box.y0) >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01


def test_no_text_covers_another(printed: tuple[Plot, str, list[Any]]) -> None:
    _, _, found = printed
    covered = [
        (a.get_text(), b.get_text())
        for (a, one), (b, two) in combinations(found, 2)
        if min(one.x1, two.x1) - max(one.x0, two.x0) > 1
        and min(one.y1, two.y1) - max(one.y0, two.y0) > 1.5
    ]
    assert covered == []


@pytest.mark.parametrize("context", ["page", 1, ""])
def test_other_widths_are_refused(small_study: pls.Study, context: Any) -> None:
    with pytest.raises(
        pls.InputError, match="'context' must be one of 'one-column', 'two-column', 'screen'"
    ):
        pls.figures.composition(pls.describe.composition(small_study), context=context)


def test_what_cannot_be_drawn_is_told_in_the_width_asked_for(small_study: pls.Study) -> None:
    result = pls.describe.composition(small_study)
    empty = Result(result.table.iloc[:0], "There is nothing to show. " * 4, result.meta)
    picture = pls.figures.composition(empty, context="one-column")
    assert picture.figure.get_figwidth() == CONTEXTS["one-column"][0]
    ((_, box),) = words(picture)
    assert box.x1 <= picture.figure.bbox.x1
