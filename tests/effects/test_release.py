"""What leaves the program of a fit's tables: nothing about groups of fewer than ten raters."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.effects.adjust import benjamini_hochberg, holm
from pluralign_stats.settings import MIN_CELL

SIZES = {"A": 40, "B": 30, "Tiny": 5, "C": 12}
FORMULA = "rating ~ g + x + (1|rater) + (1|item)"


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(6)
    group = np.repeat(list(SIZES), list(SIZES.values()))
    rater = np.repeat(np.arange(len(group)), 5)
    data = pd.DataFrame({"rater": rater, "item": rng.integers(12, size=len(rater))})
    data["g"] = pd.Categorical(group[rater], list(SIZES))
    data["x"] = rng.normal(size=len(rater))
    data["half"] = np.where(rater % 2, "odd", "even")
    return data.assign(rating=rng.integers(1, 6, len(rater)) + 2 * (data["g"] == "Tiny"))


@pytest.fixture(scope="module")
def fit(ratings):
    return pls.fit_ordinal(FORMULA, ratings)


VERBS = {
    "contrasts": lambda fit: fit.contrasts("g"),
    "all pairs": lambda fit: fit.contrasts("g", pairs="all"),
    "sequential": lambda fit: fit.contrasts("g", pairs="sequential"),
    "linear scale": lambda fit: fit.contrasts("g", kind="linear"),
    "tukey": lambda fit: fit.contrasts("g", adjust="tukey"),
    "bh": lambda fit: fit.contrasts("g", adjust="bh"),
    "percent": lambda fit: fit.percent("g"),
    "comparisons": lambda fit: fit.comparisons("g", kind="probability"),
    "step by group": lambda fit: fit.comparisons("x", by="g"),
    "predictions": lambda fit: fit.predictions(by="g"),
    "shares": lambda fit: fit.predictions(by="g", kind="probability"),
    "summary": lambda fit: fit.summary(),
    "coefficients": lambda fit: fit.hypotheses(["g[T.B] = g[T.C]", "g[T.Tiny] = 0"]),
    "groups": lambda fit: fit.hypotheses(["A - B = 0", "A - Tiny = 0"], by="g"),
    "joint test": lambda fit: pls.joint_test(fit, "g"),
    "new rows": lambda fit: fit.predictions(
        newdata=pd.DataFrame({"g": ["Tiny"], "x": [0.0], "who": ["Tiny"]}), by="who"
    ),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_nothing_about_a_small_level_leaves(fit, verb, tmp_path):
    result = verb(fit)
    assert len(result.released().table) < len(result.table)
    with pytest.warns(UserWarning, match="^Rows withheld, about groups of fewer than 10 raters: "):
        files = result.save(tmp_path / "table")
    texts = {f.suffix: f.read_text("utf-8") for f in files}
    texts |= {"csv text": result.to_csv_text(), "page": result._repr_html_()}
    texts["gt"] = result.gt().as_raw_html()
    formula = {".html": fit.formula, "page": fit.formula}
    for where, text in texts.items():
        assert "Tiny" not in text.replace(formula.get(where, "\0"), ""), where
        if "csv" not in where:
            assert "fewer than 10 raters" in text, where


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_in_memory_and_for_those_who_may_all_is_there(fit, verb, tmp_path):
    result = verb(fit)
    whole = result.released(min_cell=1)
    pd.testing.assert_frame_equal(whole.table, result.table)
    assert whole.sentence == result.sentence
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = result.save(tmp_path / "table", min_cell=1)
    table = pd.read_csv(next(f for f in files if f.suffix == ".csv"))
    assert len(table) == len(result.table)
    assert len(pd.read_csv(pd.io.common.StringIO(whole.to_csv_text()))) == len(result.table)


@pytest.mark.parametrize(("adjust", "function"), [("holm", holm), ("bh", benjamini_hochberg)])
def test_p_is_adjusted_anew_among_the_rows_that_leave(fit, adjust, function):
    result = fit.contrasts("g", adjust=adjust)
    shown = result.released().table
    np.testing.assert_allclose(shown["p_adjusted"], function(shown["p_value"].to_numpy()))
    assert (shown["p_adjusted"] <= 1).all()
    per_reading = fit.percent("g", adjust=adjust).released().table
    for _, rows in per_reading.groupby("reading"):
        np.testing.assert_allclose(rows["p_adjusted"], function(rows["p_value"].to_numpy()))
    # In memory the family is whole.
    every = result.table
    np.testing.assert_allclose(every["p_adjusted"], function(every["p_value"].to_numpy()))


def test_simultaneous_intervals_do_not_leave_where_a_row_is_withheld(fit):
    shown = fit.contrasts("g", adjust="tukey").released().table
    assert shown[["p_adjusted", "conf_low", "conf_high"]].isna().all(axis=None)


def test_the_sentence_is_about_the_rows_that_leave(fit):
    result = fit.contrasts("g")
    assert "Tiny" in result.sentence
    assert "Tiny" not in result.released().sentence
    assert "of 2 differences" in result.released().sentence
    about = result.about("Kindness")
    assert about.released().sentence == f"Kindness: {result.released().sentence}"


def test_counts_that_would_give_the_small_level_away_do_not_leave(fit):
    shown = fit.predictions(by="g").released().table.set_index("group")
    assert shown["n_raters"].isna().tolist() == [False, False, True]
    assert shown.loc["A", "n_raters"] == SIZES["A"]


def test_a_small_reference_leaves_with_no_row(ratings):
    turned = ratings.assign(g=ratings["g"].cat.reorder_categories(["Tiny", "A", "B", "C"]))
    fit = pls.fit_linear(FORMULA, turned)
    assert fit.contrasts("g").released().table.empty
    assert fit.percent("g").released().table.empty
    assert "g[" not in " ".join(fit.summary().released().table["term"])
    both = fit.contrasts("g", pairs="all").released().table["contrast"]
    assert both.tolist() == ["B vs A", "C vs A", "C vs B"]


def test_a_subset_of_one_rater(ratings, tmp_path):
    one = ratings[(ratings["g"] == "A") | (ratings["rater"] == 45)]
    fit = pls.fit_linear("rating ~ g + (1|rater) + (1|item)", one.assign(g=one["g"].astype("str")))
    result = fit.contrasts("g")
    assert result.table["n_raters"].tolist() == [1]
    with pytest.warns(
        UserWarning, match="^Rows withheld, about groups of fewer than 10 raters: 1 of 1"
    ):
        files = result.save(tmp_path / "one")
    assert pd.read_csv(next(f for f in files if f.suffix == ".csv")).empty


def test_where_raters_are_not_known_nothing_leaves_unless_it_is_said_to(ratings, tmp_path):
    data = ratings.rename(columns={"rater": "who"})
    fit = pls.fit_linear("rating ~ g + (1|who)", data)
    result = fit.contrasts("g")
    assert result.table["estimate"].notna().all()
    with pytest.warns(UserWarning, match="Say who they are when fitting, as in rater='who'"):
        result.save(tmp_path / "unknown")
    assert "rater=" in result._repr_html_()
    assert "rater=" in result.released().sentence
    assert result.released().table.empty
    assert len(result.released(min_cell=1).table) == 3
    known = pls.fit_linear("rating ~ g + (1|who)", data, rater="who").contrasts("g")
    assert len(known.released().table) == 2


def test_figures_and_exhibits_hold_no_small_level(fit, tmp_path):
    result = fit.contrasts("g").about("Kindness")
    result = pls.Result(
        result.table.assign(dimension="Kindness"), "", result.meta, backing=result.backing
    )
    picture = pls.figures.forest(result)
    assert "Tiny" not in picture.alt
    assert not any("Tiny" in t.get_text() for t in picture.figure.findobj(match=_has_text))
    whole = pls.figures.forest(result.released(min_cell=1))
    assert any("Tiny" in t.get_text() for t in whole.figure.findobj(match=_has_text))
    pls.ReportBuilder(tmp_path).show("differences", fit.contrasts("g"))
    assert "Tiny" not in (tmp_path / "tables" / "differences.csv").read_text("utf-8")
    told = json.loads((tmp_path / "tables" / "differences.json").read_text("utf-8"))
    assert "Tiny" not in json.dumps(told)
    pls.ReportBuilder(tmp_path / "open", min_cell=1).show("differences", fit.contrasts("g"))
    assert "Tiny" in (tmp_path / "open" / "tables" / "differences.csv").read_text("utf-8")


def _has_text(artist):
    return hasattr(artist, "get_text")


@pytest.mark.parametrize("min_cell", [0, -3])
def test_min_cell_has_one_meaning(fit, min_cell):
    with pytest.raises(pls.InputError, match="min_cell must be 1 or more"):
        fit.contrasts("g").released(min_cell)
    assert len(fit.contrasts("g").released(min_cell=5).table) == 3
    assert len(fit.contrasts("g").released(min_cell=13).table) == 1
    assert MIN_CELL == 10


def test_bayesian_fits_too(ratings):
    fit = pls.fit_bayes(FORMULA, ratings, method="laplace", draws=200)
    for result in (fit.contrasts("g"), fit.percent("g"), fit.summary(), fit.predictions(by="g")):
        text = result.to_csv_text()
        assert "Tiny" not in text
        assert len(result.released().table) < len(result.table)
    ratio = pls.summarize_draws(fit, lambda d: d["g: Tiny"] - d["g: A"], "gap", factors=["g"])
    assert ratio.released().table.empty
    fine = pls.summarize_draws(fit, lambda d: d["g: B"] - d["g: A"], "gap", factors=["g"])
    assert len(fine.released().table) == 1


@pytest.mark.parametrize("verb", ["contrasts", "percent"])
def test_rows_that_a_user_chooses_sorts_or_counts_anew_are_known_again(fit, verb):
    result = getattr(fit, verb)("g")
    shown = result.released().table
    turned = result.table.iloc[::-1].reset_index(drop=True)
    for table in (result.table[::2], turned, turned.drop(columns="n_raters"), turned.iloc[:2]):
        own = replace(result, table=table).released().table
        assert not own["contrast"].str.contains("Tiny").any()
        keys = [c for c in ("contrast", "reading") if c in own]
        both = own.merge(shown, on=keys, suffixes=("", "_whole"))
        assert len(both) == len(own) > 0
        np.testing.assert_allclose(both["p_adjusted"], both["p_adjusted_whole"])
    renamed = result.table.assign(contrast=list("xyz" * (len(result.table) // 3)))
    assert replace(result, table=renamed).released().table.empty
