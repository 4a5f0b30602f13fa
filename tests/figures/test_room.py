"""No words of a figure overlap or leave it, however many and long they are."""

from itertools import combinations

import pytest
from matplotlib.text import Text

import pluralign_stats as pls
from pluralign_stats.figures.breaking import extent
from pluralign_stats.figures.style import theme
from tests.figures import hard

pytestmark = pytest.mark.extended

D, L, C = hard.DIMENSIONS, hard.LEVELS, hard.COUNTRIES

MODELS = (
    "embedded", "an-owner/a-model-with-a-rather-long-name-8B-Instruct", "embedded-small",
    "meta-llama/Llama-3.1-8B-Instruct",
)  # fmt: skip

FINDING = f"{L[0]} against {L[3]} on {D[5]}: 24 analyses"

CHOICES = {
    "model": ("ordinal", "linear by prompt"), "scale": ("5-point", "3-point", "binary"),
    "filter": ("passed", "all ratings"), "adjustment": ("all demographics", "alone"),
}  # fmt: skip

CASES = {
    "forest of 8 dimensions": (pls.figures.forest, hard.contrasts(D, L)),
    "forest of 2 models": (pls.figures.forest, hard.contrasts(D, L[:4], ("ordinal", "linear"))),
    "forest of 30 countries": (pls.figures.forest, hard.contrasts(D[:2], C)),
    "forest of 2 readings by group": (pls.figures.forest, hard.percents(D[:3], L[:5])),
    "forest of coefficients": (pls.figures.forest, hard.coefficients(C)),
    "forest of many rows": (
        pls.figures.forest,
        hard.coefficients([f"{c} {i}" for c in C for i in range(4)]),
    ),
    "forest of numbers": (pls.figures.forest, hard.numbers(L)),
    "scores": (pls.figures.scores, hard.scores(D, L)),
    "composition": (pls.figures.composition, hard.composition(L, (hard.TERM, "Land der Eltern"))),
    "composition of 30": (pls.figures.composition, hard.composition(C)),
    "distribution": (pls.figures.distribution, hard.distribution(D[:3], L)),
    "distribution of 8 dimensions": (pls.figures.distribution, hard.distribution(D, L)),
    "distribution of 11 ratings": (pls.figures.distribution, hard.distribution(D[:2], L[:3], 11)),
    "agreement": (pls.figures.agreement, hard.agreement(D, L)),
    "agreement of few groups": (pls.figures.agreement, hard.agreement(D, L[:6])),
    "agreement of 30": (pls.figures.agreement, hard.agreement(D[:2], C)),
    "agreement between": (pls.figures.agreement_between, hard.agreement_between(D, L)),
    "agreement between few": (pls.figures.agreement_between, hard.agreement_between(D[:3], L[:4])),
    "agreement between 30": (pls.figures.agreement_between, hard.agreement_between(D[:2], C)),
    "joint of 8": (pls.figures.joint, hard.joint(D)),
    "joint of 12": (pls.figures.joint, hard.joint((*D, "Ninth one", "Tenth", "Eleventh", "12th"))),
    "strengths": (pls.figures.strengths, hard.strengths((*MODELS, *D), L)),
    "strengths of 30": (pls.figures.strengths, hard.strengths(C)),
    "strengths in 30 groups": (pls.figures.strengths, hard.strengths(MODELS, C)),
    "wins": (pls.figures.wins, hard.wins(MODELS, L)),
    "wins of 30": (pls.figures.wins, hard.wins(C)),
    "wins in 30 groups": (pls.figures.wins, hard.wins(MODELS[:3], C)),
    "shares": (pls.figures.shares, hard.shares(L)),
    "shares of 11 ratings": (pls.figures.shares, hard.shares(L[:3], 11)),
    "calibration": (pls.figures.calibration, hard.calibration(L)),
    "calibration of 11": (pls.figures.calibration, hard.calibration(L[:3], 11)),
    "residuals": (pls.figures.residuals, hard.residuals(L)),
    "ridges": (pls.figures.ridge, hard.ridges(D, L[:4])),
    "ridges of 30": (pls.figures.ridge, hard.ridges(D[:1], C)),
    "who speaks": (pls.figures.feedback_shares, hard.feedback_shares(L)),
    "flips": (pls.figures.feedback_flips, hard.flips(L[:5])),
    "survival": (pls.figures.feedback_survival, hard.survival(D[:2], L)),
    "caterpillar": (pls.figures.caterpillar, hard.effects(40)),
    "designs": (
        pls.figures.against_control,
        hard.designs(D, [f"{r} vs control" for r in hard.RECIPES]),
    ),
    "pairs of designs": (
        pls.figures.pairwise,
        hard.designs(D, [f"{a} vs {b}" for a, b in combinations(hard.RECIPES[:5], 2)]),
    ),
    "judge": (pls.figures.judge, hard.judged(D[:3], L)),
    "influence": (pls.figures.influence, hard.influence(20)),
    "intersections": (pls.figures.intersections, hard.cells(L[:3], L)),
    "sampling": (pls.figures.sampling, hard.ranks()),
    "sampling of one chain": (pls.figures.sampling, hard.ranks(1)),
    "Pareto k": (pls.figures.pareto, hard.weights()),
    "predictive": (pls.figures.predictive, hard.replicated((hard.TERM, "Land der Eltern"), L[:4])),
    "predictive of 11 ratings": (
        pls.figures.predictive,
        hard.replicated((hard.TERM,), L[:3], 11),
    ),
    "predictive of raters": (pls.figures.predictive, hard.replicated_raters()),
    "scales": (pls.figures.feedback_scales, hard.scales()),
    "optimizers": (pls.figures.optimizers, hard.tuned(D, MODELS[:2])),
    "optimizers in 4 models": (pls.figures.optimizers, hard.tuned(D[:3], MODELS)),
    "optimizers in one model": (pls.figures.optimizers, hard.tuned(D, MODELS[1:2], ("dpo",))),
    "survey": (pls.figures.survey, hard.surveyed(D, [(L[0], L[3]), (L[5], L[6])])),
    "analyses": (pls.figures.specification_curve, hard.analyses(FINDING, **CHOICES)),
    "analyses of much": (
        pls.figures.specification_curve,
        hard.analyses(FINDING, **CHOICES, country=("all", *L)),
    ),
    "power": (pls.figures.power, hard.planned()),
    "power of few raters": (pls.figures.power, hard.planned(400, (40,), (5,), (-18.0,))),
}


