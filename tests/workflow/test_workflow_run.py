"""A whole run, called again: what is done, and what is not."""

import hashlib
import json

import pandas as pd
import pytest
from small_run import results, run, write_config

from pluralign_stats.study.yaml_file import parse_yaml

pytestmark = pytest.mark.extended


def test_a_run_ends_with_one_outcome_for_each_answer(reference) -> None:
    (table,) = reference.out.glob("scores/*/outcomes.parquet")
    scores = pd.read_parquet(table)
    plan = json.loads((reference.out / "plan.json").read_text())
    tuned = {row["id"] for row in plan["conditions"]}
    assert len(tuned) == 3
    assert tuned < set(scores["run"])
    assert set(scores["run"]) - tuned == {
        name for name in scores["run"] if name.startswith("control-")
    }
    assert set(scores["language"]) == {"en", "de"}
    assert "train all-binary" in reference.told
    assert str(table) in reference.told


def test_two_runs_in_one_folder_the_second_is_refused(reference) -> None:
    status, out, err = reference.refused
    assert (status, out) == (2, "")
    assert "another run is writing to" in err
    assert err.count("\n") == 1


def test_called_again_it_does_nothing_also_where_the_work_is_shared_otherwise(
    reference, copied
) -> None:
    out = copied()
    logs = sorted((out / ".steps").glob("[!s]*.log"))
    before = [path.stat().st_mtime_ns for path in logs]
    status, told, err = run(reference.config, out, "--json", "--jobs", 3)
    assert status == 0, err
    assert json.loads(told)["done"] == []
    assert [path.stat().st_mtime_ns for path in logs] == before


def test_a_new_judge_judges_and_nothing_else(reference, copied, server, tmp_path) -> None:
    """It is down at first: what it is asked meanwhile is asked again, and nothing else."""
    from fake_endpoint import completion, refusal

    names = ["stereotypical_bias", "toxicity", "emotional_awareness", "sensitivity", "helpfulness"]
    scores = completion(dict.fromkeys(names, 3))
    server.behave = lambda asked: refusal(503, "down") if asked.number < 2 else scores
    config = parse_yaml(reference.config.read_text(), "run")
    given = {"model": "m", "base_url": server.url, "retries": 0, "concurrency": 1}
    config["judges"] = {"paid": {"judge": "endpoint", "options": given, "patience": 2}}
    out = copied()
    status, told, err = run(
        write_config(tmp_path, config), out, "--json", "--jobs", 1, OPENAI_API_KEY="none"
    )
    assert status == 0, err
    assert json.loads(told)["done"] == ["items-paid", "judge-paid"]
    (table,) = out.glob("judged/paid/item_scores.parquet")
    assert set(pd.read_parquet(table)["score"]) == {3}
    assert list(out.glob("scores/paid/outcomes.parquet"))
    assert len(list(out.glob("scores/[!.]*"))) == 2


def test_what_came_of_each_condition_is_noted_by_its_content(reference) -> None:
    marks = sorted(reference.out.glob("runs/*/complete.json"))
    digests = {p.parent.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in marks}
    (told,) = (json.loads(p.read_text()) for p in reference.out.glob("trained/*.json"))
    assert told == {"runs": digests, "failed": {}}
    assert len(digests) == 3
    assert results(reference.out)
