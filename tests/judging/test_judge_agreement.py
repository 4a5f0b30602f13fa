"""A judge held against the raters of a study, in tables for readers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError, simulate_study
from pluralign_stats.figures import forest
from pluralign_stats.figures.judging import judge
from pluralign_stats.judging.agreement import judge_agreement
from pluralign_stats.judging.contrasts import judge_contrasts
from pluralign_stats.judging.scores import rated_and_scored, read_judge_scores

FEW = {"n_bootstrap": 100}


@pytest.fixture(scope="module")
def study():
    return simulate_study(3, n_raters=300, n_prompts=12, responses_per_prompt=3)


def opinion_of(study, **group):
    """Scores that are the mean ratings of one group."""
    ratings = study.where(**group).ratings.dropna(subset="rating")
    means = ratings.groupby(["item", "dimension"], observed=True)["rating"].mean()
    scores = means.rename("score").reset_index().assign(judge="one")
    return scores.astype({"item": str, "dimension": str})


@pytest.fixture(scope="module")
def women(study):
    return opinion_of(study, gender="Female")


def test_every_dimension_and_statistic(study, women):
    result = judge_agreement(study, women, **FEW)
    assert list(result.table.columns) == [
        *("dimension", "group", "statistic", "estimate", "conf_low", "conf_high"),
        *("ceiling", "ceiling_low", "ceiling_high", "n_items", "n_raters", "n_ratings", "method"),
    ]
    assert len(result.table) == 5 * 3
    inside = result.table["estimate"].between(result.table["conf_low"], result.table["conf_high"])
    assert inside.mean() > 0.9
    assert "judge 'one'" in result.meta.title
    assert "of 5 dimensions" in result.sentence
    assert result.meta.data == "simulated"


def test_an_estimate_by_hand(study, women):
    table = judge_agreement(study, women, "gender", **FEW).table
    ratings = study.ratings.dropna(subset="rating")
    mine = ratings[(ratings["dimension"] == "toxicity") & (ratings["gender"] == "Male")]
    keyed = women[women["dimension"] == "toxicity"].set_index("item")["score"]
    score = mine["item"].astype(str).map(keyed)
    both = pd.DataFrame({"x": score, "y": mine["rating"]}).dropna()
    row = table[
        (table["dimension"] == "Toxicity")
        & (table["group"] == "Male")
        & (table["statistic"] == "bias")
    ].iloc[0]
    assert row["estimate"] == pytest.approx((both["x"] - both["y"]).mean())
    assert row["n_ratings"] == len(both)
    assert row["n_raters"] == mine["rater"].nunique()


def test_a_judge_made_of_women_is_nearer_to_women(study, women):
    table = judge_agreement(study, women, "gender", **FEW).table
    kappa = table[table["statistic"] == "kappa"].pivot(
        index="dimension", columns="group", values="estimate"
    )
    assert (kappa["Female"] > kappa["Male"]).all()
    bias = table[table["statistic"] == "bias"].set_index(["group", "dimension"])["estimate"]
    assert bias["Female"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert (bias["Male"].abs() > 1e-6).all()


def test_the_planted_difference_between_groups_is_found(study):
    """The judge says 3 always; its bias differs between groups by what was planted."""
    items = study.items["item"].astype(str)
    scores = pd.DataFrame({"item": items, "dimension": "emotional_awareness", "score": 3.0})
    result = judge_contrasts(study, scores.assign(judge="three"), ["politics"], **FEW)
    row = result.table.set_index("contrast").loc["Conservative vs Liberal"]
    mean = study.where(dimension="emotional_awareness").ratings.groupby("politics", observed=True)
    means = mean["rating"].mean()
    assert row["estimate"] == pytest.approx(means["Liberal"] - means["Conservative"])
    assert row["estimate"] < 0
    assert list(result.table["dimension"].unique()) == ["Emotional awareness"]


def test_contrasts_of_all_demographics(study, women):
    result = judge_contrasts(study, women, statistic="kappa", **FEW)
    table = result.table
    assert {"p_value", "p_adjusted"} <= set(table)
    assert (table["p_adjusted"] >= table["p_value"] - 1e-12).all()
    asked = [study.codebook.label(d) for d, f in study.codebook.demographics.items() if f.effects]
    assert set(table["term"]) <= set(asked)
    assert len(forest(result).alt) > 20
    with pytest.raises(InputError, match="'statistic' must be one of"):
        judge_contrasts(study, women, statistic="r")
    with pytest.raises(InputError, match="a demographic must be one of"):
        judge_contrasts(study, women, ["shoes"])


def test_small_groups_are_not_shown(study, women):
    counts = study.ratings.groupby("ethnicity", observed=True)["rater"].nunique()
    limit = int(counts.median()) + 1
    table = judge_agreement(study, women, "ethnicity", min_cell=limit, **FEW).table
    small = set(counts.index[counts < limit])
    assert small
    assert not small & set(table["group"])
    contrasts = judge_contrasts(study, women, ["ethnicity"], min_cell=limit, **FEW).table
    assert not any(level in text for level in small for text in contrasts["contrast"])
    nobody = judge_agreement(study, women, min_cell=10_000, **FEW)
    assert nobody.table.empty
    assert "too few raters" in nobody.sentence


def test_same_seed_same_table(study, women):
    one, two = (judge_agreement(study, women, "country", **FEW).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    other = judge_agreement(study, women, "country", seed=2, **FEW).table
    assert (other["conf_low"] != one["conf_low"]).any()
    assert (other["estimate"] == one["estimate"]).all()


def test_ratings_stand_beside_the_score_of_the_text_in_their_language(study):
    items = study.items["item"].astype(str)
    scores = pd.concat(
        pd.DataFrame({"item": items, "language": language, "dimension": "toxicity", "score": s})
        for language, s in (("en", 1.0), ("de", 5.0))
    )
    both = rated_and_scored(study, scores.assign(judge="x"))
    assert (both["score"] == both["language"].map({"en": 1, "de": 5}).astype(float)).all()
    texts = both.groupby("text").agg({"item": "nunique", "language": "nunique"})
    assert (texts == 1).all().all()


def test_texts_without_a_score_are_counted(study, women):
    lost = women.copy()
    first = lost.index[lost["dimension"] == "toxicity"][0]
    lost.loc[first, "score"] = np.nan
    ratings = study.ratings.dropna(subset="rating")
    n = (
        (ratings["item"].astype(str) == lost.loc[first, "item"])
        & (ratings["dimension"] == "toxicity")
    ).sum()
    before = judge_agreement(study, women, **FEW).table["n_ratings"].iloc[3]
    result = judge_agreement(study, lost, **FEW)
    assert result.table["n_ratings"].iloc[3] == before - n
    assert any("gave no score" in note for note in result.meta.notes)


def test_sentences_of_one_dimension_of_no_agreement_and_of_overlapping_groups(study, women):
    one = women[women["dimension"] == "toxicity"]
    result = judge_agreement(study, one, **FEW)
    assert result.sentence.count("on Toxicity (two raters: ") == 1
    assert any("Without a score by the judge: " in note for note in result.meta.notes)
    rank = study.ratings.groupby(["item", "dimension", "language"], observed=True).cumcount()
    split = replace(study, _ratings=study.ratings.assign(rating=1.0 + 4 * (rank % 2)))
    assert "Two raters agree no better" in judge_agreement(split, one, **FEW).sentence
    by_group = judge_agreement(study, women, "gender", **FEW).sentence
    assert "Non−" not in by_group
    assert "the intervals " in by_group


def test_the_ceiling_has_an_interval(study, women):
    table = judge_agreement(study, women, "gender", **FEW).table
    known = table[(table["statistic"] != "bias") & table["ceiling"].notna()]
    assert known["ceiling"].between(known["ceiling_low"], known["ceiling_high"]).mean() > 0.9
    wide = (known["ceiling_high"] - known["ceiling_low"]).groupby(known["group"]).mean()
    assert wide["All raters"] == wide.min()


def test_figures_have_words_and_units(study, women):
    for by in (None, "gender"):
        picture = judge(judge_agreement(study, women, by, **FEW))
        texts = [t.get_text() for t in picture.figure.findobj(lambda a: hasattr(a, "get_text"))]
        assert any("points" in text for text in texts)
        assert any("ceiling" in text for text in texts)
        assert any("simulated study" in text for text in texts)
        box, size = picture.figure.get_tightbbox(), picture.figure.get_size_inches()
        assert min(box.x0, box.y0) >= -0.02
        assert box.x1 <= size[0] + 0.02
        assert box.y1 <= size[1] + 0.02


def written(folder, scores, name="scores.csv"):
    path = folder / name
    scores.to_parquet(path) if path.suffix == ".parquet" else scores.to_csv(path, index=False)
    return path


def test_files_of_scores(study, women, tmp_path):
    for name in ("scores.csv", "scores.parquet"):
        read = read_judge_scores(study, written(tmp_path, women, name))
        pd.testing.assert_frame_equal(
            read, women[read.columns].reset_index(drop=True), check_dtype=False
        )
    two = pd.concat([women, women.assign(judge="two")])
    with pytest.raises(InputError, match="holds scores by 2 judges"):
        read_judge_scores(study, written(tmp_path, two))
    assert set(read_judge_scores(study, written(tmp_path, two), "two")["judge"]) == {"two"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.drop(columns="score"), "lacks the column 'score'"),
        (lambda s: s.assign(score=9), "9 is no score of 'stereotypical_bias'"),
        (lambda s: s.assign(score="high"), "must hold numbers"),
        (lambda s: s.assign(dimension="wit"), "no score on a dimension of the study"),
        (lambda s: s.assign(item="nothing"), "scores no item of the study"),
        (lambda s: pd.concat([s, s[:1]]), "has two scores of item"),
    ],
)
def test_scores_that_do_not_fit(study, women, tmp_path, change, told):
    with pytest.raises(InputError, match=told):
        read_judge_scores(study, written(tmp_path, change(women)))


def test_files_that_cannot_be_read(study, women, tmp_path):
    with pytest.raises(InputError, match="make the scores with: pluralign judge"):
        read_judge_scores(study, tmp_path / "none.csv")
    with pytest.raises(InputError, match="give the whole path"):
        read_judge_scores(study, "none.csv")
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(InputError, match="cannot be read"):
        read_judge_scores(study, tmp_path / "x.parquet")
    with pytest.raises(InputError, match="'by' must be one of"):
        judge_agreement(study, women, "shoes")
    with pytest.raises(InputError, match="every score of the judge is missing"):
        judge_agreement(study, women.assign(score=np.nan))
    with pytest.raises(InputError, match="no rated text has a score"):
        judge_agreement(study, women.assign(item="another"))


NAMES = ["None", "nan", "null", "NA", "007"]


@pytest.fixture
def judged(study_of, tmp_path):
    """A study whose items have strange names, and scores of them in a file."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"rater": np.repeat([f"p{i}" for i in range(20)], 5), "item": NAMES * 20})
    frame["x"], frame["tag"] = rng.integers(1, 6, 100), ["de-DE", "de_AT", "en"] * 33 + ["en"]
    columns = {"rater": "rater", "item": "item", "language": "tag"}
    study = study_of(frame, columns=columns, dimensions={"x": {}})
    scores = pd.DataFrame(
        [(n, tag, "x", k + 1.0, "None") for k, n in enumerate(NAMES) for tag in ("de", "en")],
        columns=["item", "language", "dimension", "score", "judge"],
    )
    return study, scores, tmp_path


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_items_whose_names_look_missing_keep_their_scores(judged, form):
    study, scores, folder = judged
    scores.loc[0, "score"] = None
    path = folder / f"scores.{form}"
    scores.to_csv(path, index=False) if form == "csv" else scores.to_parquet(path)
    read = read_judge_scores(study, path, "None")
    assert read["item"].tolist() == scores["item"].tolist()
    assert read["score"].isna().tolist() == [True] + [False] * 9
    assert read["score"].dtype == float


