"""Fit one model with our package or statsmodels whenever a line arrives.

``python -m tests.benchmarks.fit FOLDER METHOD FORMULA PROGRAM`` answers as ``fit.R`` does.
"""

import gc
import re
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from tests.benchmarks.data import read

RANDOM = re.compile(r"\((1\s*\|\s*([^)]+))\)")


def fit_pluralign(method: str, formula: str, data: pd.DataFrame) -> Any:
    """Fit with our package."""
    import pluralign_stats as pls

    if method == "ordinal":
        return pls.fit_ordinal(formula, data, link="logit")
    if method == "ordered-beta":
        return pls.fit_ordered_beta(formula, data, bounds=(0, 1))
    return pls.fit_linear(formula, data, reml=method == "reml")


def fit_statsmodels(method: str, formula: str, data: pd.DataFrame) -> Any:
    """Fit a linear model with crossed random intercepts as variance components of one group."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    parts = {group.strip(): f"0 + C({group.strip()})" for _, group in RANDOM.findall(formula)}
    fixed = RANDOM.sub("0", formula).replace("+ 0", "")
    model = MixedLM.from_formula(fixed, data, groups=[0] * len(data), vc_formula=parts)
    return model.fit(reml=method == "reml")


PROGRAMS = {"pluralign": fit_pluralign, "statsmodels": fit_statsmodels}


def outcome(method: str, fitted: Any) -> tuple[float, int, int]:
    """Log-likelihood or REML criterion, rows, and effects apart from the intercept."""
    loglik = fitted.loglik if hasattr(fitted, "loglik") else fitted.llf
    params = fitted.params if hasattr(fitted, "loglik") else fitted.fe_params
    effects = len(params.index.drop("Intercept", errors="ignore"))
    return -2 * loglik if method == "reml" else loglik, int(fitted.nobs), effects


def warm_up(program: str, method: str, formula: str, data: pd.DataFrame) -> None:
    """Fit the random terms alone to few rows, so that what is compiled at first use is compiled."""
    few = data.head(400)
    few = few.assign(**{c: few[c].cat.remove_unused_categories() for c in few.columns[1:]})
    terms = " + ".join(f"({term})" for term, _ in RANDOM.findall(formula))
    PROGRAMS[program](method, f"{data.columns[0]} ~ 1 + {terms}", few)


def main(folder: str, method: str, formula: str, program: str) -> None:
    """Read, warm up, and fit at every line."""
    data = read(Path(folder))
    warm_up(program, method, formula, data)
    print("ready", flush=True)
    for _ in sys.stdin:
        gc.collect()
        start = time.perf_counter()
        fitted = PROGRAMS[program](method, formula, data)
        seconds = time.perf_counter() - start
        print("fit", seconds, *outcome(method, fitted), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
