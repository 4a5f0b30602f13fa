"""A judge behind any endpoint that speaks OpenAI's chat completions."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any
from urllib.parse import urlsplit

from pluralign_stats.errors import InputError, MissingExtraError
from training.judges.cache import ReplyCache
from training.judges.calls import Caller, Question, Reply
from training.judges.faults import JudgeStoppedError
from training.judges.protocol import Answer, Judgement
from training.judges.reply import UnusableReplyError, read_reply
from training.judges.rubric import Rubric

#: Seconds that calls under way are given to end when the user interrupts.
_GRACE = 10.0

#: Where OpenAI's own client sends calls if nothing else is said.
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True)
class EndpointOptions:
    """How to ask an endpoint.

    Attributes
    ----------
    model
        Name of the model there.
    base_url
        Address up to ``/v1``; by default that of the environment variable OPENAI_BASE_URL, else
        OpenAI's.
    api_key_env
        Environment variable that holds the key. Servers at a `base_url` may need none.
    temperature
        0 asks for the likeliest reply.
    max_tokens
        Longest reply, the thinking of a reasoning model included.
    repeats
        How often each answer is judged; its score is the mean.
    tries
        How often a judgement is asked for when replies cannot be used.
    concurrency
        Most calls at once.
    timeout
        Seconds after which a call is given up.
    retries
        How often a call is sent again after 429, 5xx, timeouts and lost connections.
    first_wait, longest_wait
        Seconds before the first retry, doubled with each, and the longest of them.
    budget_calls, budget_tokens
        Most calls, and most tokens of prompts and replies, that the cache may come to hold.
    """

    model: str
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    temperature: float = 0.0
    max_tokens: int = 512
    repeats: int = 1
    tries: int = 3
    concurrency: int = 8
    timeout: float = 60.0
    retries: int = 8
    first_wait: float = 1.0
    longest_wait: float = 60.0
    budget_calls: int | None = None
    budget_tokens: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        least = {"max_tokens": 1, "repeats": 1, "tries": 1, "concurrency": 1, "retries": 0}
        least |= {"temperature": 0, "budget_calls": 1, "budget_tokens": 1}
        for name, lowest in least.items():
            value = getattr(self, name)
            if value is not None and not value >= lowest:
                raise InputError(f"'{name}' must be {lowest} or more, not {value}")
        _check_address(self.address)
        if not self.timeout > 0:
            raise InputError(f"'timeout' must be above 0 seconds, not {self.timeout:g}")

    @property
    def address(self) -> str:
        """Where calls go."""
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI

    @property
    def key(self) -> str:
        """The key; a stand-in for servers of one's own that need none.

        Raises
        ------
        InputError
            If there is none and OpenAI's own endpoint is asked, or it cannot be one.
        """
        key = os.environ.get(self.api_key_env, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise InputError(
                f"the environment variable {self.api_key_env} holds characters that no key has; "
                "set it anew"
            )
        if not key and self.address == _OPENAI:
            raise InputError(
                f"the environment variable {self.api_key_env} holds no key; set it, name another "
                "with --api-key-env, or give the address of your own server with --base-url"
            )
        return key or "none"

    @property
    def parameters(self) -> dict[str, Any]:
        """What decides a reply besides model and messages."""
        return {"temperature": self.temperature, "max_tokens": self.max_tokens}


def _check_address(address: str) -> None:
    """Refuse an address that is none, or that holds a secret: addresses are stored and told."""
    if not address.startswith(("http://", "https://")):
        raise InputError(
            f"the endpoint's address must begin with http:// or https://, not '{address}'"
        )
    if urlsplit(address).username is not None or urlsplit(address).query:
        raise InputError(
            "the endpoint's address must end at its path and name no user; put the key into the "
            "environment variable that --api-key-env names"
        )


class EndpointJudge:
    """Asks an endpoint for one JSON object of scores per answer.

    One call scores an answer on all dimensions of the rubric. A reply that cannot be used is asked
    for again, with the reason; after `tries` of them the scores are missing, with the last reason.
    Equal answers are asked about once.

    Parameters
    ----------
    options
        How to ask.
    rubric
        What to ask.
    cache
        Where every paid reply is kept.

    Raises
    ------
    MissingExtraError
        If the `openai` client is not installed.
    InputError
        If there is no key.
    """

    def __init__(self, options: EndpointOptions, rubric: Rubric, cache: ReplyCache) -> None:
        try:
            import openai  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("judging by an endpoint", "training") from error
        self.options = options
        self.rubric = rubric
        self.cache = cache
        self.name = f"endpoint:{options.model}"
        self.chunk = 16 * options.concurrency
        self._caller = Caller(options, rubric, cache, options.key)

    def tell(self, notice: Callable[[str], None]) -> None:
        """Call `notice` with a line whenever the endpoint makes one wait."""
        self._caller.notice = notice

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the scores."""
        wanted = ("model", "temperature", "max_tokens", "repeats", "tries")
        options = {k: v for k, v in asdict(self.options).items() if k in wanted}
        return {"judge": self.name, "rubric": self.rubric.version, **options}

    @property
    def usage(self) -> dict[str, Any]:
        """What judging took so far."""
        return {"endpoint": self.options.address, **self._caller.usage}

    def judge(self, answers: Sequence[Answer]) -> list[Judgement]:
        """Judge each answer.

        Raises
        ------
        JudgeStoppedError
            If the endpoint stays down, refuses the key or model, or the budget is spent. Replies
            that came before are in the cache.
        """
        different = list(dict.fromkeys(answers))
        judgements = dict(zip(different, _run(self._all(different)), strict=True))
        return [judgements[answer] for answer in answers]

    async def _all(self, answers: list[Answer]) -> list[Judgement]:
        async with self._caller.opened():
            tasks = [asyncio.create_task(self._one(answer)) for answer in answers]
            try:
                if tasks:
                    await asyncio.wait(tasks)
            except asyncio.CancelledError:
                self._caller.stop(JudgeStoppedError("interrupted"))
                await asyncio.wait(tasks, timeout=_GRACE)
                raise
            failed = [task.exception() for task in tasks]
            self._caller.raise_if_stopped()
            for error in filter(None, failed):
                raise error
            return [task.result() for task in tasks]

    async def _one(self, answer: Answer) -> Judgement:
        nothing: dict[str, float | None] = dict.fromkeys(self.rubric.items)
        if not answer.response.strip():
            return Judgement(nothing, malformed=True, note="the answer is empty")
        replies = [await self._repeat(answer, k) for k in range(self.options.repeats)]
        usable = [reply for reply in replies if isinstance(reply, dict)]
        note = next((reply for reply in replies if isinstance(reply, str)), "")
        if not usable:
            return Judgement(nothing, note=note)
        means = {d: fmean(reply[d] for reply in usable) for d in self.rubric.items}
        return Judgement({**means}, note=note)

    async def _repeat(self, answer: Answer, repeat: int) -> dict[str, float] | str:
        """The scores of one repeat, or why there are none."""
        messages = self.rubric.messages(answer)
        reason = ""
        for attempt in range(self.options.tries):
            reply = await self._caller.ask(Question(messages, repeat, attempt))
            try:
                return read_reply(_sound(reply), self.rubric)
            except UnusableReplyError as unusable:
                reason = str(unusable)
            if reply.final:
                break
            messages = self.rubric.messages(answer)
            messages += self.rubric.correction(reply.text, reason, answer.language)
        return reason


def _sound(reply: Reply) -> str:
    """The text of a reply that is whole."""
    if reply.fault:
        raise UnusableReplyError(reply.fault)
    return reply.text


def _run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also where a loop runs already, as in Jupyter."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()
