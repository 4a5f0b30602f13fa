"""Mixed models of the scores of an experiment: designs, prompts, base models and training runs."""

from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.documentation import documented_by
from pluralign_stats.effects.averages import averages, population
from pluralign_stats.effects.estimates import Estimates
from pluralign_stats.errors import InputError, NotApplicableError, check_one_of
from pluralign_stats.fits.bayes import fit_bayes
from pluralign_stats.fits.fit import Fit, made_of
from pluralign_stats.fits.linear import LinearFit, fit_linear
from pluralign_stats.fits.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.models.bayes.options import SAMPLING, Sampling
from pluralign_stats.models.family import Family
from pluralign_stats.notes import Code, Note, reworded
from pluralign_stats.outcomes.experiments import Experiment
from pluralign_stats.study.text import contrast_labels

Kind = Literal["linear", "ordinal", "bayes"]

#: Families of Bayesian models of scores.
BayesFamily = Literal["gaussian", "cumulative"]

UNIT = "score points"


#: The same within a sentence.
GENERATIONS_ALONE = "by generations alone, as training was not repeated"

#: Base models as many as this are a sample of models, with a variance; fewer have levels each.
FEW = 5

#: Note on few base models.
LEVELS_OF_MODELS = (
    f"Each base model has a level of its own (a fixed effect, as there are fewer than {FEW}, too "
    "few for a variance); differences between designs are averaged equally over them."
)

#: What of a fit's warnings is no reason to doubt it.
_WORTH_KNOWING = (Code.SINGULAR, Code.FEW_LEVELS, Code.ONE_LEVEL)

_FEW_RUNS = (
    "there are few training runs, so that the variance between them is hardly known; degrees of "
    "freedom allow for that"
)

#: What these are called where the grouping factors are those of an experiment.
_IN_EXPERIMENTS = {
    (Code.FEW_LEVELS, "run"): _FEW_RUNS,
    (Code.ONE_LEVEL, "run"): _FEW_RUNS,
    (Code.SINGULAR, "run"): "training runs of one design differ no more than their generations "
    "make them (the variance between runs is estimated as 0); degrees of freedom still count runs",
    (Code.SINGULAR, "prompt"): "mean scores differ no more from prompt to prompt than chance makes "
    "them (the variance between prompts is estimated as 0)",
}


@dataclass(frozen=True)
class Runs:
    """How many training runs a model rests on.

    Attributes
    ----------
    spare
        Degrees of freedom of the variance between runs: tuned runs less designs, less base models
        but one where these have levels of their own; infinite where no run is left over.
    n_runs, n_scores
        (designs,) of each tuned design.
    n_control
        Scores of the controls.
    """

    spare: float
    n_runs: np.ndarray
    n_scores: np.ndarray
    n_control: int

    def degrees(self, variance: np.ndarray, of_control: np.ndarray) -> np.ndarray:
        """Most degrees of freedom (m,) of differences, given their variances (m,).

        `of_control` is the part of the variance that the control's own generations add, which no
        training run stands behind (Welch 1947, Biometrika 34, with that part taken as known).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            tuned = np.maximum(variance - of_control, 0.0) / variance
            return np.where(tuned > 0, self.spare / tuned**2, np.inf)


@dataclass(frozen=True, eq=False, repr=False)
class LinearOutcomeFit(LinearFit):
    """A linear model of scores, with degrees of freedom that rest on training runs."""

    runs: Runs

    @property
    def family(self) -> Family:
        """Numbers, in points of the score."""
        return replace(super().family, unit=UNIT)

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Satterthwaite's degrees of freedom, but never more than runs can give."""
        weight = rows[:, 0] - rows[:, 1 : 1 + len(self.runs.n_runs)].sum(axis=1)
        of_control = weight**2 * self.sigma**2 / self.runs.n_control
        most = self.runs.degrees(_variance(rows, self.joint.vcov), of_control)
        return np.minimum(super().degrees(rows), most)


@dataclass(frozen=True, eq=False, repr=False)
class OrdinalOutcomeFit(OrdinalFit):
    """An ordinal model of scores, with degrees of freedom that rest on training runs."""

    runs: Runs

    @property
    def interval(self) -> str:
        """Kind of interval that tables of this model hold."""
        return "Wald intervals from t with the degrees of freedom of runs"

    @property
    def asymptotic(self) -> bool:
        """No: runs are counted."""
        return False

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """What runs can give."""
        n_designs, first = len(self.runs.n_runs), self.joint.sizes[0] - len(self.params)
        of_runs = [p.covariance[0, 0] for p in self.random if p.design.term.group == "run"]
        own = np.diag(self.vcov)[:n_designs] - sum(of_runs) / self.runs.n_runs
        share = self.runs.n_scores / (self.runs.n_scores + self.runs.n_control)
        weight = rows[:, first : first + n_designs].sum(axis=1)
        of_control = weight**2 * np.median(own * share)
        return self.runs.degrees(_variance(rows, self.joint.vcov), of_control)


