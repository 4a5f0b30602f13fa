"""An attack on the tables of a study: what all of them tell of how many raters a group has.

Solved as in `tests.attack`; the attacker also knows that what is shown without counts is large.
"""

import io
import re
from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.describe.disclosure import hidden_crossing
from pluralign_stats.effects.adjust import holm
from pluralign_stats.study.plan import SILENT
from pluralign_stats.suppression import suppressed_grid
from tests.attack import MIN_CELL, Attack, assert_open, known, learn_levels, open_sizes, tells
from tests.conftest import _study_of

EACH = 2
DIMENSIONS = ("one", "two")


def csv(result: pls.Result) -> pd.DataFrame:
    """The table as it is downloaded."""
    return pd.read_csv(io.StringIO(result.to_csv_text()))


def attacked(study: pls.Study, name: str, by_level: Iterable[pd.DataFrame] = ()) -> Attack:
    """All that the tables of the study tell of one demographic."""
    label, found = study.codebook.label(name), known(study, [name])
    cells = list(study.answers[name].cat.categories)
    levels = [c for c in cells if c not in SILENT.values()]
    raters = len(study.raters)
    who = pls.describe.composition(study)
    table = csv(who)
    learn_levels(found, study, table, name, EACH, "")
    for c, row in table[table["term"] == label].set_index("group").iterrows():
        assert pd.isna(row["share"]) or row["share"] == pytest.approx(row["n_raters"] / raters)
        if pd.notna(row["n_ratings"]):
            found.learn({f"{name}={c}|{d}": EACH for d in DIMENSIONS}, row["n_ratings"])
    if "ratings" in who.sentence:
        total = int(who.sentence.split(" gave ")[1].split()[0].replace(",", ""))
        found.learn({f"{name}={c}|{d}": EACH for c in cells for d in DIMENSIONS}, total)
    unanswered = csv(pls.describe.nonresponse(study)).set_index("term").loc[label]
    if pd.notna(unanswered["n_raters"]):
        found.learn({f"{name}={c}": 1 for c in levels}, unanswered["n_raters"])
    for kind, cell in SILENT.items():
        share = unanswered[f"{kind}_share"]
        if cell in cells and pd.notna(share):
            found.learn({f"{name}={cell}": 1}, round(share * raters))
    totals = [
        csv(pls.describe.rating_distribution(study)),
        csv(pls.describe.agreement(study, n_bootstrap=100)),
    ]
    for row in pd.concat(totals).dropna(subset="n_raters").itertuples():
        found.learn({f"{name}={c}|{row.dimension.lower()}": 1 for c in cells}, row.n_raters)
    tables = [
        csv(pls.describe.rating_distribution(study, name)),
        csv(pls.describe.agreement(study, name, n_bootstrap=100)),
    ]
    for table in tables:
        learn_levels(found, study, table, name, EACH, "")
    shown = {(r.group, r.dimension.lower()) for table in tables for r in table.itertuples()}
    for c, d in product(levels, DIMENSIONS):
        large = (c, d) in shown
        least, most = (MIN_CELL, np.inf) if large else (0, MIN_CELL - 1)
        found.learn({f"{name}={c}|{d}": 1}, least, most)
    for table in by_level:
        learn_levels(found, study, table[table["term"] == label], name, EACH, "", "|model")
    return found


def small_cells_stay_open(study: pls.Study, by_level: Iterable[pd.DataFrame] = ()) -> None:
    for name in study.demographics:
        assert_open(attacked(study, name, by_level), study, name)


