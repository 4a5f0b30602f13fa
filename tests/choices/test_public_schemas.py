"""Made-up files of the forms in which public data sets of choices come, as far as these are known.

Names of columns are those of chatbot_arena_conversations (LMSYS), PRISM and Community Alignment;
none of their content is.
"""

import json

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.feedback import ChoiceRecipe


def lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_arena(tmp_path):
    said = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    battles = [("q1", "model_a"), ("q2", "tie"), ("q3", "tie (bothbad)"), ("q4", "model_b")]
    records = [
        {
            "question_id": question, "model_a": "gpt", "model_b": "llama", "winner": winner,
            "judge": f"arena_user_{k}", "conversation_a": said, "conversation_b": said, "turn": 1,
            "anony": True, "language": "English", "tstamp": 1.0,
        }
        for k, (question, winner) in enumerate(battles)
    ]  # fmt: skip
    lines(tmp_path / "battles.jsonl", records)
    (tmp_path / "arena.yaml").write_text(
        "name: arena\nchoices: {file: battles.jsonl, rater: judge, prompt: question_id, "
        "options: [model_a, model_b], chosen: winner, language: language, shown_in_order: true}\n"
    )
    made = pls.read_choices(tmp_path / "arena.yaml")
    assert made.pairs["outcome"].tolist() == ["first", "tie", "tie", "second"]
    found = pls.preference_pairs(made, ChoiceRecipe())
    assert found.table["chosen"].tolist() == ["q1:gpt", "q4:llama"]
    assert set(found.table["language"]) == {"English"}


def test_prism(tmp_path):
    """Four responses in the first turn, two in later ones; scores from 1 to 100 and a choice."""
    turns = [("c1", "user1", 0, [90, 20, 20, 50]), ("c1", "user1", 1, [70, 30])]
    turns += [("c2", "user2", 0, [10, 60, 40, 30])]
    records = [
        {
            "utterance_id": f"ut_{talk}_{turn}_{k}", "conversation_id": talk, "user_id": user,
            "interaction_id": f"int_{talk}_{turn}", "turn": turn, "within_turn_id": k,
            "conversation_type": "unguided", "user_prompt": f"Why {talk} {turn}?",
            "model_response": f"As {talk} {turn} {k}.", "model_name": f"m{k}",
            "model_provider": "x", "score": score, "if_chosen": score == max(scores),
            "included_in_balanced_subset": True,
        }
        for talk, user, turn, scores in turns
        for k, score in enumerate(scores)
    ]  # fmt: skip
    lines(tmp_path / "utterances.jsonl", records)
    people = [
        {"user_id": user, "age": age, "location": {"birth_country": land}}
        for user, age, land in [("user1", "18-24 years old", "UK"), ("user2", "65+", "US")]
    ]
    lines(tmp_path / "survey.jsonl", people)
    text = (
        "name: prism\nfiles: {raters: survey.jsonl}\n"
        "demographics: {age: , country: {column: location.birth_country}}\n"
        "choices: {file: utterances.jsonl, rater: user_id, prompt: interaction_id, "
        "option: utterance_id, system: model_name, text: model_response, "
        "prompt_text: user_prompt, ANSWER}\n"
    )
    (tmp_path / "scores.yaml").write_text(text.replace("ANSWER", "score: score"))
    (tmp_path / "chosen.yaml").write_text(text.replace("ANSWER", "chosen: if_chosen"))
    made = pls.read_choices(tmp_path / "scores.yaml")
    assert made.sizes.tolist() == [4, 2, 4]
    assert made.levels("country") == ("UK", "US")
    assert made.pairs["outcome"].value_counts().to_dict() == {"first": 7, "second": 5, "tie": 1}
    chosen = pls.read_choices(tmp_path / "chosen.yaml")
    assert len(chosen.pairs) == 3 + 1 + 3
    assert pls.preference_pairs(chosen, ChoiceRecipe()).table["chosen"].nunique() == 3


@pytest.mark.parametrize("letters", [list("abcd"), ["response_a", "response_b"] * 2])
def test_community_alignment(tmp_path, letters):
    """A row is a conversation of several turns, each the best of four: turns are stacked."""
    columns = [f"{turn}_turn_{what}" for turn in ("first", "second") for what in
               ("prompt", "response_a", "response_b", "response_c", "response_d",
                "preferred_response")]  # fmt: skip
    rows = [
        ["Why?", "1", "2", "3", "4", letters[0], "And?", "5", "6", "7", "8", letters[1]],
        ["Why?", "2", "1", "3", "4", letters[1], "So?", "9", "10", "11", "12", None],
    ]
    frame = pd.DataFrame(rows, columns=columns).assign(
        conversation_id=["c1", "c2"], annotator_id=["x", "y"], annotator_country=["US", "IT"]
    )
    frame.to_csv(tmp_path / "ca.csv", index=False)
    turn = (
        "{{path: ca.csv, rename: {{{0}_turn_prompt: asked, {0}_turn_response_a: a, "
        "{0}_turn_response_b: b, {0}_turn_response_c: c, {0}_turn_response_d: d, "
        "{0}_turn_preferred_response: best}}}}"
    )
    (tmp_path / "ca.yaml").write_text(
        "name: ca\ndemographics: {country: {column: annotator_country}}\nchoices:\n"
        f"  file: {{stack: {{first: {turn.format('first')}, second: {turn.format('second')}}}, "
        "column: turn}\n"
        "  rater: annotator_id\n  prompt: asked\n  set: [conversation_id, turn]\n"
        "  options: [a, b, c, d]\n  chosen: best\n"
        "  words: {response_a: a, response_b: b, response_c: c, response_d: d}\n"
    )
    made = pls.read_choices(tmp_path / "ca.yaml")
    assert made.exclusions.to_dict("records") == [{"reason": "choices without an answer", "n": 1}]
    assert made.pairs["outcome"].value_counts()["first"] == 7
    found = pls.preference_pairs(made, ChoiceRecipe(strategy="consensus"))
    assert found.table.loc[found.table["prompt"] == "Why?", "chosen"].tolist() == ["1"] * 3
