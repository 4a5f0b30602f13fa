import pandas as pd
import pytest

from pluralign_stats.study.text import looked_up, lookup, text_languages


@pytest.mark.parametrize(
    ("tag", "available", "found"),
    [
        ("de", ["en", "de"], "de"),
        ("DE", ["en", "de"], "de"),
        ("de-DE", ["en", "de"], "de"),
        ("de_DE", ["en", "de"], "de"),
        ("de_DE.UTF-8", ["en", "de"], "de"),
        ("de-AT", ["de-DE", "de"], "de"),
        ("de-de", ["de", "de_DE"], "de_DE"),
        ("de", ["en-US", "de-DE"], "de-DE"),
        ("de", ["de-DE", "de-AT"], None),
        ("de-AT", ["de-DE"], None),
        ("zh-Hant-TW", ["zh-Hans", "zh-Hant", "zh"], "zh-Hant"),
        ("zh-Hant", ["zh-Hans"], None),
        ("zh-Hans-CN", ["zh"], "zh"),
        ("de-CH-1996-x-private", ["de-CH"], "de-CH"),
        ("en-a-bbb", ["en"], "en"),
        ("deu", ["de"], None),
        ("d", ["de"], None),
        ("", ["de"], None),
        ("nan", ["nan"], "nan"),
    ],
)
def test_the_texts_for_a_tag(tag, available, found):
    assert lookup(tag, available) == found


def test_a_tag_that_stands_there_exactly_goes_first():
    assert lookup("DE", ["de", "DE"]) == "DE"


def test_an_entry_by_language_falls_back_in_the_order_given():
    texts = {"en": "yes", "de": "ja"}
    assert looked_up(texts, "de-AT", "en") == "ja"
    assert looked_up(texts, "fr", "en") == "yes"
    assert looked_up({"it": "sì"}, "fr", "en") is None


def test_languages_of_texts():
    items = pd.DataFrame(columns=["item", "prompt_text_en", "response_text_de-DE"])
    assert text_languages(items) == ["de-DE"]
    assert text_languages(items, "prompt") == ["en"]