@dataclass(frozen=True, kw_only=True)
class ScoreModel:
    """How scores are modelled.

    Attributes
    ----------
    kind
        ``"linear"``: REML, scores as numbers. ``"ordinal"``: cumulative logit, scores as ordered
        categories. ``"bayes"``: sampled, slow.
    by_prompt
        Let designs differ from prompt to prompt, by ``(1|prompt:design)``: wider intervals, which
        hold for new prompts instead of prompts like these on average.
    rounded
        Ordered categories only: round scores that are not whole numbers (half to even) instead of
        refusing them.
    family
        Of a Bayesian model: ``"gaussian"``, or ``"cumulative"`` for ordered categories.
    sampling
        How the posterior of a Bayesian model is sampled.

    Raises
    ------
    InputError
        If there is no such kind, or what has no ordered categories is to be rounded.
    """

    kind: Kind = "linear"
    by_prompt: bool = False
    rounded: bool = False
    family: BayesFamily = "gaussian"
    sampling: Sampling = SAMPLING

    def __post_init__(self) -> None:
        """Refuse what cannot be used."""
        check_one_of("'kind'", self.kind, get_args(Kind))
        if self.rounded and not self.ordered:
            raise InputError("'rounded' is for ordinal models; leave it out of the others")

    @property
    def ordered(self) -> bool:
        """Whether scores are ordered categories."""
        return self.kind == "ordinal" or (self.kind == "bayes" and self.family == "cumulative")


#: How scores are modelled where nothing else is said.
SCORE_MODEL = ScoreModel()


@documented_by(ScoreModel)
def fit_outcomes(
    experiment: Experiment,
    dimension: str,
    kind: Kind = "linear",
    *,
    by_prompt: bool = False,
    rounded: bool = False,
    family: BayesFamily = "gaussian",
    sampling: Sampling = SAMPLING,
) -> Fit:
    """Model the scores of one dimension by design.

    ``score ~ design + base_model + (1|prompt) + (0 + tuned|run)``: a run is one training of one
    condition with one seed. Terms that the data do not have (one prompt, one base model, no
    repeated run) are left out. Of five base models or more, ``(1|base_model)`` takes the place of
    the fixed effect.

    Parameters
    ----------
    experiment
        The conditions.
    dimension
        Whose scores.

    Returns
    -------
    Fit
        Of scores in points.

    Raises
    ------
    InputError
        If there is no such dimension, or its scores do not fit the kind of model.

    Notes
    -----
    The replicate of a claim about designs is the training run; generations of one run are alike.
    So degrees of freedom are Satterthwaite's, but between designs never more than those of the
    between-run part of a balanced experiment (`Runs.spare`). Without that cap an experiment
    in which the variance between runs happens to be estimated as 0 would be tested on generations
    as if these were independent. Against the control the cap is higher, as the part of the
    variance that is the control's own rests on no run (Welch). The ordinal model, which has no
    Satterthwaite, has the cap itself: the "between-within" choice that Li & Redden recommend for
    few clusters. All this is our choice. Maximum likelihood makes the variance between few runs too
    small, so intervals of the ordinal model are a little too short against the control; the linear
    model comes first.

    The control is one untuned model for each base model. It was not trained, so it has no training
    noise, and ``tuned`` (0 for controls) keeps the variance between runs off it; what is uncertain
    about it is which prompts it was asked and what it happened to say. Giving it the variance of a
    run instead would widen every comparison with it, as if untuned models were drawn anew. This
    too is our choice.

    Statements are about the base models at hand. A variance between two or three of them cannot be
    estimated, so few of them are fixed effects (our choice, at fewer than five). How designs
    differ between base models is part of the variance between runs, and not a term of its own.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), Journal of Statistical Software 82(13), section
    2, for degrees of freedom.
    Li & Redden (2015), BMC Medical Research Methodology 15:38, for those of the ordinal model;
    Welch (1947), Biometrika 34, 28-35, for those against the control.

    Examples
    --------
    >>> scored = pls.fit_outcomes(experiment, "toxicity")
    >>> scored.formula
    'score ~ design + (1|prompt) + (0 + tuned|run)'
    """
    model = ScoreModel(
        kind=kind, by_prompt=by_prompt, rounded=rounded, family=family, sampling=sampling
    )
    return fit_scores(experiment, dimension, model)


def fit_scores(experiment: Experiment, dimension: str, model: ScoreModel) -> Fit:
    """Model the scores of one dimension by design; see `fit_outcomes`."""
    data = experiment.of(dimension)
    _check(experiment, data, dimension)
    if model.ordered:
        data = _whole(data, dimension, rounded=model.rounded)
    runs = count_runs(data)
    formula = model_formula(data, by_prompt=model.by_prompt)
    if model.kind == "bayes":
        return fit_bayes(formula, data, family=model.family, **asdict(model.sampling))
    if model.kind == "ordinal":
        fit = fit_ordinal(formula, data)
        held = data[data.index.isin(fit.design.data.index)]
        runs = runs if fit.design.aside.empty else count_runs(held)
        return made_of(OrdinalOutcomeFit, fit, runs=runs)
    return made_of(LinearOutcomeFit, fit_linear(formula, data), runs=runs)


