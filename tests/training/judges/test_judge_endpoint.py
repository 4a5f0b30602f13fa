"""The endpoint judge against servers that fail in every way."""

import asyncio
import json
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from fake_endpoint import Reply, completion, refusal

from pluralign_stats import InputError
from training.judgement import Answer, Judge, Judgement
from training.judges.cache import ReplyCache
from training.judges.endpoint import EndpointJudge
from training.judges.faults import JudgeStoppedError, back_off
from training.judges.options import EndpointOptions
from training.judges.rubric import default_rubric

RUBRIC = default_rubric(["toxicity", "helpfulness"])
GOOD = {"toxicity": 2, "helpfulness": 5}
SCORES = {"toxicity": 2.0, "helpfulness": 5.0}
NOTHING = {"toxicity": None, "helpfulness": None}
ONE = Answer("How are you?", "Fine.", "en")


def answers(n):
    return [Answer("Say a number.", f"number <{k}>", "en") for k in range(n)]


@pytest.fixture
def judge_at(tmp_path):
    def make(url, **options):
        quick = {"first_wait": 0.01, "longest_wait": 0.05, "retries": 3, "timeout": 600.0}
        options = EndpointOptions("m", url, **{**quick, **options})
        return EndpointJudge(options, RUBRIC, ReplyCache(tmp_path / "replies.jsonl"))

    return make


def in_turn(*replies):
    """Answer the first requests as given, and all after them well."""
    return lambda request: (
        replies[request.number] if request.number < len(replies) else completion(GOOD)
    )


def test_scores_come_through(server, judge_at):
    server.behave = lambda request: completion(GOOD)
    judge = judge_at(server.url)
    assert isinstance(judge, Judge)
    assert judge.judge([ONE]) == [Judgement(SCORES)]
    (request,) = server.requests
    assert request.body["model"] == "m"
    assert request.body["temperature"] == 0
    asked = request.body["response_format"]["json_schema"]
    assert asked["strict"]
    assert asked["schema"]["required"] == ["toxicity", "helpfulness"]
    assert judge.usage["calls"] == 1
    assert judge.usage["tokens"] == 100


def test_judgements_stand_in_the_order_of_answers_and_equal_ones_are_asked_once(server, judge_at):
    def behave(request):
        number = int(request.text.split("number <")[1].split(">")[0])
        return completion({"toxicity": 1 + number % 5, "helpfulness": 1})

    server.behave = behave
    asked = answers(7) + answers(7)[::-1]
    found = judge_at(server.url, concurrency=4).judge(asked)
    numbers = [*range(7), *reversed(range(7))]
    assert [j.scores["toxicity"] for j in found] == [1 + n % 5 for n in numbers]
    assert len(server.requests) == 7


def test_an_empty_answer_is_malformed_and_costs_nothing(server, judge_at):
    found = judge_at(server.url).judge([Answer("p", " \n", "en")])
    assert found == [Judgement(NOTHING, malformed=True, note="the answer is empty")]
    assert server.requests == []


def test_no_more_calls_at_once_than_asked_for(server, judge_at):
    together = threading.Barrier(3)

    def behave(request):
        together.wait(600)
        return completion(GOOD)

    server.behave = behave
    judge_at(server.url, concurrency=3).judge(answers(12))
    assert server.most_at_once == 3


def test_the_mean_of_repeats(server, judge_at):
    server.behave = lambda r: completion({"toxicity": 1 + r.number, "helpfulness": 3})
    (found,) = judge_at(server.url, repeats=3, concurrency=1).judge([ONE])
    assert found.scores == {"toxicity": 2.0, "helpfulness": 3.0}
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "fault",
    [
        refusal(429, "slow down"),
        refusal(500, "oops"),
        refusal(503, "busy"),
        Reply(200, "<html>proxy</html>"),
        Reply(200, '{"id": "x", "choi', {}),
        Reply(200, '{"error": "overloaded"}'),
        Reply(200, completion(GOOD).body, {"content-length": "99999"}),
    ],
    ids=["429", "500", "503", "html", "cut JSON", "error in 200", "connection cut"],
)
def test_faults_that_pass_are_waited_out(server, judge_at, fault):
    server.behave = in_turn(fault, fault)
    judge = judge_at(server.url, timeout=5 if "content-length" in fault.headers else 600)
    assert judge.judge([ONE]) == [Judgement(SCORES)]
    assert len(server.requests) == 3
    assert judge.usage["retries"] == 2


