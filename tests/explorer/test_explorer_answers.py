"""Answers of the explorer: numbers of the models, fitted once, and code that gives the same."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.demographics import plans
from pluralign_stats.explorer.answers import Answers
from pluralign_stats.explorer.choices import SHOWN, choices_of
from pluralign_stats.explorer.page import static_html
from pluralign_stats.results import Metadata


@pytest.fixture(scope="module")
def answers(small_study: pls.Study) -> Answers:
    return Answers(small_study)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Formulas of the models fitted since the test began."""
    fitted: list[str] = []

    def counted(fit: Callable[..., pls.Fit]) -> Callable[..., pls.Fit]:
        def counting(formula: str, *args: Any, **options: Any) -> pls.Fit:
            fitted.append(formula)
            return fit(formula, *args, **options)

        return counting

    for name, fit in list(plans.MODELS.items()):
        monkeypatch.setitem(plans.MODELS, name, counted(fit))
    return fitted


def _partly_determined(study_of: Callable[..., pls.Study]) -> pls.Study:
    """Parties are asked in one country; few have none there, one language is of few there."""
    n = 172
    people = pd.DataFrame({"rater": [f"p{i}" for i in range(n)]})
    people["country"] = ["US"] * 110 + ["DE"] * 62
    people["party"] = ["Dem"] * 60 + ["Rep"] * 46 + ["declined"] * 3 + [""] * 63
    people["sex"] = ["f", "m"] * 86
    people.loc[[7, 130, 131], "sex"] = "declined"
    people["tongue"] = np.where((people.index < 110) & ~people.index.isin([3, 4]), "en", "de")
    frame = people.merge(pd.DataFrame({"item": ["a", "b"]}), how="cross")
    rng = np.random.default_rng(1)
    frame["good"] = pd.array(rng.integers(1, 6, len(frame)), dtype="Int64")
    frame["kind"] = pd.array(rng.integers(1, 6, len(frame)), dtype="Int64")
    frame.loc[frame["rater"].isin(["p0", "p115"]), "kind"] = pd.NA
    asked = {name: {"declined": "declined"} for name in ("country", "party", "sex")}
    return study_of(
        frame,
        dimensions={"good": {}, "kind": {}},
        demographics=asked,
        columns={"rater": "rater", "item": "item", "language": "tongue"},
    )


def _asked(answers: Answers) -> list[tuple[tuple[str, str, str], frozenset, float]]:
    """Dimension, demographic and group, filters, and raters, of all that is shown observed."""
    offered, told = answers.choices, []
    for dimension, demographic in itertools.product(offered.dimensions, offered.references):
        columns = [c for c in offered.filters if c != demographic]
        one = [[(c, v) for v in offered.filters[c]] for c in columns]
        two = [p for a, b in itertools.combinations(one, 2) for p in itertools.product(a, b)]
        two = two if dimension == offered.dimensions[0] else []
        for only in [(), *((pair,) for values in one for pair in values), *two]:
            asked = {"only": dict(only), "show": "observed"}
            choice = offered.choice(dimension, demographic, **asked)
            try:
                table = answers._result(answers.possible(choice)).released().table
            except pls.InputError:
                continue
            if len(table):
                rows = table.dropna(subset="n_raters").drop_duplicates("group").itertuples()
                about = (dimension, demographic)
                told += [((*about, r.group), frozenset(only), r.n_raters) for r in rows]
    return told


def test_filters_do_not_tell_of_few(study_of: Callable[..., pls.Study]) -> None:
    """No answer less another, nor less those of all values of a filter, is of few raters."""
    study = _partly_determined(study_of)
    answers = Answers(study)
    told = _asked(answers)
    assert len(told) >= 20
    for (group, narrow, n), (other, wide, more) in itertools.permutations(told, 2):
        if group == other and wide < narrow:
            assert not 0 < more - n < 10, (group, narrow, wide)
    for group, wide, n in told:
        for column, values in answers.choices.filters.items():
            pairs = [wide | {(column, v)} for v in values]
            parts = [m for g, only, m in told if g == group and only in pairs]
            assert not parts or not 0 < n - sum(parts) < 10, (group, wide, column)
    for name in study.demographics:
        plan = study.plan(name)
        for (_, demographic, level), _, n in told:
            if demographic == name and not plan.hidden[level]:
                assert not 0 < plan.raters[level] - n < 10


