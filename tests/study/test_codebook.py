import pytest

from pluralign_stats import InputError
from pluralign_stats.errors import NotApplicableError
from pluralign_stats.study.codebook import Codebook, ItemTexts
from pluralign_stats.study.codebook_file import codebook_from, read_codebook
from pluralign_stats.study.questions import Dimension, Factor

GOOD = {
    "name": "c",
    "files": {"ratings": "r.csv"},
    "columns": {"rater": "rater", "item": "item"},
    "dimensions": {"x": {}},
}


def book(**parts) -> Codebook:
    return codebook_from({**GOOD, **parts}, "c.yaml")


def test_defaults():
    made = book()
    dimension = made.dimensions["x"]
    assert (tuple(dimension.scale), dimension.valence, dimension.positive) == ((1, 5), 1, 4)
    assert list(dimension.levels) == [1, 2, 3, 4, 5]
    assert made.columns.item == ("item",)
    assert made.missing == ("", "NA")
    assert not made.long
    assert not made.simulated
    assert made.label("x") == "X"


def test_short_forms():
    made = book(
        dimensions={"x": None, "y": {"label": "Why"}},
        demographics={"g": {"levels": [1, 2.5, True], "declined": "none"}},
        filters={"f": {"columns": "a", "keep": 1}},
    )
    assert made.label("y") == "Why"
    assert made.demographics["g"].levels == ("1", "2.5", "true")
    assert made.demographics["g"].declined == ("none",)
    assert made.filters["f"].columns == ("a",)
    assert made.filters["f"].keep == ("1",)


def test_labels_by_language_fall_back_on_english_then_on_the_name():
    made = book(
        dimensions={
            "so_so": {"label": {"en": "So", "de": "Na ja"}},
            "oh_no": {},
            "y": {"label": "Why"},
        }
    )
    german = made.in_language("de")
    assert [made.label(d) for d in made.dimensions] == ["So", "Oh no", "Why"]
    assert [german.label(d) for d in made.dimensions] == ["Na ja", "Oh no", "Why"]
    assert german.label("none") == "None"


def test_the_languages_of_labels():
    assert book().languages == ("en",)
    words = {"labels": {1: {"de": "nein"}}}
    made = book(dimensions={"x": words}, demographics={"g": {"label": {"fr": "Genre"}}})
    assert made.languages == ("en", "de", "fr")
    with pytest.raises(
        InputError, match="the language of labels must be one of 'en', 'de', 'fr', not 'it'"
    ):
        made.in_language("it")


def test_a_language_is_no_part_of_a_codebook():
    made = book(dimensions={"x": {"label": {"de": "Iks"}}})
    assert made.in_language("de").model_dump_json() == made.model_dump_json()
    assert made.in_language("de").in_language("en").label("x") == "X"
    assert made.language == "en"
    with pytest.raises(InputError, match="unknown key 'language'"):
        book(language="de")


@pytest.mark.parametrize("scale", [(1, 7), (0, 1), (-2, 2)])
def test_which_ratings_are_positive_can_be_stated(scale):
    assert Dimension(scale=scale, positive_from=scale[1]).positive == scale[1]


