"""Compiled functions are kept between processes until any of their sources changes."""

import pickle
from pathlib import Path

import numba
import numpy as np

import pluralign_stats
from pluralign_stats.models.bayes.transforms import warp
from pluralign_stats.models.engine import compiled
from pluralign_stats.models.engine.compiled import MODULES, SOURCE

MODELS = Path(pluralign_stats.__file__).parent / "models"


def test_all_modules_of_compiled_functions_are_listed():
    found = {
        path.relative_to(MODELS).as_posix()
        for path in MODELS.rglob("*.py")
        if "\n@compiled\n" in path.read_text("utf-8")
    }
    assert found == set(MODULES)


def test_what_is_kept_says_what_it_was_compiled_from():
    assert np.isfinite(warp(0.5)).all()
    indexes = sorted(Path(warp.stats.cache_path).glob("transforms.warp-*.nbi"))
    assert indexes
    newest = max(indexes, key=lambda path: path.stat().st_mtime)
    assert SOURCE.encode() in newest.read_bytes()


def test_what_was_compiled_from_other_sources_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))

    def compiled_from(source):
        monkeypatch.setattr(compiled, "SOURCE", source)
        made = compiled.compiled(warp.py_func)
        made(0.5)
        return sum(made.stats.cache_hits.values())

    assert [compiled_from("a"), compiled_from("a"), compiled_from("b")] == [0, 1, 0]


def test_what_is_kept_of_a_type_that_is_gone_is_compiled_again(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    expected = compiled.compiled(warp.py_func)(0.5)
    (index,) = tmp_path.rglob("*.nbi")
    index.write_bytes(pickle.dumps(numba.__version__, -1) + b"cpluralign_stats\nNoSuchType\n.")
    assert compiled.compiled(warp.py_func)(0.5) == expected
    assert SOURCE.encode() in index.read_bytes()
