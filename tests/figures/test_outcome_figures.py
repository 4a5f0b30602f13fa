"""Figures 2 to 5 and the specification curve, drawn from small tables."""

import io
from dataclasses import replace
from itertools import product

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.designs import ONE_RUN
from pluralign_stats.figures.breaking import PARAGRAPH
from pluralign_stats.figures.style import CONTEXTS
from pluralign_stats.notes import reworded
from pluralign_stats.results import Metadata, Result

TOLD = "simulated study, miniature model"
DIMENSIONS = ["Toxicity", "Sensitivity and openness to what others feel"]

#: Designs by two factors.
COMBINED = {
    f"{optimizer}, {name}": {"optimizer": optimizer, "objective": objective}
    for optimizer in ("dpo", "grpo")
    for name, objective in {
        "toxicity": "toxicity",
        "helpfulness": "helpfulness",
        "2 objectives": "toxicity+helpfulness",
    }.items()
}


def differences(contrasts, dimensions=DIMENSIONS, designs=None, **columns):
    """A table of differences: the k-th estimate is k tenths, and every other one is clear."""
    rows = list(product(dimensions, contrasts))
    estimate = np.arange(1, len(rows) + 1) / 10
    table = pd.DataFrame(rows, columns=["dimension", "contrast"]).assign(
        term="strategy",
        level=[contrast.split(" vs ")[0] for _, contrast in rows],
        reference=[contrast.split(" vs ")[1] for _, contrast in rows],
        estimate=estimate,
        conf_low=estimate - 0.15,
        conf_high=estimate + 0.15,
        p_adjusted=np.where(np.arange(len(rows)) % 2 == 0, 0.01, 0.4),
        n_runs=6,
        n_seeds=3,
        n_prompts=8,
        n_generations=np.where(np.arange(len(rows)) % 2 == 0, 1180, 1190),
        **columns,
    )
    meta = Metadata(
        "Differences",
        data="simulated",
        unit="score points",
        conf_level=0.95,
        interval="intervals from t",
        data_note=TOLD,
        designs=designs or {},
    )
    return Result(table, "All is well.", meta)


def ink(picture):
    """Pixels of the picture's PNG that are not white, by row and column."""
    image = mpl.image.imread(io.BytesIO(picture.render("png")))[:, :, :3]
    return (image < 0.9).any(axis=2)


def uncut(picture):
    """Whether a white edge is left on all four sides of the download."""
    dark = ink(picture)
    edges = (dark[:2], dark[-2:], dark[:, :2], dark[:, -2:])
    return dark.any() and not any(edge.any() for edge in edges)


def foot(picture):
    return picture.figure.get_supxlabel().replace("\n", " ")


def rows_of(ax):
    return [" ".join(label.get_text().split()) for label in ax.get_yticklabels()]


def drawn(ax, filled):
    """Estimates of the points of an axis that are filled, or open."""
    found = []
    for points in (c for c in ax.collections if isinstance(c, PathCollection)):
        white = (points.get_facecolor()[:, :3] == 1).all(axis=1)
        found += [float(x) for x, _ in points.get_offsets()[white != filled]]
    return sorted(round(x, 6) for x in found)


def test_designs_against_the_control():
    picture = pls.figures.against_control(differences(["preserve vs control", "mean vs control"]))
    first, second = picture.figure.axes
    assert rows_of(first) == ["preserve (6 runs, 1,180)", "mean (6 runs, 1,190)"]
    assert drawn(first, filled=True) == [0.1]
    assert drawn(first, filled=False) == [0.2]
    assert drawn(second, filled=True) == [0.3]
    assert "untuned control (score points)" in first.get_xlabel() + second.get_xlabel()
    assert "in brackets: training runs and generations; 3 seeds, 8 prompts" in foot(picture)
    assert "95% intervals from t; simulated study" in foot(picture)
    assert picture.alt.endswith("All is well.")