def study_with(study_of, cells, skipped=(), seed=0, **others):
    """A study whose raters fall into the cells of `g`; some did not rate the dimension `two`.

    `skipped` are pairs of a cell and how many of it did not; `others` are further demographics by
    rater.
    """
    rng = np.random.default_rng(seed)
    group = np.repeat(list(cells), list(cells.values()))
    n = len(group)
    frame = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(n)], EACH)})
    frame["item"] = [f"i{k}" for k in rng.integers(0, 12, n) for k in (k, k + 12)]
    for d in DIMENSIONS:
        frame[d] = pd.array(rng.integers(1, 6, EACH * n), dtype="Int64")
    frame.loc[:4, "one"] = frame.loc[:4, "two"] = [1, 2, 3, 4, 5]
    for cell, k in dict(skipped).items():
        who = np.flatnonzero(group == cell)[-k:]
        frame.loc[frame["rater"].isin([f"p{i}" for i in who]), "two"] = pd.NA
    asked = {"g": {"declined": "declined"}}
    frame["g"] = np.repeat(np.where(group == "missing", "", group), EACH)
    for name, values in others.items():
        frame[name] = np.repeat(values, EACH)
        asked[name] = {"declined": "declined"}
    return study_of(frame, dimensions={d: {} for d in DIMENSIONS}, demographics=asked)


MADE = {
    "one who declined, of a known total": {"a": 101, "b": 60, "declined": 1},
    "one who declined, beside a level of ten": {"a": 80, "b": 10, "declined": 1},
    "one who declined and one without an answer": {"a": 60, "b": 50, "declined": 1, "missing": 1},
    "one who declined and many without an answer": {"a": 60, "declined": 1, "missing": 40},
    "two levels of two each": {"a": 60, "b": 30, "c": 2, "d": 2},
    "two levels of nine each": {"a": 60, "b": 30, "c": 9, "d": 9},
    "eight and two": {"a": 60, "b": 30, "c": 8, "d": 2},
    "twelve levels of two each": {"a": 60} | {f"l{k}": 2 for k in range(12)},
    "a small level and one who declined": {"a": 45, "b": 25, "c": 2, "declined": 1},
}


@pytest.mark.parametrize("cells", MADE.values(), ids=MADE.keys())
def test_no_small_cell_can_be_computed_from_all_tables(study_of, cells):
    small_cells_stay_open(study_with(study_of, cells))


@pytest.mark.parametrize("seed", range(12))
def test_nor_in_studies_of_any_sizes(study_of, seed):
    rng = np.random.default_rng(seed)
    names = [*"abcde", "declined", "missing"]
    sizes = rng.choice([0, 1, 2, 4, 9, 10, 11, 18, 40], len(names))
    sizes[:5] = np.where(sizes[:5] == 1, 2, sizes[:5])
    cells = {n: int(k) for n, k in zip(names, sizes, strict=True) if k} | {"a": 61}
    skipped = {n: int(rng.integers(1, k + 1)) for n, k in cells.items() if rng.random() < 0.3}
    small_cells_stay_open(study_with(study_of, cells, skipped.items(), seed))


@pytest.mark.parametrize(
    "skipped", [{"a": 1}, {"a": 1, "b": 12}, {"b": 52}, {"a": 3, "b": 3, "declined": 4}]
)
def test_two_tables_never_count_a_group_as_almost_the_same(study_of, skipped):
    """101 raters in one table and 100 in another would give one person's ratings."""
    cells = {"a": 101, "b": 60, "declined": 12}
    study = study_with(study_of, cells, skipped.items())
    small_cells_stay_open(study)
    whole = study.answers["g"].value_counts()
    shown = [
        pls.describe.rating_distribution(study, "g"),
        pls.describe.agreement(study, "g", n_bootstrap=100),
    ]
    for table in map(csv, shown):
        for level, n in table.dropna(subset="n_raters").set_index("group")["n_raters"].items():
            if level in whole.index:
                assert not 0 < whole[level] - n < MIN_CELL


def test_models_count_groups_as_the_other_tables_do_or_not_at_all(study_of):
    """A model leaves out who did not answer another question: here one of 101."""
    cells = {"a": 101, "b": 80, "c": 60}
    other = np.tile(np.array(["x", "y"], dtype=object), 121)[: sum(cells.values())]
    other[3] = "declined"
    study = study_with(study_of, cells, h=other)
    effects = pls.demographic_effects(study, model="linear")
    tables = [csv(effects.differences), csv(effects.percents)]
    small_cells_stay_open(study, tables)
    counted = tables[0].groupby("contrast")["n_raters"].unique()
    assert counted["b vs a"] == [80]
    assert counted["c vs a"] == [60]
    turned = other.copy()
    turned[3], turned[150] = "x", "declined"
    study = study_with(study_of, cells, h=turned)
    table = csv(pls.demographic_effects(study, model="linear").differences)
    assert table.loc[table["contrast"] == "b vs a", "n_raters"].isna().all()
    small_cells_stay_open(study, [table])