def _check(experiment: Experiment, data: pd.DataFrame, dimension: str) -> None:
    sizes = data["design"].value_counts()
    empty = [design for design in experiment.designs if not sizes.get(design)]
    if empty:
        raise NotApplicableError(
            f"'{empty[0]}' has no usable score of '{dimension}' ({experiment.left_out() or 'none'}"
            "); leave it out of 'levels', or look at its generations"
        )


def _whole(data: pd.DataFrame, dimension: str, *, rounded: bool) -> pd.DataFrame:
    """Scores as whole numbers."""
    score = data["score"]
    broken = score != score.round()
    if broken.any() and not rounded:
        raise NotApplicableError(
            f"{broken.sum():,} of {len(score):,} scores of '{dimension}' are no whole numbers, "
            f"such as {score[broken].iloc[0]:g}, and an ordinal model needs categories; fit the "
            "linear model, or round them (rounded=True)"
        )
    whole = data.assign(score=score.round().astype(int))
    whole.attrs = data.attrs
    return whole


def _variance(rows: np.ndarray, vcov: np.ndarray) -> np.ndarray:
    """Variances (m,) of combinations (m, k) of parameters; missing ones have none."""
    return np.einsum("mk,kl,ml->m", rows, np.nan_to_num(vcov), rows)


def few_models(data: pd.DataFrame) -> bool:
    """Whether base models are several, but too few for a variance."""
    return 1 < data["base_model"].nunique() < FEW


def count_runs(data: pd.DataFrame) -> Runs:
    """How many training runs the scores of one dimension rest on."""
    tuned = data[data["tuned"] == 1]
    by_design = tuned.groupby(tuned["design"].cat.remove_unused_categories(), observed=True)
    n_runs = by_design["run"].nunique().to_numpy()
    levels = tuned["base_model"].nunique() - 1 if few_models(data) else 0
    spare = float(n_runs.sum() - len(n_runs) - levels)
    n_control = int((data["tuned"] == 0).sum())
    return Runs(spare if spare > 0 else np.inf, n_runs, by_design.size().to_numpy(), n_control)


def model_formula(data: pd.DataFrame, *, by_prompt: bool = False) -> str:
    """The model that the scores of one dimension can carry."""
    several = data["prompt"].nunique() > 1
    terms = ["design"]
    terms += ["base_model"] if few_models(data) else []
    terms += ["(1|prompt)"] if several else []
    terms += ["(1|prompt:design)"] if several and by_prompt else []
    terms += ["(1|base_model)"] if data["base_model"].nunique() >= FEW else []
    terms += ["(0 + tuned|run)"] if np.isfinite(count_runs(data).spare) else []
    return f"score ~ {' + '.join(terms)}"


def replicated(experiment: Experiment) -> bool:
    """Whether runs were repeated, so that training noise can be told from design."""
    first = experiment.table["dimension"] == experiment.dimensions[0]
    return bool(np.isfinite(count_runs(experiment.table[first]).spare))


def doubts_and_notes(fit: Fit) -> tuple[list[Note], list[Note]]:
    """What to doubt about a fit, and what is merely worth knowing: variances of 0, few levels."""
    known = [note for note in fit.warnings if note.code in _WORTH_KNOWING]
    doubts = [note for note in fit.warnings if note.code not in _WORTH_KNOWING]
    return doubts, [reworded(n, _IN_EXPERIMENTS.get((n.code, n.about), n)) for n in known]


def design_means(fit: Fit) -> Estimates:
    """Mean score of each design, averaged over prompts and runs, and equally over base models.

    Returns
    -------
    Estimates
        One per design, in order; labels have the column design. Missing for a design all of whose
        scores are at an end of the scale, of which an ordinal model knows no mean.
    """
    data, _ = fit.design.rated
    rows = data.drop_duplicates("design").sort_values("design").reset_index(drop=True)
    if "base_model" in fit.design.fixed_variables:
        models = data[["base_model"]].drop_duplicates()
        rows = rows.drop(columns="base_model").merge(models, how="cross")
    everywhere = population(fit, "design", rows)
    made = averages(fit, everywhere, [{}], "mean", "marginal")
    designs = pd.DataFrame({"design": [group for (group,) in everywhere.groups]})
    return made.combine(np.eye(len(designs)), designs)


def differences(means: Estimates, pairs: list[tuple[str, str]]) -> Estimates:
    """Differences of designs' means, the first of each pair less the second."""
    place = {design: k for k, design in enumerate(means.labels["design"])}
    weights = np.zeros((len(pairs), len(place)))
    for row, (first, second) in enumerate(pairs):
        weights[row, place[first]] += 1
        weights[row, place[second]] -= 1
    labels = pd.DataFrame(pairs, columns=["level", "reference"])
    labels.insert(0, "contrast", contrast_labels(pairs))
    return means.combine(weights, labels)
