"""Whole runs to test with."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TRAINING = Path(__file__).parents[1] / "training"
sys.path[:0] = [str(Path(__file__).parent), str(TRAINING), str(TRAINING / "judges")]

import small_run  # noqa: E402
import tiny  # noqa: E402
from fake_endpoint import Server  # noqa: E402


@dataclass(frozen=True)
class Reference:
    """A run that nothing disturbed."""

    base: Path
    config: Path
    out: Path
    told: str
    refused: tuple[int, str, str]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_model("llama", tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture(scope="session")
def reference(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """It runs once; meanwhile a second one is started in the same folder."""
    folder = tmp_path_factory.mktemp("reference")
    config = small_run.write_config(folder, small_run.small_config(base))
    out = folder / "out"
    first = small_run.start(config, out, "--jobs", 1)
    while not (out / ".steps" / "call.json").exists() and first.poll() is None:
        continue
    refused = small_run.run(config, out, "--jobs", 1)
    status, told, err = small_run.finish(first)
    assert status == 0, err
    return Reference(base, config, out, told + err, refused)


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