@pytest.mark.parametrize(
    ("model", "fit"), [("ordinal", pls.fit_ordinal), ("linear", pls.fit_linear)]
)
def test_answers_hold_the_numbers_of_fit_and_contrasts(
    answers: Answers, small_study: pls.Study, model: str, fit: Callable[..., pls.Fit]
) -> None:
    choice = answers.choices.choice("toxicity", "politics", model, "Centre")
    table = answers(choice).result.table

    data = small_study.ratings.query("dimension == 'toxicity'").dropna(subset="rating")
    order = ["Centre", "Liberal", "Conservative"]
    data["politics"] = data["politics"].cat.reorder_categories(order)
    formula = "rating ~ gender + age + country + ethnicity + politics + (1|rater) + (1|item)"
    expected = pls.contrasts(fit(formula, data), "politics").table
    kept = expected[expected["n_raters"] >= 10].reset_index(drop=True)
    assert len(kept) == len(table) > 0
    assert list(table["contrast"]) == list(kept["contrast"])
    for column in ("estimate", "std_error", "conf_low", "conf_high", "p_adjusted"):
        np.testing.assert_allclose(table[column], kept[column], rtol=1e-6, atol=1e-8)


@pytest.mark.extended
@pytest.mark.parametrize(
    "asked",
    [
        {"demographic": "gender", "reference": "Male"},
        {"demographic": "politics", "model": "linear", "only": {"country": "US"}},
        {"demographic": "age", "reference": "31-40", "only": {"language": "en"}, "show": "mean"},
        {"demographic": "gender", "only": {"language": "en"}, "show": "odds"},
        {"demographic": "politics", "reference": "Centre", "show": "shares"},
        {"demographic": "country", "only": {"language": "en"}, "show": "observed"},
    ],
)
def test_the_code_shown_gives_the_same_table_and_picture(
    small_study: pls.Study, asked: dict[str, Any]
) -> None:
    answers = Answers(small_study, min_cell=3)
    answer = answers(answers.choices.choice("toxicity", **asked))
    assert not answer.result.table.empty
    names: dict[str, Any] = {"study": small_study}
    exec(answer.code, names)
    pd.testing.assert_frame_equal(names["result"].table, answer.result.table)
    assert names["result"].sentence == answer.result.sentence
    assert names["picture"].render("png") == answer.picture.render("png")


def test_nothing_is_fitted_twice(small_study: pls.Study, fits: list[str]) -> None:
    fresh = Answers(small_study)
    first = fresh.choices.choice("toxicity", "gender")
    assert not fresh.known(first)
    assert not fresh.fitted(first)
    answer = fresh(first)
    assert len(fits) == 1

    assert fresh(first) is answer
    other = fresh.choices.choice("toxicity", "politics")
    assert fresh.fitted(other)
    for show in SHOWN:
        fresh(replace(first, show=show))
        fresh(replace(other, show=show))
    assert len(fits) == 1

    fresh(fresh.choices.choice("toxicity", "gender", reference="Male"))
    fresh(fresh.choices.choice("toxicity", "gender", "linear"))
    fresh(fresh.choices.choice("helpfulness", "gender"))
    assert len(fits) == 4


