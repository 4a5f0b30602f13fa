import numpy as np
import pandas as pd
import pytest

from pluralign_stats.drafting import facts as module
from pluralign_stats.drafting.facts import facts_of, share_same, unique_together


def facts(*cells):
    return facts_of("x", pd.Series(cells, dtype="str"))


def test_words_by_which_programs_tell_of_no_value_are_none():
    assert facts("1", "NA", None, "2").different == ("1", "2")
    assert facts("1", "NA").numeric


def test_kinds_of_cells():
    assert facts("1", "2.5").numeric
    assert not facts("1", "2.5").whole
    assert facts("1", "2", "prefer not to say").whole
    assert facts("en", "de-AT").tags
    assert facts("2024-01-31", "2024-02-01 12:30").dates
    assert facts("31.1.2024").dates
    assert facts('{"a": 1}').maps
    assert facts("a word " * 10).long_text
    assert not facts("1" * 60, "2" * 60).long_text
    assert facts("a", "b").unique
    assert not facts("a", "a").unique


@pytest.mark.parametrize(
    ("cells", "rated"),
    [
        (["1", "5"], True),
        (["agree", "disagree"], True),
        (["0.1", "0.92"], True),
        (["red", "blue"], False),
        (["3"], False),
        ([str(k) for k in range(500)], False),
    ],
)
def test_what_could_be_ratings(cells, rated):
    assert facts(*cells).rated is rated


def test_shares_are_those_of_pandas(monkeypatch):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(0, 6, (80, 3)), columns=list("abc")).astype(str)
    frame.loc[rng.random(80) < 0.2, "b"] = None
    a, b, c = (facts_of(name, frame[name]) for name in frame)
    several = frame.dropna(subset="b").groupby("b").filter(lambda g: len(g) > 1)
    same = (several.groupby("b")["a"].nunique() == 1).mean()
    given = frame.dropna()
    alone = len(given.drop_duplicates()) / len(given)
    for largest in (2**62, 10):
        monkeypatch.setattr(module, "_LARGEST", largest)
        assert share_same(a, b) == same
        assert unique_together([a, b, c]) == alone
    assert share_same(facts("x", "x", "y", "z"), facts("p", "p", "q", "q")) == 0.5
    assert share_same(facts("x", "y"), facts("p", "q")) is None
