"""Every stored case of R (`tests/reference`) against the same model here."""

import json
import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from pluralign_stats import fit_linear, fit_ordinal

FOLDER = Path(__file__).parents[1] / "reference"
CASES = json.loads((FOLDER / "reference.json").read_text())["cases"]
LEVELS = {
    "ordinal_soup.csv": ["PROD", "DAY", "GENDER", "AGEGROUP", "LOCATION"],
    "lmerTest_carrots.csv": ["Homesize", "Gender", "Age", "Income"],
    "lme4_InstEval.csv.gz": ["service", "studage", "lectage"],
}

#: Links that we do not offer, Fisher weights, which are another approximation, and what R fitted
#: only to be compared with.
LEFT_OUT = re.compile("cauchit|symmetric2")
SELECTED = {
    name: case
    for name, case in CASES.items()
    if not LEFT_OUT.search(name) or name.endswith("cloglog")
}


@cache
def data_of(name, shared):
    path = shared / name.removeprefix("shared/") if name.startswith("shared/") else FOLDER / name
    frame = pd.read_csv(path)
    for column in LEVELS.get(path.name, []):
        kept = frame[column]
        if pd.api.types.is_float_dtype(kept):
            kept = kept.astype("Int64").astype(object).where(kept.notna())
        frame[column] = kept.map(str, na_action="ignore").astype("category")
    if path.name == "lme4_VerbAgg.csv":
        frame["resp"] = pd.Categorical(frame["resp"], ["no", "perhaps", "yes"], ordered=True)
        frame["mode"] = pd.Categorical(frame["mode"], ["want", "do"])
        frame["situ"] = pd.Categorical(frame["situ"], ["other", "self"])
        frame["r2"] = (frame["r2"] == "Y").astype(int)
    return frame


def as_in_r(name):
    return re.sub(r"\[T?\.?(.*?)\]", r"\1", name).replace("Intercept", "(Intercept)")


def fit_case(case, shared):
    data = data_of(case["data"], shared)
    formula = case["formula"].replace("TRUE", "True").replace("I(x^2)", "I(x**2)")
    if case["engine"] in {"lmerTest::lmer", "glmmTMB::glmmTMB"} and case["link"] == "identity":
        return fit_linear(formula, data, reml=bool(case["reml"]), weights=case.get("weights"))
    return fit_ordinal(
        formula,
        data,
        link=case["link"],
        thresholds=case.get("threshold") or "flexible",
        nominal=(case.get("nominal") or "").lstrip("~ ") or None,
        scale=(case.get("scale") or "").lstrip("~ ") or None,
        weights=case.get("weights"),
        n_nodes=case.get("nAGQ") or 1,
    )


@pytest.fixture(scope="module", params=list(SELECTED))
def pair(request, reference_folder):
    case = SELECTED[request.param]
    return case, fit_case(case, reference_folder)


def test_log_likelihoods(pair):
    case, fit = pair
    assert fit.loglik == pytest.approx(case["loglik"], abs=1e-4 if case["reml"] else 1e-3)
    assert fit.n_parameters == case["df"]