@pytest.mark.parametrize("word", ["", "NA", "nan", "None", "null"])
def test_a_score_may_be_missing_in_any_spelling(judged, word):
    study, scores, folder = judged
    scores.assign(score=scores["score"].astype(str).replace("1.0", word)).to_csv(folder / "s.csv")
    assert read_judge_scores(study, folder / "s.csv")["score"].isna().sum() == 2
    scores.assign(score="good").to_csv(folder / "s.csv")
    with pytest.raises(InputError, match="'score' must hold numbers"):
        read_judge_scores(study, folder / "s.csv")


def test_ratings_in_a_region_stand_beside_the_text_of_the_language(judged):
    study, scores, _ = judged
    both = rated_and_scored(study, scores)
    assert len(both) == 100
    assert both["text"].nunique() == 10
    notes = judge_agreement(study, scores, min_cell=5, **FEW).meta.notes
    assert not any("no text in" in note or "no score" in note for note in notes)


def test_languages_that_no_scored_text_is_in_are_told(judged):
    study, scores, _ = judged
    french = scores.assign(language=scores["language"].replace("en", "fr"))
    notes = judge_agreement(study, french, min_cell=5, **FEW).meta.notes
    assert "The judge was given no text in 'en'." in notes
    with pytest.raises(
        InputError, match=r"ratings are in 'de-DE', 'de_AT', 'en', .*scored in 'fr'"
    ):
        judge_agreement(study, french[french["language"] == "fr"], **FEW)


def test_biases_on_different_scales_are_compared_as_shares_of_them(slider_study):
    items = slider_study.items["item"].astype(str)
    data = slider_study.ratings.groupby(["dimension", "item"], observed=True)["rating"].mean()
    scores = pd.concat(
        pd.DataFrame(
            {
                "item": items,
                "dimension": dimension,
                "score": data[dimension].reindex(items).to_numpy() + shift,
                "judge": "j",
            }
        )
        for dimension, shift in (("toxicity", 1.0), ("warmth", 0.1))
    )
    told = judge_agreement(slider_study, scores, n_bootstrap=100).sentence
    assert "farthest from the ratings on Warmth: 0.10 points above" in told
    bias = judge_contrasts(slider_study, scores, ["gender"], n_bootstrap=100)
    assert set(bias.table["dimension"]) == {"Toxicity", "Warmth"}
