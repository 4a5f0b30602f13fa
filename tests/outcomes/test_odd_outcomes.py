"""Outcome tables that are odd in one way each: what cannot be asked is said, and nothing else."""

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from made_outcomes import make_table

import pluralign_stats as pls
from pluralign_stats.designs import CONTROL
from pluralign_stats.errors import InputError, NotApplicableError
from pluralign_stats.outcomes.read import Outcomes
from tests.reports.little_work import run_chapter
from tests.reports.odd_studies import Odd, write_odd

SIZE = {"n_seeds": 2, "n_prompts": 2, "n_samples": 1, "dimensions": ("toxicity", "helpfulness")}
BOTH = {"preserve": -0.8, "majority": -0.3}

#: Names that hold what contrasts, designs and groups are put together with.
A, B, C = "Black, African American", "A vs B", "x: y"


def scores(*tables: pd.DataFrame) -> pd.DataFrame:
    """Tables in one, each run once, within 1 to 5."""
    keys = ["run", "prompt", "language", "sample", "dimension"]
    table = pd.concat(tables, ignore_index=True).drop_duplicates(keys, ignore_index=True)
    return table.assign(score=table["score"].clip(1, 5))


def strategies(**how: object) -> pd.DataFrame:
    return scores(make_table(BOTH, **{**SIZE, **how}))


def optimizers(**how: object) -> list[pd.DataFrame]:
    """Two optimizers on two objectives."""
    return [
        make_table(
            {"dpo": -0.8, "grpo": -0.2},
            factor="optimizer",
            setting={"objective": objective},
            **{**SIZE, **how},
        )
        for objective in ("toxicity", "toxicity+helpfulness")
    ]


def full() -> pd.DataFrame:
    groups = {"all": -0.6, "gender=Female": -0.8, "gender=Male": -0.4}
    return scores(
        make_table(groups, factor="group", **SIZE),
        make_table({"5-point": -0.6, "binary": -0.3}, factor="scale", **SIZE),
        make_table(BOTH, **SIZE),
        *optimizers(),
    )


def changed(table: pd.DataFrame, **columns: object) -> pd.DataFrame:
    return table.assign(**columns)


def lacking() -> pd.DataFrame:
    table = strategies()
    return table[(table["strategy"] != "majority") | (table["dimension"] != "toxicity")]


def half_missing() -> pd.DataFrame:
    table = strategies()
    return table.assign(score=table["score"].where(np.arange(len(table)) % 2 == 0))


def named() -> pd.DataFrame:
    groups = {f"gender={name}": -0.2 * k for k, name in enumerate((A, B, C), 1)}
    return scores(make_table(groups, factor="group", **SIZE), *optimizers())


def two_judges() -> pd.DataFrame:
    table = strategies()
    return table.assign(judge=np.where(np.arange(len(table)) % 2, "one", "other"))


ODD = {
    "full": full,
    "one_seed": lambda: strategies(n_seeds=1),
    "one_prompt": lambda: strategies(n_prompts=1),
    "no_control": lambda: strategies(controls=False),
    "control_only": lambda: strategies().query(f"optimizer == '{CONTROL}'"),
    "constant": lambda: changed(strategies(), score=3.0),
    "constant_by_design": lambda: strategies(noise_sd=0.0, prompt_sd=0.0),
    "all_malformed": lambda: changed(strategies(), malformed=True, score=np.nan),
    "one_design": lambda: scores(make_table({"mean": -0.5}, **SIZE)),
    "one_optimizer": lambda: scores(
        make_table({"dpo": -0.5}, factor="optimizer", **SIZE),
        make_table({"toxicity+helpfulness": -0.5}, factor="objective", **SIZE),
    ),
    "one_dimension": lambda: strategies(dimensions=("toxicity",)),
    "no_toxicity": lambda: strategies(dimensions=("helpfulness",)),
    "two_judges": two_judges,
    "a_design_lacks_a_dimension": lacking,
    "half_missing": half_missing,
    "all_missing": lambda: changed(strategies(), score=np.nan),
    "names_with_commas": named,
    "whole_scores": lambda: strategies(categories=True),
    "one_score_each": lambda: strategies(n_seeds=1, n_prompts=1),
}

#: What is refused as it is read.
REFUSED = {"no_control": "has no control", "two_judges": "scores by 2 judges"}

#: What has no model at all.
NOTHING = {"control_only", "constant", "constant_by_design", "all_malformed", "all_missing",
           "one_score_each"}  # fmt: skip

#: By table, whose designs are looked at, if not those by strategy.
FACTORS = {"names_with_commas": ("group", ("optimizer", "objective")), "full": ("scale",)}
FACTORS |= {"one_optimizer": (("optimizer", "objective"),)}


def write_study(folder: Path, scales: dict) -> Path:
    return write_odd(folder, Odd(scales, {"gender": [A, B, C]}, n_raters=36))


#: Of tables that are much alike, the chapters are run on one.
IN_CHAPTERS = ("full", "control_only", "constant_by_design", "all_malformed", "one_design",
               "no_toxicity", "a_design_lacks_a_dimension")  # fmt: skip