def test_what_is_told_of_the_data_stands_once():
    result = differences(["preserve vs control"])
    assert foot(pls.figures.against_control(result)).count("simulated study") == 1
    assert foot(pls.figures.against_control(result)).endswith(TOLD)
    assert result.caption().endswith(f"; {TOLD}")
    plain = replace(result, meta=replace(result.meta, data_note=""))
    assert foot(pls.figures.against_control(plain)).endswith("; simulated study")
    observed = replace(plain, meta=replace(plain.meta, data="observed"))
    assert "simulated" not in foot(pls.figures.against_control(observed))


def test_pairs_of_designs():
    picture = pls.figures.pairwise(differences(["preserve vs mean", "preserve vs control"]))
    assert rows_of(picture.figure.axes[0]) == ["preserve vs mean"]
    assert "each design: 6 training runs, 1,180 generations" in foot(picture)


def test_pairs_that_differ_in_two_respects_are_left_to_the_table():
    pairs = ["dpo, toxicity vs grpo, toxicity", "dpo, toxicity vs grpo, helpfulness"]
    picture = pls.figures.pairwise(differences(pairs, designs=COMBINED))
    assert rows_of(picture.figure.axes[0]) == ["DPO, toxicity vs GRPO, toxicity"]
    assert "differ in more than one respect: in the table" in foot(picture)


def test_tables_of_another_kind_are_refused():
    against, pairs = differences(["a vs control"]), differences(["a vs b"])
    with pytest.raises(InputError, match=r"from the control; draw it with figures\.pairwise"):
        pls.figures.against_control(pairs)
    with pytest.raises(InputError, match=r"between designs; draw it with figures\.against_"):
        pls.figures.pairwise(against)
    with pytest.raises(InputError, match="no column 'base_model'"):
        pls.figures.optimizers(against)
    with pytest.raises(InputError, match="designs by one factor"):
        pls.figures.optimizers(differences(["a vs control"], base_model="m"))
    for draw in (pls.figures.survey, pls.figures.specification_curve):
        with pytest.raises(InputError, match="it belongs to another figure"):
            draw(against)
    with pytest.raises(
        InputError, match="'context' must be one of 'one-column', 'two-column', 'screen'"
    ):
        pls.figures.against_control(against, context="page")


def test_an_empty_table_is_told_of_in_words(texts):
    result = differences(["a vs control"])
    picture = pls.figures.against_control(replace(result, table=result.table[:0]))
    assert texts(picture) == ["All is well."]


def test_budgets_are_told_apart_by_marker_and_word():
    natural = differences(["preserve vs control", "mean vs control"], budget="natural")
    equal = differences(["preserve vs control"], budget="equal (200)")
    both = replace(natural, table=pd.concat([natural.table, equal.table], ignore_index=True))
    picture = pls.figures.against_control(both)
    assert [t.get_text() for t in picture.figure.legends[0].get_texts()] == [
        "natural budget",
        "equal (200) budget",
    ]
    drawn_points = [p for p in picture.figure.axes[0].collections if len(p.get_facecolor())]
    assert len({p.get_paths()[0].vertices.shape for p in drawn_points}) == 2
    assert uncut(picture)


LONG = "ethnicity=Native Hawaiian or Pacific Islander&country=United States of America"


@pytest.mark.parametrize("context", CONTEXTS)
def test_nothing_is_cut_in_print(context):
    names = [f"{LONG} vs control", "preserve vs control", "5-point vs control"]
    against = differences(names, [*DIMENSIONS, "A", "B", "C", "D", "E"])
    assert uncut(pls.figures.against_control(against, context=context))
    pairs = differences([f"{LONG} vs preserve", "preserve vs 5-point"])
    assert uncut(pls.figures.pairwise(pairs, context=context))
    assert uncut(pls.figures.optimizers(optimizers(), context=context))
    assert uncut(pls.figures.survey(survey(), context=context))
    picture = pls.figures.specification_curve(specifications(), context=context)
    assert uncut(picture)
    assert picture.figure.get_figwidth() == CONTEXTS[context][0]


