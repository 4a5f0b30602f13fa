"""Feedback on a dimension whose valence nobody declared: counts do not depend on it."""

from dataclasses import replace

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.feedback.supposed import suppose_valence
from tests.conftest import _study_of


@pytest.fixture(scope="module")
def neutral():
    """Two groups' ratings of four responses to two prompts, neither good nor bad."""
    simulated = pls.simulate_study(3, n_raters=60, n_prompts=6, responses_per_prompt=3)
    rows = simulated.ratings.query("dimension == 'toxicity'").dropna(subset=["rating", "gender"])
    frame = pd.DataFrame(rows[["rater", "item", "prompt", "rating", "gender"]]).astype(str)
    frame["rating"] = rows["rating"].to_numpy(int)
    return _study_of(
        frame.reset_index(drop=True),
        columns={"rater": "rater", "item": "item", "prompt": "prompt"},
        dimensions={"rating": {"valence": None}},
        demographics={"gender": {}},
    )


def with_valence(study, sign):
    book = study.codebook
    one = book.dimensions["rating"].model_copy(update={"valence": sign})
    return replace(study, codebook=book.model_copy(update={"dimensions": {"rating": one}}))


def test_what_is_supposed_is_told(neutral):
    study, told = suppose_valence(neutral)
    assert study.codebook.dimensions["rating"].valence == 1
    assert neutral.codebook.dimensions["rating"].valence is None
    assert told.startswith("Whether more or less of Rating is wanted is not declared")


@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_declared_is_left_alone(neutral, sign):
    declared = with_valence(neutral, sign)
    assert suppose_valence(declared) == (declared, "")


@pytest.mark.parametrize("part", ["conditions", "shares", "flips", "agreement"])
def test_no_count_of_the_audit_depends_on_it(neutral, part):
    more, less = (
        getattr(
            pls.audit(study, pls.feedback.audit_recipes(study), "gender", n_bootstrap=100), part
        ).table
        for study in (suppose_valence(neutral)[0], with_valence(neutral, -1))
    )
    assert len(more)
    pd.testing.assert_frame_equal(more, less)
