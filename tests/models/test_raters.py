import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.checks.raters import rater_numbers

PEOPLE, FILMS = 60, 90


@pytest.fixture(scope="module")
def ratings():
    """120 people of two countries, numbered from 0 in each, who rated films."""
    rng = np.random.default_rng(4)
    n = 1800
    frame = pd.DataFrame(
        {
            "user_id": rng.integers(PEOPLE, size=n),
            "film": rng.integers(FILMS, size=n),
            "country": rng.choice(["US", "DE"], size=n),
        }
    )
    person = frame["country"] + frame["user_id"].astype(str)
    gender = dict(
        zip(sorted(set(person)), rng.choice(["a", "b"], size=person.nunique()), strict=True)
    )
    effect = dict(zip(sorted(set(person)), rng.normal(size=person.nunique()), strict=True))
    return frame.assign(
        person=person,
        gender=person.map(gender),
        rating=person.map(effect) + rng.normal(size=n) + frame["film"] % 4,
    )


def counted(formula, data, **options):
    fit = pls.fit_linear(formula, data, **options)
    return fit, fit.contrasts("gender").table["n_raters"].iloc[0]


@pytest.mark.parametrize(
    ("terms", "columns"),
    [
        ("(1|user_id)", ["user_id"]),
        ("(1|user_id) + (1|country)", ["user_id"]),
        ("(1|user_id) + (1|user_id:film)", ["user_id"]),
        ("(1|country/user_id)", ["country", "user_id"]),
        ("(1|country:user_id)", ["country", "user_id"]),
    ],
)
def test_raters_are_taken_from_a_formula_where_only_one_factor_can_be_they(ratings, terms, columns):
    fit, n = counted(f"rating ~ gender + {terms}", ratings)
    second = ratings[ratings["gender"] == "b"]
    assert n == len(second[columns].drop_duplicates())
    assert fit.design.raters.columns == tuple(columns)
    assert fit.design.raters.n == len(ratings[columns].drop_duplicates())


@pytest.mark.parametrize(
    "formula",
    [
        "rating ~ gender",
        "rating ~ gender + (1|film)",
        "rating ~ gender + (1|country)",
        "rating ~ gender + (1|user_id) + (1|film)",
        "rating ~ gender + (1|film/user_id)",
        "rating ~ gender + (1|film:user_id)",
        "rating ~ gender + (1|user_id) + (1|person)",
    ],
)
def test_where_raters_are_not_known_none_are_counted_and_the_table_says_what_to_do(
    ratings, formula
):
    fit, n = counted(formula, ratings)
    assert np.isnan(n)
    notes = " ".join(fit.contrasts("gender").meta.notes)
    assert "Raters are not counted" in notes
    assert "rater=" in notes
    for verb in (fit.percent("gender"), fit.predictions(by="gender"), fit.comparisons("gender")):
        assert verb.table["n_raters"].isna().all()
        assert any("Raters are not counted" in note for note in verb.meta.notes)


@pytest.mark.parametrize("rater", ["person", ["country", "user_id"], ("user_id", "country")])
def test_the_user_says_who_the_raters_are(ratings, rater):
    people = ratings.loc[ratings["gender"] == "b", "person"].nunique()
    for formula in ("rating ~ gender", "rating ~ gender + (1|user_id) + (1|film)"):
        fit, n = counted(formula, ratings, rater=rater)
        assert n == people
        assert len(np.unique(rater_numbers(fit))) == ratings["person"].nunique()


def test_every_kind_of_fit_takes_raters(ratings):
    data = ratings.assign(rating=np.digitize(ratings["rating"], [0, 1.5, 3]))
    formula, people = "rating ~ gender + (1|film)", ratings["person"].nunique()
    assert pls.fit_ordinal(formula, data, rater="person").design.raters.n == people
    bayes = pls.fit_bayes(formula, data, rater="person", method="laplace", draws=200)
    assert bayes.design.raters.n == people
    assert pls.checks.loo(bayes, "rater").table["n_raters"].iloc[0] == people
    unknown = pls.fit_bayes(formula, data, method="laplace", draws=200)
    with pytest.raises(
        pls.InputError, match=r"the model tells no raters apart; .* rater='user_id'"
    ):
        pls.checks.loo(unknown, "rater")


def test_ids_that_begin_anew_in_each_country_are_so_many_people(ratings):
    data = ratings.rename(columns={"user_id": "rater"}).drop(columns="person")
    for terms in ("(1|country/rater)", "(1|country:rater)"):
        fit, _ = counted(f"rating ~ gender + {terms}", data)
        assert fit.design.raters.n == ratings["person"].nunique() > PEOPLE
    # A column that no term holds, beside a country that differs within its values.
    fit, n = counted("rating ~ gender + country + (1|film)", data)
    assert np.isnan(n)
    assert "rater=['country', 'rater']" in fit.design.raters.unknown


