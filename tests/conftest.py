"""Studies to test with: a tiny one in files, one made of a frame, a simulated one, real ones."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pluralign_stats as pls
from pluralign_stats.study.codebook_file import codebook_from
from pluralign_stats.study.tables import Tables, tabulate
from tests.here import simulate_here
from tests.once import kept, once

# Tests train in forked processes, which cannot use the threads of the process they are copied from.
os.environ.setdefault("OMP_NUM_THREADS", "1")

#: What `make test` runs, and what says of a module that nothing of it belongs there.
QUICK, EXTENDED = "not extended", "\npytestmark = pytest.mark.extended\n"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Modules of which nothing runs need not be imported: some load all that trains models."""
    quick = config.option.markexpr == QUICK and collection_path.suffix == ".py"
    return True if quick and EXTENDED in collection_path.read_text("utf-8") else None


#: Modules whose tests take long: they begin first, so that none is left to one worker in the end.
LONG = {
    "test_workflow_faults",
    "test_workflow_run",
    "test_embedded_experiment",
    "test_site",
    "test_every_notebook",
    "test_lab_browser",
    "test_odd_studies",
    "test_train_resume",
    "test_every_result",
    "test_report_build",
    "test_report_execute",
    "test_published",
    "test_brms_reference",
    "test_joint_model",
    "test_outcome_chapters",
    "test_bayesian_chapter",
    "test_attack_reports",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what reads the executed report first, then what takes long."""
    items.sort(
        key=lambda item: (
            "executed" not in getattr(item, "fixturenames", ()),
            item.path.stem not in LONG,
        )
    )


SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

TOY_CODEBOOK = """\
name: toy
title: A toy study
files: {ratings: ratings.csv, raters: raters.csv, items: items.csv}
columns: {rater: person, item: response, prompt: question}
dimensions:
  toxicity:
    column: rating_toxicity
    scale: [1, 5]
    labels:
      1: {en: strongly disagree, de: stimme überhaupt nicht zu}
      5: {en: strongly agree, de: stimme voll und ganz zu}
    valence: -1
  helpfulness:
    column: rating_helpfulness
demographics:
  gender:
    levels: [Male, Female]
    reference: Female
    recode: {she/her: Female, he/him: Male}
    declined: Prefer not to say
  politics:
    column: spectrum
    levels: [Liberal, Centre, Conservative]
    recode: {very liberal: Liberal}
    ordered: true
covariates:
  topic:
    levels: [home, work]
texts:
  response: {en: answer}
"""

TOY_RATERS = """\
person,gender,spectrum
p1,Female,Liberal
p2,Male,Liberal
p3,Female,Centre
p4,Male,Centre
p5,Female,Conservative
p6,Male,Conservative
"""

TOY_ITEMS = """\
response,question,topic,answer
a1,a,home,Yes
a2,a,home,No
b1,b,work,Perhaps
"""

#: Row 2 is the first below the header: p1 rates a1.
TOY_RATINGS = """\
person,response,rating_toxicity,rating_helpfulness
p1,a1,1,5
p1,a2,2,4
p1,b1,3,3
p2,a1,4,2
p2,a2,5,1
p2,b1,1,2
p3,a1,2,3
p3,a2,3,4
p3,b1,4,5
p4,a1,5,4
p4,a2,1,3
p4,b1,2,2
p5,a1,3,1
p5,a2,4,2
p5,b1,5,3
p6,a1,1,4
p6,a2,2,5
p6,b1,3,4
"""


@dataclass(frozen=True)
class Toy:
    """A good study in files, to be written with changes."""

    folder: Path
    files: Mapping[str, str] = field(
        default_factory=lambda: {
            "study.yaml": TOY_CODEBOOK,
            "ratings.csv": TOY_RATINGS,
            "raters.csv": TOY_RATERS,
            "items.csv": TOY_ITEMS,
        }
    )

    def changed(self, name: str, old: str, new: str) -> str:
        """Text of one file with something replaced that must be there."""
        assert old in self.files[name], f"{old!r} is not in {name}"
        return self.files[name].replace(old, new)

    def write(self, changes: Mapping[str, str | bytes | None] | None = None) -> Path:
        """Write the files, some of them changed (None leaves one out); return the codebook."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, content in {**self.files, **(changes or {})}.items():
            if isinstance(content, bytes):
                (self.folder / name).write_bytes(content)
            elif content is not None:
                (self.folder / name).write_text(content, "utf-8")
        return self.folder / "study.yaml"

    def read(self, changes: Mapping[str, str | bytes | None] | None = None) -> pls.Study:
        """Read the study, some of its files changed."""
        return pls.read_study(self.write(changes))


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A report of all chapters, executed once for all workers."""
    from tests.reports.executed import Executed, make_executed

    return Executed(once(tmp_path_factory, "executed", make_executed))


@pytest.fixture
def simulated_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let studies that are planned be simulated in this process."""
    simulate_here(monkeypatch)


@pytest.fixture
def notebooks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reports run notebooks in this process, and write figures in one format."""
    from tests.reports.in_process import run_here
    from tests.reports.little_work import draw_as

    run_here(monkeypatch)
    draw_as(monkeypatch, "svg")


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    return Toy(tmp_path / "toy")


def _study_of(frame: pd.DataFrame, **codebook: Any) -> pls.Study:
    content = {
        "name": "made",
        "files": {"ratings": "ratings.csv"},
        "columns": {"rater": "rater", "item": "item"},
        "dimensions": {"rating": {}},
        **codebook,
    }
    book = codebook_from(content, "made.yaml")
    numbered = frame.set_axis(pd.RangeIndex(2, 2 + len(frame)))
    return pls.Study.of(book, Tables(tabulate("ratings.csv", numbered, book.missing, "0" * 64)))


@pytest.fixture(scope="session")
def study_of() -> Callable[..., pls.Study]:
    """Make a study of one wide frame with columns rater and item, and parts of a codebook."""
    return _study_of


@pytest.fixture(scope="session")
def slider_study() -> pls.Study:
    """A study on three scales, 0 to 100, 1 to 5 and 0 to 1: 60 raters in two groups by 12 items.

    Everybody rates every item, so that the difference between the groups, which is planted at 12,
    0.5 and 0.12 points, is that of their plain means.
    """
    rng = np.random.default_rng(11)
    n, k = 60, 12
    rater, item = (place.ravel() for place in np.divmod(np.arange(n * k), k))
    male = rater % 2
    latent = 0.6 * rng.normal(size=n)[rater] + 0.5 * rng.normal(size=k)[item]
    latent += rng.normal(size=n * k)
    frame = pd.DataFrame(
        {
            "rater": [f"p{r:02}" for r in rater],
            "item": [f"i{i:02}" for i in item],
            "prompt": [f"q{i // 2}" for i in item],
            "gender": np.where(male, "Male", "Female"),
            "place": np.where(rater % 3 == 0, "South", "North"),
            "toxicity": (44 + 12 * male + 15 * latent).round().clip(0, 100).astype(int),
            "trust": (3 + 0.5 * male + 0.9 * latent).round().clip(1, 5).astype(int),
            "warmth": (0.44 + 0.12 * male + 0.15 * latent).round(3).clip(0, 1),
        }
    )
    return _study_of(
        frame,
        columns={"rater": "rater", "item": "item", "prompt": "prompt"},
        dimensions={
            "toxicity": {"scale": [0, 100], "valence": -1},
            "trust": {},
            "warmth": {"scale": {"from": 0, "to": 1, "continuous": True}},
        },
        demographics={"gender": {}, "place": {}},
    )


@pytest.fixture(scope="session")
def small_study() -> pls.Study:
    return pls.simulate_study(7, n_raters=60, n_prompts=8, responses_per_prompt=2)


@pytest.fixture(scope="session")
def small_effects(
    small_study: pls.Study, tmp_path_factory: pytest.TempPathFactory
) -> pls.demographics.DemographicEffects:
    return kept(tmp_path_factory, "effects", lambda: pls.demographic_effects(small_study))


@pytest.fixture(scope="session")
def small_linear_effects(
    small_study: pls.Study, tmp_path_factory: pytest.TempPathFactory
) -> pls.demographics.DemographicEffects:
    return kept(
        tmp_path_factory,
        "linear_effects",
        lambda: pls.demographic_effects(small_study, model="linear"),
    )


def _shared(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"the data folder ../shared/data/{name} is not here")
    return folder


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of small data sets with exact R output."""
    return _shared("reference")


@pytest.fixture(scope="session")
def lewidi_folder() -> Path:
    """Folder of two sets as a shared task published them, in JSON."""
    return _shared("lewidi")


@pytest.fixture(scope="session")
def trustamas_folder() -> Path:
    return _shared("trustamas")


@pytest.fixture(scope="session")
def trustamas(trustamas_folder: Path) -> pls.Study:
    return pls.read_study("trustamas", trustamas_folder)


def _thin(fit: Any, n: int) -> Any:
    draws = fit.draws
    kept = replace(
        draws,
        n_chains=1,
        coefficients=draws.coefficients[:n],
        cuts=draws.cuts[:n],
        log_scale=draws.log_scale[:n],
        covariances=tuple(c[:n] for c in draws.covariances),
        effects=tuple(u[:n] for u in draws.effects),
        joint=draws.joint[:n],
    )
    return replace(fit, draws=kept)


@pytest.fixture(scope="session")
def thinned() -> Callable[..., Any]:
    """Make a Bayesian fit with its first draws only."""
    return _thin
