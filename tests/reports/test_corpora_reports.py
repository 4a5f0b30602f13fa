"""What the reports of two public corpora say, found again in their files by calculations of others.

Numbers are recomputed from the files with pandas, statsmodels and krippendorff, by no code of the
package; those of the mixed models were computed once by R 4.2.2: `ordinal::clmm` (2022.11-16) and
`lme4::lmer` (1.1-31) on CSC, `glmmTMB` on MultiPICo.
"""

import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from bs4 import BeautifulSoup
from statsmodels.stats.multitest import multipletests

import pluralign_stats as pls
from pluralign_stats.study.read import find_codebook
from reports import build_report
from tests.once import once
from tests.reports.in_process import run_here
from tests.reports.little_work import draw_as

pytestmark = pytest.mark.extended

CHAPTERS = ["01", "02", "03", "08"]
FILES = {"csc": "CSC", "multipico": "MP"}
FACTORS = {"csc": ["gender", "age"], "multipico": ["gender", "ethnicity", "age", "student"]}
BANDS = {
    "csc": [(18, "18-24"), (25, "25-34"), (35, "35-44"), (45, "45-54"), (55, "55 and over")],
    "multipico": [(18, "18-24"), (25, "25-34"), (35, "35-44"), (45, "45 and over")],
}
#: Answers of the files that are levels.
LEVELS = {
    "gender": ["Female", "Male"],
    "ethnicity": ["White", "Asian", "Black", "Mixed", "Other"],
    "student": ["No", "Yes"],
}
COLUMNS = {"gender": "Gender", "ethnicity": "Ethnicity simplified", "student": "Student status"}

#: Of clmm(rating ~ gender + age + (1 | rater) + (1 | item)) on CSC: coefficients in log odds.
CLMM = {"Male": -0.04548, "25-34": 0.20956, "35-44": 0.15193, "45-54": 0.26343}
CLMM |= {"55 and over": 0.41713}

#: Of glmmTMB(rating ~ gender + ethnicity + age + student + (1 | rater) + (1 | item), binomial) on
#: MultiPICo (Laplace, as the model of the package).
GLMM = {"Male": -0.06510, "Asian": 0.11580, "Black": 0.16347, "Mixed": 0.15637, "Other": 0.14564}
GLMM |= {"25-34": -0.07873, "35-44": 0.08099, "45 and over": 0.13843, "Yes": 0.20581}

#: Of lmer on what clmm has: estimates and standard errors in rating points.
LMER = {
    "Male": (-0.02668, 0.05531),
    "25-34": (0.12528, 0.08492),
    "35-44": (0.08049, 0.08752),
    "45-54": (0.17256, 0.10334),
    "55 and over": (0.24653, 0.11182),
}


@dataclass(frozen=True)
class Report:
    """A report, and the ratings as they stand in the files."""

    name: str
    folder: Path
    ratings: pd.DataFrame

    def table(self, name: str) -> pd.DataFrame:
        """A table as it is downloaded."""
        return pd.read_csv(self.folder / "tables" / f"{name}.csv")

    def sentences(self, chapter: str) -> str:
        """All that stands on a chapter's page in bold."""
        (page,) = self.folder.glob(f"{chapter}_*.html")
        soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        return "\n".join(" ".join(p.get_text().split()) for p in soup.select(".sentence"))

    def answered(self) -> pd.DataFrame:
        """Ratings by those who answered all that the models hold."""
        return self.ratings.dropna(subset=FACTORS[self.name])


def _band(name: str, age: object) -> str | None:
    try:
        years = float(str(age))
    except ValueError:
        return None
    return next((band for least, band in reversed(BANDS[name]) if years >= least), None)


def _ratings(folder: Path, name: str) -> pd.DataFrame:
    """The files, put together by hand."""
    file, rows = FILES[name], []
    for part in ("dev", "test"):
        items = json.loads((folder / f"{file}_{part}.json").read_text("utf-8"))
        for item, one in items.items():
            prompt = one["text"].get("context", one["text"].get("post"))
            rows += [
                (item, f"{one['lang']}: {prompt}", rater, float(rating))
                for rater, rating in one["annotations"].items()
            ]
    frame = pd.DataFrame(rows, columns=["item", "prompt", "rater", "rating"])
    people = json.loads((folder / f"{file}_annotators_meta.json").read_text("utf-8"))
    prefix = "Ann" if name == "multipico" else ""
    for factor in FACTORS[name]:
        known = {
            prefix + rater: _band(name, about["Age"])
            if factor == "age"
            else about[COLUMNS[factor]]
            if about[COLUMNS[factor]] in LEVELS[factor]
            else None
            for rater, about in people.items()
        }
        frame[factor] = frame["rater"].map(known)
    return frame


