"""Whole runs to test with."""

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.once import once

TRAINING = Path(__file__).parents[1] / "training"
sys.path[:0] = [str(Path(__file__).parent), str(TRAINING), str(TRAINING / "judges")]

import small_run  # noqa: E402
import tiny  # noqa: E402
from fake_endpoint import Server  # noqa: E402


@dataclass(frozen=True)
class Reference:
    """A run that nothing disturbed."""

    config: Path
    out: Path
    told: str
    refused: tuple[int, str, str]


def run_undisturbed(folder: Path) -> None:
    """Run it; meanwhile a second one is started in the same folder."""
    base = tiny.make_model("llama", folder / "base")
    config = small_run.write_config(folder, small_run.small_config(base))
    out = folder / "out"
    first = small_run.start(config, out, "--jobs", 1)
    while not (out / ".steps" / "call.json").exists() and first.poll() is None:
        time.sleep(0.01)
    refused = small_run.run(config, out, "--jobs", 1)
    status, told, err = small_run.finish(first)
    assert status == 0, err
    (folder / "told.json").write_text(json.dumps([told + err, refused]), encoding="utf-8")


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """It runs once for all workers."""
    folder = once(tmp_path_factory, "reference", run_undisturbed)
    told, refused = json.loads((folder / "told.json").read_text("utf-8"))
    return Reference(folder / "small.yaml", folder / "out", told, tuple(refused))


@pytest.fixture
def copied(reference: Reference, tmp_path: Path) -> Callable[[], Path]:
    """A copy of the undisturbed run, in another folder."""

    def copy() -> Path:
        return Path(shutil.copytree(reference.out, tmp_path / "copy"))

    return copy


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()
