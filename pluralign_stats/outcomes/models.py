"""Mixed models of the scores of an experiment: designs, prompts, base models and training runs."""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from pluralign_stats.effects.averages import averages, population
from pluralign_stats.effects.estimates import Estimates
from pluralign_stats.errors import InputError, one_of
from pluralign_stats.models.bayes.bayes import fit_bayes
from pluralign_stats.models.fit import Fit
from pluralign_stats.models.linear import LinearFit, fit_linear
from pluralign_stats.models.ordinal import OrdinalFit, fit_ordinal
from pluralign_stats.outcomes.experiments import Experiment

Kind = Literal["linear", "ordinal", "bayes"]

UNIT = "score points"

#: Warning where runs were not replicated.
ONE_RUN = (
    "every design has one training run, so that training noise cannot be told from design; "
    "intervals rest on generations alone and are too narrow for any claim about designs: train "
    "with three seeds or more"
)


@dataclass(frozen=True)
class Runs:
    """How many training runs a model rests on.

    Attributes
    ----------
    spare
        Tuned runs less designs: degrees of freedom of the variance between runs; infinite where
        no design has several runs.
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
    def unit(self) -> str:
        """Unit of the fixed effects."""
        return UNIT

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """Satterthwaite's degrees of freedom, but never more than runs can give."""
        weight = rows[:, 0] - rows[:, 1:].sum(axis=1)
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

    def degrees(self, rows: np.ndarray) -> np.ndarray:
        """What runs can give."""
        last = self.joint.sizes[0]
        own = np.diag(self.vcov) - self._between() / self.runs.n_runs
        share = self.runs.n_scores / (self.runs.n_scores + self.runs.n_control)
        of_control = rows[:, last - len(own) : last].sum(axis=1) ** 2 * np.median(own * share)
        return self.runs.degrees(_variance(rows, self.joint.vcov), of_control)

    def _between(self) -> float:
        """Variance between runs."""
        found = [p.covariance[0, 0] for p in self.random if p.design.term.group == "run"]
        return float(sum(found))


def fit_outcomes(
    experiment: Experiment,
    dimension: str,
    kind: Kind = "linear",
    *,
    by_prompt: bool = False,
    rounded: bool = False,
    **options: Any,
) -> Fit:
    """Model the scores of one dimension by design.

    ``score ~ design + (1|prompt) + (1|base_model) + (0 + tuned|run)``: a run is one training of
    one condition with one seed. Terms that the data do not have (one prompt, one base model, one
    run of every design) are left out.

    Parameters
    ----------
    experiment
        The conditions.
    dimension
        Whose scores.
    kind
        ``"linear"``: REML, scores as numbers. ``"ordinal"``: cumulative logit, scores as ordered
        categories. ``"bayes"``: sampled, slow; Gaussian unless ``family="cumulative"`` is stated.
    by_prompt
        Let designs differ from prompt to prompt, by ``(1|prompt:design)``: wider intervals, which
        hold for new prompts instead of prompts like these on average.
    rounded
        Ordinal models only: round scores that are not whole numbers (half to even) instead of
        refusing them.
    options
        For the function that fits.

    Returns
    -------
    Fit

    Raises
    ------
    InputError
        If there is no such dimension, or its scores do not fit the kind of model.

    Notes
    -----
    The replicate of a claim about designs is the training run; generations of one run are alike.
    So degrees of freedom are Satterthwaite's, but between designs never more than tuned runs less
    designs, those of the between-run part of a balanced experiment. Without that cap an experiment
    in which the variance between runs happens to be estimated as 0 would be tested on generations
    as if these were independent. Against the control the cap is higher, as the part of the
    variance that is the control's own rests on no run (Welch). The ordinal model, which has no
    Satterthwaite, has the cap itself: the "between-within" choice that Li & Redden (2015, BMC
    Medical Research Methodology 15:38) recommend for few clusters. All this is our choice. Maximum
    likelihood makes the variance between few runs too small, so intervals of the ordinal model are
    a little too short against the control; the linear model comes first.

    The control is one untuned model for each base model. It was not trained, so it has no training
    noise, and ``tuned`` (0 for controls) keeps the variance between runs off it; what is uncertain
    about it is which prompts it was asked and what it happened to say. Giving it the variance of a
    run instead would widen every comparison with it, as if untuned models were drawn anew. This
    too is our choice.

    Statements are about the base models at hand: how designs differ between base models is part of
    the variance between runs, and not a term of its own.
    """
    if kind not in get_args(Kind):
        raise InputError(one_of("'kind'", kind, get_args(Kind)))
    data = experiment.of(dimension)
    _check(experiment, data, dimension)
    ordered = kind == "ordinal" or options.get("family") == "cumulative"
    if ordered:
        data = _whole(data, dimension, rounded=rounded)
    elif rounded:
        raise InputError("'rounded' is for ordinal models; leave it out of the others")
    runs = _runs(data)
    formula = _formula(data, replicated=np.isfinite(runs.spare), by_prompt=by_prompt)
    if kind == "bayes":
        return fit_bayes(formula, data, **{"family": "gaussian", **options})
    if kind == "ordinal":
        fit: Fit = fit_ordinal(formula, data, **options)
        return OrdinalOutcomeFit(**_parts(fit), runs=runs)
    return LinearOutcomeFit(**_parts(fit_linear(formula, data, **options)), runs=runs)