@pytest.fixture(scope="module")
def codebook(tmp_path_factory) -> Path:
    scales = {d: [1, 5] for d in SIZE["dimensions"]}
    return write_study(tmp_path_factory.mktemp("odd") / "study", scales)


@pytest.fixture(scope="module")
def effects(codebook) -> pls.demographics.DemographicEffects:
    """What the ratings say does not hang on the scores: it is computed once."""
    return pls.demographic_effects(pls.read_study(codebook), dimensions=["toxicity"])


def sensible(text: str) -> None:
    assert not re.search(r"\b(nan|inf|None(?! of))\b", text), text
    assert "  " not in text, text


def verbs(outcomes: Outcomes, factor: str | tuple[str, ...]):
    """What can be asked of outcomes, with the figure that shows it."""
    experiment = pls.outcomes.select_experiment(outcomes, factor)
    two, about = experiment.levels[:2], experiment.dimensions[0]
    yield lambda: pls.outcomes.against_control(experiment), pls.figures.against_control
    yield lambda: pls.outcomes.pairwise(experiment.with_overall()), pls.figures.pairwise
    yield lambda: pls.outcomes.scores(experiment), None
    if len(two) > 1:
        yield lambda: pls.outcomes.relative_gain(experiment, *two), None
        yield lambda: pls.outcomes.model_kinds(experiment, *two, about, kinds=["ordinal"]), None
    if not isinstance(factor, str):
        yield lambda: pls.outcomes.by_base_model(outcomes, factor), pls.figures.optimizers


@pytest.mark.parametrize("name", ODD)
def test_verbs_and_figures_say_what_cannot_be_asked(name, codebook, tmp_path):
    ODD[name]().to_parquet(tmp_path / "outcomes.parquet")
    study = pls.read_study(codebook)
    if name in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name]):
            pls.read_outcomes(tmp_path / "outcomes.parquet", study=study)
        return
    outcomes = pls.read_outcomes(tmp_path / "outcomes.parquet", study=study)
    shown = 0
    for factor in FACTORS.get(name, ("strategy",)):
        try:
            asked = list(verbs(outcomes, factor))
        except NotApplicableError as error:
            sensible(str(error))
            continue
        for ask, draw in asked:
            try:
                result = ask()
            except NotApplicableError as error:
                sensible(str(error))
                continue
            shown += "p_adjusted" in result.table
            sensible(result.sentence)
            if "p_adjusted" in result.table or "bounded" in result.table:
                for sentence in pls.outcomes.findings([result]):
                    sensible(sentence)
            if draw:
                draw(result)
                plt.close("all")
    assert (shown == 0) == (name in NOTHING)


@pytest.mark.extended
@pytest.mark.parametrize("name", IN_CHAPTERS)
def test_the_chapters_on_findings_and_on_the_paper(
    name, codebook, effects, tmp_path, capsys, monkeypatch
):
    ODD[name]().to_parquet(tmp_path / "outcomes.parquet")
    monkeypatch.setattr(pls, "demographic_effects", lambda *_, **__: effects)
    given = {"outcomes_file": str(tmp_path / "outcomes.parquet"), "about_raters": False}
    for number in ("14", "15"):
        printed = run_chapter(number, codebook, capsys, out=str(tmp_path / "out"), **given)
        sensible(printed)
    tables = {p.stem: json.loads(p.read_text("utf-8")) for p in tmp_path.glob("out/tables/*.json")}
    assert {"reported", "reported_percents"} <= set(tables)
    for told in tables.values():
        sensible(told["sentence"])


def test_scores_on_a_long_scale_and_on_two_scales(tmp_path):
    scales = {"toxicity": [0, 100], "helpfulness": [1, 5]}
    study = pls.read_study(write_study(tmp_path / "study", scales))
    table = strategies()
    long = table["dimension"] == "toxicity"
    stretched = changed(table, score=table["score"].where(~long, 25 * (table["score"] - 1)))
    stretched.to_parquet(tmp_path / "outcomes.parquet")
    outcomes = pls.read_outcomes(tmp_path / "outcomes.parquet", study=study)
    result = pls.outcomes.pairwise(
        pls.outcomes.select_experiment(outcomes, "strategy").with_overall()
    )
    (note,) = (note for note in result.meta.notes if "scales differ" in note)
    assert "Toxicity 0 to 100; Helpfulness 1 to 5" in note
    assert "stretched to that of Toxicity before" in note
    table.to_parquet(tmp_path / "outcomes.parquet")
    scales = {"toxicity": [1, 5], "helpfulness": [1, 5]}
    study = pls.read_study(write_study(tmp_path / "other", scales))
    outcomes = pls.read_outcomes(tmp_path / "outcomes.parquet", study=study)
    short = pls.outcomes.pairwise(
        pls.outcomes.select_experiment(outcomes, "strategy").with_overall()
    )
    assert not [note for note in short.meta.notes if "scales differ" in note]
    overall = [t.table.query("dimension == 'Overall (high is good)'") for t in (result, short)]
    assert overall[0]["estimate"].iloc[0] == pytest.approx(25 * overall[1]["estimate"].iloc[0])
