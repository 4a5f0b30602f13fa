"""A result of every public function and class that gives one, from small data."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import pandas as pd

import pluralign_stats as pls
from pluralign_stats import (
    Result,
    checks,
    demographics,
    describe,
    feedback,
    judging,
    planning,
    weighting,
)
from pluralign_stats import outcomes as designs
from pluralign_stats.describe.participants import missing_codes
from tests.outcomes.made_outcomes import make_table, outcomes_of

FORMULA = "rating ~ gender + politics + (1|rater) + (1|item)"
FEW = pls.Sampling(draws=100, tune=100, chains=2, progress=False)
GENDER = designs.RatingFinding("Toxicity by gender", "toxicity", "gender", "Male", "Female")
DESIGNS = {"preserve": -0.8, "majority": -0.3}


@cache
def study() -> pls.Study:
    return pls.simulate_study(7, n_raters=60, n_prompts=8, responses_per_prompt=2)


@cache
def toxicity() -> pd.DataFrame:
    ratings = study().ratings
    rows = ratings[ratings["dimension"] == "toxicity"]
    return rows.dropna(subset=["rating", "gender", "politics"])


@cache
def ordinal() -> pls.OrdinalFit:
    return pls.fit_ordinal(FORMULA, toxicity())


def cells() -> pd.DataFrame:
    return toxicity().groupby(["gender", "politics"], observed=True).size().reset_index(name="n")


@cache
def linear() -> pls.LinearFit:
    return pls.fit_linear(FORMULA, toxicity())


@cache
def between() -> pls.OrderedBetaFit:
    rows = toxicity()
    moved = rows["rating"].astype(float) + (pd.factorize(rows["item"])[0] % 7 - 3) / 4
    rows = rows.assign(rating=moved.clip(1, 5))
    return pls.fit_ordered_beta("rating ~ gender + (1|rater)", rows, bounds=(1, 5))


@cache
def chosen() -> Any:
    made = pls.choices.simulate_choices(seed=1, n_raters=60, n_prompts=3, n_systems=4)
    return pls.fit_choices(made, "gender", responses=True, raters=False)


@cache
def bayes(formula: str = FORMULA, **how: Any) -> Any:
    few: dict[str, Any] = {"draws": 200, "tune": 200, "chains": 2, "progress": False}
    return pls.fit_bayes(formula, toxicity(), **few, **how)


@cache
def joint() -> pls.JointFit:
    few = study().where(dimension=["toxicity", "helpfulness"]).ratings
    return pls.fit_joint(few, ["gender"], draws=100, tune=100, chains=2, progress=False)


@cache
def effects(model: Any = "auto") -> demographics.DemographicEffects:
    two = ["toxicity", "helpfulness"]
    return pls.demographic_effects(study(), dimensions=two, model=model)


@cache
def outcomes() -> designs.Outcomes:
    grid: dict[str, Any] = {"n_seeds": 2, "n_prompts": 4, "dimensions": ("toxicity", "helpfulness")}
    groups = {"gender=Female": -1.0, "gender=Male": -0.2}
    both = {"dpo": -0.8, "grpo": -0.2}
    tuned = [
        make_table(both, factor="optimizer", setting={"objective": objective}, **grid)
        for objective in ("toxicity", "toxicity+helpfulness")
    ]
    equal = make_table(DESIGNS, setting={"budget": "10"}, **grid)
    tables = [make_table(DESIGNS, **grid), equal, make_table(groups, factor="group", **grid)]
    made = pd.concat([*tables, *tuned])
    names = dict(zip(made["prompt"].unique(), study().items["prompt"].unique(), strict=False))
    return outcomes_of(made.assign(prompt=made["prompt"].map(names)), codebook=study().codebook)


@cache
def experiment() -> designs.Experiment:
    return designs.select_experiment(outcomes(), "strategy")


@cache
def survey() -> Result:
    return designs.survey_and_models(study(), outcomes(), [("gender", "Female", "Male")])


@cache
def gain() -> Result:
    return designs.relative_gain(experiment(), "preserve", "majority")


@cache
def judged() -> pd.DataFrame:
    ratings = study().ratings.dropna(subset="rating")
    means = ratings.groupby(["item", "dimension"], observed=True)["rating"].mean()
    scores = means.rename("score").reset_index().assign(judge="one")
    return scores.astype({"item": str, "dimension": str})


@cache
def planned() -> Result:
    designs = [planning.StudyDesign(n, 20, 4, share=0.4, percent=100.0) for n in (60, 90)]
    return pls.power(designs, n_simulations=10, jobs=1, progress=False)


#: What gives a result, or something that holds some, by the name of what was called.
MAKERS: dict[str, Callable[[], Any]] = {
    # Studies
    "composition": lambda: describe.composition(study()),
    "nonresponse": lambda: describe.nonresponse(study()),
    "exclusions": lambda: describe.exclusions(study()),
    "missing_codes": lambda: missing_codes(study()),
    "rating_distribution": lambda: describe.rating_distribution(study(), "gender"),
    "agreement": lambda: describe.agreement(study(), n_bootstrap=100),
    "agreement_between": lambda: describe.agreement_between(study(), "gender", n_bootstrap=100),
    "retest": lambda: describe.retest(study(), n_bootstrap=100),
    "rake": lambda: weighting.rake(study(), {"gender": {"Female": 0.5, "Male": 0.5}}),
    "weighted_means": lambda: weighting.weighted_means(
        study(), weighting.rake(study(), {"gender": {"Female": 0.5, "Male": 0.5}})
    ),
    "positive_given_positive": lambda: describe.positive_given_positive(study(), n_bootstrap=100),
    "coarser_scales": lambda: feedback.coarser_scales(study()),
    "audit": lambda: pls.audit(study(), n_bootstrap=100),
    "recovery": lambda: checks.recovery(study(), effects().percents),
    # Fits and their effects
    "fit_ordinal": ordinal,
    "fit_linear": linear,
    "fit_ordered_beta": between,
    "fit_outcomes": lambda: pls.fit_outcomes(experiment(), "toxicity"),
    "summary": lambda: ordinal().summary(),
    "contrasts": lambda: ordinal().contrasts("politics", by="gender"),
    "comparisons": lambda: ordinal().comparisons("gender", kind="probability"),
    "predictions": lambda: ordinal().predictions(by="politics"),
    "percent": lambda: ordinal().percent("politics"),
    "hypotheses": lambda: ordinal().hypotheses("gender[T.Male] = 0"),
    "joint_test": lambda: pls.joint_test(linear(), "politics"),
    "proportional_odds": lambda: checks.proportional_odds(ordinal()),
    "poststratify": lambda: pls.poststratify(ordinal(), cells(), by="gender"),
    # Choices
    "choice_strengths": lambda: chosen().strengths(by="gender"),
    "choice_differences": lambda: chosen().differences("gender"),
    "choice_wins": lambda: chosen().win_probabilities(by="gender"),
    "choice_responses": lambda: chosen().response_strengths(),
    "choice_summary": lambda: chosen().summary(),
    # Checks
    "check": lambda: checks.check(ordinal(), n_simulations=50),
    "calibration_check": lambda: checks.calibration_check(ordinal()),
    "influence_check": lambda: checks.influence_check(linear()),
    "residual_check": lambda: checks.residual_check(ordinal(), n_simulations=50),
    "likelihood_ratio": lambda: checks.likelihood_ratio(
        ordinal(), pls.fit_ordinal("rating ~ gender + (1|rater) + (1|item)", toxicity())
    ),
    "predicted_shares": lambda: checks.predicted_shares(ordinal(), "politics", min_cell=2),
    "random_effects_table": lambda: checks.random_effects_table(ordinal(), "item"),
    # Demographics
    "demographic_effects": effects,
    "covariate_effects": lambda: demographics.covariate_effects(
        study(), ["language"], ["toxicity"], demographics=["gender"], model="linear"
    ),
    "careless_raters": lambda: describe.careless_raters(study()),
    "default_answers": lambda: demographics.default_answers(
        study(), "politics", default="Liberal", min_cell=2
    ),
    "side_by_side": lambda: demographics.side_by_side(effects(), effects("linear")),
    "only_rows": lambda: pls.only_rows(effects().differences, dimension="Toxicity"),
    "rating_multiverse": lambda: designs.rating_multiverse(
        study(), GENDER, {"model": ["ordinal", "linear"], "scale": ["5-point", "binary"]}
    ),
    # Judges
    "judge_agreement": lambda: judging.judge_agreement(study(), judged(), n_bootstrap=100),
    "judge_contrasts": lambda: judging.judge_contrasts(study(), judged(), n_bootstrap=100),
    # Outcomes
    "against_control": lambda: designs.against_control(experiment()),
    "pairwise": lambda: designs.pairwise(experiment()),
    "by_base_model": lambda: designs.by_base_model(outcomes(), ("optimizer", "objective")),
    "compare_budgets": lambda: designs.compare_budgets(outcomes(), "strategy"),
    "relative_gain": gain,
    "leave_one_out": lambda: designs.leave_one_out(experiment(), *DESIGNS, "toxicity"),
    "model_kinds": lambda: designs.model_kinds(experiment(), *DESIGNS, "toxicity"),
    "multiverse": lambda: designs.multiverse(
        outcomes(), designs.Finding("Toxicity by strategy", "strategy", *DESIGNS, "toxicity")
    ),
    "scores": lambda: designs.scores(experiment()),
    "survey_and_models": survey,
    "survey_scores": lambda: designs.survey_scores(outcomes(), [("gender", "Female", "Male")]),
    "reported": lambda: designs.reported(
        study(), percents={"percents": effects().percents}, gains={"gain": gain()}
    ),
    # Plans
    "power": planned,
    "smallest_design": lambda: planning.smallest_design(planned(), 0.1),
    "detectable_effect": lambda: planning.detectable_effect(
        planning.StudyDesign(60, 20, 4, share=0.4, percent=100.0),
        n_simulations=50,
        jobs=1,
        progress=False,
    ),
    # Posteriors
    "response_style": lambda: pls.response_style(
        bayes("rating ~ country + (1|rater)", nominal="country"), "country"
    ),
    "fit_bayes": bayes,
    "fit_joint": joint,
    "priors": lambda: bayes().priors(),
    "prior_predictive": lambda: pls.prior_predictive(FORMULA, toxicity(), draws=100),
    "prior_sensitivity": lambda: checks.prior_sensitivity(bayes()),
    "summarize_draws": lambda: pls.summarize_draws(
        bayes(), lambda d: d["politics: Conservative"] - d["politics: Liberal"], factors="politics"
    ),
    "bayes contrasts": lambda: bayes().contrasts("gender"),
    "bayes percent": lambda: bayes().percent("gender"),
    "bayes hypotheses": lambda: bayes().hypotheses("gender[T.Male] = 0"),
    "loo": lambda: checks.loo(bayes()),
    "loo_check": lambda: checks.loo_check(bayes()),
    "predictive_check": lambda: checks.predictive_check(bayes(), n_draws=100),
    "sampling_check": lambda: checks.sampling_check(bayes()),
    "compare_models": lambda: checks.compare_models(
        {"as it is": bayes(), "without items": bayes(FORMULA.removesuffix(" + (1|item)"))}
    ),
    "correlations": lambda: joint().correlations(),
    "pooled": lambda: joint().pooled(),
    "bayesian_effects": lambda: demographics.bayesian_effects(
        study(), "toxicity", ["gender"], sampling=FEW
    ),
    "joint_effects": lambda: demographics.joint_effects(study(), ["gender"], sampling=FEW),
    "intersections": lambda: demographics.intersections(study(), min_cell=2, sampling=FEW),
    "scale_use": lambda: demographics.scale_use(
        study(), dimension="toxicity", min_cell=2, sampling=FEW
    ),
    "measurement_invariance": lambda: demographics.measurement_invariance(
        FORMULA, toxicity(), "gender", sampling=FEW
    ),
    "population_ratings": lambda: demographics.population_ratings(study(), "example", sampling=FEW),
}


def results_in(made: Any, what: str = "") -> Iterator[tuple[str, Any]]:
    """All that is, or holds, a table with a sentence: the fields and verbs of what was made."""
    if isinstance(made, (Result, checks.Check)):
        yield what, made
    held: dict[str, Any] = {}
    if isinstance(made, tuple):
        held = dict(enumerate(made))
    elif isinstance(made, dict):
        held = made
    elif isinstance(made, feedback.FeedbackAudit):
        held = made.results()
    elif isinstance(made, (pls.Fit, pls.JointFit)):
        held = {"summary": made.summary()}
    elif is_dataclass(made) and not isinstance(made, Result):
        held = {f.name: getattr(made, f.name) for f in fields(made)}
    if isinstance(made, checks.Check):
        held = {"result": made.result, "details": made.details}
    for name, each in held.items():
        if isinstance(each, (Result, checks.Check, tuple, dict)) and not isinstance(made, Result):
            yield from results_in(each, f"{what} {name}".strip())
