import pandas as pd

from pluralign_stats.simulate.parameters import DECLINED, analysis_levels, numbered


def raw(**answers):
    complete = {
        "gender_identity": "she/her",
        "country_of_residence": "US",
        "age": "18-30",
        "ethnicity": "White",
        "political_spectrum": "Liberal",
    }
    return pd.DataFrame([complete | answers])


def test_raw_answers_recode():
    levels = analysis_levels(
        raw(gender_identity="she/they", political_spectrum="Very conservative", ethnicity="Asian")
    )
    assert levels.iloc[0].to_dict() == {
        "gender": "Non-binary",
        "country": "US",
        "age": "18-30",
        "ethnicity": "Asian",
        "politics": "Conservative",
    }


def test_several_ethnicities_are_one_level():
    assert analysis_levels(raw(ethnicity="Asian;White"))["ethnicity"].item() == "Multiple"


def test_declined_answers_are_missing():
    declined = raw(**dict.fromkeys(raw(), DECLINED))
    assert analysis_levels(declined).isna().all(axis=None)


def test_numbers_widen_with_the_count():
    assert list(numbered("Q", 3, 2)) == ["Q01", "Q02", "Q03"]
    assert numbered("P", 10_000, 4)[0] == "P00001"
