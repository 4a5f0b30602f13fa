"""Prompts that models are asked: of a study, and of files."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.errors import InputError
from training.generation.prompts import Prompt, fingerprint, joined, read_prompts, study_prompts

ROWS = pd.DataFrame(
    {
        "prompt": ["p2", "p1", "p1"],
        "language": ["en", "de", "en"],
        "text": ["Why?", "Darf ich?", "May I?"],
        "note": ["", "x", ""],
    }
)
READ = (Prompt("p1", "de", "Darf ich?"), Prompt("p1", "en", "May I?"), Prompt("p2", "en", "Why?"))


def test_a_study_gives_chosen_prompts_in_every_language(small_study: pls.Study) -> None:
    items = small_study.items
    chosen = sorted(items["prompt"].astype(str).unique())[:2]
    prompts = study_prompts(small_study, chosen)
    assert [(p.prompt, p.language) for p in prompts] == [
        (name, language) for name in chosen for language in ("de", "en")
    ]
    for each in prompts:
        rows = items[items["prompt"].astype(str) == each.prompt]
        assert set(rows[f"prompt_text_{each.language}"]) == {each.text}


def test_a_study_without_texts_says_what_to_do(study_of: Callable[..., pls.Study]) -> None:
    frame = pd.DataFrame({"rater": ["a", "b"], "item": ["x", "x"], "rating": [1, 2]})
    with pytest.raises(InputError, match="no texts of its prompts; name their columns"):
        study_prompts(study_of(frame), ["x"])


def test_unknown_prompts_of_a_study_are_named(small_study: pls.Study) -> None:
    with pytest.raises(InputError, match="no text of any of 'nope'"):
        study_prompts(small_study, ["nope"])


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".xlsx"])
def test_files_of_every_kind_read_alike(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"prompts{ending}"
    if ending == ".csv":
        ROWS.to_csv(path, index=False)
    elif ending == ".jsonl":
        ROWS.to_json(path, orient="records", lines=True)
    elif ending == ".xlsx":
        ROWS.to_excel(path, index=False)
    else:
        ROWS.to_parquet(path)
    assert read_prompts(path) == READ


def test_names_and_words_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    path = tmp_path / "prompts.csv"
    path.write_text("prompt,language,text\n007,en,NA\n", "utf-8")
    assert read_prompts(path) == (Prompt("007", "en", "NA"),)
    lines = tmp_path / "prompts.jsonl"
    lines.write_text('{"prompt": "007", "language": "en", "text": "2026-01-01"}\n', "utf-8")
    assert read_prompts(lines) == (Prompt("007", "en", "2026-01-01"),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", "", "must end in '.csv', '.jsonl', '.parquet', '.xlsx', not '.txt'"),
        ("p.csv", "prompt,text\na,b\n", "has no column 'language'; a file of prompts has"),
        ("p.csv", "prompt,language,text\n", "p.csv: is empty"),
        ("p.csv", "prompt,language,text\na,en,hi\nb,, ho\n", "no language in row 3"),
        ("p.csv", "prompt,language,text\na,en,hi\na,en,ho\n", "'a' has two texts in 'en'"),
        ("p.csv", "", "p.csv: is empty"),
        ("p.jsonl", "{", "p.jsonl: row 1: malformed JSON"),
        ("p.parquet", "x", "p.parquet: is not a readable Parquet file"),
        ("p.csv", 'prompt,language,text\na,en,"hi\nb,en,ho\n', "row 2, column 'text': a quote"),
        ("p.csv", "prompt;language;text\n", "p.csv: is empty; it needs a header and at least"),
        ("p.jsonl", '{"prompt": "a", "prompt": "b"}', "row 1: the key 'prompt' stands twice"),
    ],
)
def test_a_bad_file_is_told_in_one_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=re.escape(message)) as told:
        read_prompts(path)
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    for ending in (".csv", ".jsonl", ".parquet"):
        with pytest.raises(InputError, match="does not exist"):
            read_prompts(tmp_path / f"none{ending}")


def test_prompts_from_two_places_come_once() -> None:
    assert joined([*READ, READ[0]], "here") == READ
    with pytest.raises(InputError, match="two texts in 'en'"):
        joined([*READ, Prompt("p2", "en", "Why not?")], "here")


def test_the_fingerprint_hangs_on_content_and_not_on_order() -> None:
    assert fingerprint(READ) == fingerprint(READ[::-1])
    assert fingerprint(READ) != fingerprint(READ[:2])
