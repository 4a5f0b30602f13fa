import json
import pickle
from pathlib import Path

import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError, read_study
from pluralign_stats.choices.codebook import choice_book
from pluralign_stats.explorer.choices import choices_of
from pluralign_stats.simulate.study import write_simulated_study
from pluralign_stats.study.codebook_file import read_codebook
from pluralign_stats.study.read import find_codebook, shipped_codebooks
from pluralign_stats.study.yaml_file import parse_yaml, read_text

ROOT = Path(__file__).parents[2]

LONG = """\
name: toy
files: {ratings: long.csv, raters: raters.csv, items: items.csv}
columns: {rater: person, item: response, prompt: question, dimension: about, rating: answer}
dimensions:
  toxicity: {column: rating_toxicity, valence: -1}
  helpfulness: {column: rating_helpfulness}
demographics: {gender: {levels: [Male, Female], reference: Female}}
"""


def ratings_of(study):
    frame = study.ratings[["rater", "item", "dimension", "rating"]].astype({"rating": float})
    frame = frame.astype(dict.fromkeys(("rater", "item", "dimension"), str))
    return frame.sort_values(["rater", "item", "dimension"]).reset_index(drop=True)


def raw(toy, name):
    return pd.read_csv(toy.folder / name, dtype=str)


def test_what_a_study_holds(toy):
    study = toy.read()
    first = study.ratings.iloc[0]
    assert list(study.ratings) == [
        *("rater", "item", "prompt", "dimension", "rating"),
        *("gender", "politics", "topic"),
    ]
    assert first.tolist() == ["p1", "a1", "a", "toxicity", 1, "Female", "Liberal", "home"]
    assert study.summary_counts() == {"raters": 6, "items": 3, "ratings": 36, "dimensions": 2}
    assert study.raters["gender"].tolist() == ["Female", "Male"] * 3
    assert study.items["response_text_en"].tolist() == ["Yes", "No", "Perhaps"]
    assert (study.name, study.title, study.simulated) == ("toy", "A toy study", False)
    assert study.exclusions.empty
    assert study.nonresponse.empty


def test_a_long_file_gives_the_same_ratings_as_a_wide_one(toy):
    wide = toy.read()
    long = raw(toy, "ratings.csv").melt(["person", "response"], None, "about", "answer")
    study = toy.read({"study.yaml": LONG, "long.csv": long.sample(frac=1, random_state=1).to_csv()})
    pd.testing.assert_frame_equal(ratings_of(study), ratings_of(wide))


def test_a_long_file_with_an_unknown_or_absent_dimension(toy):
    toy.write()
    long = raw(toy, "ratings.csv").melt(["person", "response"], None, "about", "answer")
    other = long.replace("rating_toxicity", "toxic")
    with pytest.raises(InputError, match=r"long.csv: column 'about', rows 2, 3, .*'toxic'"):
        toy.read({"study.yaml": LONG, "long.csv": other.to_csv(index=False)})
    half = long[long["about"] == "rating_toxicity"]
    with pytest.raises(InputError, match=r"column 'about': no row for dimension 'helpfulness'"):
        toy.read({"study.yaml": LONG, "long.csv": half.to_csv(index=False)})
    twice = pd.concat([long, long.iloc[[0]]])
    with pytest.raises(InputError, match=r"row 38: rater 'p1' rates item 'a1' a second time"):
        toy.read({"study.yaml": LONG, "long.csv": twice.to_csv(index=False)})


def as_numbers(frame):
    return frame.apply(lambda column: pd.to_numeric(column, errors="coerce").fillna(column))


@pytest.mark.parametrize(
    "kind", ["parquet", "parquet of numbers", "parquet of categories", "jsonl"]
)
def test_every_format_gives_the_same_study(toy, kind):
    plain = toy.read({"ratings.csv": toy.changed("ratings.csv", "p1,a2,2,4", "p1,a2,NA,4")})
    frame = raw(toy, "ratings.csv")
    frame["rating_helpfulness"] = frame["rating_helpfulness"].astype(int)
    changes = {}
    if kind == "jsonl":
        lines = frame.to_dict("records")
        for line in lines:
            if pd.isna(line["rating_toxicity"]):
                del line["rating_toxicity"]
        changes["r.jsonl"] = "\n".join(json.dumps(line) for line in lines)
    else:
        if kind == "parquet of numbers":
            frame["rating_toxicity"] = frame["rating_toxicity"].astype(float)
        if kind == "parquet of categories":
            frame = frame.astype({"person": "category", "rating_toxicity": "category"})
        changes["r.parquet"] = frame.to_parquet(index=False)
    ending = kind.split()[0]
    changes["study.yaml"] = toy.changed("study.yaml", "ratings.csv", f"r.{ending}")
    study = toy.read(changes)
    pd.testing.assert_frame_equal(study.ratings, plain.ratings)
    pd.testing.assert_frame_equal(study.raters, plain.raters)
    assert study.ratings["rating"].isna().sum() == 1