def optimizers(models=("embedded", "an-owner/a-model-with-a-rather-long-name-8B-Instruct")):
    names = [f"{o}, {a} vs control" for o in ("dpo", "grpo") for a in ("toxicity", "2 objectives")]
    made = [differences(names, designs=COMBINED, base_model=model) for model in models]
    return replace(made[0], table=pd.concat([m.table for m in made], ignore_index=True))


def test_scores_are_boxes_of_each_design(in_rows):
    """The k-th design's scores on the d-th dimension have their middle at k + d / 10."""
    about = np.array([-1.0, -0.5, 0.0, 0.5, 9.0])
    designs = ["control", "majority", "preserve"]
    table = pd.DataFrame(
        [
            (dimension, design, k + d / 10 + away)
            for d, dimension in enumerate(DIMENSIONS)
            for k, design in enumerate(designs)
            for away in about
        ],
        columns=["dimension", "design", "score"],
    )
    told = Result(table, "Scores.", Metadata("Scores", data="simulated", unit="score points"))
    panels = pls.figures.scores(told).figure.axes
    assert [label.get_text() for label in panels[0].get_yticklabels()] == designs
    assert len(panels) == len(DIMENSIONS)
    for d, ax in enumerate(panels):
        assert in_rows(ax)
        lines = [(np.unique(line.get_xdata()), np.ptp(line.get_ydata())) for line in ax.lines]
        medians = [float(x[0]) for x, high in lines if len(x) == 1 and high > 0.5]
        assert medians == pytest.approx([k + d / 10 for k in range(3)])


def test_optimizers_and_objectives_by_base_model(texts):
    picture = pls.figures.optimizers(optimizers())
    titles = [ax.get_title("left").replace("\n", "") for ax in picture.figure.axes]
    assert [title[:2] for title in titles] == ["A ", "B ", "C ", "D "]
    assert "embedded" in titles[0]
    assert "embedded" in titles[2]
    words = texts(picture)
    assert "Optimizers, all tuned on 2 objectives" in words
    assert "Objectives, all tuned by DPO" in words
    assert {"DPO", "GRPO", "toxicity", "2 objectives"} <= set(words)
    upper, lower = picture.figure.axes[0], picture.figure.axes[2]
    assert drawn(upper, True) + drawn(upper, False) == [0.2, 0.4, 0.6, 0.8]
    assert sorted(drawn(lower, True) + drawn(lower, False)) == [0.1, 0.2, 0.5, 0.6]
    assert upper.get_xlim() == lower.get_xlim()
    assert "each design in each base model: 6 training runs" in foot(picture)


def test_what_does_not_vary_gets_no_panel(texts):
    result = optimizers(["embedded"])
    dpo = result.table["contrast"].str.startswith("dpo")
    picture = pls.figures.optimizers(replace(result, table=result.table[dpo]))
    assert len(picture.figure.axes) == 1
    assert "Objectives, all tuned by DPO" in texts(picture)