WRONG = {
    "a falling scale": ({"dimensions": {"x": {"scale": [5, 1]}}}, "lower to a higher"),
    "a scale of one": ({"dimensions": {"x": {"scale": [3, 3]}}}, "lower to a higher"),
    "a label outside the scale": ({"dimensions": {"x": {"labels": {6: "top"}}}}, "6, outside"),
    "positive from the bottom": ({"dimensions": {"x": {"positive_from": 1}}}, "2 to 5, not 1"),
    "positive above the scale": ({"dimensions": {"x": {"positive_from": 6}}}, "2 to 5, not 6"),
    "no dimension": ({"dimensions": {}}, "dimensions"),
    "a dimension no formula can name": ({"dimensions": {"a b": {}}}, "'a b' cannot stand in"),
    "a demographic no formula can name": ({"demographics": {"1st": {}}}, "'1st' cannot stand in"),
    "a demographic named as a key column": ({"demographics": {"item": {}}}, "'item' is taken"),
    "a covariate named as a key column": ({"covariates": {"rating": {}}}, "'rating' is taken"),
    "one name in both roles": (
        {"demographics": {"g": {}}, "covariates": {"g": {}}},
        "'g' cannot be demographic and covariate at once",
    ),
    "a dimension column without ratings": (
        {"columns": {"rater": "r", "item": "i", "dimension": "d"}},
        "go together",
    ),
    "levels that repeat": ({"demographics": {"g": {"levels": ["a", "a"]}}}, "differ"),
    "a reference that is no level": (
        {"demographics": {"g": {"levels": ["aa", "bb"], "reference": "ab"}}},
        "must be one of 'aa', 'bb', not 'ab'",
    ),
    "a reference that is no band": (
        {"demographics": {"g": {"bands": {"low": [1, 2]}, "reference": "high"}}},
        "must be one of 'low', not 'high'",
    ),
    "a recode to nowhere": (
        {"demographics": {"g": {"levels": ["a"], "recode": {"x": "b"}}}},
        "'recode' leads to 'b'",
    ),
    "bands and levels": (
        {"demographics": {"g": {"bands": {"low": [1, 2]}, "levels": ["low"]}}},
        "leave out 'levels'",
    ),
    "a falling band": ({"demographics": {"g": {"bands": {"low": [9, 1]}}}}, "'low'"),
    "bands that overlap": (
        {"demographics": {"g": {"bands": {"low": [1, 4], "high": [4, 9]}}}},
        "'low'.*'high'",
    ),
    "too many checks required": (
        {"filters": {"f": {"columns": ["a", "b"], "keep": 1, "require": 3}}},
        "1 to 2, not 3",
    ),
    "no check required": ({"filters": {"f": {"columns": "a", "keep": 1, "require": 0}}}, "not 0"),
    "a check required in words": (
        {"filters": {"f": {"columns": "a", "keep": 1, "require": "most"}}},
        "'filters.f.require' is 'most'",
    ),
    "files that are no mapping": ({"files": "r.csv"}, "'files' is 'r.csv'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_inconsistent_codebooks_are_refused(what):
    parts, message = WRONG[what]
    with pytest.raises(InputError, match=f"^c.yaml: .*{message}"):
        book(**parts)


def test_several_complaints_are_counted(tmp_path):
    (tmp_path / "c.yaml").write_text("name: c\nfoo: 1\nbar: 2\n")
    with pytest.raises(InputError, match=r"^c.yaml.* \(and 4 more\)$"):
        read_codebook(tmp_path / "c.yaml")


KEYS = {
    "top": ("titel: x", "'titel'", "title"),
    "files": ("files: {ratings: r.csv, rater: p.csv}", "'files.rater'", "raters"),
    "columns": ("columns: {rater: r, item: i, promt: p}", "'columns.promt'", "prompt"),
    "demographic": ("demographics: {g: {level: [a]}}", "'demographics.g.level'", "levels"),
    "covariate": ("covariates: {g: {recod: {}}}", "'covariates.g.recod'", "recode"),
    "multiple": ("demographics: {g: {multiple: {levl: x}}}", "multiple.levl'", "level"),
    "filter": ("filters: {f: {column: a, columns: a, keep: 1}}", "'filters.f.column'", "columns"),
    "texts": ("texts: {promt: a}", "'texts.promt'", "prompt"),
}


@pytest.mark.parametrize("where", KEYS)
def test_unknown_keys_are_named_with_line_and_nearest_spelling(where, tmp_path):
    text, key, near = KEYS[where]
    head = "name: c\n"
    head += "" if text.startswith("files") else "files: {ratings: r.csv}\n"
    head += "" if text.startswith("columns") else "columns: {rater: r, item: i}\n"
    (tmp_path / "c.yaml").write_text(f"{head}dimensions: {{x: {{}}}}\n{text}\n")
    line = head.count("\n") + 2
    with pytest.raises(InputError, match=rf"^c.yaml, line {line}: unknown key .*{key}") as raised:
        read_codebook(tmp_path / "c.yaml")
    assert f"did you mean '{near}'?" in str(raised.value)


def test_known_levels():
    assert Factor().known_levels is None
    assert Factor(levels=["b", "a"]).known_levels == ("b", "a")
    assert Factor(bands={"low": (1, 2), "high": (3, 4)}).known_levels == ("low", "high")
    several = Factor(levels=["a"], multiple={"level": "Mixed"})
    assert several.known_levels == ("a", "Mixed")


def test_a_codebook_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        book().name = "other"


@pytest.mark.parametrize(
    ("responses", "prompts"),
    [
        (["en-US"], {"en-US": "question"}),
        (["en", "en-US"], {"en": "question", "en-US": "question"}),
    ],
)
def test_prompts_stand_under_the_tags_of_their_responses_and_no_other(responses, prompts):
    texts = ItemTexts(prompt={"en": "question"}, response=dict.fromkeys(responses, "answer"))
    assert texts.columns()["prompt"] == prompts


def test_a_valence_may_be_left_open():
    made = book(dimensions={"x": {"valence": None}, "y": {"valence": -1}, "z": {}})
    assert made.signs(["y", "z"], "pairs") == {"y": -1, "z": 1}
    with pytest.raises(NotApplicableError, match=r"pairs need .* of 'x' is not declared"):
        made.signs(["y", "x"], "pairs")
