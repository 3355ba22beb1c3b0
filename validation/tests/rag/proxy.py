"""A proxy in front of a real server that breaks one thing at a time; a fault's name says what."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

Body = dict[str, Any]


def _no_rows(body: Body) -> Body:
    return {**body, "data": []}


def _worst_first(body: Body) -> Body:
    return {**body, "data": body["data"][::-1]}


def _foreign(body: Body) -> Body:
    row = {"file_id": "file-foreign", "filename": "salaries.md", "attributes": {}, "content": [], "score": 1.0}
    return {**body, "data": [*body["data"], row]}


def _uncited(body: Body) -> Body:
    for one in body["output"]:
        for part in one.get("content") or ():
            part["annotations"] = []
    return body


def _never_searched(body: Body) -> Body:
    return {**body, "output": [one for one in body["output"] if one["type"] != "file_search_call"]}


def _found_nothing(body: Body) -> Body:
    for one in body["output"]:
        if one["type"] == "file_search_call":
            one["results"] = []
    return body


def _short_vector(body: Body) -> Body:
    for row in body["data"]:
        row["embedding"] = row["embedding"][:128]
    return body


def _failed(body: Body) -> Body:
    return {**body, "status": "failed", "last_error": {"code": "server_error", "message": "dimensions must be 384"}}


def _other_models(body: Body) -> Body:
    return {"data": [{**row, "id": "vllm/somebody-else"} for row in body["data"]]}


# fault: (method and end of the path it applies to, what it makes of the JSON body of a 200)
CHANGES: dict[str, tuple[str, str, Callable[[Body], Body]]] = {
    "empty-search": ("POST", "/search", _no_rows),
    "wrong-document-first": ("POST", "/search", _worst_first),
    "foreign-document": ("POST", "/search", _foreign),
    "no-citation": ("POST", "/v1/responses", _uncited),
    "never-searched": ("POST", "/v1/responses", _never_searched),
    "search-inside-found-nothing": ("POST", "/v1/responses", _found_nothing),
    "wrong-dimension": ("POST", "/v1/embeddings", _short_vector),
    "failed-inside-200": ("POST", "/files", _failed),
    "wrong-model": ("GET", "/v1/models", _other_models),
    "unhealthy": ("GET", "/v1/health", lambda body: {"status": "Error"}),
    "error-inside-200": ("POST", "/search", lambda body: {"error": {"message": "collection not loaded"}}),
    "not-an-object": ("POST", "/search", lambda body: [1]),  # type: ignore[return-value]
}


class FaultProxy(ThreadingHTTPServer):
    """Forwards to `upstream` and breaks what `fault` names; "" breaks nothing."""

    daemon_threads = True

    def __init__(self, upstream: str = "") -> None:
        self.upstream = upstream
        self.fault = ""
        self.key = ""
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy

    def handle(self) -> None:
        """Serve; a client that gave up waiting is what some faults are for."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def _serve(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        raw = getattr(self, "_" + self.server.fault.replace("-", "_"), None)
        if raw is not None and self._hit():
            raw(sent)
        else:
            self._forward(sent)

    def _hit(self) -> bool:
        """Raw faults leave readiness and cleaning up alone, so that only the question meets them."""
        if self.server.fault == "stuck-in-progress":
            return self.command in ("GET", "POST") and "/vector_stores/vs_" in self.path
        return self.command == "POST" or self.server.fault in ("hang-from-the-start", "open-door")

    def _forward(self, sent: bytes, headers: dict[str, str] | None = None) -> None:
        kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")}
        reply = requests.request(
            self.command, self.server.upstream + self.path, data=sent, headers={**kept, **(headers or {})}, timeout=60
        )
        self._say(reply.status_code, self._changed(reply), reply.headers.get("content-type", ""))

    def _changed(self, reply: requests.Response) -> bytes:
        method, end, change = CHANGES.get(self.server.fault, ("-", "-", None))
        fits = self.path.endswith(end) and self.command == method
        if change is None or not fits or reply.status_code != 200:
            return reply.content
        return json.dumps(change(reply.json())).encode()

    def _say(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # Raw faults, named like their method.

    def _crash(self, sent: bytes) -> None:
        self._say(500, b'{"detail": "Internal server error"}')

    def _hang(self, sent: bytes) -> None:
        time.sleep(30)

    _hang_from_the_start = _hang

    def _drip(self, sent: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.2)

    def _reset(self, sent: bytes) -> None:
        self.close_connection = True

    def _redirect(self, sent: bytes) -> None:
        self.send_response(307)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def _huge(self, sent: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(10):
            self.wfile.write(b" " * 2**20)

    def _html(self, sent: bytes) -> None:
        self._say(200, b"<html>Sign in</html>", "text/html")

    def _filter_ignored(self, sent: bytes) -> None:
        body = json.loads(sent) if self.path.endswith("/search") else None
        self._forward(sent if body is None else json.dumps({k: v for k, v in body.items() if k != "filters"}).encode())

    def _cut_stream(self, sent: bytes) -> None:
        """Send the first half of the events and end as if all was well."""
        kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")}
        reply = requests.post(self.server.upstream + self.path, data=sent, headers=kept, timeout=60)
        events = reply.content.split(b"\n\n")
        self._say(200, b"\n\n".join(events[: len(events) // 2]) + b"\n\n", reply.headers["content-type"])

    def _stuck_in_progress(self, sent: bytes) -> None:
        self._say(200, b'{"status": "in_progress"}')

    def _open_door(self, sent: bytes) -> None:
        self._forward(sent, {"authorization": f"Bearer {self.server.key}"})
