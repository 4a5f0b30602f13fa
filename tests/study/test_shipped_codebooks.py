"""Codebooks of public sets, on their files where these are here, else on made-up ones."""

import json

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.study.read import read_study, shipped_codebooks

#: Those that were tried on the real files; the others say in their first lines that they were not.
TRIED = {"csc", "multipico", "trustamas", "pluralistic_values"}


def test_a_codebook_that_was_not_tried_on_its_files_says_so():
    for name, path in shipped_codebooks().items():
        head = path.read_text("utf-8").split("\nname:")[0].replace("\n# ", " ")
        assert ("not yet tried on the file" in head) == (name not in TRIED), name


def test_sarcasm_as_published(lewidi_folder):
    study = read_study("csc", lewidi_folder)
    assert study.summary_counts() == {
        "raters": 872, "items": 1408, "ratings": 6410, "dimensions": 1,
    }  # fmt: skip
    by_gender = study.ratings.groupby("gender", observed=True)["rating"]
    assert by_gender.mean().round(3).to_dict() == {"Female": 2.739, "Male": 2.683}
    assert by_gender.size().to_dict() == {"Female": 2942, "Male": 3017}
    assert study.items["prompt"].nunique() == 71
    (row,) = study.exclusions.itertuples()
    assert (row.raters, row.done) == (32, "added without demographics")


def test_irony_as_published(lewidi_folder):
    study = read_study("multipico", lewidi_folder)
    assert study.summary_counts() == {
        "raters": 506, "items": 6761, "ratings": 33871, "dimensions": 1,
    }  # fmt: skip
    ones = study.ratings.groupby("gender", observed=True)["rating"].mean().round(3)
    assert ones.to_dict() == {"Female": 0.336, "Male": 0.322}
    shares = study.ratings.groupby("ethnicity", observed=True)["rating"].mean().round(3)
    assert shares.to_dict() == {
        "White": 0.321, "Asian": 0.339, "Black": 0.362, "Mixed": 0.336, "Other": 0.348,
    }  # fmt: skip
    assert study.ratings["language"].nunique() == 9


@pytest.fixture
def prism(tmp_path):
    """Conversations of two turns: four responses, then two of the model that was liked best."""
    rng = np.random.default_rng(1)
    people, rows = [], []
    for k in range(24):
        people.append(
            {
                "user_id": f"user{k}",
                "survey_only": k == 23,
                "age": ["18-24 years old", "65+ years old", "Prefer not to say"][k % 3],
                "gender": ["Female", "Male", "Non-binary / third gender"][k % 2],
                "education": "Vocational",
                "study_locale": "us",
                "religion": {
                    "self_described": "x",
                    "simplified": ["No Affiliation", "Other"][k % 2],
                },
                "ethnicity": {"self_described": "y", "simplified": ["White", "Black"][k % 2]},
                "location": {"reside_country": "z", "special_region": ["US", "UK", "Asia"][k % 3]},
                "stated_prefs": {"values": 50, "safety": 70},
            }
        )
        if k == 23:
            continue
        for turn, n in ((0, 4), (1, 2)):
            scores = rng.permutation(np.arange(1, 101))[:n]
            for place, score in enumerate(scores):
                rows.append(
                    {
                        "utterance_id": f"ut{len(rows)}",
                        "interaction_id": f"int{k}-{turn}",
                        "conversation_id": f"c{k}",
                        "user_id": f"user{k}",
                        "turn": turn,
                        "within_turn_id": place,
                        "conversation_type": ["unguided", "values guided"][k % 2],
                        "user_prompt": f"What of {k}?",
                        "model_response": f"It is {len(rows)}.",
                        "model_name": f"model-{(k + place) % 5}" if turn == 0 else "model-1",
                        "model_provider": "p",
                        "score": int(score),
                        "if_chosen": bool(score == scores.max()),
                    }
                )
    for name, records in (("survey", people), ("utterances", rows)):
        text = "\n".join(json.dumps(record) for record in records)
        (tmp_path / f"{name}.jsonl").write_text(text, "utf-8")
    return tmp_path, pd.DataFrame(rows)


