from itertools import product
from unicodedata import normalize

import pandas as pd
import pytest

from pluralign_stats.study.text import folded, joined, labels_of, nfc, nfc_column

WORDS = ["Köln", "Ångström", "Việt", "한국", "naïve", "plain"]


@pytest.mark.parametrize("word", WORDS)
def test_two_forms_of_a_word_become_one(word):
    composed, decomposed = normalize("NFC", word), normalize("NFD", word)
    assert nfc(composed) == nfc(decomposed) == composed
    assert folded(decomposed) == folded(composed.upper())


def test_a_column_keeps_what_is_no_text():
    column = pd.Series([normalize("NFD", "ö"), 1, None, "a"], dtype=object)
    assert nfc_column(column).tolist() == ["ö", 1, None, "a"]


def test_different_parts_never_have_one_name():
    values = ["", "q", ":", "q:", ":q", "q:1", "\\", "\\:", "q\\", "1:2", "2", "1"]
    names = [joined(parts) for parts in product(values, repeat=2)]
    assert len(set(names)) == len(names)
    assert joined(["q", "1"]) == "q:1"
    assert joined(["q:1", "2"]) == r"q\:1:2"


def test_labels_are_plain_where_that_keeps_names_apart():
    assert labels_of([("a", "b"), ("c", "d, e"), ("a", "b")], ", ") == ["a, b", "c, d, e", "a, b"]
    apart = labels_of([("a, b", "c"), ("a", "b, c"), ("a", "b")], ", ")
    assert len(set(apart)) == 3
    assert apart[2] == "a, b"
