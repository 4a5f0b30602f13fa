"""Ratings in a region's language are of the texts in the language."""

import numpy as np
import pandas as pd
import pytest
import yaml

import pluralign_stats as pls
from pluralign_stats.feedback.responses import responses_of


@pytest.fixture
def spoken(tmp_path):
    """Make a study of 24 raters and six responses, whose ratings and texts have the tags given."""

    def make(tags, response=("en", "de"), prompt=("en", "de")):
        rng = np.random.default_rng(4)
        rows = [
            (f"p{r}", f"q{i // 3}r{i}", tags[r % len(tags)], rng.integers(1, 6))
            for r in range(24)
            for i in range(6)
        ]
        frame = pd.DataFrame(rows, columns=["rater", "item", "tag", "x"])
        items = pd.DataFrame({"item": frame["item"].unique()})
        items["prompt"] = items["item"].str[:2]
        for tag in {*response, *prompt}:
            items[f"asked {tag}"] = items["prompt"] + f" {tag[:2]}?"
            items[f"said {tag}"] = items["item"] + f" {tag[:2]}."
        frame.to_csv(tmp_path / "r.csv", index=False)
        items.to_csv(tmp_path / "i.csv", index=False)
        book = {
            "name": "spoken",
            "files": {"ratings": "r.csv", "items": "i.csv"},
            "columns": {"rater": "rater", "item": "item", "prompt": "prompt", "language": "tag"},
            "dimensions": {"x": {}},
            "texts": {
                "prompt": {tag: f"asked {tag}" for tag in prompt},
                "response": {tag: f"said {tag}" for tag in response},
            },
        }
        (tmp_path / "s.yaml").write_text(yaml.safe_dump(book), "utf-8")
        return pls.read_study(tmp_path / "s.yaml")

    return make


RECIPE = pls.feedback.Recipe(weights={"x": 1}, strategy="mean")


@pytest.mark.parametrize(
    ("tags", "response", "prompt"),
    [
        (["en-US", "de-DE"], ("en", "de"), ("en", "de")),
        (["en_GB", "DE"], ("en", "de"), ("en", "de")),
        (["en", "de"], ("en-US", "de-DE"), ("en-US", "de-DE")),
        (["en-US", "de_AT"], ("en", "de"), ("en-US", "de")),
        (["en-US", "de"], ("en", "de-DE"), ("en", "de")),
    ],
)
def test_tags_that_match_by_prefix_lose_no_feedback(spoken, tags, response, prompt):
    plain = pls.preference_pairs(spoken(["en", "de"]), RECIPE)
    found = pls.preference_pairs(study := spoken(tags, response, prompt), RECIPE)
    assert plain.excluded.equals(found.excluded)
    assert set(found.table["language"]) == set(response)
    back = {tag: tag[:2].lower() for tag in response}
    table = found.table.assign(language=found.table["language"].map(back).astype("str"))
    order = ["prompt", "language", "chosen", "rejected"]
    pd.testing.assert_frame_equal(
        table.sort_values(order, ignore_index=True),
        plain.table.sort_values(order, ignore_index=True),
    )
    assert set(study.ratings["language"].cat.categories) == set(tags)


def test_two_regions_that_read_one_text_are_compared(spoken):
    study = spoken(["de-DE", "de-AT"])
    assert responses_of(study).languages.tolist() == ["de"]


def test_a_language_without_texts_is_told_apart_from_an_empty_text(spoken):
    found = pls.preference_pairs(spoken(["en", "fr", "de"]), RECIPE)
    reasons = dict(found.excluded.itertuples(index=False, name=None))
    assert reasons["responses rated in 'fr', which has no texts"] == 6
    assert not any("empty text" in reason for reason in reasons)
    pooled = RECIPE.model_copy(update={"languages": "pooled"})
    assert "fr" not in str(pls.preference_pairs(spoken(["en", "fr", "de"]), pooled).excluded)


def test_a_region_of_two_is_not_guessed(spoken):
    found = pls.preference_pairs(spoken(["en", "de"], ("en", "de-DE", "de-AT")), RECIPE)
    assert "responses rated in 'de', which has no texts" in found.excluded["reason"].tolist()


def test_training_finds_the_texts(spoken):
    data = pytest.importorskip("training.optimize.data")
    study = spoken(["en-US", "de-DE"], ("en", "de"), ("en", "de_DE"))
    examples = data.with_texts(study, pls.preference_pairs(study, RECIPE).examples())
    texts = examples[["prompt_text", "chosen_text", "rejected_text"]]
    assert (texts != "").all().all()
    for column in texts:
        said = examples[column].str.extract(r" (en|de)[?.]")[0]
        assert (said == examples["language"]).all()
