import pytest

import pluralign_stats as pls
from pluralign_stats import InputError

BOOK = """\
name: two
files:
  ratings: {stack: {en: en.csv, de: de.csv}, column: language%s}
  raters: {stack: {en: people_en.csv, de: people_de.csv}, column: origin%s}
columns: {rater: person, item: item, language: language}
dimensions: {toxicity: {}}
demographics: {gender: {}}
covariates: {}
texts: {}
"""
PEOPLE = {"en": ["Female", "Male"], "de": ["Male", "Male"]}


@pytest.fixture
def read(tmp_path):
    def write_and_read(ratings="", raters="", **people):
        for tag, genders in {**PEOPLE, **people}.items():
            rows = [f"{k},{gender}" for k, gender in enumerate(genders, 1)]
            (tmp_path / f"people_{tag}.csv").write_text("\n".join(["person,gender", *rows]))
            given = [f"{k},i{k},{k + 1}" for k in range(1, 1 + len(genders))]
            (tmp_path / f"{tag}.csv").write_text("\n".join(["person,item,toxicity", *given]))
        (tmp_path / "study.yaml").write_text(BOOK % (ratings, raters))
        return pls.read_study(tmp_path / "study.yaml")

    return write_and_read


def test_a_name_with_other_demographics_in_another_file_is_told(read):
    told = (
        r"people_en.csv: column 'person', row 2; people_de.csv: column 'person', row 2: value '1' "
        r"stands in several files with other demographics; .* 'restart: person'"
    )
    with pytest.raises(InputError, match=told):
        read()


def test_names_that_begin_anew_are_told_apart(read):
    study = read(", restart: person", ", restart: person")
    people = study.raters.set_index("rater")["gender"].to_dict()
    assert people == {"en:1": "Female", "en:2": "Male", "de:1": "Male", "de:2": "Male"}
    assert study.ratings["rater"].nunique() == 4
    assert set(study.hashes) == {"en.csv", "de.csv", "people_en.csv", "people_de.csv"}


def test_names_are_told_apart_in_ratings_and_raters_alike(read, tmp_path):
    with pytest.raises(InputError, match=r"'person' in 'files.ratings' and not in 'files.raters'"):
        read(", restart: person")
    with pytest.raises(InputError, match=r"'person' in 'files.raters' and not in 'files.ratings'"):
        read("", ", restart: person")
    read(", restart: person", ", restart: person")
    text = (tmp_path / "study.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text.replace("en: people", "us: people"))
    with pytest.raises(InputError, match=r"the tag 'en' of 'files.ratings' is none of .*'us'"):
        pls.read_study(tmp_path / "study.yaml")
