"""Formats of ratings: stated by a column, or read off the order of raters."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.format_periods import shortest_period
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import Tables, tabulate

BOOK = {
    "name": "t",
    "files": {"ratings": "r.csv"},
    "columns": {"rater": "who", "item": "item", "language": "lang"},
    "dimensions": {"good": {"scale": [1, 5]}},
    "texts": {"response": {"en": "text", "de": "text"}},
}
OPTIONS = {"5 options": [1, 2, 3, 4, 5], "3 options": [2, 3, 4]}


def frame(n=120, short=(40, 80), language="en", first=1, seed=0):
    """Four ratings of each of `n` raters, those from `short[0]` to `short[1]` on three options."""
    rng = np.random.default_rng(seed)
    rater = np.repeat(np.arange(n), 4)
    three = (rater >= short[0]) & (rater < short[1])
    return pd.DataFrame(
        {
            "who": [f"{language}-{k + first}" for k in rater],
            "item": [f"i{k}" for k in range(4)] * n,
            "lang": language,
            "text": "x",
            "good": np.where(three, rng.integers(2, 5, len(rater)), rng.integers(1, 6, len(rater))),
            "form": np.where(three, "3 options", "5 options"),
        }
    )


def study_of(data, **formats):
    book = Codebook.model_validate(BOOK | {"formats": {"options": OPTIONS, **formats}})
    table = tabulate("r.csv", data.set_axis(pd.RangeIndex(2, 2 + len(data))), (), "0")
    return Study.of(book, Tables(table))


def formats_of(study):
    return study.ratings.drop_duplicates("rater").set_index("rater")["format"].astype("str")


def test_the_period_is_found_in_each_language():
    data = pd.concat([frame(seed=1), frame(short=(60, 110), language="de", seed=2)])
    found = formats_of(study_of(data.sample(frac=1, random_state=3), order="who"))
    truth = data.drop_duplicates("who").set_index("who")["form"].reindex(found.index)
    assert (found == truth).mean() > 0.97
    assert (found[truth == "3 options"] == "3 options").all()


def test_a_column_says_so_itself():
    found = formats_of(study_of(frame(), column="form"))
    assert (found == "3 options").sum() == 40


@pytest.mark.parametrize("seed", range(5))
def test_without_such_a_period_none_is_found(seed):
    study = study_of(frame(short=(0, 0), seed=seed), order="who")
    assert study.levels("format") == ("5 options",)


def test_a_study_on_the_shorter_format_throughout_is_that():
    """Nobody outside tells how rare such raters are, so that a long run is needed."""
    found = shortest_period(np.ones(100, dtype=bool))
    assert found is not None
    assert found.inside.all()


@pytest.mark.parametrize(
    ("narrow", "run"),
    [
        ([0] * 30 + [1] * 12 + [0] * 30, (30, 42)),
        ([1] * 12 + [0] * 60, (0, 12)),
        ([0] * 60 + [1] * 12, (60, 72)),
        ([0, 1, 1] * 30, None),
        ([0] * 40, None),
        ([], None),
    ],
)
def test_a_run_counts_where_chance_would_not_make_it(narrow, run):
    found = shortest_period(np.array(narrow, dtype=bool))
    if run is None:
        assert found is None
    else:
        inside = np.flatnonzero(found.inside)
        assert (inside[0], inside[-1] + 1) == run


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        ({"column": "form", "order": "who"}, "state either 'column' or 'order'"),
        ({}, "state either 'column' or 'order'"),
        ({"column": "nosuch"}, "unknown column for 'format'"),
        ({"order": "text"}, r"r.csv: column 'text'.*allowed: a number"),
        ({"column": "form", "options": {"5 options": [1, 2], "3 options": [2, 3]}}, "must be some"),
        ({"order": "who", "options": OPTIONS | {"two": [2, 4]}}, "can tell two formats apart"),
        ({"column": "form", "options": {"5 options": [1, 2, 3, 4, 5], "3 options": [2, 3]}},
         r"r.csv: row \d+: 'good' is 4 where the format is '3 options' \(\d+ such ratings\)"),
    ],
)  # fmt: skip
def test_formats_that_do_not_fit_are_refused(formats, message):
    with pytest.raises((InputError, ValueError), match=message):
        study_of(frame(), **formats)


def test_the_name_is_taken_where_there_are_formats():
    factor = {"covariates": {"format": {"column": "form"}}}
    Codebook.model_validate(BOOK | factor)
    with pytest.raises(ValueError, match="the name 'format' is taken"):
        Codebook.model_validate(BOOK | factor | {"formats": {"options": OPTIONS, "order": "who"}})
