from unicodedata import normalize

import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.codebook_file import read_codebook
from pluralign_stats.study.factors import recode
from pluralign_stats.study.questions import Factor, Multiple
from pluralign_stats.study.read import shipped_codebooks
from pluralign_stats.study.remarks import gathered_answers, small_levels
from pluralign_stats.study.tables import tabulate

SHIPPED = read_codebook(shipped_codebooks()["pluralistic_values"]).demographics

#: The same question with answers between several marks.
ETHNICITY = SHIPPED["ethnicity"].model_copy(
    update={
        "multiple": Multiple(separator=[";", ",", "|"], level="Multiple"),
        "declined": ("Prefer not to say",),
    }
)
AGE = Factor(
    bands={"18-30": (18, 30), "31-40": (31, 40), "41-50": (41, 50), "51-60": (51, 60),
           "over 60": (61, 120)},
    recode={"60+": "over 60", ">60": "over 60"},
)  # fmt: skip


def table(answers, missing=("", "NA"), column="x"):
    frame = pd.DataFrame({"id": range(len(answers)), column: pd.Series(answers, dtype="str")})
    frame = frame.set_axis(pd.RangeIndex(2, 2 + len(frame)))
    return tabulate("t.csv", frame, missing, "0")


def recoded(answers, factor):
    return recode(table(answers, column=factor.column or "x"), "x", factor)


def plain(series):
    return series.astype(object).where(series.notna(), None).tolist()


def levels(answers, factor):
    return plain(recoded(answers, factor).level)


def test_declined_and_missing_answers_are_kept_apart():
    factor = Factor(levels=["a", "b"], declined=["no answer"], recode={"dunno": None})
    found = recoded(["a", "no answer", "", "dunno", "b", "NO ANSWER"], factor)
    assert plain(found.level) == ["a", None, None, None, "b", None]
    assert plain(found.reason) == [None, "declined", "missing", "missing", None, "declined"]
    assert found.selected is None


def test_the_reference_comes_first_and_the_others_keep_their_order():
    factor = Factor(levels=["a", "b", "c", "d"], reference="c")
    found = recoded(["d", "c", "a", "a"], factor).level
    assert list(found.cat.categories) == ["c", "a", "d"]
    assert list(recoded(["d", "a"], factor).level.cat.categories) == ["a", "d"]


def test_levels_that_the_codebook_leaves_open_are_sorted_as_people_do():
    found = recoded(["10", "9", "b", "a", "1.5"], Factor()).level
    assert list(found.cat.categories) == ["1.5", "9", "10", "a", "b"]
    found = recoded(["10", "9", "b"], Factor(reference="b")).level
    assert list(found.cat.categories) == ["b", "9", "10"]


def test_case_does_not_matter_where_the_codebook_knows_a_value():
    factor = Factor(levels=["Apple", "Pear"], recode={"POMME": "Apple"}, declined="Keine Angabe")
    assert levels(["apple", "PEAR", "pomme", "keine angabe"], factor) == [
        *("Apple", "Pear", "Apple", None)
    ]


def test_an_exact_value_goes_before_one_that_differs_in_case():
    factor = Factor(levels=["a", "b"], recode={"X": "a", "x": "b"})
    assert levels(["X", "x"], factor) == ["a", "b"]


def test_a_stranger_is_refused_with_all_its_rows():
    with pytest.raises(InputError, match=r"t.csv: column 'x', rows 3, 5: value 'c'; .* 'a', 'b'"):
        recoded(["a", "c", "b", "c"], Factor(levels=["a", "b"]))


def test_numbers_fall_into_bands():
    factor = Factor(bands={"low": (1, 3), "high": (4, 7)}, reference="high")
    found = recoded(["1", "3", "4.0", "7", "LOW", "high", ""], factor).level
    assert plain(found) == ["low", "low", "high", "high", "low", "high", None]
    assert list(found.cat.categories) == ["high", "low"]


@pytest.mark.parametrize("value", ["0", "3.5", "8", "middle"])
def test_what_falls_between_the_bands_is_refused(value):
    factor = Factor(bands={"low": (1, 3), "high": (4, 7)})
    with pytest.raises(
        InputError, match=rf"row 3: value '{value}'; allowed: numbers 1 to 3, 4 to 7"
    ):
        recoded(["1", value, "4"], factor)