def survey():
    """The groups' ratings and models: signs agree on one dimension, on the other not."""
    rows = [
        ("Toxicity", "ratings", 0.3, True, True),
        ("Toxicity", "models", 0.4, True, True),
        ("Sensitivity and openness", "ratings", 0.05, False, False),
        ("Sensitivity and openness", "models", -0.2, False, False),
        ("Helpfulness", "ratings", 0.1, None, None),
    ]
    columns = ["dimension", "source", "estimate", "signs_agree", "both_exclude_zero"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype(dict.fromkeys(columns[-2:], "boolean"))
    models = table["source"] == "models"
    table = table.assign(
        term="Ethnicity",
        contrast="White vs Black or African American",
        level="White",
        reference="Black or African American",
        conf_low=table["estimate"] - 0.1,
        conf_high=table["estimate"] + 0.1,
        objective="emotional_awareness",
        n_pairs_first=124352.0,
        n_pairs_second=1399.0,
        margin_first=2.041,
        margin_second=1.967,
        n_raters=np.where(models, np.nan, 312),
        n_runs=np.where(models, 6, np.nan),
        n_generations=np.where(models, 190, np.nan),
    )
    table.loc[4, ["objective", "n_pairs_first"]] = np.nan
    how = {"unit": "points", "conf_level": 0.95, "interval": "intervals", "data_note": TOLD}
    return Result(table, "They agree once.", Metadata("Both", data="simulated", **how))


def test_ratings_are_purple_circles_and_models_blue_triangles(texts):
    picture = pls.figures.survey(survey())
    panel = picture.figure.axes[0]
    ratings, models = (c for c in panel.collections if isinstance(c, PathCollection))
    assert sorted(ratings.get_offsets()[:, 0]) == pytest.approx([0.05, 0.1, 0.3])
    assert sorted(models.get_offsets()[:, 0]) == pytest.approx([-0.2, 0.4])
    circle, triangle = (
        (mpl.colors.to_hex(c.get_edgecolor()[0]), len(c.get_paths()[0].vertices))
        for c in (ratings, models)
    )
    (legend,) = picture.figure.legends
    named = {
        t.get_text(): h for t, h in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }
    assert named["the groups' own ratings"].get_color().lower() == circle[0]
    assert named["the groups' own ratings"].get_marker() == "o"
    assert named["models tuned on them"].get_color().lower() == triangle[0]
    assert named["models tuned on them"].get_marker() == "^"
    red, green, blue = (int(circle[0][k : k + 2], 16) for k in (1, 3, 5))
    assert red > 1.5 * green
    assert blue > 1.5 * green
    assert triangle[0] == "#0072b2"
    assert circle[1] > triangle[1] == 4
    words = texts(picture)
    assert words.count("= same") == 1
    assert words.count("≠ opposite") == 1
    assert words.count("–") == 1
    assert "124,352 | 1,399" in words
    assert "2.04 | 1.97" in words
    assert "White less Black or African American\n(points)" in words
    assert "ratings: 312 raters in the first; models: 6 training runs, 190 generations" in foot(
        picture
    )


def test_signs_are_bold_where_both_are_clear():
    picture = pls.figures.survey(survey())
    signs = {t.get_text(): t.get_fontweight() for ax in picture.figure.axes for t in ax.texts}
    assert signs["= same"] == "bold"
    assert signs["≠ opposite"] == "normal"


def test_in_one_column_words_stand_below_the_dimension():
    picture = pls.figures.survey(survey(), context="one-column")
    rows = rows_of(picture.figure.axes[0])
    assert rows[1].startswith("Sensitivity and openness signs: ≠ opposite tuned on emotional")
    assert rows[2] == "Helpfulness signs: –"


def specifications(**columns):
    """Six analyses of which one is far off, one has no interval and one no estimate."""
    table = pd.DataFrame(
        {
            "model": ["linear", "ordinal"] * 3,
            "language": ["all", "all", "de", "de", "en", "en"],
            "judge": "one",
            "estimate": [20.0, -5.0, 35.0, 2000.0, 10.0, np.nan],
            "conf_low": [4.0, -30.0, -10.0, -100.0, np.nan, np.nan],
            "conf_high": [40.0, 15.0, 90.0, np.inf, np.nan, np.nan],
            "excludes_zero": pd.array([True, False, False, False, None, None], dtype="boolean"),
            "agrees": pd.array([True, False, True, True, True, None], dtype="boolean"),
            "main": [True, *[False] * 5],
            "reason": ["", "", "", "", "no interval: one run of each design", "no such run"],
            "method": "m",
        }
    ).assign(**columns)
    title = "Every rating kept against majority vote: 6 analyses"
    meta = Metadata(title, data="simulated", unit="percent", conf_level=0.95,
                    interval="Fieller's intervals", data_note=TOLD)  # fmt: skip
    return Result(table, "Most agree.", meta)


def test_the_specification_curve(texts):
    picture = pls.figures.specification_curve(specifications())
    top, bottom = picture.figure.axes
    words = texts(picture)
    title = "Every rating kept against majority vote: 6 analyses"
    assert f"{title}{PARAGRAPH}4 of 5 analyses agree in sign (80%)" in words
    assert top.get_ylabel() == "Relative gain (percent)"
    low, high = top.get_ylim()
    assert low <= 4
    assert 40 <= high < 100
    assert rows_of(bottom) == ["kind of model", "linear", "ordinal", "language", "all",
                             "German", "English"]  # fmt: skip
    told = foot(picture)
    assert "coloured arrows: 1 estimates beyond the axis, from +2,000 to +2,000" in told
    assert "× could not be carried out: 1" in told
    assert "without an interval: 1" in told


def test_analyses_stand_in_the_order_of_their_estimates():
    bottom = pls.figures.specification_curve(specifications()).figure.axes[1]
    rows = rows_of(bottom)
    places = dict(zip(rows, bottom.get_yticks(), strict=True))
    chosen = {
        name: sorted(x for p in bottom.collections for x, y in p.get_offsets() if y == place)
        for name, place in places.items()
    }
    assert chosen["all"] == [0, 2]
    assert chosen["German"] == [3, 4]
    assert chosen["English"] == [1, 5]
    assert chosen["ordinal"] == [0, 4, 5]


def test_counts_are_told_and_are_no_choice():
    picture = pls.figures.specification_curve(specifications(n_runs=range(3, 9), n_generations=190))
    assert foot(picture).startswith("each analysis: 3–8 training runs, 190 generations;")
    assert "n runs" not in rows_of(picture.figure.axes[1])


def test_raters_are_counted_and_moderate_intervals_shown_whole():
    ends = {"estimate": [4.0, 5, 3, 4, 6, 5], "conf_low": [1.0, 2, -6, 1, 2, -5],
            "conf_high": [7.0, 8, 12, 7, 10, 15]}  # fmt: skip
    made = specifications(**ends, excludes_zero=True, agrees=True, n_raters=40, n_ratings=200)
    picture = pls.figures.specification_curve(made)
    assert foot(picture).startswith("each analysis: 40 raters, 200 ratings;")
    low, high = picture.figure.axes[0].get_ylim()
    assert low < -6
    assert high > 15


def test_a_curve_without_any_estimate():
    lost = dict.fromkeys(("estimate", "conf_low", "conf_high"), np.nan)
    unknown = pd.array([None] * 6, dtype="boolean")
    result = specifications(**lost, excludes_zero=unknown, agrees=unknown)
    picture = pls.figures.specification_curve(result)
    assert "None of 6 analyses could be carried out" in picture.figure.axes[0].get_title("left")
    assert uncut(picture)


def test_a_base_model_that_was_not_tuned_so_has_words_in_its_panel(texts):
    result = optimizers(["embedded", "embedded-thinking"])
    thinking = result.table["base_model"] == "embedded-thinking"
    single = result.table["contrast"].str.startswith("dpo, toxicity")
    picture = pls.figures.optimizers(replace(result, table=result.table[~thinking | single]))
    words = texts(picture)
    assert words.count("not tuned so in this run") == 1
    assert "B  embedded-thinking (thinks first)" in words
    assert uncut(picture)


def test_figures_of_training_that_was_not_repeated_say_so():
    once = differences(["preserve vs control"])
    once = replace(once, table=once.table.assign(n_runs=1, n_seeds=1))
    assert "(1 run, " in rows_of(pls.figures.against_control(once).figure.axes[0])[0]
    assert "1 seed, 8 prompts" in foot(pls.figures.against_control(once))
    assert "not repeated" not in foot(pls.figures.against_control(once))
    warned = replace(
        once, meta=replace(once.meta, warnings=(reworded(ONE_RUN, f"natural: {ONE_RUN}"),))
    )
    told = "training not repeated: intervals hold no training noise"
    assert told in foot(pls.figures.against_control(warned))
    many = survey()
    many = replace(many, meta=replace(many.meta, warnings=(ONE_RUN,)))
    assert told in foot(pls.figures.survey(many))
