"""Roles in tables named as real ones are."""

import gzip

import numpy as np
import pandas as pd
import pytest

from pluralign_stats.drafting.roles import guess_roles
from tests.conftest import SHARED_DATA

RNG = np.random.default_rng(3)
N, PER, ITEMS = 40, 6, 24


def crossed():
    """Rater and item of each row."""
    rater = np.repeat(np.arange(N), PER)
    item = np.concatenate([RNG.permutation(ITEMS)[:PER] for _ in range(N)])
    return rater, item


def text(values, head="A longer text, such as people and models write them, number"):
    return [f"{head} {value}" for value in values]


def roles(frame, **stated):
    return {g.column: g.role for g in guess_roles(frame.astype("str"), stated)}


def dices():
    rater, item = crossed()
    answers = np.array(["Yes", "No", "Unsure"])
    return pd.DataFrame(
        {
            "rater_id": rater + 300_000,
            "item_id": item,
            "phase": "Phase1",
            "rater_gender": np.array(["Man", "Woman"])[rater % 2],
            "rater_race": np.array(["White", "Asian", "Black/African American"])[rater % 3],
            "rater_age": np.array(["gen x+", "gen z", "millenial"])[rater % 3],
            "context": text(item, "LAMDA: hi USER: hello, this is a conversation"),
            "response": text(item, "LAMDA: this is what the model says in the end"),
            "answer_time_ms": RNG.integers(900, 90_000, len(rater)),
            "degree_of_harm": np.array(["Benign", "Extreme", "Debatable"])[item % 3],
            "Q1_whole_conversation_evaluation": answers[RNG.integers(0, 3, len(rater))],
            "Q2_harmful_content_overall": answers[RNG.integers(0, 3, len(rater))],
        }
    )


DICES = {
    "rater_id": "rater",
    "item_id": "item",
    "phase": "left out",
    "rater_gender": "demographic",
    "rater_race": "demographic",
    "rater_age": "demographic",
    "response": "response text",
    "answer_time_ms": "left out",
    "degree_of_harm": "covariate",
    "Q1_whole_conversation_evaluation": "rating",
    "Q2_harmful_content_overall": "rating",
}


def prism():
    user = np.repeat(np.arange(N), PER)
    n = len(user)
    return pd.DataFrame(
        {
            "utterance_id": [f"ut{k}" for k in range(n)],
            "user_id": [f"user{k}" for k in user],
            "turn": RNG.integers(0, 4, n),
            "model_name": np.array(["gpt-4", "claude-2", "llama"])[RNG.integers(0, 3, n)],
            "user_prompt": text(
                RNG.integers(0, 99, n), "What do you think of this question of mine"
            ),
            "model_response": text(range(n)),
            "score": RNG.integers(1, 101, n),
        }
    )


PRISM = {
    "utterance_id": "item",
    "user_id": "rater",
    "turn": "left out",
    "model_name": "covariate",
    "user_prompt": "prompt text",
    "model_response": "response text",
    "score": "rating",
}


def german():
    rater, item = crossed()
    return pd.DataFrame(
        {
            "Teilnehmer_ID": rater,
            "Antwort_ID": item,
            "Frage": item // 4,
            "Geschlecht": np.array(["weiblich", "männlich"])[rater % 2],
            "Alter": 18 + rater,
            "Toxizität": RNG.integers(1, 8, len(rater)),
            "Dauer": RNG.integers(3, 99, len(rater)),
            "Aufmerksamkeit": np.array(["richtig", "falsch"])[(RNG.random(len(rater)) < 0.1) * 1],
        }
    )


GERMAN = {
    "Teilnehmer_ID": "rater",
    "Antwort_ID": "item",
    "Frage": "prompt",
    "Geschlecht": "demographic",
    "Alter": "demographic",
    "Toxizität": "rating",
    "Dauer": "left out",
    "Aufmerksamkeit": "attention check",
}


def qualtrics():
    rater, item = crossed()
    return pd.DataFrame(
        {
            "StartDate": "2024-03-01 10:00:00",
            "RecordedDate": [f"2024-03-{1 + r % 28:02} 10:20:00" for r in rater],
            "IPAddress": [f"10.0.0.{r}" for r in rater],
            "Progress": "100",
            "Duration (in seconds)": 100 + rater,
            "ResponseId": [f"R_{r:04}" for r in rater],
            "UserLanguage": "EN",
            "Participant id": [f"5f{r:04}" for r in rater],
            "stimulus": item,
            "Q1": RNG.integers(1, 6, len(rater)),
            "Q2_comment": text(RNG.integers(0, 9_999, len(rater))),
            "Age": 20 + rater,
        }
    )


