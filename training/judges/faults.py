"""What went wrong at an endpoint, and what is to be done about it."""

import email.utils
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pluralign_stats.errors import PluralignError

if TYPE_CHECKING:
    from tenacity import RetryCallState

#: Ask again later, give up this one answer, or give up altogether.
Remedy = Literal["again", "refused", "stop"]


class JudgeStoppedError(PluralignError):
    """Judging stopped before its end; run again, it goes on from there."""


@dataclass(eq=False)
class CallError(Exception):
    """One failed call.

    Attributes
    ----------
    remedy
        What to do.
    reason
        What happened, in words that can be counted.
    wait
        Seconds for which the server asks to be left alone; None where it did not say.
    detail
        What the server said about it.
    own
        Whether it may be the question that the server cannot answer, while it answers others.
    """

    remedy: Remedy
    reason: str
    wait: float | None = None
    detail: str = ""
    own: bool = False


def fault_of(error: Exception, timeout: float) -> CallError:
    """What an error of the `openai` client, or of reading its answer, means."""
    import openai

    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return CallError("again", f"no reply within {timeout:g} s")
    if isinstance(error, openai.APIConnectionError):
        return CallError(
            "again", "the server cannot be reached", detail=str(error.__cause__ or error)
        )
    if isinstance(error, openai.APIStatusError):
        return _status(error.status_code, error)
    reason = "the server's answer is no chat completion"
    return CallError("again", reason, detail=str(error), own=True)


def _status(code: int, error: Any) -> CallError:
    detail = " ".join(str(error.message).split())[:400]
    if code == 402 or error.code == "insufficient_quota":
        return CallError("stop", "the account has no credit left", detail=detail)
    if code == 429:
        return CallError("again", "the server asks for fewer calls (429)", _wait(error), detail)
    if code >= 500 or code in {408, 409, 425}:
        return CallError("again", f"server error {code}", _wait(error), detail, own=code == 500)
    if code in {401, 403}:
        return CallError("stop", f"the key is not accepted ({code})", detail=detail)
    if code in {404, 405}:
        return CallError("stop", f"there is no such model or address ({code})", detail=detail)
    return CallError("refused", f"the server refused the request ({code})", detail=detail)


def _wait(error: Any) -> float | None:
    """Seconds that the header Retry-After asks for, given as a number or a date."""
    told = error.response.headers.get("retry-after")
    if told is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(told))
    try:
        return max(0.0, email.utils.parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def back_off(state: "RetryCallState", first: float, longest: float, asked: float | None) -> float:
    """Seconds to wait before the next attempt: doubled each time, a quarter of it by chance.

    Parameters
    ----------
    state
        Knows how many attempts have failed.
    first, longest
        The first wait, and the longest.
    asked
        What the server asked for, which is never undercut.
    """
    from tenacity import wait_exponential

    jitter = random.uniform(0.75, 1.0)  # noqa: S311 - spreads calls, decides no number
    return max(wait_exponential(first, longest)(state) * jitter, asked or 0.0)
