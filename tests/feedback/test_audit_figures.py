import pandas as pd
import pytest

from pluralign_stats import InputError, Result
from pluralign_stats.feedback.feedback_audit import audit
from pluralign_stats.feedback.recipe import Recipe
from pluralign_stats.figures.feedback import (
    feedback_flips,
    feedback_shares,
    feedback_survival,
)


@pytest.fixture(scope="module")
def audited(small_study):
    return audit(small_study, by="country", n_bootstrap=100, min_voices=1, min_cell=2)


def drawn(picture):
    return [t.get_text() for ax in picture.figure.axes for t in ax.texts]


def test_shares_stand_where_the_table_says(audited):
    picture = feedback_shares(audited.shares)
    (ax,) = picture.figure.axes
    table = audited.shares.table
    points = sorted(x for c in ax.collections for x in c.get_offsets()[:, 0] if x == x)
    assert points == pytest.approx(sorted(table["pairs_share"].dropna()))
    assert audited.shares.sentence in picture.alt


def test_where_no_group_may_be_shown_the_figure_says_so(small_study):
    hidden = audit(small_study, by="country", n_bootstrap=100, min_cell=10_000)
    assert not hidden.shares.table.empty
    figure = feedback_shares(hidden.shares).figure
    assert not figure.axes
    assert "No group is large enough" in " ".join(figure.texts[0].get_text().split())


def test_survival_cells_hold_the_tables_shares(audited):
    picture = feedback_survival(audited.survival)
    table = audited.survival.table
    assert len(drawn(picture)) == len(table) > 0
    expected = sorted(f"{share:.0%}" for share in table["survived_share"])
    assert sorted(text.split("\n")[0] for text in drawn(picture)) == expected


def test_flips_are_bars_of_two_parts(audited):
    (ax,) = feedback_flips(audited.flips).figure.axes
    table = audited.flips.table
    boxes = [path.get_extents() for drawn in ax.collections for path in drawn.get_paths()]
    shares = table[["flipped_share", "lost_share"]].to_numpy().ravel()
    assert [box.width for box in boxes] == pytest.approx(shares[shares > 0])
    assert [box.x1 for box in boxes if box.x0] == pytest.approx(
        (table["flipped_share"] + table["lost_share"])[
            (table["flipped_share"] > 0) & (table["lost_share"] > 0)
        ]
    )


def test_recipes_that_differ_in_more_than_strategy_are_named_in_full(small_study):
    recipes = [Recipe(weights={"toxicity": 1}, scale=s) for s in ("binary", "3-point")]
    found = audit(small_study, recipes, "country", n_bootstrap=100)
    legend = feedback_shares(found.shares).figure.legends[0]
    names = [text.get_text() for text in legend.get_texts()]
    assert {"binary, preserve", "3-point, preserve"} <= set(names)


def test_other_and_empty_tables():
    other = Result(pd.DataFrame({"dimension": ["a"], "group": ["b"]}), "One.")
    for draw in (feedback_shares, feedback_survival, feedback_flips):
        with pytest.raises(InputError, match="belongs to another figure"):
            draw(other)
        assert draw(Result(pd.DataFrame(), "Nothing to show.")).alt == "Nothing to show."
