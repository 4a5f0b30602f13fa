"""What a notebook asks for and the study has not."""

import pytest

import pluralign_stats as pls


@pytest.fixture(scope="module")
def study():
    return pls.simulate_study(1, n_raters=40, n_prompts=4, responses_per_prompt=2)


def test_what_is_there_is_given_back_in_silence(study, capsys):
    assert pls.select_demographics(study, "gender") == "gender"
    assert pls.select_demographics(study, "") == ""
    assert pls.select_dimensions(study, ["toxicity", "helpfulness"]) == ["toxicity", "helpfulness"]
    assert pls.select_dimensions(study, []) == []
    assert capsys.readouterr().out == ""


def test_what_is_not_is_told_in_one_sentence_and_the_rest_is_shown(study, capsys):
    assert pls.select_dimensions(study, ["toxicity", "warmth"]) == ["toxicity"]
    told = capsys.readouterr().out
    assert told.startswith("This study has no dimension 'warmth'; it has 'stereotypical_bias'")
    assert told.endswith("; shown is 'toxicity'.\n")
    assert pls.select_demographics(study, "religion") == ""
    assert "shown is what is shown if none is named." in capsys.readouterr().out
    assert pls.select_dimensions(study, ["warmth"]) == []


def test_a_wrong_spelling_is_guessed(study, capsys):
    pls.select_demographics(study, "gendre")
    assert "did you mean 'gender'?" in capsys.readouterr().out


def test_a_study_without_demographics(tmp_path, capsys):
    (tmp_path / "ratings.csv").write_text("rater,item,good\np,x,1\nq,x,2\n")
    (tmp_path / "study.yaml").write_text(
        "name: bare\nfiles: {ratings: ratings.csv}\ncolumns: {rater: rater, item: item}\n"
        "dimensions: {good: {}}\n"
    )
    bare = pls.read_study(tmp_path / "study.yaml")
    assert pls.select_demographics(bare, "gender") == ""
    assert capsys.readouterr().out == (
        "This study has no demographic at all, so 'gender' cannot be shown.\n"
    )
