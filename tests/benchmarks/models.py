"""Models that our package and its peers fit: one dimension, a slider, all dimensions, InstEval."""

import tempfile
from pathlib import Path

import pandas as pd

from tests.benchmarks import data
from tests.benchmarks.compare import Model, Peer, compare
from tests.benchmarks.report import Report

CROSSED = "(1|rater) + (1|item)"
DIMENSION = "emotional_awareness"
#: All demographics of the study (21 effects), and those that give 11 effects.
ALL = "gender + age + country + ethnicity + politics"
FEW = "gender + age + politics"
#: Runs of ours and of a peer that takes long.
RUNS, SLOW_RUNS = 7, 3
#: Most seconds that statsmodels gets.
PATIENCE = 180.0


def ordinal(report: Report, *, quick: bool, r: bool) -> None:
    """Cumulative logit of one dimension against clmm."""
    peers = [Peer("clmm", 1 if quick else SLOW_RUNS, least=150)] if r else []
    _one_dimension(report, "Ordinal", "ordinal", {ALL: peers, FEW: peers}, quick=quick)


def linear(report: Report, *, quick: bool, r: bool) -> None:
    """REML of one dimension against lmer and, once, statsmodels."""
    peers = [Peer("lmer", 2 if quick else RUNS, least=1)] if r else []
    more = [*peers, Peer("statsmodels", 1, patience=PATIENCE)]
    _one_dimension(report, "Linear, REML", "reml", {ALL: peers, FEW: more}, quick=quick)


def ordered_beta(report: Report, *, quick: bool, r: bool) -> None:
    """Ordered beta of one dimension, its ratings as on a slider, against glmmTMB."""
    peers = [Peer("glmmTMB", 1 if quick else SLOW_RUNS, least=1)] if r else []
    ratings = data.slider_ratings(quick=quick)
    fixed = {ALL: peers, FEW: peers}
    _one_frame(report, "Ordered beta", "ordered-beta", ratings, fixed, quick=quick)


def _one_dimension(
    report: Report, name: str, method: str, peers: dict[str, list[Peer]], *, quick: bool
) -> None:
    """Compare models of one dimension, each fixed part with its own peers."""
    ratings = data.simulated_ratings(quick=quick)
    ratings = ratings[ratings["dimension"] == DIMENSION].drop(columns="dimension")
    _one_frame(report, name, method, ratings, peers, quick=quick)


def _one_frame(
    report: Report,
    name: str,
    method: str,
    ratings: pd.DataFrame,
    peers: dict[str, list[Peer]],
    *,
    quick: bool,
) -> None:
    """Compare models of one response, each fixed part with its own peers."""
    with tempfile.TemporaryDirectory() as folder:
        place = data.write(ratings, Path(folder) / "data")
        for fixed, beside in peers.items():
            formula = f"rating ~ {fixed} + {CROSSED}"
            model = Model(f"{name}, one dimension", place, method, formula)
            compare(report, model, beside, 2 if quick else RUNS)


def crossed(report: Report, *, quick: bool, r: bool) -> None:
    """REML of all dimensions with four random terms against lmer."""
    peers = [Peer("lmer", 1 if quick else SLOW_RUNS, least=20)] if r else []
    formula = f"rating ~ {ALL} + dimension + {CROSSED} + (1|rater:dimension)"
    frame = data.simulated_ratings(quick=quick)
    _whole(report, "Linear, REML, all dimensions, four terms", "reml", frame,
           f"{formula} + (1|item:dimension)", peers, quick=quick)  # fmt: skip


def insteval(report: Report, *, quick: bool, r: bool) -> None:
    """ML of lme4's InstEval against lmer."""
    if not data.INSTEVAL.exists():
        print("InstEval: skipped, ../shared/data/reference/lme4_InstEval.csv.gz is not here")
        return
    peers = [Peer("lmer", 1 if quick else SLOW_RUNS, least=3)] if r else []
    formula = "y ~ service + studage + lectage + (1|s) + (1|d) + (1|dept:service)"
    _whole(report, "Linear, ML, InstEval, three terms", "ml", data.insteval(quick=quick),
           formula, peers, quick=quick)  # fmt: skip


def _whole(
    report: Report,
    what: str,
    method: str,
    frame: pd.DataFrame,
    formula: str,
    peers: list[Peer],
    *,
    quick: bool,
) -> None:
    """Compare one model of a whole frame."""
    with tempfile.TemporaryDirectory() as folder:
        model = Model(what, data.write(frame, Path(folder) / "data"), method, formula)
        compare(report, model, peers, 2 if quick else RUNS)