def test_every_public_figure_is_drawn():
    drawn = {draw.__name__ for draw, _ in CASES.values()}
    assert len(drawn) > 20
    assert set(pls.figures.__all__) - {"Plot"} == drawn


def seen(figure):
    """Words of a figure that are seen, with the boxes that they fill."""
    hidden = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not (
                    ax.get_visible() and ax.axison and low - 1e-9 <= tick.get_loc() <= high + 1e-9
                ):
                    hidden |= {tick.label1, tick.label2}
        if not ax.get_visible():
            hidden |= set(ax.findobj(Text))
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            yield text.get_text(), extent(text)


@pytest.mark.parametrize("context", ["two-column", "one-column"])
@pytest.mark.parametrize("name", CASES)
def test_words_neither_overlap_nor_leave_the_figure(name, context):
    draw, table = CASES[name]
    figure = draw(table, context=context).figure
    with theme(context):
        figure.draw_without_rendering()
        words = list(seen(figure))
    width, height = figure.bbox.width, figure.bbox.height
    outside = [
        text
        for text, box in words
        if min(box.x0, box.y0) < -2 or box.x1 > width + 2 or box.y1 > height + 2
    ]
    assert not outside
    over = [
        (one, other)
        for (one, a), (other, b) in combinations(words, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2
    ]
    assert not over