def test_a_server_that_hangs(server, judge_at):
    over = threading.Event()

    def behave(request):
        if not request.number:
            over.wait(600)
        return completion(GOOD)

    server.behave = behave
    try:
        judge = judge_at(server.url, timeout=2.0, retries=10**6)
        assert judge.judge([ONE]) == [Judgement(SCORES)]
        assert judge.usage["retries"] >= 1  # the first call was given up while it still hung
    finally:
        over.set()


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured_by_all_calls(server, judge_at, as_date):
    begun = time.monotonic()
    times = []

    def behave(request):
        times.append(time.monotonic() - begun)
        if request.number:
            return completion(GOOD)
        later = datetime.now(UTC) + timedelta(seconds=2.0)
        told = format_datetime(later, usegmt=True) if as_date else "1"
        return Reply(429, refusal(429, "wait").body, {"retry-after": told})

    server.behave = behave
    judge_at(server.url, concurrency=1).judge(answers(3))
    assert len(times) == 4
    assert min(times[1:]) >= 0.9


def test_waits_double_up_to_the_longest_and_never_undercut_the_server():
    failed = [SimpleNamespace(attempt_number=k) for k in range(1, 9)]
    waits = [back_off(state, 1, 20, None) for state in failed]
    for k, wait in enumerate(waits):
        assert 0.75 * min(2**k, 20) <= wait <= min(2**k, 20)
    assert back_off(failed[0], 1, 20, 33.0) == 33


def test_a_server_that_stays_down_ends_judging_in_one_line(server, judge_at):
    server.behave = lambda request: refusal(500, "oops") if request.number > 3 else completion(GOOD)
    judge = judge_at(server.url, concurrency=1)
    with pytest.raises(JudgeStoppedError, match="server error 500") as told:
        judge.judge(answers(10))
    assert "run the command again, it goes on from there" in str(told.value)
    assert "\n" not in str(told.value)
    server.behave = lambda request: completion(GOOD)
    assert judge_at(server.url).judge(answers(10)) == [Judgement(SCORES)] * 10
    assert set(server.answered.values()) == {1}


def test_nobody_listens(judge_at, server):
    url = server.url
    server.close()
    judge = judge_at(url)
    heard = []
    judge.tell(heard.append)
    with pytest.raises(JudgeStoppedError, match="cannot be reached") as told:
        judge.judge(answers(20))
    assert url in str(told.value)
    assert "4 attempts" in str(told.value)


def test_one_says_so_when_one_has_to_wait(server, judge_at):
    server.behave = in_turn(refusal(500, "oops"))
    judge = judge_at(server.url, first_wait=1.4, longest_wait=1.4)
    heard = []
    judge.tell(heard.append)
    judge.judge([ONE])
    assert heard == ["server error 500: attempt 1 of 4, next in 1 s"]


def test_an_answer_on_which_the_server_fails_costs_no_other_its_score(server, judge_at):
    def behave(request):
        poison = "<3>" in request.text
        return refusal(500, "oops") if poison else completion(GOOD)

    server.behave = behave
    found = judge_at(server.url, concurrency=2, retries=2, first_wait=0.05).judge(answers(30))
    assert found[3] == Judgement(NOTHING, note="server error 500")
    assert [j for k, j in enumerate(found) if k != 3] == [Judgement(SCORES)] * 29


def test_an_answer_on_which_the_server_fails_does_not_stand_in_the_way(server, judge_at):
    """Also where the server has no other answer to show that it works."""
    server.behave = lambda r: refusal(500, "oops") if "<1>" in r.text else completion(GOOD)
    failed = Judgement(NOTHING, note="server error 500")
    good = Judgement(SCORES)
    assert judge_at(server.url, concurrency=1).judge(answers(3)) == [good, failed, good]
    assert judge_at(server.url, concurrency=1).judge(answers(3)) == [good, failed, good]
    assert set(server.answered.values()) == {0, 1}


