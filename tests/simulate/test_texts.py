import numpy as np
import pandas as pd
import pytest

from pluralign_stats.simulate.parameters import VALENCE
from pluralign_stats.simulate.texts import item_table, style_by_liking

TEXTS = ["prompt", "answer", "prompt_de", "answer_de"]


def table(n_prompts, answers):
    effects = np.random.default_rng(1).normal(size=(n_prompts * answers, 5))
    return item_table(effects, n_prompts), effects


@pytest.mark.parametrize(("n_prompts", "answers"), [(50, 4), (120, 9)])
def test_every_item_has_texts_of_its_own(n_prompts, answers):
    items, _ = table(n_prompts, answers)
    assert len(items) == n_prompts * answers
    assert items["prompt_id"].is_unique
    assert items["prompt"].nunique() == items["prompt_de"].nunique() == n_prompts
    for suffix in ("", "_de"):
        assert not items.duplicated([f"prompt{suffix}", f"answer{suffix}"]).any()
    assert not items[TEXTS].apply(lambda texts: texts.str.contains("[{}]")).any(axis=None)


def test_default_items_need_no_variants():
    items, _ = table(50, 4)
    assert (
        not items[TEXTS].apply(lambda texts: texts.str.contains("varia", case=False)).any(axis=None)
    )
    assert items["answer"].nunique() == items["answer_de"].nunique() == 200


def test_ids_and_constant_columns():
    items, _ = table(50, 4)
    assert items["prompt_id"].tolist()[:5] == ["Q01A", "Q01B", "Q01C", "Q01D", "Q02A"]
    assert (items["prompt_id"].str[:3] == items["question_id"]).all()
    assert set(items["source"]) == {"simulated"}
    assert items.groupby("question_id")["gender_focused"].nunique().eq(1).all()
    assert set(items["gender_focused"]) == {0, 1}


def test_the_best_liked_answer_is_the_warm_one():
    items, effects = table(50, 4)
    liking = pd.Series(effects @ list(VALENCE.values()))
    first = items["question_id"] == "Q01"
    best, worst = liking[first].idxmax(), liking[first].idxmin()
    assert items["answer"][best].startswith("It is kind of you to care")
    assert items["answer"][worst].startswith("It is only a joke")


@pytest.mark.parametrize(
    ("answers", "styles", "variants"),
    [
        (1, [0], [1]),
        (2, [0, 2], [1, 1]),
        (4, [0, 1, 2, 3], [1, 1, 1, 1]),
        (6, [0, 0, 1, 2, 2, 3], [1, 2, 1, 1, 2, 1]),
    ],
)
def test_styles_spread_over_the_ranks(answers, styles, variants):
    liking = -np.arange(answers, dtype=float)
    found = style_by_liking(np.concatenate([liking, liking[::-1]]), 2)
    assert found[0].tolist() == [styles, styles[::-1]]
    assert found[1].tolist() == [variants, variants[::-1]]