def test_checks_of_a_model_do_not_count_a_group_as_almost_the_same(study_of):
    """Observed shares of 100 raters beside those of 101 would be one person's ratings."""
    cells = {"a": 101, "b": 80, "c": 60}
    other = np.tile(np.array(["x", "y"], dtype=object), 121)[: sum(cells.values())]
    other[3] = "declined"
    study = study_with(study_of, cells, h=other)
    fit = pls.demographic_effects(study, dimensions=["one"]).fits["one", "g"]
    for result in (
        pls.checks.calibration_check(fit, "g", n_simulations=19).result,
        pls.checks.predicted_shares(fit, "g"),
        pls.checks.residual_check(fit, "g", n_simulations=19).result,
    ):
        table = csv(result).drop_duplicates("group").set_index("group")
        assert np.isnan(table.loc["a", "n_raters"])
        assert np.isnan(table.loc["a", "n_ratings"])
        assert table.loc[["b", "c"], "n_raters"].tolist() == [80, 60]
        assert result.table["n_raters"].notna().all()
    table = csv(pls.checks.calibration_check(fit, "g", n_simulations=19).result)
    assert table.loc[table["group"] == "All", "n_raters"].isna().all()
    withheld = table[table["group"].isin(["a", "All"])]
    np.testing.assert_allclose(withheld["observed"], withheld["observed"].round(2))


def test_one_without_an_answer_among_those_who_were_asked(study_of):
    """Nobody in the second country was asked, and its raters are counted; one more is missing."""
    cells = {"a": 40, "b": 30, "missing": 26}
    country = np.array(["X"] * 71 + ["Y"] * 25)
    study = study_with(study_of, cells, country=country)
    row = pls.describe.nonresponse(study).table.set_index("term").loc["G"]
    assert row["not_asked"] == "Country = Y"
    found = attacked(study, "g")
    y = pls.describe.composition(study).table.set_index("group").loc["Y", "n_raters"]
    assert y == 25
    found.learn({"more": 1, f"g={SILENT['missing']}": -1}, -y)
    assert open_sizes(found, {"more": 1}) >= 4


def test_p_is_adjusted_among_what_is_shown(study_of):
    cells = {"a": 60, "b": 50, "c": 40, "tiny": 5}
    study = study_with(study_of, cells, seed=3)
    effects = pls.demographic_effects(study, model="linear")
    for table in (effects.differences.table, effects.percents.table.query("reading == 'mean'")):
        for _, family in table.groupby("dimension"):
            assert "tiny vs a" not in set(family["contrast"])
            np.testing.assert_allclose(family["p_adjusted"], holm(family["p_value"].to_numpy()))


def test_shares_do_not_tell_the_counts_that_are_withheld(study_of):
    """Of a share in full the denominator can be read; coarse ones leave many numbers possible."""
    study = study_with(study_of, {"a": 70, "b": 41, "declined": 1}, seed=5)
    table = csv(pls.describe.rating_distribution(study, "g"))
    hidden = table[table["n_raters"].isna()]
    assert set(hidden["group"]) == {"b"}
    for _, rows in hidden.groupby("dimension"):
        share = rows["share"].to_numpy()
        unit = 0.05

        def possible(n, share=share, unit=unit):
            near = np.round(share * n)
            return (np.abs(near / n - share) <= unit / 2 + 1e-9).all()

        assert sum(possible(EACH * n) for n in range(31, 52)) == 21


