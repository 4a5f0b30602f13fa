"""A real HTTP server that answers chat completions as a test tells it to."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What the server does with a request: status, body, headers. A body that is no text is a reply.
Behaviour = Callable[["Request"], "Reply"]


@dataclass(frozen=True)
class Request:
    """One request: the how-manieth it is, its body, and the key that came with it."""

    number: int
    body: dict[str, Any]
    key: str

    @property
    def text(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0


def completion(text: Any, finish: str = "stop", **message: Any) -> Reply:
    content = text if isinstance(text, str) or text is None else json.dumps(text)
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": content, **message},
    }
    usage = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    return Reply(body=json.dumps({**body, "choices": [choice], "usage": usage}))


def refusal(status: int, message: str, **error: Any) -> Reply:
    return Reply(status, json.dumps({"error": {"message": message, **error}}))


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Server:
    """A real HTTP server whose behaviour a test sets, and which remembers what it answered."""

    def __init__(self) -> None:
        self.behave: Behaviour = lambda request: completion({"toxicity": 3})
        self.requests: list[Request] = []
        self.answered: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                server._answer(self, body)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with self.lock:
            key = handler.headers["authorization"]
            request = Request(len(self.requests), json.loads(body), key)
            self.requests.append(request)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            try:
                answer = self.behave(request)
                time.sleep(answer.hang)
            finally:  # before the reply: who has it may ask again at once
                with self.lock:
                    self.at_once -= 1
            content = answer.body.encode()
            handler.send_response(answer.status)
            handler.send_header("content-type", "application/json")
            for name, value in {"content-length": str(len(content)), **answer.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            with self.lock:
                self.answered[request.text] += answer.status == 200
            handler.wfile.write(content)
        except OSError:
            pass

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
