"""The HTTP edge of the stand-in: an OpenAI-compatible server on one port, with switches for the faults tests need."""

import json
import threading
from collections.abc import Mapping
from enum import StrEnum
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from leanrag.rag.standin import wire
from leanrag.rag.standin.extract import Reply, reply
from leanrag.rag.standin.minilm import MiniLM

CHAT_MODEL = "extractive"
EMBEDDING_MODEL = "minilm"
MAX_BODY = 4 * 1024 * 1024


class Behaviour(StrEnum):
    """How the engine answers; everything but `honest` is a fault that a test provokes."""

    HONEST = "honest"
    UNCITED = "uncited"  # right answers without a source
    MAKES_UP = "makes-up"  # an answer where it should refuse
    CRASHES = "crashes"  # 500 to every chat
    MUTE = "mute"  # chat answers with an empty text


class Engine(ThreadingHTTPServer):
    """One served chat model and, with weights, one embedding model. `behaviour` and `api_key` may be changed."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, minilm: MiniLM | None = None) -> None:
        self.minilm = minilm
        self.behaviour = Behaviour.HONEST
        self.api_key = ""
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The base URL as a provider wants it, ending in /v1."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    @property
    def served(self) -> tuple[str, ...]:
        """The names of the served models."""
        return (CHAT_MODEL, EMBEDDING_MODEL) if self.minilm else (CHAT_MODEL,)

    def start(self) -> "Engine":
        """Serve in a daemon thread of this process; end it with shutdown() and server_close()."""
        threading.Thread(target=self.serve_forever, daemon=True, name="standin").start()
        return self

    def chat(self, request: Mapping[str, Any]) -> Reply:
        """Return the reply to a chat request under the present behaviour."""
        said = reply(request["messages"], request.get("tools"), cite=self.behaviour is not Behaviour.UNCITED)
        if said.tool:
            return said
        if self.behaviour is Behaviour.MUTE:
            return Reply(text="")
        if self.behaviour is Behaviour.MAKES_UP:
            return Reply(text="It is 42 euros, and the chief executive is Ada Lovelace.")
        return said


class _RefusedError(Exception):
    """A request that gets an error body: (status, kind, message)."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Engine

    def log_message(self, *_: Any) -> None:
        """Say nothing: a test reads stderr for real trouble."""

    def do_GET(self) -> None:
        if self.path in ("/health", "/ping"):
            self._json({})
        elif not self._may():
            self._json({"error": "Unauthorized"}, 401)
        elif self.path == "/version":
            self._json({"version": "standin"})
        elif self.path == "/v1/models":
            self._json(wire.models(self.server.served))
        else:
            self._json(wire.error("no such path", "NotFoundError", 404), 404)

    def do_POST(self) -> None:
        try:
            routes = {"/v1/chat/completions": self._chat, "/v1/embeddings": self._embeddings}
            request = self._request()
            if not self._may():
                self._json({"error": "Unauthorized"}, 401)
                return
            if self.path not in routes:
                raise _RefusedError(404, "NotFoundError", "no such path")
            routes[self.path](request)
        except _RefusedError as refused:
            self._json(wire.error(str(refused), refused.kind, refused.status), refused.status)

    def _may(self) -> bool:
        """Say whether the caller has the key; vLLM asks for it under /v1 only."""
        key, given = self.server.api_key, self.headers.get("authorization") or ""
        return not key or not self.path.startswith("/v1") or compare_digest(given.encode(), f"Bearer {key}".encode())

    def _request(self) -> dict[str, Any]:
        size = int(self.headers.get("content-length") or 0)
        if size > MAX_BODY:
            self.close_connection = True
            raise _RefusedError(413, "BadRequestError", f"more than {MAX_BODY} bytes")
        try:
            request = json.loads(self.rfile.read(size))
        except ValueError:
            raise _RefusedError(400, "BadRequestError", "the body is not JSON") from None
        if not isinstance(request, dict):
            raise _RefusedError(400, "BadRequestError", "the body is not an object")
        return request

    def _model(self, request: Mapping[str, Any], served: str) -> None:
        if request.get("model") != served:
            raise _RefusedError(404, "NotFoundError", f"The model `{request.get('model')}` does not exist.")

    def _embeddings(self, request: dict[str, Any]) -> None:
        if self.server.minilm is None:
            raise _RefusedError(404, "NotFoundError", "no embedding model is served")
        self._model(request, EMBEDDING_MODEL)
        given = request.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise _RefusedError(400, "BadRequestError", "input must be a string or a list of strings")
        if request.get("dimensions") not in (None, self.server.minilm.dimension):
            raise _RefusedError(400, "BadRequestError", f"dimensions must be {self.server.minilm.dimension}")
        results = [self.server.minilm.embed(text) for text in texts]
        self._json(wire.embeddings(request, [vector for vector, _ in results], sum(count for _, count in results)))

    def _chat(self, request: dict[str, Any]) -> None:
        self._model(request, CHAT_MODEL)
        messages = request.get("messages")
        if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
            raise _RefusedError(400, "BadRequestError", "messages must be a list of objects")
        if self.server.behaviour is Behaviour.CRASHES:
            raise _RefusedError(500, "InternalServerError", "the engine died")
        said = self.server.chat(request)
        if request.get("stream"):
            self._stream(request, said)
        else:
            self._json(wire.completion(request, said))

    def _stream(self, request: Mapping[str, Any], said: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")  # no chunked coding here: the end of the stream is the end of the body
        self.end_headers()
        for chunk in wire.chunks(request, said):
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _json(self, body: Mapping[str, Any], status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