def _parts(fit: Fit) -> dict[str, Any]:
    return {part.name: getattr(fit, part.name) for part in fields(fit)}


def _check(experiment: Experiment, data: pd.DataFrame, dimension: str) -> None:
    sizes = data["design"].value_counts()
    empty = [design for design in experiment.designs if not sizes.get(design)]
    if empty:
        raise InputError(
            f"'{empty[0]}' has no usable score of '{dimension}' ({experiment.left_out() or 'none'}"
            "); leave it out of 'levels', or look at its generations"
        )


def _whole(data: pd.DataFrame, dimension: str, *, rounded: bool) -> pd.DataFrame:
    """Scores as whole numbers."""
    score = data["score"]
    broken = score != score.round()
    if broken.any() and not rounded:
        raise InputError(
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


def _runs(data: pd.DataFrame) -> Runs:
    tuned = data[data["tuned"] == 1]
    by_design = tuned.groupby(tuned["design"].cat.remove_unused_categories(), observed=True)
    n_runs = by_design["run"].nunique().to_numpy()
    spare = float(n_runs.sum() - len(n_runs))
    n_control = int((data["tuned"] == 0).sum())
    return Runs(spare or np.inf, n_runs, by_design.size().to_numpy(), n_control)


def _formula(data: pd.DataFrame, *, replicated: bool, by_prompt: bool) -> str:
    """The model that the data can carry."""
    several = data["prompt"].nunique() > 1
    terms = ["design"]
    terms += ["(1|prompt)"] if several else []
    terms += ["(1|prompt:design)"] if several and by_prompt else []
    terms += ["(1|base_model)"] if data["base_model"].nunique() > 1 else []
    terms += ["(0 + tuned|run)"] if replicated else []
    return f"score ~ {' + '.join(terms)}"


def replicated(experiment: Experiment) -> bool:
    """Whether some design has more than one training run."""
    tuned = experiment.table[experiment.table["tuned"] == 1]
    return bool(tuned["run"].nunique() > tuned["design"].nunique())


def design_means(fit: Fit) -> Estimates:
    """Mean score of each design, averaged over prompts, base models and runs.

    Returns
    -------
    Estimates
        One per design, in order; labels have the column design.
    """
    data = fit.design.data
    one_each = data.drop_duplicates("design").sort_values("design").reset_index(drop=True)
    rows = population(fit, "design", one_each)
    made = averages(fit, rows, [{}], "mean", "population")
    designs = pd.DataFrame({"design": [group for (group,) in rows.groups]})
    return made.combine(np.eye(len(designs)), designs)


def differences(means: Estimates, pairs: list[tuple[str, str]]) -> Estimates:
    """Differences of designs' means, the first of each pair less the second."""
    place = {design: k for k, design in enumerate(means.labels["design"])}
    weights = np.zeros((len(pairs), len(place)))
    for row, (first, second) in enumerate(pairs):
        weights[row, place[first]] += 1
        weights[row, place[second]] -= 1
    labels = pd.DataFrame({"contrast": [f"{a} vs {b}" for a, b in pairs]})
    return means.combine(weights, labels)
