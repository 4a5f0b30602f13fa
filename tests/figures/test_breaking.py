"""Words are broken, joined and broken anew without a letter lost."""

import pytest

from pluralign_stats.figures.breaking import PARAGRAPH, broken, joined
from pluralign_stats.figures.style import wrapped

TEXTS = (
    "two words", "Kriegsdienstverweigerungsanerkennung ja", "Hispano- oder Latinoamerikaner",
    "Amerikanischer Indianer oder Alaska-Ureinwohner", "18-30 years", "-", "5-point ratings",
    "an-owner/a-model-with-a-rather-long-name-8B-Instruct", "",
)  # fmt: skip


def test_long_words_are_cut_into_equal_parts_with_a_hyphen():
    assert broken("Kriegsdienstverweigerung ja", 12) == "Kriegsdi‐\nenstverw‐\neigerung ja"
    assert broken("two words", 20) == "two words"


def test_words_are_broken_after_their_own_hyphens_and_numbers_are_not():
    lines = broken("Indianer oder Alaska-Ureinwohner", 21).split("\n")
    assert [line.strip("\u200b") for line in lines] == ["Indianer oder Alaska-", "Ureinwohner"]
    assert broken("years 18-30", 9) == "years\n18-30"


@pytest.mark.parametrize("text", TEXTS)
def test_no_letter_is_lost_however_often_a_text_is_broken(text):
    told = wrapped(text, 18)
    for width in (30, 12, 9, 22, 10):
        told = broken(told, width)
        assert joined(told) == text
        assert all(len(line.rstrip("\u200b\u200a")) <= width for line in told.split("\n"))
    assert broken(told, 100) == text


def test_paragraphs_stay():
    told = broken(f"A title of two{PARAGRAPH}4 of 5 agree", 9)
    assert told == f"A title\nof two{PARAGRAPH}4 of 5\nagree"
    assert broken(told, 50) == f"A title of two{PARAGRAPH}4 of 5 agree"
