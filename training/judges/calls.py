"""Calls to an endpoint: cached, limited in number, sent again after faults that pass."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pluralign_stats.errors import PluralignError
from training.judges.cache import ReplyCache, key_of
from training.judges.faults import CallError, JudgeStoppedError, back_off, fault_of
from training.judges.form import Form, simpler
from training.judges.options import EndpointOptions
from training.judges.rubric import Message, Rubric

if TYPE_CHECKING:
    from tenacity import RetryCallState

#: A server that asks for a longer pause than this is left alone altogether.
_LONGEST_PAUSE = 600.0

#: So many questions in a row without a reply mean that the server answers none.
_IN_A_ROW = 5


@dataclass(frozen=True)
class Question:
    """One thing to ask: messages, and which repeat and attempt this is."""

    messages: list[Message]
    repeat: int
    attempt: int


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes
    ----------
    text
        The reply.
    fault
        Why it is none that can be read, such as a refusal; empty where it can.
    final
        Whether asking again is of no use.
    """

    text: str
    fault: str = ""
    final: bool = False


class Caller:
    """Asks one model at one endpoint, never twice the same."""

    def __init__(
        self, options: EndpointOptions, rubric: Rubric, cache: ReplyCache, key: str
    ) -> None:
        self._options = options
        self._rubric = rubric
        self._cache = cache
        self._key = key
        known = (cache.last.get("model"), cache.last.get("endpoint"))
        self._works = known == (options.model, options.address)
        self._form = Form.of(cache.last.get("form")) if self._works else Form()
        self._answered = 0
        self._in_vain = 0
        self._under_way = 0
        self._quiet_until = 0.0
        self.notice: Callable[[str], None] | None = None
        self._counts: Counter[str] = Counter()
        self._error: PluralignError | None = None

    @property
    def usage(self) -> dict[str, Any]:
        """Calls and tokens paid, replies found in the cache, retries, and the form settled on."""
        counts = {k: self._counts[k] for k in ("calls", "tokens", "from_cache", "retries")}
        return {**counts, "form": asdict(self._form)}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hold a client open; calls are possible inside only."""
        from openai import AsyncOpenAI

        options = self._options
        self._error = None
        self._stopped = asyncio.Event()
        self._places = asyncio.Semaphore(options.concurrency)
        async with AsyncOpenAI(
            base_url=options.address, api_key=self._key, max_retries=0, timeout=options.timeout
        ) as self._client:
            yield

    def stop(self, error: PluralignError) -> None:
        """Begin no further call, for this reason; those under way may end."""
        self._error = self._error or error
        self._stopped.set()

    def raise_if_stopped(self) -> None:
        """Raise the reason for which calls were stopped, if they were, with what is kept."""
        if self._error:
            cache = self._cache
            kept = f"{cache.calls:,} calls, {cache.tokens:,} tokens"
            raise type(self._error)(f"{self._error}; kept so far: {kept}") from self._error

    async def ask(self, question: Question) -> Reply:
        """The reply to a question: from the cache, or paid for and kept there.

        Raises
        ------
        JudgeStoppedError
            If calls were stopped.
        """
        identity = self._identity(question)
        key = key_of(**identity, messages=question.messages)
        async with self._places:
            entry = self._cache.get(key)
            if entry is not None:
                self._counts["from_cache"] += 1
                return _reply(entry)
            try:
                self._stop_at_budget()
                self._cache.prepare()
                self._under_way += 1
                try:
                    form, entry = await self._patiently(question)
                    return _reply(self._keep(key, {**identity, "form": asdict(form), **entry}))
                finally:
                    self._under_way -= 1
            except CallError as failed:
                return Reply("", failed.reason, final=True)
            except PluralignError as error:
                self.stop(error)
                raise

    def _identity(self, question: Question) -> dict[str, Any]:
        """What decides a reply besides the messages."""
        return {
            "model": self._options.model,
            "parameters": self._options.parameters,
            "rubric": self._rubric.version,
            "repeat": question.repeat,
            "attempt": question.attempt,
        }

    def _stop_at_budget(self) -> None:
        options, cache = self._options, self._cache
        calls, tokens = options.budget_calls, options.budget_tokens
        if calls is not None and cache.calls + self._under_way >= calls:
            raise _spent("calls", calls)
        if tokens is not None and cache.tokens >= tokens:
            raise _spent("tokens", tokens)

    def _keep(self, key: str, entry: dict[str, Any]) -> dict[str, Any]:
        self._counts["calls"] += 1
        self._counts["tokens"] += entry["tokens"]
        self._cache.add({key: {"endpoint": self._options.address, **entry}})
        return entry

    async def _patiently(self, question: Question) -> tuple[Form, dict[str, Any]]:
        """Send until the call succeeds, waiting longer after each fault that may pass."""
        from tenacity import AsyncRetrying

        patience = AsyncRetrying(
            retry=partial(self._again, self._answered),
            wait=self._back_off,
            before=self._in_quiet,
            before_sleep=self._tell,
            sleep=self._wait,
        )
        return await patience(self._in_some_form, question)

    async def _in_quiet(self, _state: "RetryCallState") -> None:
        """Begin no call while the server asks to be left alone, nor after calls were stopped."""
        while (quiet := self._quiet_until - time.monotonic()) > 0 and not self._stopped.is_set():
            await self._wait(quiet)
        if self._stopped.is_set():
            raise JudgeStoppedError("stopped")

    def _again(self, answered: int, state: "RetryCallState") -> bool:
        """Whether an attempt failed and another is worth it; raise where it is not.

        A fault that lasts costs one answer its score if the server replied to others meanwhile, or
        is known to work and may have failed on this answer alone; else it stops everything.
        """
        fault, failed = _fault(state), state.attempt_number
        if fault is None:
            return False
        if fault.remedy == "stop" or (fault.wait or 0) > _LONGEST_PAUSE:
            raise self._given_up(fault, failed)
        if fault.remedy == "again" and failed <= self._options.retries:
            return True
        self._in_vain += 1
        often = self._in_vain >= _IN_A_ROW
        if fault.remedy == "refused":
            bearable = self._answered > 0 or not often
        else:
            bearable = self._answered > answered or (fault.own and self._works and not often)
        raise fault if bearable else self._given_up(fault, failed)

    def _back_off(self, state: "RetryCallState") -> float:
        options, fault = self._options, _fault(state)
        return back_off(
            state, options.first_wait, options.longest_wait, fault.wait if fault else None
        )

    def _tell(self, state: "RetryCallState") -> None:
        """Count a retry and tell of a long wait; a pause that the server asks for is for all."""
        self._counts["retries"] += 1
        fault, wait = _fault(state), state.upcoming_sleep
        if fault and fault.wait:
            self._quiet_until = max(self._quiet_until, time.monotonic() + fault.wait)
        if fault and self.notice and wait >= 1:
            tried = f"attempt {state.attempt_number} of {self._options.retries + 1}"
            self.notice(f"{fault.reason}: {tried}, next in {wait:.0f} s")

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than until calls are stopped."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return

    def _given_up(self, fault: CallError, failed: int) -> JudgeStoppedError:
        detail = fault.detail.replace(self._key, "(key)")
        told = f" ({detail})" if detail and detail != fault.reason else ""
        tried = f", {failed} attempts" if failed > 1 else ""
        wait = f"; it asks to wait {fault.wait:,.0f} s" if fault.wait else ""
        return JudgeStoppedError(
            f"the judge '{self._options.model}' at {self._options.address} gave no reply: "
            f"{fault.reason}{told}{tried}{wait}; put it right and run the command again, it goes "
            "on from there"
        )

    async def _in_some_form(self, question: Question) -> tuple[Form, dict[str, Any]]:
        """Send in the form that the server is known to take; step down where it refuses.

        A lower form is settled on only once a call that was refused in the higher succeeds in it,
        so that one answer that the server will not look at changes nothing for the others.
        """
        form = self._form
        while True:
            try:
                entry = await self._send(question, form)
            except CallError as error:
                lower = simpler(form, error) if error.remedy == "refused" else None
                if lower is None:
                    raise
                form = lower
            else:
                self._form, self._works = form, True
                self._answered += 1
                self._in_vain = 0
                return form, entry

    async def _send(self, question: Question, form: Form) -> dict[str, Any]:
        options = self._options
        try:
            async with asyncio.timeout(options.timeout):
                completion = await self._client.chat.completions.create(
                    model=options.model,
                    messages=question.messages,  # type: ignore[arg-type]
                    **form.arguments(options.parameters, self._rubric),
                )
            return _read(completion, options.max_tokens)
        except Exception as error:
            raise fault_of(error, options.timeout) from error


def _fault(state: "RetryCallState") -> CallError | None:
    """Why the last attempt failed, if it did."""
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, CallError) else None


def _read(completion: Any, max_tokens: int) -> dict[str, Any]:
    """What is kept of a completion.

    Raises
    ------
    ValueError
        If it is none.
    """
    choices: Any = getattr(completion, "choices", None)
    message = getattr(choices[0], "message", None) if choices else None
    if message is None:
        raise ValueError(" ".join(str(completion).split())[:200])
    finish = choices[0].finish_reason
    fault = "the judge refused to reply" if getattr(message, "refusal", None) else ""
    if finish == "length":
        fault = f"the reply is longer than {max_tokens} tokens"
    if finish == "content_filter":
        fault = "the endpoint's content filter kept the reply back"
    usage = getattr(completion, "usage", None)
    tokens = getattr(usage, "total_tokens", None)
    text = message.content if isinstance(message.content, str) else ""
    tokens = tokens if isinstance(tokens, int) else 0
    return {"reply": text, "fault": fault, "finish": finish, "tokens": tokens}


def _reply(entry: dict[str, Any]) -> Reply:
    return Reply(str(entry.get("reply") or ""), str(entry.get("fault") or ""))


def _spent(what: str, budget: int) -> JudgeStoppedError:
    return JudgeStoppedError(
        f"the budget of {budget:,} {what} is spent; run the command again with a larger "
        f"--budget-{what}, it goes on from there"
    )