def test_the_data_may_lie_elsewhere(toy, tmp_path):
    codebook = toy.write().rename(tmp_path / "elsewhere.yaml")
    assert read_study(codebook, toy.folder).summary_counts()["ratings"] == 36
    assert read_study(str(codebook), str(toy.folder)).summary_counts()["ratings"] == 36
    with pytest.raises(InputError, match=r"absent: no such folder"):
        read_study(codebook, tmp_path / "absent")


def test_shipped_codebooks_are_found_by_name_and_are_good():
    pages = {path.stem for path in (ROOT / "docs" / "codebooks").glob("*.md")}
    assert set(shipped_codebooks()) == pages - {"index"}
    for name, path in shipped_codebooks().items():
        assert find_codebook(name) == path
        content = parse_yaml(read_text(path), path.name, words=True)
        if "files" in content:
            assert read_codebook(path).name == name
        if "choices" in content:
            assert choice_book(content, path.name).name == name


def test_a_codebook_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"shipped are 'community_alignment', 'csc', 'dices_350'"):
        read_study("trustamass")
    with pytest.raises(InputError, match=r"absent.yaml: no such file"):
        read_study(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="is a folder"):
        read_study(tmp_path)


# The real study -------------------------------------------------------------------------------


def test_trustamas_after_the_comprehension_check(trustamas):
    rows = trustamas.ratings.drop_duplicates(["rater", "item"])
    assert len(rows) == 12_215
    assert len(trustamas.raters) == rows["rater"].nunique() == 6_896
    assert trustamas.exclusions.drop(columns="done").to_dict("records") == [
        {"filter": "comprehension check", "rows": 14_192 - 12_215, "raters": 7_096 - 6_896}
    ]
    assert not trustamas.simulated


def test_trustamas_missing_answers(trustamas, trustamas_folder):
    raw = pd.read_csv(trustamas_folder / "ratings_wide.csv")
    raw = raw[raw["comprehension_check"] == "Correct"]
    found = trustamas.ratings.groupby("dimension", observed=True)["rating"]
    for dimension in trustamas.dimensions:
        assert found.count()[dimension] == raw[dimension].count()
        assert found.sum()[dimension] == raw[dimension].sum()
    assert found.count()["trustworthy"] == 12_212


def test_trustamas_politics_was_not_asked_in_china(trustamas):
    lost = trustamas.nonresponse[trustamas.nonresponse["demographic"] == "politics"]
    china = trustamas.raters.loc[trustamas.raters["country"] == "China", "rater"]
    assert set(china) <= set(lost["rater"])
    assert set(lost["reason"]) == {"missing"}


@pytest.fixture(scope="module")
def in_languages(tmp_path_factory):
    """The simulated study, read with English and with German labels."""
    folder = tmp_path_factory.mktemp("languages") / "study"
    path = write_simulated_study(folder, 7, n_raters=60, n_prompts=8)
    return read_study(path), read_study(path, language="de")


def test_a_study_with_german_labels_is_the_same_study(in_languages):
    english, german = in_languages
    assert german.fingerprint == english.fingerprint
    assert german.ratings.equals(english.ratings)
    assert german.codebook.label("toxicity") == "Toxizität"
    assert english.codebook.label("toxicity") == "Toxicity"
    assert german.where(dimension="toxicity").codebook.label("politics") == "Politische Einstellung"
    assert pickle.loads(pickle.dumps(german)).codebook.language == "de"


def test_tables_and_figures_take_the_language_of_labels_and_nothing_else(in_languages):
    english, german = in_languages
    known = {
        english.codebook.label(n): german.codebook.label(n)
        for n in (*english.dimensions, *english.demographics)
    }
    for table_of in (
        pls.describe.composition,
        pls.describe.rating_distribution,
        lambda s: pls.describe.rating_distribution(s, "politics"),
        lambda s: pls.describe.agreement(s, "gender", n_bootstrap=100),
        lambda s: pls.describe.positive_given_positive(s, n_bootstrap=100),
        lambda s: pls.demographic_effects(s, ["gender"], ["toxicity"]).differences,
    ):
        before, after = table_of(english), table_of(german)
        assert before.table.replace(known).astype(str).equals(after.table.astype(str))
        assert list(before.table) == list(after.table)
    picture = pls.figures.composition(pls.describe.composition(german))
    assert {ax.get_title(loc="left") for ax in picture.figure.axes} == {
        german.codebook.label(name) for name in german.demographics
    }