def test_prism_is_scores_and_choices(prism):
    folder, rows = prism
    study = read_study("prism", folder)
    assert len(study.ratings) == len(rows)
    assert not study.codebook.dimensions["score"].scale.categorical
    assert set(study.levels("region")) == {"US", "UK", "Asia"}
    assert set(study.levels("religion")) == {"No Affiliation", "Other"}
    assert set(study.nonresponse["demographic"]) == {"age"}
    choices = pls.read_choices("prism", folder)
    best = rows.loc[rows["if_chosen"]].set_index("interaction_id")["utterance_id"]
    firsts = choices.pairs[choices.pairs["outcome"] != "tie"]
    won = np.where(firsts["outcome"] == "first", firsts["first"], firsts["second"])
    assert set(best) <= set(won)


def dices(n_raters, extra):
    rows = []
    rng = np.random.default_rng(2)
    words = np.array(["No", "Unsure", "Yes"])
    for rater in range(n_raters):
        for item in range(6):
            answers = {name: words[rng.integers(3)] for name in extra}
            rows.append(
                {
                    "id": len(rows), "rater_id": 2960 + rater,
                    "rater_gender": ["Woman", "Man"][rater % 2],
                    "rater_race": ["White", "LatinX, Latino or Hispanic"][rater % 2],
                    "rater_age": ["gen z", "millenial", "gen x+"][rater % 3],
                    "rater_locale": ["US", "India"][rater % 2], "item_id": item,
                    "context": f"LAMDA: hi {item}", "response": f"well {item}",
                    "degree_of_harm": ["Benign", "Debatable", "Extreme", "Moderate"][item % 4],
                    "Q1_whole_conversation_evaluation": "No", **answers,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


DICES = ["Q_overall", "Q2_harmful_content_overall", "Q3_bias_overall"]


@pytest.mark.parametrize(
    ("name", "own", "demographics"),
    [
        ("350", ["Q4_misinformation", "Q5_political_affiliation", "Q6_policy_guidelines_overall"],
         ("gender", "race", "age")),
        ("990", ["Q4_misinformation_overall"], ("gender", "locale")),
    ],
)  # fmt: skip
def test_dices_is_words_in_order(tmp_path, name, own, demographics):
    frame = dices(30, [*DICES, *own])
    frame.to_csv(tmp_path / f"diverse_safety_adversarial_dialog_{name}.csv", index=False)
    study = read_study(f"dices_{name}", tmp_path)
    assert study.demographics == demographics
    assert len(study.dimensions) == len(DICES) + len(own)
    unsafe = study.ratings[study.ratings["dimension"] == "unsafe"]
    told = frame["Q_overall"].map({"No": 1, "Unsure": 2, "Yes": 3})
    assert sorted(unsafe["rating"]) == sorted(told)
    assert study.codebook.dimensions["unsafe"].valence == -1


@pytest.fixture
def community(tmp_path):
    rng = np.random.default_rng(3)
    rows = [
        {
            "conversation_id": f"c{k}", "assigned_lang": ["en", "hi"][k % 2],
            "annotator_id": f"a{k // 4}", "first_turn_prompt": f"p{k % 5}",
            **{f"first_turn_response_{x}": f"p{k % 5} response {x}" for x in "abcd"},
            "first_turn_preferred_response": "ABCD"[rng.integers(4)],
            "annotator_age": "18-30", "annotator_gender": ["male", "female"][k // 4 % 2],
            "annotator_education_level": "x", "annotator_political": "liberal",
            "annotator_ethnicity": "y", "annotator_country": ["us", "india"][k // 4 % 2],
            "is_pregenerated_first_prompt": True,
        }
        for k in range(80)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "community_alignment.csv", index=False)
    return tmp_path, frame


@pytest.mark.parametrize("lower", [False, True])
def test_community_alignment_is_choices_among_four(community, lower):
    folder, frame = community
    if lower:
        told = frame["first_turn_preferred_response"].str.lower()
        frame.assign(first_turn_preferred_response=told).to_csv(
            folder / "community_alignment.csv", index=False
        )
    choices = pls.read_choices("community_alignment", folder)
    assert len(choices.pairs) == 80 * 3
    won = choices.pairs.assign(
        best=np.where(
            choices.pairs["outcome"] == "first", choices.pairs["first"], choices.pairs["second"]
        )
    )
    letters = frame["first_turn_preferred_response"].str.lower()
    best = [frame.loc[k, f"first_turn_response_{x}"] for k, x in letters.items()]
    assert sorted(won["best"]) == sorted(best * 3)
    with pytest.raises(InputError, match="files"):
        read_study("community_alignment", folder)