def test_the_oldest_answers_go_first(
    small_study: pls.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pluralign_stats.explorer.answers.MOST_ANSWERS", 2)
    fresh = Answers(small_study)
    observed = fresh.choices.choice("toxicity", "gender", show="observed")
    three = [replace(observed, dimension=name) for name in small_study.dimensions[:3]]
    for choice in three:
        fresh(choice)
    assert [fresh.known(choice) for choice in three] == [False, True, True]


def _frame(sizes: dict[str, int]) -> pd.DataFrame:
    """Each rater's ratings of six items; raters of the given groups."""
    rng = np.random.default_rng(3)
    groups = [group for group, n in sizes.items() for _ in range(n)]
    rows = [
        {"rater": f"r{i}", "item": f"i{j}", "group": group, "rating": int(rng.integers(1, 6))}
        for (i, group), j in itertools.product(enumerate(groups), range(6))
    ]
    return pd.DataFrame(rows)


def test_small_groups_are_neither_offered_nor_shown(study_of: Callable[..., pls.Study]) -> None:
    sizes = {"alpha": 20, "beta": 15, "gamma": 6, "omega": 7}
    study = study_of(_frame(sizes), demographics={"group": {"levels": list(sizes)}})
    choices = choices_of(study)
    assert choices.references == {"group": ("alpha", "beta")}
    assert choices.filters == {"group": ("alpha", "beta")}
    fresh = Answers(study)
    for show in SHOWN:
        answer = fresh(fresh.choices.choice(show=show))
        shown = answer.result.table.to_csv()
        drawn = answer.picture.render("svg").decode()
        assert not [name for name in ("gamma", "omega") if name in shown or name in drawn]
        assert "beta" in shown


def _of_places(sizes: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Ratings by raters of the given groups and places."""
    frame = _frame({f"{group} {place}": n for (group, place), n in sizes.items()})
    frame[["group", "place"]] = frame["group"].str.split(" ", expand=True)
    return frame.replace({"place": {"nowhere": None}})


#: Raters of each group in each place, and the groups that must not be shown in the north.
PARTS: dict[str, tuple[dict[tuple[str, str], int], tuple[str, ...]]] = {
    "large parts": (
        {("a", "north"): 12, ("a", "south"): 10, ("b", "north"): 15, ("b", "south"): 11},
        (),
    ),
    "all of a group": (
        {("a", "north"): 12, ("b", "north"): 15, ("b", "south"): 11},
        (),
    ),
    "few left out, and what would give them away": (
        {("a", "north"): 20, ("a", "south"): 4, ("b", "north"): 15, ("b", "south"): 30,
         ("c", "north"): 12, ("c", "south"): 12},
        ("a", "c"),
    ),
    "few of a third place": (
        {("a", "north"): 12, ("a", "south"): 20, ("a", "west"): 5,
         ("b", "north"): 15, ("b", "south"): 30, ("c", "north"): 30, ("c", "south"): 30},
        ("a", "b"),
    ),
    "few of a third place, beside a smaller one": (
        {("a", "north"): 20, ("a", "south"): 12, ("a", "west"): 5,
         ("b", "north"): 15, ("b", "south"): 30, ("c", "north"): 30, ("c", "south"): 30},
        (),
    ),
    "nobody else to hide among": (
        {("a", "north"): 20, ("a", "south"): 4, ("b", "north"): 15, ("b", "south"): 30},
        ("a", "b"),
    ),
}  # fmt: skip


@pytest.mark.extended
@pytest.mark.parametrize("case", PARTS)
def test_a_part_does_not_give_away_the_few_that_it_leaves_out(
    case: str, study_of: Callable[..., pls.Study]
) -> None:
    sizes, withheld = PARTS[case]
    study = study_of(_of_places(sizes), demographics={"group": {}, "place": {}})
    fresh = Answers(study)
    shown = [g for g in study.levels("group") if g not in withheld]
    for show, group in itertools.product(SHOWN, study.levels("group")):
        choice = fresh.choices.choice("", "group", "", group, {"place": "north"}, show)
        if group in withheld:
            with pytest.raises(pls.InputError, match="fewer than 10 raters"):
                fresh(choice)
            continue
        answer = fresh(choice)
        assert [f"'{g}'" in answer.withheld for g in withheld] == [True] * len(withheld)
        assert bool(answer.withheld) == bool(withheld)
        names: dict[str, Any] = {"study": study}
        assert bool(answer.code) == (not answer.result.table.empty)
        if answer.code:
            exec(answer.code, names)
            pd.testing.assert_frame_equal(names["result"].table, answer.result.table)
        written = answer.result.table.to_csv() + answer.picture.render("svg").decode()
        assert not [g for g in withheld if f",{g}," in written or f"{g} vs" in written]
        table = answer.result.table
        found = table["group"] if "group" in table else table.get("contrast", pd.Series(dtype=str))
        least = shown if "group" in table else [g for g in shown if g != group]
        assert set(found.str.split(" ").str[0]) == set(least)


@pytest.mark.extended
def test_no_two_tables_differ_by_few_raters(study_of: Callable[..., pls.Study]) -> None:
    rng = np.random.default_rng(5)
    frame = _frame({"all": 400})
    raters = frame["rater"].unique()
    for column, levels in {"group": "abcd", "place": "nsw", "age": "yo"}.items():
        chances = rng.dirichlet(np.full(len(levels), 1.5))
        drawn = pd.Series(rng.choice([*levels], len(raters), p=chances), raters)
        frame[column] = frame["rater"].map(drawn)
    fresh = Answers(study_of(frame, demographics={c: {} for c in ("group", "place", "age")}))

    def counts(only: dict[str, str]) -> pd.Series:
        """Raters of each group that is shown."""
        choice = fresh.choices.choice(demographic="group", show="observed", only=only)
        for reference in fresh.choices.references["group"]:
            try:
                table = fresh(replace(choice, reference=reference)).result.table
            except pls.InputError:
                continue
            return table.dropna(subset="n_raters").groupby("group")["n_raters"].first()
        return pd.Series(dtype=float)

    whole, seen = counts({}), 0
    offered = fresh.choices.filters
    for place, age in itertools.product(offered["place"], offered["age"]):
        one, other, both = (
            counts(only) for only in ({"place": place}, {"age": age}, {"place": place, "age": age})
        )
        told_apart = [whole - one, whole - other, one - both, other - both]
        told_apart.append(whole - one - other + both)
        for difference in told_apart:
            small = difference.dropna()
            seen += len(small)
            assert not small.between(1, 9).any()
    for column in ("place", "age"):
        parts = [counts({column: value}) for value in offered[column]]
        rest = (whole - sum(parts)).dropna()
        assert not rest.between(1, 9).any()
    assert seen > 20


def test_a_study_without_groups_to_compare_says_so_in_one_sentence(
    study_of: Callable[..., pls.Study],
) -> None:
    alone = choices_of(study_of(_frame({"alpha": 12})))
    assert alone.missing.count(".") == 1
    assert "no demographic" in alone.missing
    with pytest.raises(pls.InputError, match="no demographic"):
        alone.choice()


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"dimension": "toxicty"}, "did you mean 'toxicity'"),
        ({"demographic": "sex"}, "must be one of 'gender'"),
        ({"model": "bayes"}, "must be one of 'ordinal', 'linear', not 'bayes'"),
        ({"demographic": "gender", "reference": "Man"}, "must be one of 'Female', 'Male'"),
        ({"only": {"county": "US"}}, "did you mean 'country'"),
        ({"only": {"country": "UK"}}, "must be one of 'US', 'Germany'"),
        ({"show": "odd"}, "did you mean 'odds'"),
        ({"demographic": "country", "only": {"country": "US"}}, "within one of them"),
        ({"model": "linear", "show": "shares"}, "choose the ordinal model"),
    ],
)
def test_what_is_not_offered_is_refused_with_what_is(
    answers: Answers, asked: dict[str, Any], named: str
) -> None:
    with pytest.raises(pls.InputError, match=named) as refused:
        answers.choices.choice(**asked)
    assert "\n" not in str(refused.value)


def test_a_reference_group_without_ratings_there_is_named(
    study_of: Callable[..., pls.Study],
) -> None:
    frame = _frame({"alpha": 12, "beta": 12, "gamma": 12})
    frame["place"] = np.where(frame["group"] == "alpha", "north", "south")
    fresh = Answers(study_of(frame, demographics={"group": {}, "place": {}}))
    choice = fresh.choices.choice(demographic="group", only={"place": "south"})
    assert not fresh.withheld(choice)
    with pytest.raises(pls.InputError, match="must be one of 'beta', 'gamma', not 'alpha'"):
        fresh(choice)
    there = replace(choice, reference="beta")
    assert list(fresh(there).result.table["contrast"]) == ["gamma vs beta"]


def test_the_static_page_has_every_view_with_its_words(answers: Answers) -> None:
    choice = answers.choices.choice("toxicity", "politics", "linear")
    page = static_html(answers, choice)
    assert page.count("<img") == page.count("alt=") == 4
    assert "pls.only_rows(effects.differences, term=&quot;Political spectrum&quot;)" in page
    assert "<script" not in page
    assert "onclick" not in page


def test_rows_of_a_result_keep_their_numbers(
    small_effects: pls.demographics.DemographicEffects,
) -> None:
    odds = pls.only_rows(small_effects.percents, term="Gender", reading="odds")
    table = small_effects.percents.table
    picked = table[(table["term"] == "Gender") & (table["reading"] == "odds")]
    pd.testing.assert_frame_equal(odds.table, picked.reset_index(drop=True))
    assert "of the odds" in odds.sentence
    none = pls.only_rows(small_effects.percents, term="Shoe size")
    assert none.table.empty
    assert "No difference can be shown for term Shoe size" in none.sentence
    with pytest.raises(pls.InputError, match="did you mean 'term'"):
        pls.only_rows(small_effects.percents, terms="Gender")


@pytest.mark.parametrize(
    ("p", "told"),
    [
        ((0.5, 0.5), "0 of 2 differences are clear; the largest is b vs a, +0.40 points"),
        ((0.5, 0.01), "1 of 2 differences is clear; it is c vs a, +0.30 points"),
        ((0.01, 0.01), "2 of 2 differences are clear; the largest of these is b vs a, +0.40"),
    ],
)
def test_the_sentence_names_the_largest_clear_difference(p: tuple[float, ...], told: str) -> None:
    frame = pd.DataFrame({"dimension": "Tone", "term": "Age", "contrast": ["b vs a", "c vs a"]})
    numbers = {"estimate": [0.4, 0.3], "conf_low": -1.0, "conf_high": 1.0, "p_adjusted": p}
    result = pls.Result(frame.assign(**numbers), "", Metadata("Differences", unit="points"))
    assert pls.only_rows(result, term="Age").sentence.startswith(f"Tone by Age: {told}")


def test_another_reference_changes_nothing_else(small_study: pls.Study) -> None:
    other = pls.with_reference(small_study, "politics", "Conservative")
    assert other.raters["politics"].cat.categories[0] == "Conservative"
    assert other.levels("politics") == small_study.levels("politics")
    assert other.fingerprint != small_study.fingerprint
    assert small_study.raters["politics"].cat.categories[0] == "Liberal"
    same = other.ratings.astype({"politics": "str"})
    pd.testing.assert_frame_equal(same, small_study.ratings.astype({"politics": "str"}))
    with pytest.raises(pls.InputError, match="must be one of 'Liberal'"):
        pls.with_reference(small_study, "politics", "Left")
    with pytest.raises(pls.InputError, match="the demographic must be one of"):
        pls.with_reference(small_study, "height", "Left")


def test_a_slider_offers_the_linear_model_only(slider_study: pls.Study) -> None:
    answers = Answers(slider_study)
    choices = answers.choices
    assert choices.choice("toxicity").model == "linear"
    assert choices.choice("trust").model == "ordinal"
    assert list(choices.models("warmth")) == ["linear"]
    with pytest.raises(pls.InputError, match="the model must be one of 'linear', not 'ordinal'"):
        choices.choice("toxicity", model="ordinal")
    with pytest.raises(pls.InputError, match="choose another view"):
        choices.choice("toxicity", show="shares")
    for show in ("points", "mean", "odds", "observed"):
        answer = answers(choices.choice("warmth", "gender", show=show))
        assert not answer.result.table.empty