@pytest.mark.parametrize("failed", [1, 3, 9])
def test_filters_do_not_tell_of_few(study_of, failed):
    study = study_with(study_of, {"a": 40, "b": 30})
    lost = pd.DataFrame({"filter": ["attention", "speed"], "rows": [2 * failed, 60]})
    changed = pls.Study(
        **{
            **{f: getattr(study, f) for f in study.__dataclass_fields__},
            "_exclusions": lost.assign(raters=[failed, 30], done="left out"),
        }
    )
    result = pls.describe.exclusions(changed)
    table = csv(result).set_index("filter")
    assert table.loc["attention", ["n_rows", "n_raters"]].isna().all()
    assert table.loc["speed", "n_raters"] == 30
    assert str(failed + 30) not in result.sentence
    assert pls.describe.exclusions(changed, min_cell=1).table["n_raters"].tolist() == [failed, 30]


def test_totals_of_rows_and_columns_leave_small_cells_of_a_table_open():
    """Also all at once: each line by itself may be safe, and a small cell fixed by several."""
    counts = np.array([[40, 14, 14, 9], [40, 1, 11, 14], [40, 10, 9, 5], [60, 50, 40, 30]])
    hidden = suppressed_grid(counts, MIN_CELL)
    found = Attack()
    cells = [[f"{i},{j}" for j in range(4)] for i in range(4)]
    for names, n in zip(
        (*cells, *map(list, zip(*cells, strict=True))), (*counts, *counts.T), strict=True
    ):
        found.learn(dict.fromkeys(names, 1), n.sum())
    for i, j in np.ndindex(counts.shape):
        small = counts[i, j] < MIN_CELL
        low, high = (1, MIN_CELL - 1) if small else (MIN_CELL, np.inf)
        found.learn({cells[i][j]: 1}, *((low, high) if hidden[i, j] else (counts[i, j],)))
    assert not hidden.all()
    for i, j in np.argwhere(counts < MIN_CELL):
        assert open_sizes(found, {cells[i][j]: 1}) >= (MIN_CELL - 1) // 2


@pytest.mark.parametrize("cells", [{"a": 101, "b": 60, "declined": 1}, {"a": 70, "b": 60, "c": 2}])
def test_groups_by_two_demographics_do_not_add_up_to_what_is_withheld(study_of, cells):
    n = sum(cells.values())
    study = study_with(study_of, cells, h=np.tile(["x", "y", "z"], n)[:n])
    first, second = study.answers["g"], study.answers["h"]
    used = first.index[first != SILENT["declined"]]
    hidden = hidden_crossing(study, ("g", "h"), used, MIN_CELL)
    assert not hidden.loc["a"].all()
    found = attacked(study, "g")
    own = pd.crosstab(first, second)
    for g, h in product(own.index, own.columns):
        name = f"{g}&{h}"
        found.learn({name: 1}, *((0, np.inf) if hidden.loc[g, h] else (own.loc[g, h],)))
    for g in own.index:
        found.learn({f"g={g}": -1} | {f"{g}&{h}": 1 for h in own.columns}, 0)
    for h in own.columns:
        found.learn({f"{g}&{h}": 1 for g in own.index}, own[h].sum())
    for cell in own.index[own.sum(axis=1) < MIN_CELL]:
        assert open_sizes(found, {f"g={cell}": 1}) >= (MIN_CELL - 1) // 2


@pytest.mark.parametrize("alone", [1, 2])
def test_groups_are_shown_without_counts_where_a_few_left_one_question_open(study_of, alone):
    """As 57 without either answer, of whom nobody knows whether all are; none is told apart."""
    cells = {"a": 101, "b": 60, "declined": 57}
    h = np.tile(["x", "y"], 109).astype(object)
    h[161:] = "declined"
    h[161 - alone : 161] = "declined"
    study = study_with(study_of, cells, h=h)
    first, second = study.answers["g"], study.answers["h"]
    used = first.index[(first != SILENT["declined"]) & (second != SILENT["declined"])]
    hidden = hidden_crossing(study, ("g", "h"), used, MIN_CELL)
    assert hidden is not None
    assert hidden.loc["b", ["x", "y"]].all()
    found, own = known(study, ["g", "h"]), pd.crosstab(first, second)
    for name, sizes in (("g", own.sum(axis=1)), ("h", own.sum())):
        for cell, n in sizes.items():
            found.learn({f"{name}={cell}": 1}, n)
    for g, h in product(["a", "b"], ["x", "y"]):
        shown = (MIN_CELL, np.inf) if hidden.loc[g, h] else (own.loc[g, h],)
        found.learn({f"g={g}&h={h}": 1}, *shown)
    left = {f"g=b&h={SILENT['declined']}": 1}
    assert open_sizes(found, left) >= (MIN_CELL - 1) // 2