def test_the_explorer_follows_the_language(in_languages):
    _, german = in_languages
    assert choices_of(german).labels["gender"] == "Geschlecht"


@pytest.mark.parametrize("language", ["fr", "", "d"])
def test_a_language_without_labels(toy, language):
    with pytest.raises(
        InputError, match=f"the language of labels must be one of .*not '{language}'"
    ):
        read_study(toy.write(), language=language)


def test_the_published_layout_has_german_labels_throughout():
    book = read_codebook(find_codebook("pluralistic_values")).in_language("de")
    parts = {**book.dimensions, **book.demographics}
    assert [name for name, part in parts.items() if book.label(name) != part.label["de"]] == []


def as_excel(toy, name):
    """A file of the toy study as Excel keeps it: numbers as numbers."""
    path = toy.folder / name
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    frame.to_excel(path.with_suffix(".xlsx"), index=False)


def as_semicolons(toy, name):
    path = toy.folder / name
    path.write_bytes(("sep=;\n" + path.read_text("utf-8").replace(",", ";")).encode("utf-16"))


@pytest.mark.parametrize("change", [as_excel, as_semicolons])
def test_a_study_is_the_same_from_other_files(toy, change):
    expected = toy.read()
    for name in ("ratings.csv", "raters.csv"):
        change(toy, name)
    book = (toy.folder / "study.yaml").read_text("utf-8")
    if change is as_excel:
        book = book.replace("ratings.csv", "ratings.xlsx").replace("raters.csv", "raters.xlsx")
        (toy.folder / "study.yaml").write_text(book, "utf-8")
    study = read_study(toy.folder / "study.yaml")
    pd.testing.assert_frame_equal(study.ratings, expected.ratings)
    pd.testing.assert_frame_equal(study.raters, expected.raters)


SLIDERS = """\
name: sliders
files: {ratings: FILE}
columns: {rater: person, item: response}
dimensions:
  warmth: {scale: {from: 0, to: 1, continuous: true}}
  heat: {scale: [0, 100], labels: {0: not at all, 100: very}}
"""


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_ratings_on_sliders_read_alike_from_every_format(tmp_path, kind):
    frame = pd.DataFrame(
        {
            "person": ["p", "p", "q", "q"],
            "response": ["a", "b", "a", "b"],
            "warmth": [0.1 + 0.2, 1 / 3, 1.0, 1e-05],
            "heat": [0, 55, None, 100],
        }
    )
    path = tmp_path / f"ratings.{kind}"
    match kind:
        case "csv":
            frame.to_csv(path, index=False)
        case "parquet":
            frame.to_parquet(path)
        case "jsonl":
            frame.to_json(path, orient="records", lines=True, double_precision=15)
    (tmp_path / "study.yaml").write_text(SLIDERS.replace("FILE", path.name))
    ratings = ratings_of(read_study(tmp_path / "study.yaml"))
    warm = ratings.loc[ratings["dimension"] == "warmth", "rating"].tolist()
    assert warm == pytest.approx(frame["warmth"].tolist(), rel=1e-12)
    hot = ratings.loc[ratings["dimension"] == "heat", "rating"]
    assert hot.dropna().tolist() == [0, 55, 100]


def test_sliders_in_a_long_file(tmp_path):
    rows = "p,a,warmth,0.25\np,a,heat,Very\nq,a,warmth,1\nq,a,heat,17\n"
    (tmp_path / "long.csv").write_text(f"person,response,about,answer\n{rows}")
    book = SLIDERS.replace("FILE", "long.csv").replace(
        "item: response", "item: response, dimension: about, rating: answer"
    )
    (tmp_path / "study.yaml").write_text(book)
    assert read_study(tmp_path / "study.yaml").ratings["rating"].tolist() == [0.25, 1, 100, 17]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('"0,5"', r"row 3: value '0,5'; allowed: numbers 0 to 1; write decimals with a point"),
        ("1.2", r"row 3: value '1.2'; allowed: numbers 0 to 1; correct the file"),
        ("inf", r"row 3: value 'inf'; allowed: numbers 0 to 1"),
        ("warm", r"row 3: value 'warm'; allowed: numbers 0 to 1"),
    ],
)
def test_cells_that_are_no_rating_of_a_slider_are_refused_by_row(tmp_path, cell, message):
    rows = f"p,a,0.25,7\nq,a,{cell},9\n"
    (tmp_path / "wide.csv").write_text(f"person,response,warmth,heat\n{rows}")
    (tmp_path / "study.yaml").write_text(SLIDERS.replace("FILE", "wide.csv"))
    with pytest.raises(InputError, match=rf"wide.csv: column 'warmth', {message}"):
        read_study(tmp_path / "study.yaml")
