"""Legends have the columns that fit, and no name is cut."""

from matplotlib.lines import Line2D

from pluralign_stats.figures.breaking import extent, joined
from pluralign_stats.figures.marks import legend
from pluralign_stats.figures.style import look, new_figure, theme

LONG = "mitgefühl_und_einfühlungsvermögen_in_allen_lebenslagen_und_darüber_hinaus_in_jeder_antwort"


def drawn(names, most, context="two-column"):
    with theme():
        figure = new_figure(2.0, context)
        legend(figure, [Line2D([], []) for _ in names], names, most)
    (made,) = figure.legends
    assert extent(made).width <= figure.bbox.width
    return figure, made


def test_names_stand_side_by_side_where_they_fit():
    figure, made = drawn(["a", "b", "c"], 3)
    assert made._ncols == 3
    assert figure.get_figheight() == 2.0


def test_of_longer_names_there_are_fewer_columns_and_a_higher_figure():
    figure, made = drawn([f"{k} ratings per rater of 200 items, +27.9 %" for k in range(12)], 3)
    assert made._ncols == 2
    assert figure.get_figheight() > 2.5


def test_a_name_too_long_for_any_is_broken():
    _, made = drawn([LONG, "toxicity"], 4, context="one-column")
    assert joined(made.get_texts()[0].get_text()) == LONG


def test_without_names_there_is_no_legend():
    figure = new_figure(2.0)
    legend(figure, [], [])
    assert not figure.legends


def test_no_two_of_many_series_look_alike():
    assert len({look(k) for k in range(49)}) == 49
