from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats import InputError
from pluralign_stats.suppression import suppressed_grid

FEW = {"draws": 150, "tune": 150, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def study():
    return pls.simulate_study(5, n_raters=220, n_prompts=10, responses_per_prompt=2)


@pytest.fixture(scope="module")
def cells(study):
    return pls.demographics.intersections(
        study, ["gender", "politics"], "toxicity", ["gender"], sampling=pls.Sampling(**FEW)
    )


def test_observed_means_are_those_of_the_ratings(study, cells):
    data = study.where(dimension="toxicity").ratings.dropna(subset=["rating", "gender", "politics"])
    own = data.groupby(["gender", "politics"], observed=True)["rating"].agg(["mean", "size"])
    for row in cells.table.itertuples():
        mean, n = own.loc[(row.given.partition(": ")[2], row.group)]
        # Without counts it is so coarse that it is the mean of 2 to 5 other numbers of ratings.
        half = 0.005 if row.n_raters > 0 else 2.5 / n
        assert row.observed == pytest.approx(mean, abs=half + 1e-9)
        assert row.conf_low < row.estimate < row.conf_high
    assert set(cells.table["dimension"]) == {"Toxicity"}
    assert cells.meta.unit == "rating points"


def test_small_cells_are_not_shown(study, cells):
    data = study.where(dimension="toxicity").ratings.dropna(subset=["rating", "gender", "politics"])
    n = data.groupby(["gender", "politics"], observed=True)["rater"].nunique()
    assert (n < 10).any()
    shown = {(r.given.partition(": ")[2], r.group) for r in cells.table.itertuples()}
    assert shown == set(n.index[n >= 10])
    assert cells.table["n_raters"].isna().any()
    assert (cells.table["n_raters"].dropna() >= 10).all()


def test_means_that_differ_by_chance_are_shrunk_towards_each_other(study_of):
    rng = np.random.default_rng(1)
    people = pd.DataFrame({"sex": np.repeat(list("fm"), 72), "age": np.tile(list("abcdef"), 24)})
    people["rater"] = [f"p{i}" for i in range(144)]
    frame = people.merge(pd.DataFrame({"item": list("uvwxyz")[:3]}), how="cross")
    frame["rating"] = rng.integers(1, 6, len(frame))
    study = study_of(frame, demographics={"sex": {}, "age": {}})
    result = pls.demographics.intersections(study, sampling=pls.Sampling(**FEW))
    table = result.table
    assert len(table) == 12
    assert table["estimate"].std() < 0.8 * table["observed"].std()
    assert result.sentence.startswith("Group means go from")
    assert any("simply add up" in note for note in result.meta.notes)


def test_without_two_demographics_there_is_nothing_to_cross(study_of):
    frame = pd.DataFrame({"rater": list("abcdef"), "item": list("xyxyxy"), "rating": [1, 2] * 3})
    frame["sex"] = list("fmfmfm")
    study = study_of(frame, demographics={"sex": {}})
    result = pls.demographics.intersections(study)
    assert result.table.empty
    assert "no two demographics" in result.sentence
    with pytest.raises(InputError, match="of two demographics"):
        pls.demographics.intersections(study, ["sex"])
    with pytest.raises(InputError, match="must be one of"):
        pls.demographics.intersections(study, ["sex", "age"])


def test_no_withheld_cell_can_be_computed_from_totals():
    counts = np.array([[200, 150, 120], [180, 160, 110], [3, 14, 15]])
    hidden = suppressed_grid(counts, 10)
    assert hidden[2, 0]
    for n, line in (*zip(counts, hidden, strict=True), *zip(counts.T, hidden.T, strict=True)):
        assert not line.any() or (line.sum() >= 2 and n[line].sum() >= 10)
    assert not suppressed_grid(counts + 10, 10).any()


def test_effects_come_with_the_draws_behind_them(study):
    made = pls.demographics.bayesian_effects(
        study, "toxicity", ["gender"], sampling=pls.Sampling(**FEW)
    )
    table = made.effects.differences.table
    assert set(table["term"]) == {"Gender"}
    assert "prob_positive" in table
    assert "p_adjusted" not in table
    drawn = made.drawn.table.groupby("contrast")["estimate"].mean()
    for row in table.itertuples():
        assert drawn[f"Gender: {row.contrast}"] == pytest.approx(row.estimate, abs=0.2 * row.sd)
    assert "rating ~ gender" in made.summary
    usual = pls.demographic_effects(study, ["gender"], ["toxicity"])
    both = pls.demographics.side_by_side(usual, made.effects).table
    assert both["model"].tolist() == ["frequentist", "Bayesian"] * len(table)
    assert "p_adjusted" not in both


def test_a_missing_extra_is_told_and_not_raised(study, monkeypatch):
    from pluralign_stats.demographics import plans
    from pluralign_stats.errors import MissingExtraError

    def lacking(*args, **options):
        raise MissingExtraError("A Bayesian model", "bayes")

    monkeypatch.setitem(plans.MODELS, "bayes", lacking)
    made = pls.demographics.bayesian_effects(study)
    assert made.fit is None
    assert "pip install 'pluralign[bayes]'" in made.summary
    assert made.effects.differences.table.empty


def test_a_population_from_a_file(study, tmp_path):
    people = pls.example_population().drop(columns="age")
    people.groupby(["country", "gender"], as_index=False)["n"].sum().to_csv(tmp_path / "p.csv")
    result = pls.demographics.population_ratings(
        study, tmp_path / "p.csv", "toxicity", sampling=pls.Sampling(**FEW)
    )
    assert set(result.table["weighting"]) == {"population", "sample", "difference"}
    assert result.sentence.startswith("Toxicity")
    with pytest.raises(InputError, match="cannot be read"):
        pls.demographics.population_ratings(study, tmp_path / "none.csv")
    (tmp_path / "q.csv").write_text("a,n\n1,2\n")
    with pytest.raises(InputError, match="no column is a demographic"):
        pls.demographics.population_ratings(study, tmp_path / "q.csv")


@pytest.mark.parametrize("country", ["NA", "None", "nan", "007", "Köln"])
def test_a_population_keeps_the_names_of_its_groups(study_of, tmp_path, country):
    frame = pd.DataFrame({"rater": [f"p{i // 4}" for i in range(160)], "item": [*range(16)] * 10})
    frame["rating"] = np.random.default_rng(1).integers(1, 6, len(frame))
    frame["country"] = np.where(frame.index % 8 < 4, country, "US")
    study = study_of(frame, demographics={"country": {"levels": ["US", country]}})
    name = normalize("NFD", country)
    (tmp_path / "p.csv").write_text(f"country,n\n{name},300\nUS,100\n", "utf-8")
    result = pls.demographics.population_ratings(
        study, tmp_path / "p.csv", sampling=pls.Sampling(**FEW)
    )
    fit = pls.fit_ordinal("rating ~ country + (1|rater)", study.ratings)
    people = pd.read_csv(tmp_path / "p.csv", dtype=str, keep_default_na=False)
    shares = pls.poststratify(fit, people.astype({"n": int}), by="country").table
    assert set(shares["group"]) == {"all", country, "US"}
    assert len(result.table) == 3
    for row, says in (("US,", "column 'n', row 4: no value"), (",5", "'country', row 4: no value")):
        (tmp_path / "q.csv").write_text(f"country,n\n{name},300\nUS,100\n{row}\n", "utf-8")
        with pytest.raises(InputError, match=says):
            pls.demographics.population_ratings(
                study, tmp_path / "q.csv", sampling=pls.Sampling(**FEW)
            )