def crossed(place, rater):
    """20 people who each rate at two places of one kind, whose effects are their own."""
    rng = np.random.default_rng(1)
    frame = pd.MultiIndex.from_product([range(20), ["a", "b"], range(10)]).to_frame(index=False)
    frame.columns = [rater, place, "film"]
    effect = rng.normal(size=20)[frame[rater]]
    return frame.assign(
        gender=np.where(frame[rater] % 2, "f", "m"),
        rating=effect + rng.normal(size=len(frame)),
    )


@pytest.mark.parametrize("rater", ["user_id", "rater"])
@pytest.mark.parametrize("place", ["language", "locale", "site", "clinic", "class", "region"])
def test_people_who_rate_in_several_places_are_never_counted_several_times(place, rater):
    data = crossed(place, rater)
    for terms in (f"(1|{place}/{rater})", f"(1|{place}:{rater})"):
        fit, n = counted(f"rating ~ gender + {terms}", data)
        assert np.isnan(n)
        assert not fit.design.raters.known
        assert f"rater='{rater}' or rater=['{place}', '{rater}']" in fit.design.raters.unknown
        assert counted(f"rating ~ gender + {terms}", data, rater=rater)[1] == 10
        assert counted(f"rating ~ gender + {terms}", data, rater=[place, rater])[1] == 20


@pytest.mark.parametrize("rater", ["user_id", "rater"])
@pytest.mark.parametrize("place", ["country", "site", "clinic"])
def test_a_fit_doubts_raters_who_are_in_several_places(place, rater):
    data = crossed(place, rater)
    for terms in (f"{place} + (1|{rater})", f"(1|{rater}) + (1|{place})"):
        formula = f"rating ~ gender + {terms}"
        told = [w for w in pls.fit_linear(formula, data).warnings if "begin anew" in w]
        assert len(told) == 1
        assert f"'{place}'" in told[0]
        assert f"rater=['{place}', '{rater}']" in told[0]
        for said in (rater, [place, rater]):
            fit = pls.fit_linear(formula, data, rater=said)
            assert not [w for w in fit.warnings if "begin anew" in w]


def test_a_fit_doubts_raters_of_several_genders_but_not_of_several_languages_or_conditions():
    data = crossed("language", "user_id")
    data["condition"] = np.where(data["film"] % 2, "x", "y")
    formula = "rating ~ gender + language + condition + (1|user_id)"
    assert not [w for w in pls.fit_linear(formula, data).warnings if "begin anew" in w]
    data.loc[data["user_id"] < 3, "gender"] = np.where(data["film"] < 5, "f", "m")[:60]
    told = [w for w in pls.fit_linear(formula, data).warnings if "begin anew" in w]
    assert len(told) == 1
    assert "rater=['gender', 'user_id']" in told[0]
    ordinal = data.assign(rating=np.digitize(data["rating"], [-1, 0, 1]))
    assert told[0] in pls.fit_ordinal(formula, ordinal).warnings


def test_a_column_rater_is_taken_at_its_word_elsewhere(ratings):
    data = ratings.assign(rater=ratings["person"])
    for formula in ("rating ~ gender", "rating ~ gender + (1|film) + (1|user_id)"):
        fit, n = counted(formula, data)
        assert n == ratings.loc[ratings["gender"] == "b", "person"].nunique()
        assert fit.design.raters.columns == ("rater",)


def test_a_rater_that_is_absent_or_missing_is_refused(ratings):
    with pytest.raises(pls.InputError, match=r"'rater'.*'userid'"):
        pls.fit_linear("rating ~ gender", ratings, rater="userid")
    gaps = ratings.assign(person=ratings["person"].where(ratings.index > 1))
    with pytest.raises(pls.InputError, match=r"2 rows have no value in person.*row 0"):
        pls.fit_linear("rating ~ gender", gaps, rater="person")
    for wrong in ([], [3], 3.5):
        with pytest.raises(pls.InputError, match="'rater' must be"):
            pls.fit_linear("rating ~ gender", ratings, rater=wrong)


def test_influence_is_that_of_the_raters_whatever_they_are_called(ratings):
    fit = pls.fit_linear("rating ~ gender + (1|person) + (1|film)", ratings, rater="person")
    table = pls.checks.influence_check(fit).result.table
    assert (table["term"] == "person").all()
    assert not set(table["group"]) & set(ratings["person"])
    assert pls.checks.check(fit, n_simulations=19)[-1].result.table["term"].iloc[0] == "person"


@pytest.mark.extended
def test_a_joint_model_takes_raters_of_several_columns(ratings):
    rng = np.random.default_rng(2)
    long = pd.concat(
        [
            ratings.assign(
                dimension=name,
                item=ratings["film"],
                rating=np.digitize(ratings["rating"] + rng.normal(size=len(ratings)), [0, 2, 4]),
            )
            for name in ("kind", "clear")
        ]
    )
    fit = pls.fit_joint(
        long,
        ["gender"],
        rater=["country", "user_id"],
        draws=100,
        tune=100,
        chains=2,
        progress=False,
    )
    assert {f.design.raters.n for f in fit.fits.values()} == {ratings["person"].nunique()}
