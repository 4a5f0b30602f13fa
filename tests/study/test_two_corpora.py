"""What reports say of two public corpora, against calculations that share no code with them."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import product

import krippendorff
import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.feedback import Recipe, preference_pairs
from pluralign_stats.study.read import read_study


def annotations(folder, name):
    """Item, rater and rating as they stand in the files, and the prompt of each item."""
    rows, prompts = [], {}
    for part in ("dev", "test"):
        items = json.loads((folder / f"{name}_{part}.json").read_text("utf-8"))
        for item, content in items.items():
            prompts[item] = content["text"].get("context", content["text"].get("post"))
            rows += [(item, rater, float(r)) for rater, r in content["annotations"].items()]
    return pd.DataFrame(rows, columns=["item", "rater", "rating"]), prompts


@pytest.mark.parametrize(
    ("codebook", "name", "metric"), [("csc", "CSC", "ordinal"), ("multipico", "MP", "ordinal")]
)
def test_agreement_is_krippendorffs_alpha_of_the_files(lewidi_folder, codebook, name, metric):
    rows, _ = annotations(lewidi_folder, name)
    matrix = rows.pivot(index="rater", columns="item", values="rating").to_numpy()
    alpha = krippendorff.alpha(matrix, level_of_measurement=metric)
    found = pls.describe.agreement(read_study(codebook, lewidi_folder), n_bootstrap=100)
    assert found.table["estimate"].iloc[0] == pytest.approx(alpha, abs=1e-6)


def test_means_and_counts_are_those_of_the_files(lewidi_folder):
    rows, prompts = annotations(lewidi_folder, "CSC")
    study = read_study("csc", lewidi_folder)
    made = pls.describe.rating_distribution(study)
    assert f"The mean rating on Sarcasm is {rows['rating'].mean():.2f}" in made.sentence
    who = pls.describe.composition(study)
    assert "872 raters gave 6,410 ratings of 1,408 items on 1 dimension" in who.sentence
    assert len(set(prompts.values())) == 71


def test_preferences_are_all_pairs_of_ratings(lewidi_folder):
    """Counted one by one: each rating of a reply against each of another reply to one prompt."""
    rows, prompts = annotations(lewidi_folder, "CSC")
    by_prompt = defaultdict(lambda: defaultdict(list))
    for item, rater, rating in rows.itertuples(index=False):
        by_prompt[prompts[item]][item].append((rater, rating))
    n = 0
    for items in by_prompt.values():
        names = sorted(items)
        for a in range(len(names)):
            for b in range(a):
                n += sum(x != y for (_, x), (_, y) in product(items[names[a]], items[names[b]]))
    study = read_study("csc", lewidi_folder)
    book = study.codebook.dimensions["sarcasm"].model_copy(update={"valence": -1})
    codebook = study.codebook.model_copy(update={"dimensions": {"sarcasm": book}})
    feedback = preference_pairs(
        replace(study, codebook=codebook), Recipe(weights={"sarcasm": 1}, scale="as-rated")
    )
    assert int(feedback.table["n"].sum()) == n


@pytest.mark.extended
def test_differences_are_near_those_of_a_model_of_another_kind(lewidi_folder):
    """Least squares with errors by rater, on the files, against the mixed ordinal model."""
    import statsmodels.formula.api as smf

    study = read_study("csc", lewidi_folder)
    data = study.ratings.dropna(subset=["rating", "gender", "age"])
    frame = pd.DataFrame(
        {
            "rating": data["rating"].to_numpy(float),
            "male": (data["gender"] == "Male").to_numpy(float),
            "age": data["age"].astype(str).to_numpy(),
            "rater": data["rater"].astype(str).to_numpy(),
        }
    )
    plain = smf.ols("rating ~ male + C(age)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(frame["rater"])[0]}
    )
    table = pls.demographic_effects(study).differences.table
    ours = table[table["contrast"] == "Male vs Female"].iloc[0]
    assert abs(ours["estimate"] - plain.params["male"]) < 2 * plain.bse["male"]
    assert not (ours["conf_low"] > 0) | (ours["conf_high"] < 0)
    assert np.isfinite(ours["p_adjusted"])
