import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.errors import InputError
from pluralign_stats.simulate import simulate_tables
from pluralign_stats.simulate.parameters import DIMENSIONS
from training.embedded.judge import judge_text
from training.embedded.study import ITEM_SD, RESPONSES, item_table, write_embedded_study
from training.embedded.world import CUTS, LANGUAGES, prompts


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    out = tmp_path_factory.mktemp("embedded") / "study"
    return pls.read_study(write_embedded_study(out, seed=3))


@pytest.fixture(scope="module")
def levels(study):
    items = study.items.set_index("item")
    read = {
        language: pd.DataFrame(
            {
                i: judge_text(text, language).scores
                for i, text in items[f"response_text_{language}"].items()
            }
        ).T
        for language in LANGUAGES
    }
    pd.testing.assert_frame_equal(read["en"], read["de"])
    return read["en"]


def test_it_says_that_it_is_simulated(study):
    assert study.simulated
    assert study.data_kind == "simulated"
    assert "miniature" in study.title
    assert study.truth.seed == 3


def test_design(study):
    assert study.ratings["rater"].nunique() == 1095
    assert len(study.ratings) == 1095 * 5 * 5
    assert study.items["prompt"].nunique() == len(prompts())
    assert len(study.items) == len(prompts()) * RESPONSES
    assert set(study.ratings["language"]) == set(LANGUAGES)
    per_prompt = study.items.groupby("prompt")[["prompt_text_en", "prompt_text_de"]].nunique()
    assert per_prompt.eq(1).all(axis=None)


def test_items_have_the_same_levels_in_both_languages_and_every_level_occurs(levels):
    for dimension in DIMENSIONS:
        shares = levels[dimension].value_counts(normalize=True)
        assert set(shares.index) == {1, 2, 3, 4, 5}
        assert shares.between(0.1, 0.3).all()


def test_most_prompts_have_responses_that_differ(study, levels):
    prompt = study.items.set_index("item")["prompt"]
    spread = levels.groupby(prompt)["toxicity"].nunique()
    assert (spread >= 2).mean() > 0.95


def test_raters_tell_levels_apart(study, levels):
    ratings = study.ratings.dropna(subset="rating")
    level = levels.rename_axis("item").reset_index().melt("item", None, "dimension", "level")
    joined = ratings.astype({"item": str, "dimension": str}).merge(level, on=["item", "dimension"])
    assert len(joined) == len(ratings)
    means = joined.groupby(["dimension", "level"])["rating"].mean().unstack()
    assert (means.diff(axis=1).iloc[:, 1:] > 0.1).all(axis=None)


def test_levels_are_the_fifths_of_the_item_effects(study):
    sd = np.array([ITEM_SD[dimension] for dimension in DIMENSIONS])
    effects = np.random.default_rng(4).normal(size=(40, 5)) * sd
    items = item_table(effects, 10, seed=1)
    expected = 1 + (effects[:, :, None] / sd[:, None] > CUTS).sum(axis=2)
    read = [judge_text(text, "de").scores for text in items["answer_de"]]
    np.testing.assert_array_equal([[r[d] for d in DIMENSIONS] for r in read], expected)
    assert items["prompt_id"].tolist()[3:5] == ["Q01D", "Q02A"]


def test_truth_holds_the_item_effects_that_were_drawn(study):
    assert study.truth.item_sd.to_dict() == ITEM_SD
    default = simulate_tables(3).truth
    assert study.truth.rater_sd.equals(default.rater_sd)
    assert study.truth.item_corr.equals(default.item_corr)
    planted = study.truth.effects.query("planted")["percent_odds"]
    assert sorted(planted) == pytest.approx([-18.0, 27.9, 44.0])


def test_wider_items_leave_the_other_draws_alone():
    wide = simulate_tables(3, item_sd=ITEM_SD)
    usual = simulate_tables(3)
    pd.testing.assert_frame_equal(wide.raters, usual.raters)
    assert wide.ratings["prompt_id"].equals(usual.ratings["prompt_id"])
    assert not wide.ratings["rating_toxicity"].equals(usual.ratings["rating_toxicity"])


def test_equal_seeds_give_equal_files(tmp_path):
    small = {"n_raters": 40, "n_prompts": 5}
    one, same, other = (
        write_embedded_study(tmp_path / name, seed, **small)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for name in ("study.yaml", "ratings.csv", "prompts.csv", "truth.json"):
        first = (one.parent / name).read_bytes()
        assert first == (same.parent / name).read_bytes()
        assert first != (other.parent / name).read_bytes()


def test_the_other_demographics_and_more_responses(tmp_path):
    path = write_embedded_study(tmp_path / "s", 1, n_raters=30, n_prompts=4, responses_per_prompt=8)
    assert len(pls.read_study(path).items) == 32


def test_more_prompts_than_the_world_has_are_refused(tmp_path):
    with pytest.raises(InputError, match=f"n_prompts must be at most {len(prompts())}, not 500"):
        write_embedded_study(tmp_path / "s", n_prompts=500)


def test_a_folder_in_use_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="exists already"):
        write_embedded_study(tmp_path)
