import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from pluralign_stats import write_simulated_study
from pluralign_stats.outcomes.schema import FACTORS
from pluralign_stats.storage.folders import commit, is_complete, staging_folder

FIVE = "stereotypical_bias toxicity emotional_awareness sensitivity helpfulness"
SCORES = dict.fromkeys(FIVE.split(), 2)


@pytest.fixture(scope="module")
def codebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged") / "study"
    return write_simulated_study(folder, 1, n_raters=40, n_prompts=3, responses_per_prompt=2)


@pytest.fixture
def generations(tmp_path):
    folder = tmp_path / "generations"
    working = staging_folder(folder / "a-run")
    row = {"run": "a-run", "prompt": "p", "language": "en", "prompt_text": "Who cooks?"}
    rows = [{**row, "sample": k, "response": f"Answer {k}."} for k in range(6)]
    more = {"thinking": None, "n_tokens": 3, "finished": True, "base_logprob": -1.0, "seed": 1}
    pd.DataFrame(rows).assign(**more).to_parquet(working / "generations.parquet")
    factors = {**dict.fromkeys(FACTORS, "x"), "scale": "binary", "objective": "toxicity", "seed": 1}
    told = {"id": "a-run", "factors": factors, "base_model": "b"}
    (working / "run.json").write_text(json.dumps(told))
    commit(working, folder / "a-run", {})
    return folder


class Endpoint(BaseHTTPRequestHandler):
    """Gives every answer the same scores; anything after the 4th call fails if told so."""

    calls = 0
    fails = False

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Endpoint.calls += 1
        failing = Endpoint.fails and Endpoint.calls > 4
        message = {"role": "assistant", "content": json.dumps(SCORES)}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
        content = json.dumps({**body, "choices": [choice], "usage": {"total_tokens": 9}}).encode()
        self.send_response(503 if failing else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr(Endpoint, "calls", 0)
    monkeypatch.setattr(Endpoint, "fails", False)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{http.server_port}/v1"
    yield ["--judge", "endpoint", "--model", "m", "--base-url", address, "--concurrency", 1]
    http.shutdown()
    http.server_close()


def test_generations_are_scored(pluralign, generations, endpoint, tmp_path):
    out = tmp_path / "scores"
    ran = pluralign("judge", generations, "--out", out, *endpoint)
    assert ran.status == 0
    assert "6 generations judged, 0 of them malformed." in ran.out
    assert "6 calls, 54 tokens, 0 replies from the cache." in ran.out
    assert "1/1 a-run" in ran.err
    table = pd.read_parquet(out / "outcomes.parquet")
    assert len(table) == 30
    assert set(table["score"]) == {2.0}
    assert set(table["judge"]) == {"endpoint:m"}
    assert is_complete(out)
    again = pluralign("judge", generations, "--out", out, *endpoint, "--json")
    assert again.err == ""
    told = json.loads(again.out)
    assert (told["made"], told["kept"], told["usage"]["calls"]) == ([], ["a-run"], 0)
    assert told["scores"] == str(out / "outcomes.parquet")
    assert Endpoint.calls == 6


def test_an_endpoint_that_goes_down_and_comes_back(pluralign, generations, endpoint, tmp_path):
    out = tmp_path / "scores"
    Endpoint.fails = True
    ran = pluralign("judge", generations, "--out", out, *endpoint, "--retries", 0)
    assert (ran.status, ran.out) == (2, "")
    lines = [line for line in ran.err.splitlines() if line.startswith("pluralign:")]
    assert len(lines) == 1
    assert "server error 503" in lines[0]
    assert "run the command again, it goes on from there" in lines[0]
    assert not is_complete(out)
    Endpoint.fails = False
    assert pluralign("judge", generations, "--out", out, *endpoint).status == 0
    assert Endpoint.calls == 5 + 2


def test_a_budget(pluralign, generations, endpoint, tmp_path):
    out = tmp_path / "scores"
    ran = pluralign("judge", generations, "--out", out, *endpoint, "--budget-calls", 4)
    assert ran.status == 2
    assert "larger --budget-calls" in ran.err
    assert Endpoint.calls == 4
    ran = pluralign("judge", generations, "--out", out, *endpoint, "--budget-calls", 6)
    assert ran.status == 0
    assert Endpoint.calls == 6


def test_the_responses_of_a_study(pluralign, codebook, endpoint, tmp_path):
    out = tmp_path / "judged"
    ran = pluralign("judge", codebook, "--out", out, *endpoint)
    assert ran.status == 0
    assert "12 responses judged" in ran.out
    assert f"-p judge_scores_file={out / 'item_scores.parquet'}" in ran.out
    table = pd.read_parquet(out / "item_scores.parquet")
    assert len(table) == 6 * 2 * 5


def test_the_embedded_judge(pluralign, generations, tmp_path):
    ran = pluralign("judge", generations, "--out", tmp_path / "s", "--judge", "embedded")
    assert ran.status == 0
    assert "6 of them malformed" in ran.out
    assert pd.read_parquet(tmp_path / "s" / "outcomes.parquet")["score"].isna().all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--judge", "embeded"], "did you mean 'embedded'?"),
        (["--judge", "embedded", "--model", "m"], "'embedded' has no option --model"),
        (["--judge", "endpoint"], "'endpoint' needs --model"),
        (["--judge", "classifier"], "'classifier' needs --model"),
        (["--judge", "endpoint", "--model", "m", "--batch", 2], "has no option --batch"),
        (["--judge", "endpoint", "--model", "m", "--repeats", 0], "'repeats' must be 1 or more"),
        (
            ["--judge", "endpoint", "--model", "m", "--api-key-env", "NO_SUCH_KEY"],
            "NO_SUCH_KEY holds no key",
        ),
        (["--judge", "classifier", "--model", "/no/such", "--dimension", "x"], "cannot be loaded"),
    ],
)
def test_judges_that_cannot_be_made(pluralign, generations, tmp_path, words, told, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    ran = pluralign("judge", generations, "--out", tmp_path / "scores", *words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("pluralign: ")
    assert ran.err.count("\n") == 1
    assert told in ran.err
    assert not (tmp_path / "scores").exists()


def test_sources_that_cannot_be_judged(pluralign, generations, codebook, tmp_path):
    rest = ["--out", tmp_path / "scores", "--judge", "embedded"]
    ran = pluralign("judge", tmp_path / "nothing", *rest)
    assert ran.status == 2
    assert "generations are a folder" in ran.err
    assert "holds no complete run" in pluralign("judge", tmp_path, *rest).err
    assert "leave out --study" in pluralign("judge", codebook, "--study", codebook, *rest).err
    ran = pluralign("judge", generations, "--out", generations, "--judge", "embedded")
    assert "is the folder that is read" in ran.err


def test_help_reads_like_a_manual(pluralign):
    ran = pluralign("judge", "--help")
    assert ran.status == 0
    for word in ("embedded", "endpoint", "classifier", "--budget-calls", "item_scores.parquet"):
        assert word in ran.out
