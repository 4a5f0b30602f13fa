"""Ratings of which R's survey made reference numbers, see reference/make_weighting_reference.R."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def by_r() -> dict[str, Any]:
    return json.loads((REFERENCE / "weighting.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "sim_toxicity.csv.gz", dtype={"rater": str, "item": str})
    return frame.dropna(subset="rating")


@pytest.fixture(scope="session")
def rated(rows, study_of):
    return study_of(rows, demographics={"gender": {}, "politics": {}, "age": {}})


@pytest.fixture(scope="session")
def complete(rows, study_of):
    """Raters who answered everything."""
    demographics = {"gender": {}, "politics": {}, "age": {}}
    return study_of(rows.dropna(), demographics=demographics)
