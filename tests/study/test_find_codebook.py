"""Codebooks are found by their names, whatever folders lie beside."""

from pluralign_stats.study.read import find_codebook


def test_a_folder_of_the_name_of_a_shipped_codebook_is_no_codebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "csc").mkdir()
    assert find_codebook("csc").name == "csc.yaml"
    (tmp_path / "multipico").write_text("name: mine\n")
    assert find_codebook("multipico").resolve() == tmp_path / "multipico"