@pytest.fixture(scope="module", params=list(FILES))
def report(request, tmp_path_factory, lewidi_folder) -> Report:
    """The report, made once for all workers, with intervals of few draws."""
    name = request.param

    def make(folder: Path) -> None:
        study = pls.read_study(name, lewidi_folder)
        with pytest.MonkeyPatch.context() as patched:
            run_here(patched)
            draw_as(patched, "svg")
            build_report(
                study, find_codebook(name), folder / "report", data_folder=lewidi_folder,
                chapters=CHAPTERS, parameters={"n_bootstrap": 200}, progress=False,
            )  # fmt: skip

    folder = once(tmp_path_factory, f"report_{name}", make)
    return Report(name, folder / "report", _ratings(lewidi_folder, name))


def alpha(ratings: pd.DataFrame) -> float:
    """Krippendorff's alpha by the package of that name."""
    counts = pd.crosstab(ratings["item"], ratings["rating"]).to_numpy()
    return krippendorff.alpha(value_counts=counts, level_of_measurement="ordinal")


def test_who_rated_and_how(report):
    ratings, told = report.ratings, report.sentences("01")
    counts = [ratings["rater"].nunique(), len(ratings), ratings["item"].nunique()]
    assert "{:,} raters gave {:,} ratings of {:,} items".format(*counts) in told
    mean = ratings["rating"].mean()
    if report.name == "csc":
        assert f"The mean rating on Sarcasm is {mean:.2f}, on a scale of 1 to 6." in told
    else:
        assert f"The share of yes (1) among ratings on Irony is {mean:.0%}." in told
    shares = report.table("ratings").set_index("rating")["share"]
    given = ratings["rating"].value_counts(normalize=True)
    pd.testing.assert_series_equal(
        shares.sort_index(), given.sort_index(), check_names=False, check_index_type=False
    )


def test_ratings_by_gender(report):
    means = report.ratings.groupby("gender")["rating"].mean()
    high, low = (
        f"{means[g]:{'.2f' if report.name == 'csc' else '.0%'}}" for g in ("Female", "Male")
    )
    what = {
        "csc": "the mean rating on Sarcasm is",
        "multipico": "the share of yes (1) among ratings on Irony is",
    }[report.name]
    assert f"By Gender, {what} {high} for Female and {low} for Male." in report.sentences("01")


def test_no_shown_count_of_raters_is_small_and_all_are_those_of_the_files(report):
    table = report.table("raters").dropna(subset="n_raters")
    assert (table["n_raters"] >= 10).all()
    by_label = {"Gender": "gender", "Age": "age", "Ethnicity": "ethnicity", "Student": "student"}
    seen = 0
    for row in table[table["term"].isin(by_label)].itertuples():
        own = report.ratings[report.ratings[by_label[row.term]] == row.group]
        if len(own):
            assert (row.n_raters, row.n_ratings) == (own["rater"].nunique(), len(own))
            seen += 1
    assert seen >= 6


def test_who_gave_one_answer_throughout(report):
    by_rater = report.ratings.groupby("rater")["rating"].agg(["nunique", "size"])
    judged = by_rater[by_rater["size"] >= 3]
    n = int((judged["nunique"] == 1).sum())
    if report.name == "csc":
        assert f"{n / len(judged):.0%} gave the same answer throughout" in report.sentences("01")
    else:
        assert n < 10
        assert "fewer than 10 gave the same answer throughout" in report.sentences("01")
        assert report.table("careless")["n_raters"].isna().all()


def test_agreement(report):
    ratings = report.ratings
    table = report.table("agreement_by_group").set_index("group")
    groups = {"All raters": ratings} | dict(iter(ratings.groupby("gender")))
    assert set(groups) == set(table.index)
    for group, own in groups.items():
        assert table.loc[group, "estimate"] == pytest.approx(alpha(own), abs=1e-6)
    row = report.table("agreement").iloc[0]
    told = f"alpha of {row['estimate']:.2f} [{row['conf_low']:.2f}, {row['conf_high']:.2f}]"
    assert told in report.sentences("02")
    inside = (table["conf_low"] < alpha(ratings)) & (alpha(ratings) < table["conf_high"])
    assert inside.all() == ("No group's raters agree clearly" in report.sentences("02"))


def test_the_interval_of_agreement_is_that_of_items_drawn_anew(report):
    counts = pd.crosstab(report.ratings["item"], report.ratings["rating"]).to_numpy()
    rng = np.random.default_rng(5)
    drawn = [
        krippendorff.alpha(
            value_counts=counts[rng.integers(len(counts), size=len(counts))],
            level_of_measurement="ordinal",
        )
        for _ in range(200)
    ]
    row, spread = report.table("agreement").iloc[0], np.std(drawn)
    assert row["conf_low"] == pytest.approx(np.quantile(drawn, 0.025), abs=0.6 * spread)
    assert row["conf_high"] == pytest.approx(np.quantile(drawn, 0.975), abs=0.6 * spread)


