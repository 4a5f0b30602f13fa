import pandas as pd
import pytest

import pluralign_stats as pls


@pytest.mark.extended
def test_pooled_differences_and_correlations_are_under_labels():
    study = pls.simulate_study(5, n_raters=160, n_prompts=8, responses_per_prompt=2)
    made = pls.demographics.joint_effects(
        study,
        ["gender", "ethnicity"],
        sampling=pls.Sampling(draws=120, tune=120, chains=2, progress=False),
    )
    table = made.pooled.table
    assert set(table["term"]) <= {"Gender", "Ethnicity"}
    assert set(table["dimension"]) == {"All dimensions"}
    assert (table["n_raters"].dropna() >= 10).all()
    pooled = made.fit.pooled().table.set_index("term")["estimate"]
    own = table.set_index("contrast")["estimate"]
    assert own["Male vs Female"] == pytest.approx(pooled["gender[T.Male]"])
    labels = {study.codebook.label(d) for d in study.dimensions}
    assert set(made.correlations.table["first"]) <= labels
    assert set(made.correlations.table["group"]) == {"raters", "items"}
    assert made.pooled.meta.data == "simulated"


def test_without_demographics_there_is_no_joint_model(study_of):
    frame = pd.DataFrame({"rater": list("abcdef"), "item": "x", "rating": [1, 2] * 3})
    made = pls.demographics.joint_effects(study_of(frame))
    assert made.fit is None
    assert made.pooled.table.empty
    assert made.pooled.sentence == (
        "No groups were compared, so nothing can be said of differences between them: this study "
        "records no demographics of its raters."
    )


def test_without_a_valence_there_is_no_average_over_dimensions(study_of):
    rows = [(f"p{r}", f"i{i}", "ab"[r % 2], 1 + (r * i) % 5) for r in range(40) for i in range(4)]
    frame = pd.DataFrame(rows, columns=["rater", "item", "g", "odd"])
    study = study_of(frame, dimensions={"odd": {"valence": None}}, demographics={"g": {}})
    made = pls.demographics.joint_effects(study)
    assert made.fit is None
    assert "the valence of 'odd' is not declared" in made.pooled.sentence