@pytest.mark.parametrize("mark", [";", ",", "|"])
def test_several_answers_form_a_level_and_are_kept(mark):
    answers = ["White", f"White{mark} Asian", f"asian{mark}WHITE{mark}Hispanic or Latino", "Asian"]
    found = recoded(answers, ETHNICITY)
    assert plain(found.level) == ["White", "Multiple", "Multiple", "Asian"]
    assert plain(found.selected) == [
        *("White", "Asian; White", "Asian; Hispanic or Latino; White", "Asian")
    ]
    assert list(found.level.cat.categories) == ["White", "Asian", "Multiple"]


def test_several_answers_that_are_one():
    found = recoded(["White;white", "White;", ";", "Prefer not to say"], ETHNICITY)
    assert plain(found.level) == ["White", "White", None, None]
    assert plain(found.reason) == [None, None, "missing", "declined"]
    assert plain(found.selected) == ["White", "White", None, None]


def test_an_answer_beside_a_declined_one_counts():
    found = recoded(["White;Prefer not to say"], ETHNICITY)
    assert plain(found.level) == ["White"]


def test_a_stranger_among_several_answers_is_refused():
    with pytest.raises(InputError, match=r"row 2: value 'White;Martian'; allowed: 'White', 'Am"):
        recoded(["White;Martian"], ETHNICITY)


KINDS = ["White", "Black, African American", "Black, African American, Caribbean", "Asian"]
COMMAS = Factor(levels=KINDS, multiple={"separator": [",", "/"], "level": "Several"})


@pytest.mark.parametrize(
    ("cell", "level", "selected"),
    [
        ("Black, African American", KINDS[1], KINDS[1]),
        ("black, african american", KINDS[1], KINDS[1]),
        ("Black, African American, Caribbean", KINDS[2], KINDS[2]),
        ("White, Black, African American", "Several", f"{KINDS[1]}; White"),
        ("Black, African American,White", "Several", f"{KINDS[1]}; White"),
        (" Asian /Black, African American, Caribbean", "Several", f"Asian; {KINDS[2]}"),
        ("Black, African American, black, African American", KINDS[1], KINDS[1]),
        ('["Black, African American"]', KINDS[1], KINDS[1]),
        ('["White", "Black, African American"]', "Several", f"{KINDS[1]}; White"),
    ],
)
def test_an_answer_that_holds_the_separator_stays_whole(cell, level, selected):
    found = recoded([cell], COMMAS)
    assert plain(found.level) == [level]
    assert plain(found.selected) == [selected]


def test_values_that_are_recoded_or_declined_stay_whole_too():
    factor = Factor(
        recode={"Latino/Latina, any": "Latin"},
        declined=["No, thanks"],
        multiple={"separator": [",", "/"], "level": "Several"},
    )
    cells = ["Latino/Latina, any", "no, thanks", "White, Latino/Latina, any", "White"]
    found = recoded(cells, factor)
    assert plain(found.level) == ["Latin", None, "Several", "White"]
    assert plain(found.reason) == [None, "declined", None, None]


def test_part_of_a_longer_answer_is_not_taken_for_a_level():
    with pytest.raises(InputError, match="value 'Black, African American or so'"):
        recoded(["Black, African American or so"], COMMAS)


def test_a_missing_value_code_among_several_answers_is_no_answer():
    found = recoded(["White, NA", "NA"], COMMAS)
    assert plain(found.level) == ["White", None]


def test_lists_of_typed_files_keep_answers_that_hold_separators_apart():
    factor = Factor(multiple={"separator": ";", "level": "Several"})
    found = recoded(['["a; b"]', '["a", "b"]', "a;b"], factor)
    assert plain(found.level) == ["a; b", "Several", "Several"]
    assert len(set(plain(recoded(['["a; b", "c"]', '["a", "b", "c"]'], factor).selected))) == 2