def test_differences_by_least_squares(report):
    """Estimates are those of OLS; errors robust to raters, but for corrections for few of them."""
    data, factors = report.answered(), FACTORS[report.name]
    first = [f"{f}_{LEVELS.get(f, [BANDS[report.name][0][1]])[0]}" for f in factors]
    X = pd.get_dummies(data[factors], dtype=float).drop(columns=first)
    fit = sm.OLS(data["rating"], sm.add_constant(X)).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(data["rater"])[0]}
    )
    table = report.table("ordinal_and_linear").query("model == 'OLS'")
    assert len(table) == X.shape[1]
    for row in table.itertuples():
        name = f"{row.term.lower()}_{row.contrast.split(' vs ')[0]}"
        assert row.estimate == pytest.approx(fit.params[name], abs=1e-6)
        assert row.std_error == pytest.approx(fit.bse[name], rel=0.08)


def test_p_is_adjusted_by_holm_within_a_demographic(report):
    table = report.table("demographic_differences")
    for _, own in table.groupby("term"):
        expected = multipletests(own["p_value"], method="holm")[1]
        np.testing.assert_allclose(own["p_adjusted"], expected, atol=1e-9)
    clear = int((table["p_adjusted"] < 0.05).sum())
    many = f"{clear or 'None'} of {len(table)} differences between groups ha"
    assert many in report.sentences("03")


def test_the_odds_are_those_of_r(report):
    odds = report.table("demographic_percents").query("reading == 'odds'")
    expected = CLMM if report.name == "csc" else GLMM
    assert len(odds) == len(expected)
    for row in odds.itertuples():
        log_odds = np.log1p(row.estimate / 100)
        assert log_odds == pytest.approx(expected[row.contrast.split(" vs ")[0]], abs=2e-3)


def test_the_linear_model_is_that_of_r(report):
    if report.name != "csc":
        pytest.skip("R's answers of the linear model are stored for CSC only")
    linear = report.table("ordinal_and_linear").query("model == 'linear'")
    assert len(linear) == len(LMER)
    for row in linear.itertuples():
        estimate, error = LMER[row.contrast.split(" vs ")[0]]
        assert row.estimate == pytest.approx(estimate, abs=2e-4)
        assert row.std_error == pytest.approx(error, rel=0.01)


def _single(given: np.ndarray) -> dict[str, float]:
    """One rating for all raters of a response, by strategy; none where two are commonest."""
    values, n = np.unique(given, return_counts=True)
    modal = values[n.argmax()] if (n == n.max()).sum() == 1 else np.nan
    return {"majority": modal, "mean": given.mean(), "median": np.median(given)}


def test_preferences_counted_one_by_one(report):
    ratings = report.ratings
    items = ratings.groupby("prompt")["item"].nunique()
    total = against = pairs = both = 0
    single = dict.fromkeys(("majority", "mean", "median"), 0)
    for _, own in ratings[ratings["prompt"].isin(items.index[items > 1])].groupby("prompt"):
        responses = [one["rating"].to_numpy() for _, one in own.groupby("item")]
        for one, other in combinations(responses, 2):
            apart = np.subtract.outer(one, other)
            more, less = int((apart > 0).sum()), int((apart < 0).sum())
            total, against = total + more + less, against + min(more, less)
            pairs, both = pairs + (more + less > 0), both + (min(more, less) > 0)
            first, second = _single(one), _single(other)
            for name in single:
                gap = abs(first[name] - second[name])
                single[name] += bool(gap > 1e-9)
    table = report.table("feedback").set_index("strategy")
    assert table.loc["preserve", ["n_preferences", "n_pairs"]].tolist() == [total, pairs]
    assert table.loc["preserve", "contradicting_share"] == pytest.approx(against / total)
    assert table.loc["preserve", "contradictory_share"] == pytest.approx(both / pairs)
    assert table.loc[list(single), "n_preferences"].tolist() == list(single.values())
    told = report.sentences("08")
    assert f"Preserve gives {total:,} preferences" in told
    assert f"of the former {against / total:.0%} go against" in told


def test_what_is_neither_good_nor_bad_is_told_to_be_taken_for_good(report):
    (page,) = report.folder.glob("08_*.html")
    text = BeautifulSoup(page.read_text("utf-8"), "html.parser").get_text()
    assert "is wanted is not declared in the codebook (valence)" in " ".join(text.split())
    assert "What becomes of a group's verdict" not in text
    assert "find bad" not in report.sentences("08")
