import numpy as np
import pytest

from pluralign_stats import InputError, summarize_draws


def test_a_parameter_is_its_row_of_the_summary(posterior):
    summary = posterior.summary().table.set_index("term")
    for name in ("gender[T.Male]", "threshold 2|3", "sd(rater)"):
        row = summarize_draws(posterior, lambda d, name=name: d[name], name).table.iloc[0]
        assert row["term"] == name
        for column in ("estimate", "sd", "conf_low", "conf_high"):
            assert row[column] == pytest.approx(summary.loc[name, column])


def test_the_ratio_of_two_contrasts_is_that_of_each_draw(gaussian):
    names, b = list(gaussian.params.index), gaussian.draws.coefficients
    drawn = b[:, names.index("politics[T.Centre]")] / b[:, names.index("gender[T.Male]")]
    made = summarize_draws(
        gaussian,
        lambda d: (
            (d["politics: Centre"] - d["politics: Liberal"])
            / (d["gender: Male"] - d["gender: Female"])
        ),
        "centre to gender",
        factors=["politics", "gender"],
        conf_level=0.9,
    )
    row = made.table.iloc[0]
    assert row["median"] == pytest.approx(np.median(drawn))
    assert row["conf_low"] == pytest.approx(np.quantile(drawn, 0.05))
    assert made.meta.interval == "credible intervals (equal tails)"
    assert any("median" in note for note in made.meta.notes)
    assert "centre to gender" in made.sentence


def test_percent_is_a_function_of_draws_too(posterior):
    row = posterior.percent("gender").table.iloc[0]
    made = summarize_draws(
        posterior,
        lambda d: 100 * (d["gender: Male"] / d["gender: Female"] - 1),
        factors="gender",
    ).table.iloc[0]
    for column in ("estimate", "sd", "conf_low", "conf_high", "prob_positive"):
        assert made[column] == pytest.approx(row[column])


def test_several_outcomes_have_names_or_numbers(posterior):
    def share(d):
        total = d["sd(rater)"] ** 2 + d["sd(item)"] ** 2
        return {"raters": d["sd(rater)"] ** 2 / total, "items": d["sd(item)"] ** 2 / total}

    named = summarize_draws(posterior, share).table
    assert named["term"].tolist() == ["raters", "items"]
    assert named["estimate"].sum() == pytest.approx(1)
    stacked = summarize_draws(posterior, lambda d: np.column_stack([*share(d).values()]), "share")
    assert stacked.table["term"].tolist() == ["share [0]", "share [1]"]
    fives = summarize_draws(
        posterior, lambda d: d["gender: Male: 5"], factors="gender", kind="probability"
    )
    assert 0 < fives.table["estimate"].iloc[0] < 0.3


def test_what_is_no_function_of_draws_is_refused(posterior, laplace):
    with pytest.raises(InputError, match=r"did you mean 'sd\(rater\)'"):
        summarize_draws(posterior, lambda d: d["sd(raters)"])
    for wrong in (lambda d: 3, lambda d: {}, lambda d: np.ones(7), lambda d: {"a": np.ones(3)}):
        with pytest.raises(InputError, match="one number for each of the 600 draws"):
            summarize_draws(posterior, wrong)
    with pytest.raises(InputError, match="the factor"):
        summarize_draws(posterior, lambda d: d["sd(rater)"], factors="sex")
    with pytest.raises(
        InputError, match="summarize_draws takes fits by fit_bayes, which have draws"
    ):
        summarize_draws(laplace, lambda d: d["sd(rater)"])