@pytest.mark.parametrize("level", ["NA", "None", "nan", "null", "99"])
def test_what_the_codebook_states_goes_before_missing_value_codes(level):
    for factor in (
        Factor(levels=["US", level]),
        Factor(recode={level: level}),
        Factor(levels=["US", "x"], recode={level: "x"}),
    ):
        found = recode(table([level, "US", ""], ("", level)), "x", factor)
        assert plain(found.level.isna()) == [False, False, True]
    declined = recode(table([level, "US"], ("", level)), "x", Factor(declined=[level]))
    assert plain(declined.reason) == ["declined", None]
    open_ = recode(table([level, "US"], ("", level)), "x", Factor())
    assert plain(open_.reason) == ["missing", None]


def test_a_factor_may_have_missing_value_codes_of_its_own():
    factor = Factor(levels=["1", "2"], missing=[6, "don't know"])
    assert levels(["1", "6", "6.0", "don't know", "2", "NA"], factor) == [
        *("1", None, None, None, "2", None)
    ]
    with pytest.raises(InputError, match="row 3: value '6'; allowed: '1', '2'"):
        levels(["1", "6"], Factor(levels=["1", "2"]))


def test_one_value_cannot_be_an_answer_and_none():
    with pytest.raises(ValueError, match="'missing' names 'na', which is stated as an answer"):
        Factor(levels=["US", "NA"], missing=["na"])


@pytest.mark.parametrize("codebook", ["NFC", "NFD"])
@pytest.mark.parametrize("file", ["NFC", "NFD"])
def test_levels_have_one_unicode_form(codebook, file):
    stated = normalize(codebook, "Köln")
    for factor in (
        Factor(levels=[stated, "Bonn"]),
        Factor(recode={stated: "c"}),
        Factor(declined=stated),
        Factor(missing=stated),
        Factor(),
    ):
        cells = [normalize(file, "Köln"), normalize("NFC", "KÖLN"), "Bonn"]
        found = recoded(cells[:1] + cells[2:], factor)
        assert levels(cells[:1], factor) == levels([normalize("NFC", "Köln")], factor)
        assert len(found.level.cat.categories) <= 2
    assert levels([normalize("NFD", "KÖLN")], Factor(levels=[stated, "Bonn"])) == ["Köln"]


def test_a_spelling_that_fits_two_levels_in_case_only_is_refused():
    factor = Factor(levels=["Male", "male"])
    assert levels(["Male", "male"], factor) == ["Male", "male"]
    with pytest.raises(InputError, match="value 'MALE'"):
        levels(["MALE"], factor)


def test_all_eight_sets_of_pronouns_tell_the_gender():
    answers = {
        "she/her/hers": "Female",
        "He/Him/His": "Male",
        "I wish not to declare": None,
        "Ich möchte keine Angaben machen": None,
    }
    others = ["they/them/theirs", "ze/hir/hirs", "xe/xem/xyrs", "ey/em/eirs", "ve/ver/vis",
              "per/pers/perself"]  # fmt: skip
    answers |= dict.fromkeys(others, "Non-binary")
    assert levels(list(answers), SHIPPED["gender"]) == list(answers.values())


@pytest.mark.parametrize(
    ("cell", "level"),
    [
        ('["White"]', "White"),
        ('["Weiss"]', "White"),
        ('["Schwarz oder Afroamerikaner", "Weiss"]', "Multiple"),
        ('["Asian", "Asiatisch"]', "Asian"),
        ('["I wish not to declare"]', None),
    ],
)
def test_arrays_of_both_languages_are_one_question(cell, level):
    assert levels([cell], SHIPPED["ethnicity"]) == [level]


def test_five_political_steps_become_three_and_three_stay():
    three = ["Liberal", "Liberal", "Centre", "Conservative", "Conservative"]
    five = ["Liberal", "Rather liberal", "Centre", "Rather conservative", "Conservative"]
    german = ["Liberal", "Eher liberal", "Mitte", "eher konservativ", "Konservativ"]
    for answers in (five, german, three):
        assert levels(answers, SHIPPED["politics"]) == three


def test_age_as_a_number_and_as_a_band():
    ages = {"18": "18-30", "30": "18-30", "31": "31-40", "60": "51-60", "61": "over 60"}
    ages |= {"41-50": "41-50", "Over 60": "over 60", "60+": "over 60", ">60": "over 60"}
    assert levels(list(ages), AGE) == list(ages.values())
    with pytest.raises(InputError, match=r"row 2: value '17'; allowed: numbers 18 to 30, 31 to 40"):
        levels(["17"], AGE)


