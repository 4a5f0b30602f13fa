"""The endpoint judge against a real server: `transformers serve` with a tiny model."""

import pytest

from training.judgement import Answer
from training.judges.cache import ReplyCache
from training.judges.endpoint import EndpointJudge
from training.judges.options import EndpointOptions
from training.judges.rubric import default_rubric

pytestmark = pytest.mark.extended

ANSWERS = [Answer("Who cooks?", text, "en") for text in ("Everybody.", "Nobody.", " ")]


@pytest.mark.extended
def test_a_real_server_whose_model_talks_nonsense(served_model, tmp_path):
    url, model = served_model
    options = EndpointOptions(model, url, max_tokens=12, tries=2, concurrency=2, retries=2)
    judge = EndpointJudge(options, default_rubric(), ReplyCache(tmp_path / "replies.jsonl"))
    first, second, empty = judge.judge(ANSWERS)
    for found in (first, second):
        assert set(found.scores.values()) == {None}
        assert not found.malformed
        assert found.note == "the reply is longer than 12 tokens"
    assert empty.malformed
    assert judge.usage["calls"] == 4
    assert judge.usage["tokens"] > 4 * 12

    again = EndpointJudge(options, default_rubric(), ReplyCache(tmp_path / "replies.jsonl"))
    assert again.judge(ANSWERS) == [first, second, empty]
    assert again.usage["calls"] == 0