def test_many_such_answers_are_borne_as_long_as_others_are_answered(server, judge_at):
    def behave(request):
        number = int(request.text.split("number <")[1].split(">")[0])
        return refusal(500, "oops") if number % 2 else completion(GOOD)

    server.behave = behave
    found = judge_at(server.url, concurrency=1, retries=0).judge(answers(16))
    assert [j.note for j in found] == ["", "server error 500"] * 8


def test_a_server_that_worked_once_is_given_up_after_some_answers(server, judge_at):
    server.behave = in_turn(completion(GOOD))
    judge_at(server.url).judge([ONE])
    server.behave = lambda request: refusal(500, "oops")
    with pytest.raises(JudgeStoppedError, match=r"server error 500.*kept so far: 1 calls, 100 tok"):
        judge_at(server.url, concurrency=1, retries=1).judge(answers(30))
    assert len(server.requests) == 1 + 5 * 2


UNUSABLE = {
    "truncated": ('{"toxicity": 2, "helpf', "breaks off inside its JSON"),
    "prose": ("I would say two.", "is not JSON"),
    "a list": ("[2, 5]", "no JSON object"),
    "empty": ("", "is empty"),
    "none": (None, "is empty"),
    "missing key": ('{"toxicity": 2}', "lacks the key 'helpfulness'"),
    "extra key": ('{"toxicity": 2, "helpfulness": 5, "mood": 1}', "not asked for"),
    "key twice": ('{"toxicity": 2, "toxicity": 3, "helpfulness": 5}', "a key twice"),
    "out of range": ('{"toxicity": 6, "helpfulness": 5}', "none of 1 to 5"),
    "zero": ('{"toxicity": 0, "helpfulness": 5}', "none of 1 to 5"),
    "half": ('{"toxicity": 2.5, "helpfulness": 5}', "none of 1 to 5"),
    "NaN": ('{"toxicity": NaN, "helpfulness": 5}', "none of 1 to 5"),
    "text": ('{"toxicity": "2", "helpfulness": 5}', "no number"),
    "true": ('{"toxicity": true, "helpfulness": 5}', "no number"),
    "deep": ("[" * 100_000, "not JSON"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_reply_is_asked_for_again_and_then_counted(server, judge_at, case):
    text, reason = UNUSABLE[case]
    server.behave = lambda request: completion(text)
    (found,) = judge_at(server.url).judge([ONE])
    assert found.scores == NOTHING
    assert not found.malformed
    assert reason in found.note
    assert len(server.requests) == 3
    assert reason in server.requests[1].text


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (completion('{"toxicity": 2, "helpful', "length"), "longer than 512 tokens"),
        (completion(None, refusal="I will not."), "refused to reply"),
        (completion("", "content_filter"), "content filter"),
    ],
)
def test_replies_that_the_endpoint_broke_off(server, judge_at, reply, reason):
    server.behave = lambda request: reply
    (found,) = judge_at(server.url).judge([ONE])
    assert reason in found.note


def test_a_usable_reply_after_an_unusable_one(server, judge_at):
    server.behave = in_turn(completion("Hm."))
    assert judge_at(server.url).judge([ONE]) == [Judgement(SCORES)]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "text",
    [
        '<think>Is {"toxicity": 9} right?</think>\n' + json.dumps(GOOD),
        "```json\n" + json.dumps(GOOD) + "\n```",
        json.dumps({"toxicity": 2.0, "helpfulness": 5}),
    ],
)
def test_thoughts_and_fences_are_taken_off(server, judge_at, text):
    server.behave = lambda request: completion(text)
    assert judge_at(server.url).judge([ONE]) == [Judgement(SCORES)]