def test_tests_of_a_model_do_not_tell_how_many_it_leaves_out(study_of):
    """With the number of units, and with a statistic beside its p, one of 162 would be told."""
    study = study_with(study_of, {"a": 101, "b": 60, "declined": 1})
    fit = pls.demographic_effects(study, dimensions=["one"]).fits["one", "g"]
    assert fit.design.left_out == 1
    table = csv(pls.checks.proportional_odds(fit))
    assert table[["n_units", "n_ratings", "df_residual", "statistic"]].isna().all(axis=None)
    assert table["p_value"].notna().all()
    assert csv(pls.checks.random_effects_table(fit, "item"))["n_ratings"].isna().all()
    assert csv(pls.checks.influence_check(fit, "item").result)["n_raters"].isna().all()
    assert csv(pls.checks.residual_check(fit, n_simulations=19).result)["n_raters"].isna().all()
    shares = csv(pls.checks.predicted_shares(fit, "g")).set_index("group")["n_raters"]
    assert shares["b"].isna().all()
    assert (shares["a"] == 101).all()
    full = study_with(study_of, {"a": 101, "b": 60})
    whole = pls.demographic_effects(full, dimensions=["one"]).fits["one", "g"]
    assert csv(pls.checks.proportional_odds(whole))["n_units"].tolist() == [161, 161]


def read_back(result: pls.Result) -> str:
    """All that leaves the program of a result: its file and its page."""
    return result.to_csv_text() + result._repr_html_()


@pytest.fixture(scope="module")
def without_one():
    """A model of 161 of 162 raters, one of whom declined; and the study."""
    study = study_with(_study_of, {"a": 101, "b": 60, "declined": 1})
    data = study.ratings[study.ratings["dimension"] == "one"]
    return study, pls.fit_linear("rating ~ g + (1|rater)", data)


def test_what_a_fit_says_of_itself_does_not_tell_how_many_it_leaves_out(without_one):
    study, fit = without_one
    data = study.ratings[study.ratings["dimension"] == "one"]
    small = pls.fit_ordinal("rating ~ g", data, rater="rater")
    large = pls.fit_ordinal("rating ~ g + (1|rater)", data)
    test = pls.checks.likelihood_ratio(small, large)
    shown = [fit.summary(), test, fit.predictions(), fit.predictions(by="g")]
    shown += [fit.contrasts("g"), fit.percent("g")]
    for text in (*map(read_back, shown), repr(fit), fit._repr_html_()):
        assert not re.search(r"\b(161|322|160|120)\b", text), text
    assert "161 raters" in fit.summary().sentence
    assert test.table["n_ratings"].tolist() == [322, 322]
    # With the criterion, its parameters and the likelihood the number of ratings is told, too.
    assert csv(test)["bic"].isna().all()
    assert csv(fit.predictions())["n_raters"].isna().all()
    assert csv(fit.contrasts("g"))["n_raters"].isna().all()
    whole = csv(fit.predictions(by="g")).set_index("group")["n_raters"]
    assert whole["a"] == 101
    assert fit.predictions().released(1).table["n_raters"].tolist() == [161]


def test_a_model_of_data_of_no_study_does_not_tell_either(without_one):
    study, _ = without_one
    plain = pd.DataFrame(study.ratings[study.ratings["dimension"] == "one"].to_dict("list"))
    assert not plain.attrs
    fit = pls.fit_linear("rating ~ g + (1|rater)", plain)
    assert fit.design.left_out == 1
    assert not re.search(r"\b(161|322)\b", repr(fit))
    full = pls.fit_linear("rating ~ g + (1|rater)", plain.dropna(subset="g"))
    assert full.design.left_out == 0
    assert "322 ratings, 161 raters" in repr(full)


