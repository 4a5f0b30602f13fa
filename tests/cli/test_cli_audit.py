import json

import pytest

TABLES = ["conditions", "shares", "flips", "survival", "agreement"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    from pluralign_stats import write_simulated_study

    folder = tmp_path_factory.mktemp("audit") / "s"
    return write_simulated_study(folder, n_raters=120, n_prompts=10)


def test_the_tables_are_printed(study, pluralign):
    ran = pluralign("audit", study, "--by", "gender", "--n-bootstrap", 100)
    assert (ran.status, ran.err) == (0, "")
    for title in ("How much feedback", "Who speaks", "Labels without one group", "Agreement"):
        assert title in ran.out
    assert "P0001" not in ran.out


def test_json_is_one_object(study, pluralign):
    ran = pluralign("audit", study, "--by", "country", "--n-bootstrap", 100, "--json")
    content = json.loads(ran.out)
    assert list(content["tables"]) == TABLES
    groups = {row["group"] for row in content["tables"]["shares"]["table"]}
    assert {"US", "Germany"} <= groups
    assert "NaN" not in ran.out


@pytest.mark.extended
def test_a_folder_of_tables_and_figures_is_safe_to_repeat(study, pluralign, tmp_path):
    out = tmp_path / "out"
    words = ("audit", study, "--by", "country", "--scale", "binary", "--n-bootstrap", 100)
    for _ in range(2):
        ran = pluralign(*words, "--out", out)
        assert (ran.status, ran.err) == (0, "")
        assert {f"{name}.csv" for name in TABLES} <= {p.name for p in out.iterdir()}
        assert (out / "shares.svg").is_file()
        assert [p.name for p in tmp_path.iterdir()] == ["out"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    ran = pluralign(*words, "--out", tmp_path / "mine")
    assert ran.status == 2
    assert "exists and holds no audit" in ran.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "gendr"], "did you mean 'gender'"),
        (["--dimension", "toxicty"], "did you mean 'toxicity'"),
        (["--scale", "4-point"], "'scale' must be one of"),
        (["--min-cell", "0"], "min_cell must be 1 or more"),
        (["--min-voices", "0"], "min_voices must be 1 or more"),
        (["--recipe", "r.yaml", "--scale", "binary"], "leave out the options"),
        (["--recipe", "r.yaml"], "r.yaml: no such file"),
    ],
)
def test_a_mistake_is_one_line(words, message, study, pluralign):
    ran = pluralign("audit", study, *words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert message in ran.err