QUALTRICS = {
    "StartDate": "left out",
    "RecordedDate": "left out",
    "IPAddress": "left out",
    "Progress": "left out",
    "Duration (in seconds)": "left out",
    "ResponseId": "rater",
    "UserLanguage": "left out",
    "Participant id": "left out",
    "stimulus": "item",
    "Q1": "rating",
    "Q2_comment": "left out",
    "Age": "demographic",
}


def long():
    rater, item = crossed()
    wide = pd.DataFrame(
        {"worker_id": rater, "comment_id": item, "sex": np.array(list("fm"))[rater % 2]}
    )
    wide["toxic"] = RNG.integers(1, 6, len(rater))
    wide["funny"] = RNG.integers(1, 6, len(rater))
    return wide.melt(["worker_id", "comment_id", "sex"], var_name="criterion", value_name="score")


LONG = {
    "worker_id": "rater",
    "comment_id": "item",
    "sex": "demographic",
    "criterion": "dimension of the row",
    "score": "rating of the row",
}

MADE = {
    "dices": (dices, DICES),
    "prism": (prism, PRISM),
    "german": (german, GERMAN),
    "qualtrics": (qualtrics, QUALTRICS),
    "long": (long, LONG),
}


@pytest.mark.parametrize("name", MADE)
def test_tables_named_as_those_of(name):
    make, expected = MADE[name]
    found = roles(make())
    assert {column: found[column] for column in expected} == expected


CARROTS = dict.fromkeys(["Preference", "Sweetness", "Bitter", "Crisp"], "rating")
CARROTS |= {"Consumer": "rater", "Product": "item", "sens1": "covariate", "sens2": "covariate"}
CARROTS |= dict.fromkeys(
    ["Frequency", "Gender", "Age", "Homesize", "Work", "Income"], "demographic"
)
SOUP = {"RESP": "rater", "PRODID": "item", "PROD": "covariate", "SURENESS": "rating"}
SOUP |= dict.fromkeys(["SOUPTYPE", "COLD", "EASY", "GENDER", "AGEGROUP", "LOCATION"], "demographic")
WINE = {"judge": "rater", "bottle": "item", "rating": "rating", "temp": "covariate"}
WINE |= {"contact": "covariate"}
VERBAGG = {"id": "rater", "item": "item", "resp": "rating", "Gender": "demographic"}
VERBAGG |= {"Anger": "demographic", "btype": "covariate", "situ": "covariate", "mode": "covariate"}
TRUST = dict.fromkeys(["trustworthy", "blame", "surprise", "humanlike"], "rating")
TRUST |= {"id": "rater", "dilemma": "item", "advisor": "item", "advice": "item"}
TRUST |= dict.fromkeys(["country", "age", "gender", "education", "religiosity"], "demographic")
TRUST |= {"comprehension_check": "attention check", "treatment": "covariate", "order": "left out"}
REAL = {
    "reference/lmerTest_carrots.csv": CARROTS,
    "reference/ordinal_soup.csv": SOUP,
    "reference/ordinal_wine.csv": WINE,
    "reference/lme4_VerbAgg.csv": VERBAGG,
    "reference/lme4_InstEval.csv.gz": {"s": "rater", "d": "item", "y": "rating"},
    "trustamas/ratings_wide.csv": TRUST,
}


@pytest.mark.parametrize("name", REAL)
def test_real_tables(name):
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path) as file:
        found = roles(pd.read_csv(file, dtype=str))
    assert {column: found[column] for column in REAL[name]} == REAL[name]


def test_what_no_name_says_is_unsure():
    rater, item = crossed()
    frame = pd.DataFrame({"a": rater, "b": item, "c": RNG.integers(1, 6, len(rater))}).astype("str")
    found = {g.column: g for g in guess_roles(frame, {})}
    assert [found[c].role for c in "abc"] == ["rater", "item", "rating"]
    assert not found["a"].sure
    assert not found["b"].sure
    told = {g.column: g for g in guess_roles(frame, {"b": "rater", "a": "item"})}
    assert (told["b"].role, told["a"].role, told["b"].why) == ("rater", "item", "as stated")


def test_a_rater_with_two_answers_is_still_described():
    frame = german()
    frame.loc[0, "Alter"] = 77
    found = {g.column: g for g in guess_roles(frame.astype("str"), {})}
    assert found["Alter"].role == "demographic"
    assert "has two answers" in found["Alter"].why
    assert roles(frame.assign(selten=(np.arange(len(frame)) == 5) * 1))["selten"] == "rating"
