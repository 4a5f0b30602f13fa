"""Posteriors stored from R's brms (`tests/reference`) against the same models here."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import fit_bayes
from tests.conftest import SHARED_DATA

pytestmark = pytest.mark.extended

FOLDER = Path(__file__).parents[2] / "reference"
CASES = json.loads((FOLDER / "brms_reference.json").read_text("utf-8"))["cases"]

PRIORS = {"coefficients": "normal(0, 1)", "thresholds": "normal(0, 2)", "sd": "exponential(1)"}
CORRELATED = {**PRIORS, "correlations": "lkj(2)"}
VERBAGG = "~ Anger + Gender + btype + situ + (1|id) + (1|item)"

#: Formula, options and draws of each case.
MODELS = {
    "wine": ("rating ~ temp + contact + (1|judge)", {"priors": PRIORS}, 4000),
    "wine_disc": (
        "rating ~ temp + contact + (1|judge)",
        {"scale": "contact", "priors": {**PRIORS, "scale": "normal(0, 1)"}},
        4000,
    ),
    "wine_slopes": ("rating ~ temp + contact + (1 + temp|judge)", {"priors": CORRELATED}, 4000),
    "soup": ("SURENESS ~ PROD + (1|RESP)", {"link": "probit", "priors": PRIORS}, 2000),
    "carrots": (
        "Preference ~ sens2 + Homesize + (1 + sens2|Consumer)",
        {
            "family": "gaussian",
            "priors": {
                "Intercept": "normal(4, 2)",
                "coefficients": "normal(0, 1)",
                "sd": "exponential(1)",
                "residual": "exponential(1)",
                "correlations": "lkj(2)",
            },
        },
        2500,
    ),
    "sim_toxicity": (
        "rating ~ gender + politics + age + (1|rater) + (1|item)",
        {"priors": PRIORS},
        1500,
    ),
    "verbagg": (f"resp {VERBAGG}", {"priors": PRIORS}, 1500),
    "verbagg_binary": (f"r2 {VERBAGG}", {"family": "bernoulli", "priors": PRIORS}, 1500),
}

#: Prior of thresholds at covariates of zero instead of their means, as brms has it there.
LEFT_OUT = {
    "wine_probit_groups": "its thresholds by group have the prior at covariates of zero",
    "wine_contact_groups": "its thresholds by group have the prior at covariates of zero",
}


def read(case):
    name = case["data"]
    folder = SHARED_DATA / "reference" if name.startswith("shared/") else FOLDER
    path = folder / name.removeprefix("shared/")
    if not path.exists():
        pytest.skip(f"the shared data are not here ({path.name})")
    data = pd.read_csv(path)
    for column, levels in case["levels"].items():
        numbers = column == "rating" or pd.api.types.is_float_dtype(data[column])
        words = data[column] if numbers else data[column].astype(str)
        if not numbers:
            known = data[column].notna()
            data[column] = pd.Categorical(words.where(known), levels, ordered=True)
    return data


def plain(name):
    """A coefficient as brms writes it."""
    factor, _, level = name.partition("[T.")
    return factor + level.rstrip("]").replace(" ", "").replace("-", "M")


def draws_by_name(fit):
    """Draws of all parameters under brms's names."""
    found = {
        f"b_{plain(name)}": fit.draws.coefficients[:, k]
        for k, name in enumerate(fit.design.fixed.names)
    }
    for k in range(fit.draws.cuts.shape[2]):
        found[f"b_Intercept[{k + 1}]"] = fit.draws.cuts[:, 0, k]
    if fit.draws.cuts.shape[2] == 1:
        found["b_Intercept"] = -fit.draws.cuts[:, 0, 0]
    if fit.design.scale is not None:
        for k, name in enumerate(fit.design.scale.names):
            found[f"b_disc_{plain(name)}"] = -fit.draws.log_scale[:, k]
    elif fit.draws.log_scale.size:
        found["sigma"] = np.exp(fit.draws.log_scale[:, 0])
    for part, covariance in zip(fit.random, fit.draws.covariances, strict=True):
        group, effects = part.design.term.group, [plain(e) for e in part.design.effects]
        sd = np.sqrt(np.einsum("see->se", covariance))
        for k, effect in enumerate(effects):
            found[f"sd_{group}__{effect}"] = sd[:, k]
        if len(effects) == 2:
            correlation = covariance[:, 0, 1] / (sd[:, 0] * sd[:, 1])
            found[f"cor_{group}__{effects[0]}__{effects[1]}"] = correlation
    return found


def test_every_case_is_compared_or_left_out_for_a_reason():
    assert set(CASES) == set(MODELS) | set(LEFT_OUT)


@pytest.mark.extended
@pytest.mark.parametrize("name", MODELS)
def test_posteriors_are_those_of_brms(name):
    case, (formula, options, draws) = CASES[name], MODELS[name]
    fit = fit_bayes(formula, read(case), draws=draws, chains=2, progress=False, **options)
    assert fit.nobs == case["n"]
    assert not fit.warnings
    found = draws_by_name(fit)
    assert set(case["params"]) <= set(found)
    for parameter, expected in case["params"].items():
        drawn = found[parameter]
        assert abs(drawn.mean() - expected["mean"]) < 0.1 * expected["sd"], parameter
        # 5 %, and what chance adds with so many effective draws on either side.
        chance = 2.5 * np.sqrt(0.5 / expected["ess_bulk"] + 0.5 / fewest(fit))
        assert abs(drawn.std() / expected["sd"] - 1) < 0.05 + chance, parameter


def fewest(fit):
    return fit.convergence.table["ess_tail"].min()


def test_names_are_written_as_brms_writes_them():
    assert plain("age[T.over 60]") == "ageover60"
    assert re.fullmatch(r"gender\w+", plain("gender[T.Non-binary]"))
