import numpy as np
import pandas as pd
import pytest
from made_outcomes import make_table

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.outcomes.schema import VERSION, VERSION_KEY


@pytest.fixture
def table():
    return make_table({"preserve": -1.0, "majority": -0.5}, n_prompts=2, n_samples=1)


def write(folder, table):
    table.to_parquet(folder / "outcomes.parquet", index=False)
    return folder


def test_a_folder_and_its_file_read_alike_with_health_beside(tmp_path, table):
    write(tmp_path, table.assign(score=table["score"].clip(1, 5)))
    health = pd.DataFrame({"run": ["r"], "language": ["en"], "collapsed": [False]})
    health.to_parquet(tmp_path / "health.parquet")
    whole = pls.read_outcomes(tmp_path, data_note="simulated study, miniature model")
    file = pls.read_outcomes(str(tmp_path / "outcomes.parquet"))
    pd.testing.assert_frame_equal(whole.table, file.table)
    assert list(whole.health["run"]) == ["r"]
    assert (whole.data_kind, whole.judge, whole.dimensions) == ("unstated", "made", ("toxicity",))
    assert repr(whole) == (
        "<Outcomes: 6 tuned runs, 1 controls, judge 'made' (simulated study, miniature model)>"
    )


def test_a_study_gives_labels_order_and_kind(tmp_path, small_study):
    wide = make_table({"preserve": -1.0}, dimensions=("helpfulness", "toxicity"), n_prompts=2)
    wide["score"] = wide["score"].clip(1, 5)
    outcomes = pls.read_outcomes(write(tmp_path, wide), study=small_study)
    assert outcomes.dimensions == ("toxicity", "helpfulness")
    assert outcomes.data_kind == "simulated"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.drop(columns=["seed", "judge"]), "lacks the columns 'seed', 'judge'"),
        (lambda t: t.iloc[:0], "holds no score"),
        (lambda t: t.assign(judge=["a", *["b"] * (len(t) - 1)]), "scores by 2 judges"),
        (lambda t: t.assign(score=[6.0, *t["score"][1:]]), "row 1: 6 is no score of 'toxicity'"),
        (lambda t: t.assign(score=np.inf), "inf is no score of 'toxicity', which goes from 1 to 5"),
        (lambda t: t.assign(score="good"), "must be numbers"),
        (
            lambda t: t.assign(seed=["x", *map(str, t["seed"][1:])]),
            "row 1: 'seed' must be numbers, not 'x'",
        ),
        (lambda t: t.assign(malformed="no"), "'malformed' must be true or false, not 'no'"),
        (lambda t: t.assign(run=[None, *t["run"][1:]]), "row 1: 'run' must not be missing"),
        (lambda t: t[t["optimizer"] != "control"], "has no control"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "row 15: the table has two scores of run"),
        (lambda t: t.assign(scale=["binary", *t["scale"][1:]]), "has two conditions"),
        (
            lambda t: t.assign(objective=t["objective"].replace("toxicity", "tox*help")),
            r"outcomes.parquet: run '.*', column 'objective': objective 'tox\*help': each part",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, table, change, told):
    write(tmp_path, change(table.assign(score=table["score"].clip(1, 5))))
    with pytest.raises(InputError, match=told) as caught:
        pls.read_outcomes(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_dimension_that_the_study_lacks_is_refused(tmp_path, small_study):
    wide = make_table({"preserve": -1.0}, dimensions=("rudeness",), n_prompts=2)
    write(tmp_path, wide.assign(score=wide["score"].clip(1, 5)))
    with pytest.raises(InputError, match="a dimension must be one of"):
        pls.read_outcomes(tmp_path, study=small_study)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"pluralign judge"):
        pls.read_outcomes(tmp_path)
    (tmp_path / "outcomes.parquet").write_text("no table")
    with pytest.raises(InputError, match="must be Parquet"):
        pls.read_outcomes(tmp_path)


def test_columns_are_brought_to_their_types(tmp_path, table):
    plain = pls.read_outcomes(write(tmp_path, table.assign(score=table["score"].clip(1, 5)))).table
    words = plain.assign(score=plain["score"].map(str), seed=plain["seed"].map(str), budget=7)
    words["scale"] = pd.Categorical(words["scale"])
    read = pls.read_outcomes(write(tmp_path, words)).table
    pd.testing.assert_frame_equal(read, plain.assign(budget="7"))


def test_the_format_of_older_and_newer_versions(tmp_path, table):
    """Files written before the format had a number say none; their columns are the same."""
    table["score"] = table["score"].clip(1, 5)
    older = pls.read_outcomes(write(tmp_path, table))
    table.attrs[VERSION_KEY] = VERSION
    now = pls.read_outcomes(write(tmp_path, table))
    pd.testing.assert_frame_equal(older.table, now.table)
    assert now.table.attrs == {}
    before = table.drop(columns=["chat_template", "settings"])
    with pytest.raises(InputError, match="lacks the columns 'settings', 'chat_template', as older"):
        pls.read_outcomes(write(tmp_path, before))
    for version in (VERSION + 1, 0, "new"):
        table.attrs[VERSION_KEY] = version
        told = rf"is in version '{version}' of the format of scores, and this release reads 1 to"
        with pytest.raises(InputError, match=told) as caught:
            pls.read_outcomes(write(tmp_path, table))
        assert "\n" not in str(caught.value)
