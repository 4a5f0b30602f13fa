from dataclasses import FrozenInstanceError

import pytest

from pluralign_stats import InputError, simulate_study
from pluralign_stats.simulate.study import write_simulated_study
from pluralign_stats.study.read import read_study


@pytest.fixture
def study(toy):
    raters = toy.files["raters.csv"] + "p7,Prefer not to say,Centre\n"
    return toy.read({"raters.csv": raters, "ratings.csv": toy.files["ratings.csv"] + "p7,a1,3,3\n"})


@pytest.mark.parametrize("name", ["ratings", "raters", "items", "nonresponse", "exclusions"])
def test_writing_into_a_table_does_not_change_the_study(study, name):
    first = getattr(study, name)
    before = first.copy(deep=True)
    handed_out = getattr(study, name)
    handed_out["new"] = 1
    for column in before:
        handed_out[column] = "changed"
    assert getattr(study, name).equals(before)


def test_a_study_has_no_settable_parts(study):
    with pytest.raises(FrozenInstanceError):
        study.hashes = {}
    with pytest.raises(AttributeError):
        study.ratings = None


def test_levels_stand_in_the_codebooks_order(study, small_study):
    assert study.levels("politics") == ("Liberal", "Centre", "Conservative")
    assert study.levels("gender") == ("Male", "Female")
    assert study.levels("topic") == ("home", "work")
    assert study.where(politics=["Conservative", "Liberal"]).levels("politics") == (
        *("Liberal", "Conservative"),
    )
    assert set(small_study.levels("party")) == set(small_study.raters["party"].dropna())
    with pytest.raises(InputError, match="did you mean 'gender'"):
        study.levels("gendr")


def test_where_narrows_everything(study):
    part = study.where(dimension="toxicity", politics=["Centre"], topic="home")
    assert part.dimensions == ("toxicity",)
    assert part.summary_counts() == {"raters": 3, "items": 2, "ratings": 5, "dimensions": 1}
    assert part.raters["rater"].tolist() == ["p3", "p4", "p7"]
    assert part.items["item"].tolist() == ["a1", "a2"]
    assert list(part.ratings["politics"].cat.categories) == ["Centre"]
    assert list(part.ratings["dimension"].cat.categories) == ["toxicity"]
    assert part.nonresponse["rater"].tolist() == ["p7"]
    assert study.where(gender="Male").nonresponse.empty
    assert study.summary_counts()["ratings"] == 38


def test_where_without_conditions_keeps_all(study):
    assert study.where().ratings.equals(study.ratings)


def test_where_refuses_what_does_not_occur(study):
    with pytest.raises(InputError, match=r"the column must be one of .* not 'gendr'.*'gender'"):
        study.where(gendr="Male")
    with pytest.raises(InputError, match=r"'gender' must be one of .* not 'Mal'.*'Male'"):
        study.where(gender="Mal")
    with pytest.raises(InputError, match=r"'politics' must be one of"):
        study.where(politics=["Centre", "Green"])


def test_where_refuses_conditions_that_nothing_meets_together(study):
    with pytest.raises(InputError, match="no rating meets all of: rater = p1; gender = Male"):
        study.where(rater="p1", gender="Male")


def test_equal_studies_have_equal_fingerprints(toy):
    first, again = toy.read().fingerprint, toy.read().fingerprint
    assert first == again
    assert len(first) == 64


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("ratings.csv", "p1,a1,1,5", "p1,a1,2,5"),
        ("raters.csv", "p1,Female", "p1,Male"),
        ("items.csv", "Perhaps", "Maybe"),
        ("study.yaml", "valence: -1", "valence: 1"),
        ("study.yaml", "name: toy", "name: toi"),
    ],
)
def test_changed_studies_have_other_fingerprints(toy, file, old, new):
    before = toy.read().fingerprint
    assert toy.read({file: toy.changed(file, old, new)}).fingerprint != before


def test_a_comment_in_the_codebook_changes_nothing(toy):
    before = toy.read().fingerprint
    assert toy.read({"study.yaml": "# why\n" + toy.files["study.yaml"]}).fingerprint == before


def test_a_part_of_a_study_has_another_fingerprint(study):
    narrowed = [study.where(gender="Male"), study.where(gender="Female"), study.where(item="a1")]
    assert len({s.fingerprint for s in (study, *narrowed)}) == 4


def test_what_a_study_says_of_itself(study, small_study):
    assert repr(study) == "<Study 'toy': 7 raters, 3 items, 38 ratings, 2 dimensions>"
    assert repr(small_study).startswith("<Study 'simulated_7' (simulated): 60 raters")
    assert "simulated study" in small_study._repr_html_()
    assert "simulated study" not in study._repr_html_()


def test_html_is_escaped(toy):
    study = toy.read({"study.yaml": toy.changed("study.yaml", "A toy study", "A <b>toy")})
    assert "A &lt;b&gt;toy" in study._repr_html_()


# The simulated study ----------------------------------------------------------------------------

SMALL = {"n_raters": 40, "n_prompts": 5, "responses_per_prompt": 2, "items_per_rater": 3}


def test_a_simulated_study_reads_back_from_files_the_same(tmp_path):
    made = simulate_study(4, **SMALL)
    read = read_study(write_simulated_study(tmp_path / "new" / "study", 4, **SMALL))
    assert read.fingerprint == made.fingerprint
    assert read.ratings.equals(made.ratings)
    assert read.raters.equals(made.raters)
    assert read.items.equals(made.items)
    assert read.nonresponse.equals(made.nonresponse)
    assert read.truth.to_dict() == made.truth.to_dict()
    assert read.codebook == made.codebook
    assert read.simulated


def test_seed_and_design_change_the_fingerprint():
    prints = [simulate_study(4, **SMALL), simulate_study(5, **SMALL)]
    prints += [simulate_study(4, **SMALL | {"missing": 0.2}), simulate_study(4, **SMALL)]
    first, *others = [s.fingerprint for s in prints]
    assert [first == other for other in others] == [False, False, True]


def test_an_existing_folder_is_not_written_over(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    for name in ("taken", "file"):
        with pytest.raises(InputError, match="exists already"):
            write_simulated_study(tmp_path / name, 4, **SMALL)
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert write_simulated_study(tmp_path / "empty", 4, **SMALL).exists()


def test_bad_arguments_write_nothing(tmp_path):
    with pytest.raises(InputError, match="n_raters must be at least 20, not 3"):
        write_simulated_study(tmp_path / "study", 4, n_raters=3)
    assert list(tmp_path.iterdir()) == []
