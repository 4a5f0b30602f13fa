"""Ratings given on three options against ratings recoded to three."""

import numpy as np
import pandas as pd

from pluralign_stats.feedback import Recipe, coarser_scales
from pluralign_stats.feedback.given_scales import given_scales, whole_scale
from pluralign_stats.feedback.selection import select
from pluralign_stats.study.codebook import Codebook
from pluralign_stats.study.study import Study
from pluralign_stats.study.tables import Tables, tabulate

OPTIONS = {"5 options": [1, 2, 3, 4, 5], "3 options": [2, 3, 4]}


def make(n=300, n_items=12, short=0.3, formats=True, seed=0):
    """Raters of one latent liking for each item; three options are five, the ends put together."""
    rng = np.random.default_rng(seed)
    rater = np.repeat(np.arange(n), n_items)
    item = np.tile(np.arange(n_items), n)
    latent = np.linspace(-1.2, 1.2, n_items)[item] + rng.logistic(size=len(item))
    five = 1 + np.searchsorted([-1.5, -0.5, 0.5, 1.5], latent)
    three = (np.arange(n) < short * n)[rater]
    data = pd.DataFrame(
        {
            "who": [f"r{k}" for k in rater],
            "item": [f"i{k}" for k in item],
            "prompt": [f"p{k % 3}" for k in item],
            "good": np.where(three, five.clip(2, 4), five),
            "form": np.where(three, "3 options", "5 options"),
        }
    )
    book = {
        "name": "t", "files": {"ratings": "r.csv"},
        "columns": {"rater": "who", "item": "item", "prompt": "prompt"},
        "dimensions": {"good": {"scale": [1, 5]}},
    }  # fmt: skip
    if formats:
        book["formats"] = {"column": "form", "options": OPTIONS}
    table = tabulate("r.csv", data.set_axis(pd.RangeIndex(2, 2 + len(data))), (), "0")
    return Study.of(Codebook.model_validate(book), Tables(table)), data


def test_raters_are_divided_without_overlap():
    study, data = make()
    (few,) = given_scales(study, Recipe(weights={"good": 1}, scale="5-point"), None, 1)

    def who(selection):
        return set(selection.responses.raters[selection.responses.rater[selection.rows]])

    short = set(data.loc[data["form"] == "3 options", "who"])
    assert who(few.given) == short
    assert len(who(few.recoded)) == len(short)
    assert not who(few.recoded) & (short | who(few.rest))
    assert who(few.recoded) | who(few.rest) | short == set(data["who"])
    assert (few.name, few.scale) == ("3 options", "3-point")
    assert few.recoded.recipe.scale == "3-point"


def test_given_and_recoded_change_labels_alike_where_options_are_the_scale_put_together():
    """The known truth: then nothing but chance sets them apart."""
    gaps = []
    for seed in range(6):
        table = coarser_scales(make(seed=seed)[0], "good", ["preserve"], seed=seed).table
        shares = table.set_index("scale")["flipped_share"]
        gaps.append(shares["given: 3 options"] - shares["recoded: 3-point"])
    assert abs(np.mean(gaps)) < 0.05


def test_a_format_that_turns_answers_round_is_seen():
    study, data = make()
    turned = data["good"].where(data["form"] == "5 options", 6 - data["good"])
    table = tabulate("r.csv", data.assign(good=turned).set_axis(pd.RangeIndex(2, 2 + len(data))),
                     (), "0")  # fmt: skip
    result = coarser_scales(Study.of(study.codebook, Tables(table)), "good", ["mean"])
    shares = result.table.set_index("scale")["flipped_share"]
    assert shares["given: 3 options"] > 0.6
    assert shares["recoded: 3-point"] < 0.3
    assert f"{shares['given: 3 options']:.0%} by ratings given: 3 options (mean)" in result.sentence


def test_scales_are_compared_on_ratings_of_the_whole_scale():
    study, data = make()
    with_formats = coarser_scales(study, "good", ["mean"]).table
    alone = data[data["form"] == "5 options"]
    table = tabulate("r.csv", alone.set_axis(pd.RangeIndex(2, 2 + len(alone))), (), "0")
    without = Codebook.model_validate(
        study.codebook.model_dump(mode="json", exclude={"formats"}, exclude_none=True)
    )
    plain = coarser_scales(Study.of(without, Tables(table)), "good", ["mean"]).table
    pd.testing.assert_frame_equal(with_formats.iloc[:3][plain.columns[4:]], plain.iloc[:, 4:])


def test_without_formats_there_is_nothing_to_hold_against():
    study, _ = make(formats=False)
    recipe = Recipe(weights={"good": 1}, scale="5-point")
    assert given_scales(study, recipe, None, 0) == []
    chosen = select(study, recipe)
    assert whole_scale(study, chosen) is chosen


def test_the_figure_and_the_note_know_them():
    result = coarser_scales(make()[0], "good", ["mean"])
    assert any("recoded to as many" in note for note in result.meta.notes)
    names = [tick.get_text() for tick in result.plot().figure.axes[0].get_yticklabels()]
    assert any("given: 3 options" in name for name in names)
