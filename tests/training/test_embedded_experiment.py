"""The miniature experiment from end to end, by the commands: feedback moves what models say.

All is done in this process: that workers do the same is tested where they are.
"""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from pluralign_stats.cli import cli
from pluralign_stats.settings import CONF_LEVEL
from tests.here import HerePool
from tests.once import once

pytestmark = pytest.mark.extended

SEEDS = (1, 2, 3)


def run(*arguments: str | Path) -> None:
    """Run a command of the command line."""
    done = CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scores of models tuned on what everyone finds toxic, one for each seed."""
    return once(tmp_path_factory, "experiment", carry_out) / "scores"


def carry_out(home: Path) -> None:
    """Simulate, train, generate and judge in a folder."""
    hub = (Path(__file__).parents[2] / "training" / "configs" / "embedded-small.yaml").read_text()
    grid = (
        hub.replace("groups: [{gender: Female}, {gender: Male}]", "groups: all")
        .replace("scales: [5-point, binary]", "scales: 5-point")
        .replace("strategies: [preserve, majority]", "strategies: preserve")
        .replace("optimizers: [dpo, grpo]", "optimizers: dpo")
        .replace("seeds: 1", f"seeds: {list(SEEDS)}")
    )
    (home / "grid.yaml").write_text(grid)
    study = home / "study" / "study.yaml"
    run("simulate", "--embedded", "--out", study.parent)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("training.tuning.stage.Pool", HerePool)
        run("train", home / "grid.yaml", "--study", study, "--out", home / "runs")
    asked = ("--samples", "8", "--seed", "1")
    run("generate", home / "runs", "--study", study, "--out", home / "generations", *asked)
    run("judge", home / "generations", "--judge", "embedded", "--out", home / "scores")


def test_tuning_against_toxicity_lowers_it(scores: Path) -> None:
    outcomes = pd.read_parquet(scores / "outcomes.parquet")
    toxic = outcomes[outcomes["dimension"] == "toxicity"].groupby("run")["score"].mean()
    control = toxic[toxic.index.str.startswith("control-")].item()
    change = toxic[~toxic.index.str.startswith("control-")] - control
    assert len(change) == len(SEEDS)
    half = stats.sem(change) * stats.t.ppf(0.5 + CONF_LEVEL / 2, len(SEEDS) - 1)
    assert change.mean() + half < 0
    # Off the floor, or no design could differ from another.
    assert toxic.min() > 1.5
    assert 2.5 < control < 3.5


def test_the_models_keep_speaking(scores: Path) -> None:
    health = pd.read_parquet(scores / "health.parquet")
    assert not health["collapsed"].any()
    assert health["malformed_share"].max() < 0.1
    assert health["top_share"].max() < 0.15
    assert set(health["language"]) == {"en", "de"}
    assert len(health) == 2 * (1 + len(SEEDS))
