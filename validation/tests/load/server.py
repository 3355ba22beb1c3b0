"""A small OpenAI chat server of known latency on loopback: what the load tests measure instead of a model.

It counts what it was asked and keeps every request body, so that a test can say what GuideLLM really sent.
"""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the server answers: seconds to the first token, seconds between tokens, and its defects."""

    model: str = "tiny"
    first_token: float = 0.05
    between_tokens: float = 0.005
    status: int = 200
    api_key: str = ""
    tokens: int | None = None  # None: as many as asked, as vLLM does under ignore_eos
    cut_after: int | None = None  # close the connection after this many chunks
    hang: bool = False


@dataclass(slots=True)
class Seen:
    """What arrived: bodies and Authorization headers of the chat requests, in order."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    authorisations: list[str | None] = field(default_factory=list)


class FakeModel:
    """A context manager that serves `behaviour` on a free loopback port."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.seen = Seen()
        self._server = _Server(("127.0.0.1", 0), self.behaviour, self.seen)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], behaviour: Behaviour, seen: Seen) -> None:
        super().__init__(address, _Handler)
        self.behaviour, self.seen, self.stopping = behaviour, seen, threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is part of the test, not news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: pytest shows what matters."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": self.server.behaviour.model, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.bodies.append(body)
        self.server.seen.authorisations.append(self.headers.get("Authorization"))
        behaviour = self.server.behaviour
        if behaviour.hang:
            self.server.stopping.wait(60)
        elif behaviour.api_key and self.headers.get("Authorization") != f"Bearer {behaviour.api_key}":
            self._json(401, {"error": {"message": "wrong key"}})
        elif behaviour.status != 200:
            self._json(behaviour.status, {"error": {"message": "as told"}})
        elif body.get("model") != behaviour.model:
            self._json(404, {"error": {"message": f"The model {body.get('model')!r} does not exist."}})
        else:
            self._stream(body, behaviour)

    def _json(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, body: dict[str, Any], behaviour: Behaviour) -> None:
        asked = body.get("max_completion_tokens") or body.get("max_tokens") or 16
        count = asked if behaviour.tokens is None else min(asked, behaviour.tokens)
        prompt = sum(len(str(message["content"]).split()) for message in body["messages"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        time.sleep(behaviour.first_token)
        for index in range(count):
            if index:
                time.sleep(behaviour.between_tokens)
            self._event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": f"w{index} "}}]})
            if behaviour.cut_after == index + 1:
                self.close_connection = True
                return
        usage = {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}
        self._event({"choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, value: dict[str, Any]) -> None:
        frame = {"id": "x", "object": "chat.completion.chunk", "model": self.server.behaviour.model, **value}
        self._chunk(f"data: {json.dumps(frame)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()