# Small levels, and answers that nobody named ---------------------------------------------------

FAITHS = ["Christian"] * 12 + ["none"] * 11 + ["Jedi", "jedi", "Pastafarian"] + ["Muslim"] * 3


def faiths(study_of, answers=FAITHS, **factor):
    frame = pd.DataFrame({"rater": [f"p{k:02}" for k in range(len(answers))], "item": "a"})
    frame["rating"] = [1 + k % 5 for k in range(len(answers))]
    frame["faith"] = answers
    return study_of(frame, demographics={"faith": factor})


def test_other_gathers_levels_of_few_raters(study_of):
    study = faiths(study_of, other="Other")
    assert study.levels("faith") == ("Christian", "none", "Other")
    assert (study.raters["faith"] == "Other").sum() == 6
    assert set(study.gathered["faith"]) == {"Jedi", "jedi", "Pastafarian", "Muslim"}
    assert gathered_answers(study) == (
        "'Other' of 'faith' gathers 4 answers of few raters, or that the codebook does not name",
    )


def test_other_gathers_answers_that_the_codebook_does_not_name(study_of):
    study = faiths(study_of, levels=["none", "Christian", "Muslim"], other="rest")
    assert study.levels("faith") == ("none", "Christian", "rest")
    assert set(study.gathered["faith"]) == {"Jedi", "jedi", "Pastafarian", "Muslim"}
    assert small_levels(study) == (
        "of 'faith' 'rest' has fewer than 10 raters: read, withheld from tables and left out of "
        "comparisons; to compare them, join them in the codebook, one by one ('recode') or all at "
        "once ('other: Other')",
    )


def test_what_is_recoded_or_declined_is_not_gathered(study_of):
    rules = {"recode": {"jedi": "none", "Muslim": None}, "declined": "Pastafarian"}
    study = faiths(study_of, levels=["Christian", "none"], other="Other", **rules)
    assert study.levels("faith") == ("Christian", "none")
    assert study.gathered["faith"] == ()
    assert gathered_answers(study) == ()
    assert study.nonresponse["reason"].value_counts().to_dict() == {"missing": 3, "declined": 1}


def test_a_level_of_that_name_takes_the_others_up(study_of):
    answers = [*FAITHS, *["Other"] * 5]
    study = faiths(study_of, answers, levels=["Other", "Christian", "none"], other="Other")
    assert study.levels("faith") == ("Other", "Christian", "none")
    assert (study.raters["faith"] == "Other").sum() == 11
    assert small_levels(study) == ()


def test_the_reference_is_never_gathered(study_of):
    study = faiths(study_of, other="Other", reference="Muslim")
    assert study.levels("faith")[0] == "Muslim"
    assert "Muslim" not in study.gathered["faith"]


def test_several_answers_may_hold_some_that_nobody_named(study_of):
    answers = [*["A"] * 10, *["B"] * 10, *["x"] * 6, *["y"] * 4, *["A;x"] * 10]
    study = faiths(study_of, answers, levels=["A", "B"], multiple={}, other="Other")
    assert study.raters["faith"].value_counts().to_dict() == dict.fromkeys(
        ["A", "B", "Other", "Multiple"], 10
    )


def test_a_covariate_counts_the_raters_of_its_levels(study_of):
    frame = pd.DataFrame({"rater": [f"p{k:02}" for k in range(12)] * 3, "item": "a"})
    frame["item"] = ["a"] * 12 + ["b"] * 12 + ["c"] * 12
    frame["rating"] = [1 + k % 5 for k in range(36)]
    frame["source"] = ["web"] * 12 + ["app"] * 20 + ["fax"] * 4
    study = study_of(frame, covariates={"source": {"other": "Other"}})
    assert study.levels("source") == ("app", "web", "Other")
    assert study.gathered == {"source": ("fax",)}


@pytest.mark.parametrize("order", [{"ordered": True}, {"bands": {"young": [0, 40]}}])
def test_other_has_no_place_in_an_order(study_of, order):
    with pytest.raises(InputError, match="'other' has no place among levels in an order"):
        faiths(study_of, other="Other", **order)
