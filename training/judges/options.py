"""How an endpoint is asked: its address, its key, and within which limits."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pluralign_stats.errors import InputError

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