def test_a_server_without_structured_output(server, judge_at):
    def behave(request):
        kind = request.body.get("response_format", {}).get("type")
        return refusal(400, f"response_format {kind} unknown") if kind else completion(GOOD)

    server.behave = behave
    judge = judge_at(server.url, concurrency=1)
    assert judge.judge(answers(3)) == [Judgement(SCORES)] * 3
    assert len(server.requests) == 5
    assert judge.usage["form"]["format"] == "plain"
    judge_at(server.url, concurrency=1).judge(answers(4))
    assert len(server.requests) == 6, "the form is remembered"


def test_a_server_with_its_own_parameters(server, judge_at):
    def behave(request):
        if "max_tokens" in request.body:
            return refusal(400, "'max_tokens' is not supported, use 'max_completion_tokens'")
        if "temperature" in request.body:
            return refusal(400, "'temperature' does not support 0 with this model")
        return completion(GOOD)

    server.behave = behave
    judge = judge_at(server.url)
    assert judge.judge([ONE]) == [Judgement(SCORES)]
    assert judge.usage["form"] == {
        "format": "json_schema",
        "limit": "max_completion_tokens",
        "temperature": False,
    }


def test_an_answer_that_the_server_will_not_look_at_changes_nothing_for_others(server, judge_at):
    def behave(request):
        return refusal(400, "content") if "<0>" in request.text else completion(GOOD)

    server.behave = behave
    judge = judge_at(server.url, concurrency=1)
    found = judge.judge(answers(3))
    assert found[0].note == "the server refused the request (400)"
    assert found[1:] == [Judgement(SCORES)] * 2
    assert judge.usage["form"]["format"] == "json_schema"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (refusal(401, "bad key"), r"key is not accepted \(401\)"),
        (refusal(404, "no model m"), r"no such model or address \(404\)"),
        (refusal(429, "pay", code="insufficient_quota"), "no credit left"),
        (refusal(402, "pay"), "no credit left"),
        (Reply(429, refusal(429, "x").body, {"retry-after": "7200"}), "asks to wait 7,200 s"),
        (refusal(400, "the context is 10 tokens long"), "refused the request"),
    ],
)
def test_faults_that_do_not_pass_end_judging_at_once(server, judge_at, reply, told):
    server.behave = lambda request: reply
    with pytest.raises(JudgeStoppedError, match=told):
        judge_at(server.url, concurrency=1).judge(answers(20))
    assert len(server.requests) <= 15


def test_a_budget_of_calls_is_never_exceeded_and_can_be_raised(server, judge_at):
    server.behave = lambda request: completion(GOOD)
    judge = judge_at(server.url, budget_calls=5, concurrency=4)
    with pytest.raises(JudgeStoppedError, match=r"of 5 calls is spent.*: 5 calls, 500 tokens$"):
        judge.judge(answers(12))
    assert len(server.requests) == 5
    with pytest.raises(JudgeStoppedError, match="budget of 5 calls"):
        judge_at(server.url, budget_calls=5).judge(answers(12))
    assert len(server.requests) == 5
    found = judge_at(server.url, budget_calls=12).judge(answers(12))
    assert found == [Judgement(SCORES)] * 12
    assert len(server.requests) == 12


def test_a_budget_of_tokens(server, judge_at):
    server.behave = lambda request: completion(GOOD)
    with pytest.raises(JudgeStoppedError, match="budget of 250 tokens is spent"):
        judge_at(server.url, budget_tokens=250, concurrency=1).judge(answers(12))
    assert len(server.requests) == 3


def test_unusable_replies_are_paid_once_too(server, judge_at):
    server.behave = lambda request: completion("Hm.")
    first = judge_at(server.url).judge([ONE])
    assert judge_at(server.url).judge([ONE]) == first
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({}, 0),
        ({"concurrency": 1, "retries": 9}, 0),
        ({"temperature": 0.5}, 1),
        ({"max_tokens": 99}, 1),
        ({"repeats": 2}, 1),
    ],
)
def test_what_decides_a_reply_is_part_of_its_key(server, judge_at, change, calls):
    server.behave = lambda request: completion(GOOD)
    judge_at(server.url).judge([ONE])
    judge_at(server.url, **change).judge([ONE])
    assert len(server.requests) == 1 + calls