def test_a_level_hidden_for_one_dimension_is_hidden_in_models_of_others(study_of):
    """Of 20 only 5 rated the second dimension: with 60 and 20 known, the 5 could be told."""
    cells = {"a": 80, "b": 60, "c": 20}
    study = study_with(study_of, cells, [("c", 15)])
    plan = study.plan("g")
    assert set(plan.hidden.index[plan.hidden]) == {"b", "c"}
    data = study.ratings[study.ratings["dimension"] == "one"]
    fit = pls.fit_linear("rating ~ g + (1|rater)", data)
    assert fit.design.left_out == 0
    for result in (
        fit.contrasts("g"),
        fit.percent("g"),
        fit.predictions(by="g"),
        fit.comparisons("g"),
        pls.checks.residual_check(fit, "g", n_simulations=19).result,
    ):
        table = csv(result)
        away = table[table.get("group", table.get("contrast")).str.contains("^[bc]")]
        assert len(away)
        assert away["n_raters"].isna().all(), result.meta.title
        assert result.released(1).table["n_raters"].notna().all()


def test_a_level_within_a_group_does_not_tell_of_few_in_the_other(study_of):
    """Of 83 of one level 80 are in one country: the 3 others would be told."""
    other = np.array(["x"] * 80 + ["y"] * 3 + ["x"] * 40 + ["y"] * 40)
    study = study_with(study_of, {"a": 83, "b": 80}, h=other)
    data = study.ratings[study.ratings["dimension"] == "one"]
    fit = pls.fit_linear("rating ~ g + h + (1|rater)", data)
    for result, counts in (
        (fit.predictions(by=["g", "h"]), [80, 3, 40, 40]),
        (fit.contrasts("g", by="h"), [40, 40]),
    ):
        assert result.table["n_raters"].tolist() == counts
        assert csv(result)["n_raters"].isna().all()


@pytest.mark.parametrize("skipped", [{"a": 1}, {"a": 1, "b": 12}, {"a": 9}])
def test_ratings_of_two_dimensions_do_not_tell_those_of_few_who_left_one_out(study_of, skipped):
    """What is positive on one dimension, less what is positive on it beside another."""
    study = study_with(study_of, {"a": 101, "b": 60}, skipped.items())
    result = pls.describe.positive_given_positive(study, n_bootstrap=100)
    table, whole = csv(result), result.table
    few_left = sum(skipped.values()) < MIN_CELL
    assert table["n_ratings"].isna().all() == few_left
    told = tells(table["estimate"].to_numpy(), whole["n_ratings"].to_numpy())
    assert not (told & few_left).any()
    assert pls.figures.joint(result).alt


@pytest.mark.parametrize("skipped", [{"a": 1}, {"a": 1, "b": 3}, {"b": 11}, {}])
def test_numbers_of_ratings_do_not_tell_how_few_left_a_dimension_out(study_of, skipped):
    study = study_with(study_of, {"a": 101, "b": 60}, skipped.items())
    n = EACH * (2 * 161 - sum(skipped.values()))
    who = pls.describe.composition(study)
    texts = (who.sentence, repr(study), study._repr_html_(), str(study.released_counts()))
    small = 0 < sum(skipped.values()) < MIN_CELL
    assert all((f"{n:,}" in t or str(n) in t) != small for t in texts)
    table = who.table.set_index("group")
    assert table["n_ratings"].isna().any() == small
    assert any("left a dimension out" in note for note in who.meta.notes) == small
    small_cells_stay_open(study)


def test_the_attack_finds_what_is_left_open():
    """A total less what is shown: the attack that the tables withstand does work."""
    found = Attack()
    found.learn({"a": 1, "b": 1, "declined": 1}, 162)
    found.learn({"a": 1}, 101)
    assert found.range({"declined": 1}) == (0, 61)
    found.learn({"b": 1}, 60)
    assert found.range({"declined": 1}) == (1, 1)
