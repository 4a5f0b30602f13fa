import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import codebook_from, read_codebook
from pluralign_stats.study.codebook_text import codebook_content, codebook_text, write_codebook
from pluralign_stats.study.inference import Inference
from pluralign_stats.study.read import shipped_codebooks
from pluralign_stats.study.yaml_file import parse_yaml

WORDS = ["yes", "1", "1.0", "null", "NULL", "~", "true", "TRUE", "a: b", "a # b", "[x]", "é\u2028"]


def written(book):
    return codebook_from(
        parse_yaml(codebook_text(codebook_content(book), ()), "x", words=True), "x"
    )


OF_RATINGS = [n for n, p in shipped_codebooks().items() if "dimensions:" in p.read_text("utf-8")]


@pytest.mark.parametrize("name", OF_RATINGS)
def test_shipped_codebooks_are_written_as_they_are(name):
    book = read_codebook(shipped_codebooks()[name])
    assert written(book) == book


def test_any_word_stays_a_word():
    factor = {"levels": WORDS, "recode": {"0": None, "00": "yes"}, "declined": ["no: 1"]}
    dimension = {"scale": [0, 1], "labels": {0: "null", 1: "true"}, "valence": None}
    content = {
        "name": "010",
        "files": {"ratings": {"path": "a b.csv", "separator": ";"}},
        "columns": {"rater": "a: b", "item": ["x", "- y"], "prompt": "#"},
        "dimensions": {"x": dimension, "y": {"scale": {"from": 0, "to": 1, "continuous": True}}},
        "demographics": {
            "g": factor,
            "h": {"bands": {"low": [-1.5, 2], "high": [3, float("inf")]}},
        },
        "missing": ["", "NA", "-9"],
    }
    book = codebook_from(content, "x")
    assert written(book) == book


def test_what_was_inferred_stands_above_its_entry():
    content = {"name": "x", "dimensions": {"a": {"scale": [1, 5], "valence": None}}}
    inferred = (
        Inference("A", "dimension", "1 to 5", "seen", ("dimensions", "a")),
        Inference("A", "valence", "not declared", "nobody said", ("dimensions", "a", "valence")),
        Inference("B", "covariate", "left out", "no place", ("covariates", "b")),
    )
    assert (
        codebook_text(content, inferred, "Head.")
        == """\
# Head.
name: x

dimensions:
  # dimension: 1 to 5 (seen)
  a:
    scale: [1, 5]
    # to decide, in place of null: nobody said
    valence: null
"""
    )


def test_a_file_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / "study.yaml"
    write_codebook(path, "a: 1\n")
    with pytest.raises(InputError, match=r"study\.yaml: exists already and was left as it is"):
        write_codebook(path, "b: 1\n")
    assert path.read_text() == "a: 1\n"
    write_codebook(path, "b: 1\n", overwrite=True)
    assert path.read_text() == "b: 1\n"


def test_the_codebook_of_a_part_is_not_written(tmp_path):
    study = pls.simulate_study(1, n_raters=20, n_prompts=4)
    with pytest.raises(InputError, match=r"narrowed \(dimension = toxicity\)"):
        study.where(dimension="toxicity").to_yaml(tmp_path / "study.yaml")
    assert not list(tmp_path.iterdir())


def test_its_folder_is_made_and_one_that_cannot_be_is_told(tmp_path):
    assert write_codebook(tmp_path / "new" / "folder" / "study.yaml", "a: 1\n").is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="the codebook cannot be written"):
        write_codebook(tmp_path / "file" / "study.yaml", "a: 1\n")
    with pytest.raises(InputError, match=r"new: the codebook cannot be written \(Is a directory"):
        write_codebook(tmp_path / "new", "a: 1\n", overwrite=True)
