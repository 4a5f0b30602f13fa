import pytest

from pluralign_stats.drafting.names import about_people, identifies, is_key, is_rating, says


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        *((name, {"rater"}) for name in ("rater_id", "RESP", "Consumer", "annotator", "worker_id")),
        *((name, {"rater"}) for name in ("user_id", "PROLIFIC_PID", "Participant id", "judge")),
        *(
            (name, {"rater"})
            for name in ("ResponseId", "Teilnehmer_ID", "Versuchsperson", "userId")
        ),
        *((name, {"item"}) for name in ("item_id", "response_id", "Product", "PRODID", "reply")),
        *((name, {"item"}) for name in ("bottle", "utterance_id", "Antwort_ID", "Produkt")),
        *((name, {"prompt"}) for name in ("prompt_id", "question", "dilemma", "Frage", "context")),
        *((name, set()) for name in ("rater_age", "rater_gender", "user_prompt", "id", "helpful")),
    ],
)
def test_what_a_name_says_that_it_identifies(name, kinds):
    assert identifies(name) == kinds


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("attention_check", "attention check"),
        ("comprehension_check", "attention check"),
        ("Duration (in seconds)", "duration"),
        ("answer_time_ms", "duration"),
        ("StartDate", "date"),
        ("UserLanguage", "language"),
        ("Sprache", "language"),
        ("IPAddress", "platform"),
        ("Status", "platform"),
        ("soft_label.1", "derived"),
        ("order", "position"),
        ("treatment", "condition"),
        ("Employment status", None),
        ("political_order", None),
        ("toxicity", None),
    ],
)
def test_what_else_a_name_says(name, said):
    assert says(name) == said


def test_names_of_people_keys_and_ratings():
    assert about_people("Geschlecht")
    assert about_people("rater_age")
    assert not about_people("page")
    assert is_key("ID")
    assert not is_key("rater_id")
    assert is_rating("rating")
    assert not is_rating("rating_toxicity")
