"""A judge behind any endpoint that speaks OpenAI's chat completions."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import MissingExtraError
from training.judgement import EMPTY, Answer, Judge, JudgeKind, Judgement
from training.judges.cache import ReplyCache
from training.judges.calls import Caller, Question, Reply
from training.judges.faults import JudgeStoppedError
from training.judges.options import EndpointOptions
from training.judges.reply import UnusableReplyError, read_reply
from training.judges.rubric import Rubric, default_rubric, study_rubric

if TYPE_CHECKING:
    from pluralign_stats.study.codebook import Codebook

#: Seconds that calls under way are given to end when the user interrupts.
_GRACE = 10.0


class EndpointJudge(Judge):
    """Asks an endpoint for one JSON object of scores per answer.

    One call scores an answer on all dimensions of the rubric. A reply that cannot be used is asked
    for again, with the reason; after `tries` of them the scores are missing, with the last reason.
    Every paid reply is kept in the cache, also where judging stops.

    Raises
    ------
    MissingExtraError
        If the `openai` client or tenacity is not installed.
    InputError
        If there is no key.
    JudgeStoppedError
        In judging, if the endpoint stays down, refuses key or model, or the budget is spent.
    """

    def __init__(self, options: EndpointOptions, rubric: Rubric, cache: ReplyCache) -> None:
        try:
            import openai  # noqa: F401
            import tenacity  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("judging by an endpoint", "training") from error
        self.options = options
        self.rubric = rubric
        self._caller = Caller(options, rubric, cache, options.key)
        wanted = ("model", "temperature", "max_tokens", "repeats", "tries")
        super().__init__(
            f"endpoint:{options.model}",
            chunk=16 * options.concurrency,
            rubric=rubric.version,
            **{name: getattr(options, name) for name in wanted},
        )

    def tell(self, notice: Callable[[str], None]) -> None:
        """Call `notice` with a line whenever the endpoint makes one wait."""
        self._caller.notice = notice

    @property
    def usage(self) -> dict[str, Any]:
        """What judging took so far."""
        return {"endpoint": self.options.address, **self._caller.usage}

    def _judge(self, answers: list[Answer]) -> list[Judgement]:
        return _run(self._all(answers))

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
            return Judgement(nothing, malformed=True, note=EMPTY)
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


def _make(options: EndpointOptions, codebook: "Codebook | None", cache: Path) -> EndpointJudge:
    rubric = study_rubric(codebook) if codebook else default_rubric()
    return EndpointJudge(options, rubric, ReplyCache(cache))


KIND = JudgeKind(_make, EndpointOptions, paid=True)