def test_another_rubric_is_asked_again_in_the_same_words(server, tmp_path):
    server.behave = lambda request: completion(GOOD)
    for edition in ("1", "2", "2"):
        rubric = RUBRIC.model_copy(update={"edition": edition})
        cache = ReplyCache(tmp_path / "replies.jsonl")
        EndpointJudge(EndpointOptions("m", server.url), rubric, cache).judge([ONE])
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": "many"}, {"total_tokens": 1.5}])
def test_a_reply_without_a_sound_count_of_tokens_is_paid_once(server, judge_at, usage):
    body = json.loads(completion(GOOD).body) | {"usage": usage}
    server.behave = lambda request: Reply(200, json.dumps(body))
    judge = judge_at(server.url)
    assert judge.judge([ONE]) == [Judgement(SCORES)]
    assert (len(server.requests), judge.usage["tokens"]) == (1, 0)


def test_the_key_is_sent_and_neither_kept_nor_told(server, judge_at, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden\r\n")
    server.behave = in_turn(refusal(500, "sk-hidden fails"), completion(GOOD))
    judge = judge_at(server.url, concurrency=1)
    judge.judge([ONE])
    assert {request.key for request in server.requests} == {"Bearer sk-hidden"}
    server.behave = lambda request: refusal(401, "no such key: sk-hidden")
    with pytest.raises(JudgeStoppedError, match=r"no such key: \(key\)") as told:
        judge.judge(answers(2))
    assert "hidden" not in str(told.value)
    assert "hidden" not in f"{judge.usage} {judge.settings}"
    kept = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any("hidden" in text for text in kept)


def test_it_works_where_a_loop_runs_already(server, judge_at):
    server.behave = lambda request: completion(GOOD)

    async def in_a_notebook():
        return judge_at(server.url).judge([ONE])

    assert asyncio.run(in_a_notebook()) == [Judgement(SCORES)]


def test_calls_under_way_are_kept_when_one_interrupts(server, judge_at, tmp_path):
    def behave(request):
        if request.number == 1:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        return completion(GOOD)

    server.behave = behave
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    try:
        with pytest.raises(KeyboardInterrupt):
            judge_at(server.url, concurrency=2).judge(answers(20))
    finally:
        signal.signal(signal.SIGINT, before)
    assert threading.main_thread() is threading.current_thread()
    assert ReplyCache(tmp_path / "replies.jsonl").calls == len(server.requests) <= 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"base_url": "localhost:8000"}, "must begin with http:// or https://"),
        ({"base_url": "http://me:secret@localhost/v1"}, "must end at its path and name no user"),
        ({"base_url": "https://host/v1?api_key=secret"}, "must end at its path and name no user"),
        ({"repeats": 0}, "'repeats' must be 1 or more, not 0"),
        ({"concurrency": 0}, "'concurrency' must be 1"),
        ({"temperature": float("nan")}, "'temperature' must be 0"),
        ({"timeout": 0}, "'timeout' must be above 0"),
        ({"budget_calls": 0}, "'budget_calls' must be 1"),
    ],
)
def test_options_that_make_no_sense(options, told):
    with pytest.raises(InputError, match=told) as error:
        EndpointOptions("m", **options)
    assert "secret" not in str(error.value)


def test_an_address_in_the_environment_is_checked_too(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:8000/v1")
    with pytest.raises(InputError, match="must begin with http"):
        EndpointOptions("m")


def test_openai_needs_a_key_and_a_server_of_ones_own_does_not(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("MY_KEY", raising=False)
    options = EndpointOptions("m", api_key_env="MY_KEY")
    with pytest.raises(InputError, match="MY_KEY holds no key"):
        _ = options.key
    assert EndpointOptions("m", "http://localhost:1/v1", "MY_KEY").key == "none"
    monkeypatch.setenv("MY_KEY", "secret")
    assert options.key == "secret"
    monkeypatch.setenv("MY_KEY", "sécret")
    with pytest.raises(InputError, match="MY_KEY holds characters that no key has"):
        _ = options.key
