"""Notes are text to readers, and have a code for programs."""

import copy
import json
import pickle

import pandas as pd
import pytest

from pluralign_stats.backing import COUNT_WITHHELD
from pluralign_stats.metadata import Metadata
from pluralign_stats.notes import Code, Note, is_about, reworded, tells
from pluralign_stats.results import Result

NOTE = Note(Code.SINGULAR, "the variance is 0", "rater")


def test_a_note_is_its_text():
    assert NOTE == "the variance is 0"
    assert repr((NOTE,)) == "('the variance is 0',)"
    assert json.dumps([NOTE]) == '["the variance is 0"]'


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda note: pickle.loads(pickle.dumps(note))]
)
def test_a_copy_has_the_code(copied):
    made = copied(NOTE)
    assert (made, made.code, made.about) == (NOTE, Code.SINGULAR, "rater")


def test_other_words_have_the_code_and_plain_text_has_none():
    made = reworded(NOTE, "no variance")
    assert (made, made.code, made.about) == ("no variance", Code.SINGULAR, "rater")
    assert type(reworded("plain", "other")) is str


def test_a_note_is_known_by_its_code_and_not_by_its_words():
    assert is_about(NOTE, Code.ONE_RUN, Code.SINGULAR)
    assert not is_about(NOTE, Code.ONE_RUN)
    assert not is_about(str(NOTE), Code.SINGULAR)
    assert tells(["plain", NOTE], Code.SINGULAR)
    assert not tells([NOTE, str(COUNT_WITHHELD)], Code.COUNT_WITHHELD)


def test_results_keep_codes_where_they_change_words():
    meta = Metadata("t", notes=(NOTE,), warnings=(Note(Code.ONE_RUN, "x: once", "x"),))
    made = Result(pd.DataFrame(), "said", meta).about("model a").labelled({"x": "an x"})
    assert made.warnings == ("model a: an x: once",)
    assert [note.code for note in (*made.meta.notes, *made.warnings)] == [
        Code.SINGULAR,
        Code.ONE_RUN,
    ]
