import json

from pluralign_stats import read_study, simulate_study

SMALL = ["--raters", 40, "--prompts", 5, "--responses", 2, "--items", 3]
DESIGN = {"n_raters": 40, "n_prompts": 5, "responses_per_prompt": 2, "items_per_rater": 3}


def test_the_folder_reads_back_to_the_simulated_study(pluralign, tmp_path):
    ran = pluralign("simulate", "--seed", 5, *SMALL, "--out", tmp_path / "s")
    assert (ran.status, ran.err) == (0, "")
    codebook = tmp_path / "s" / "study.yaml"
    assert f"Simulated study: {codebook}" in ran.out
    assert f"pluralign report {codebook}" in ran.out
    made = simulate_study(5, **DESIGN)
    assert read_study(codebook).fingerprint == made.fingerprint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"]


def test_the_plain_command_simulates_the_published_design(pluralign, tmp_path):
    assert pluralign("simulate", "--seed", 3, "--out", tmp_path / "s").status == 0
    study = read_study(tmp_path / "s" / "study.yaml")
    assert study.fingerprint == simulate_study(3).fingerprint
    assert study.summary_counts()["raters"] == 1095


def test_json(pluralign, tmp_path):
    ran = pluralign("simulate", *SMALL, "--missing", 0, "--out", tmp_path / "s", "--json")
    content = json.loads(ran.out)
    assert content["study"] == str(tmp_path / "s" / "study.yaml")
    assert (content["seed"], content["raters"], content["ratings"]) == (1, 40, 40 * 3 * 5)


def test_the_other_reading(pluralign, tmp_path):
    pluralign("simulate", *SMALL, "--reading", "mean", "--out", tmp_path / "s")
    assert read_study(tmp_path / "s" / "study.yaml").truth.reading == "mean"


def test_an_existing_folder_is_refused(pluralign, tmp_path):
    pluralign("simulate", *SMALL, "--out", tmp_path / "s")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    ran = pluralign("simulate", "--seed", 2, *SMALL, "--out", tmp_path / "s")
    assert (ran.status, ran.out) == (2, "")
    assert "exists already; name a new folder" in ran.err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
