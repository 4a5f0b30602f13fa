"""Feedback on coarser scales, held against an enumeration pair by pair."""

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.feedback import coarser_scales
from pluralign_stats.feedback.recipe import STRATEGIES, Recipe
from pluralign_stats.figures import feedback_scales

COUNTS = ["n_preferences", "n_pairs", "n_raters"]


def labels(brute, study, scale, strategy):
    """The preferred response of every pair of which more than half prefer it."""
    made = brute(study, Recipe(weights={"bad": 1}, scale=scale, strategy=strategy)).pairs()
    return made, {frozenset(pair): pair[0] for pair, entry in made.items() if entry[2] > 0.5 + 1e-9}


@pytest.mark.parametrize("strategy", [s for s in STRATEGIES if s != "random"])
@pytest.mark.parametrize("seed", range(3))
def test_labels_are_those_of_an_enumeration(random_study, brute, seed, strategy):
    study = random_study(seed)
    table = coarser_scales(study, "bad", [strategy], min_cell=2).table
    assert list(table["scale"]) == ["5-point", "3-point", "binary"]
    _, full = labels(brute, study, "5-point", strategy)
    for row in table.itertuples():
        pairs, own = labels(brute, study, row.scale, strategy)
        if np.isnan(row.n_raters):  # a single rater speaks
            continue
        assert row.n_preferences == sum(entry[0] for entry in pairs.values())
        assert row.n_pairs == len(own)
        if row.scale == "5-point":
            assert np.isnan([row.flipped_share, row.lost_share, row.new_share]).all()
        elif full:
            turned = sum(pair in own and own[pair] != better for pair, better in full.items())
            assert row.flipped_share == pytest.approx(turned / len(full))
            assert row.lost_share == pytest.approx(len(full.keys() - own.keys()) / len(full))
            if own:
                assert row.new_share == pytest.approx(len(own.keys() - full.keys()) / len(own))


def test_one_voice_is_never_turned_round(small_study):
    """No conversion changes the order of two ratings, it only makes some equal."""
    table = coarser_scales(small_study, "toxicity", ["random"], min_cell=2).table
    assert (table["flipped_share"].dropna() == 0).all()
    assert (table["new_share"].dropna() == 0).all()
    assert table["lost_share"].iloc[1:].gt(0).all()
    assert table["n_pairs"].is_monotonic_decreasing


def test_the_sentence_and_the_figure_hold_the_tables_numbers(small_study):
    result = coarser_scales(small_study)
    lost, turned = (result.table[f"{what}_share"].max() for what in ("lost", "flipped"))
    assert result.sentence.startswith("Toxicity: of the labels that the 5-point")
    assert f"a coarser scale loses at most {lost:.0%} (" in result.sentence
    assert f"turns round at most {turned:.0%} (" in result.sentence
    picture = feedback_scales(result)
    (ax,) = picture.figure.axes
    drawn = [path.get_extents().width for bars in ax.collections for path in bars.get_paths()]
    shares = result.table[["flipped_share", "lost_share"]].dropna().to_numpy().ravel()
    assert drawn == pytest.approx(shares[shares > 0])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[:2] == [f"preserve (n = {result.table['n_pairs'][0]:.0f}):  3-point", "binary"]


def test_what_rests_on_few_raters_is_withheld(small_study):
    result = coarser_scales(small_study, min_cell=10_000)
    table = result.table.query("strategy != 'consensus'")
    assert "enough raters" in coarser_scales(small_study, None, ["mean"], min_cell=10_000).sentence
    spoken = table["n_pairs"] != 0
    assert table.loc[spoken, COUNTS].isna().all(axis=None)
    assert table.loc[spoken, ["flipped_share", "lost_share", "new_share"]].isna().all(axis=None)


def test_a_scale_without_a_coarser_form_is_said_to_have_none(study_of):
    frame = pd.DataFrame({"rater": list("ab"), "item": "x", "rating": [1, 7]})
    result = coarser_scales(study_of(frame, dimensions={"rating": {"scale": [1, 7]}}))
    assert result.table.empty
    assert "does not say which of its ratings go together" in result.sentence
    assert not feedback_scales(result).figure.axes
    assert not result.meta.notes
    two = coarser_scales(study_of(frame.replace(7, 2), dimensions={"rating": {"scale": [1, 2]}}))
    assert two.sentence.startswith("Rating has two ratings: there is no coarser scale")


def test_unknown_names(small_study):
    with pytest.raises(InputError, match="did you mean 'toxicity'"):
        coarser_scales(small_study, "toxicty")
    with pytest.raises(InputError, match="did you mean 'majority'"):
        coarser_scales(small_study, strategies=["majorty"])
    with pytest.raises(InputError, match="min_cell must be 1 or more, not 0"):
        coarser_scales(small_study, min_cell=0)
