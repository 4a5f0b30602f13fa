"""``pluralign pairs`` of choices."""

import json

import pandas as pd
import pytest

TEXT = """\
name: arena
demographics: {age: }
choices:
  file: arena.csv
  rater: judge
  prompt: question
  options: [model_a, model_b]
  chosen: winner
"""


@pytest.fixture
def arena(tmp_path):
    rows = [("q1", "a", "x", "y", "model_a", "old"), ("q1", "b", "y", "x", "model_a", "young")]
    rows += [("q2", "a", "x", "y", "tie", "old"), ("q2", "b", "x", "y", "model_b", "young")]
    columns = ["question", "judge", "model_a", "model_b", "winner", "age"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "arena.csv", index=False)
    (tmp_path / "arena.yaml").write_text(TEXT)
    return tmp_path / "arena.yaml"


def test_choices_are_written_as_pairs(arena, pluralign, tmp_path):
    out = tmp_path / "out"
    words = ("--held-out", 0, "--format", "csv", "--json", "--out", out)
    ran = pluralign("pairs", arena, *words)
    assert (ran.status, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert (told["examples"], told["recipe"]["strategy"]) == (3, "preserve")
    assert told["excluded"] == [{"reason": "comparisons that tie", "n": 1}]
    pairs = pd.read_csv(out / "pairs.csv")
    assert pairs["chosen"].tolist() == ["q1:x", "q1:y", "q2:y"]
    assert pd.read_csv(out / "responses.csv")["item"].tolist() == ["q1:x", "q1:y", "q2:x", "q2:y"]
    assert "nothing was done" in pluralign("pairs", arena, *words[:4], "--out", out).out


def test_a_recipe_file_of_choices(arena, pluralign, tmp_path):
    (tmp_path / "recipe.yaml").write_text("strategy: majority\ngroup: {age: young}\n")
    words = ("--recipe", tmp_path / "recipe.yaml", "--held-out", 0, "--out", tmp_path / "out")
    ran = pluralign("pairs", arena, *words)
    assert (ran.status, ran.err) == (0, "")
    assert pd.read_parquet(tmp_path / "out" / "pairs.parquet")["chosen"].tolist() == [
        "q1:y",
        "q2:y",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--strategy", "mean"), "'mean' needs ratings, and choices have none; take one of"),
        (("--strategy", "median"), "'median' needs ratings"),
        (("--dimension", "x"), "choices have no ratings; leave out --dimension"),
        (("--scale", "binary", "--min-margin", "1"), "leave out --scale, --min-margin"),
        (("--unpaired",), "choices have no ratings; leave out --unpaired"),
        (("--group", "age=new"), "the level of 'age' must be one of 'old', 'young', not 'new'"),
    ],
)
def test_what_choices_cannot_give_is_told_in_one_line(arena, pluralign, tmp_path, words, told):
    ran = pluralign("pairs", arena, *words, "--out", tmp_path / "out")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert told in ran.err
    assert not (tmp_path / "out").exists()


def test_the_choices_of_a_codebook_of_ratings(pluralign, tmp_path):
    assert (
        pluralign("simulate", "--raters", 20, "--prompts", 4, "--out", tmp_path / "s").status == 0
    )
    study = tmp_path / "s" / "study.yaml"
    ran = pluralign("pairs", study, "--choices", "--out", tmp_path / "out")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "study.yaml: has no section 'choices'" in ran.err


def test_choices_are_checked(arena, pluralign):
    ran = pluralign("check", arena)
    assert (ran.status, ran.err) == (0, "")
    assert "arena: no errors found in the choices." in ran.out
    assert "comparisons of two: 4, of which ties: 1; order in which they were shown: not" in ran.out
    told = json.loads(pluralign("check", arena, "--json").out)
    assert (told["choices"], told["ties"], told["options_each"]) == (4, 1, [2, 2])
    assert "raters" not in told
    arena.write_text(TEXT.replace("winner", "won"))
    ran = pluralign("check", arena)
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "arena.csv: unknown column for what was chosen: it must be one of" in ran.err


def test_the_choices_beside_ratings_are_checked_too(toy, pluralign, arena):
    study = toy.write()
    arena.rename(study.parent / "arena.yaml")
    (arena.parent / "arena.csv").rename(study.parent / "arena.csv")
    section = TEXT[TEXT.index("choices:") :]
    study.write_text(study.read_text() + section)
    ran = pluralign("check", study)
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "arena.csv: column 'judge'" in ran.err
    assert "allowed: raters that raters.csv describes" in ran.err
    rows = (study.parent / "arena.csv").read_text()
    who = pd.read_csv(study.parent / "raters.csv")["person"].astype(str)
    rows = rows.replace(",a,", f",{who[0]},").replace(",b,", f",{who[1]},")
    (study.parent / "arena.csv").write_text(rows)
    ran = pluralign("check", study)
    assert ran.status == 0
    assert "comparisons of two: 4, of which ties: 1" in ran.out
    book = study.read_text().replace("file: arena.csv", "file: nowhere.csv")
    study.write_text(book)
    assert "nowhere.csv: no such file" in pluralign("check", study).err
