"""Every request of a smoke run belongs to one trace, and the step says which."""

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leanrag.rag.case import Suite
from leanrag.rag.http import Http
from leanrag.rag.runner import run_smoke
from leanrag.rag.target import Target
from leanrag.rag.trace import new_trace

PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")
Asked = list[tuple[str | None, str | None]]


@pytest.fixture
def server() -> Iterator[tuple[str, Asked]]:
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.headers["traceparent"], self.headers["tracestate"]))
            self.send_response(503)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}", asked
    made.shutdown()
    made.server_close()


def test_the_step_names_the_trace_of_its_requests(server: tuple[str, Asked], built_in: Suite) -> None:
    url, asked = server
    result = run_smoke(Target(url, "llamastack", "milvus", "chat", "embed", 384), (built_in,), timeout=5)
    assert asked
    for parent, state in asked:
        found = PARENT.fullmatch(parent or "")
        assert found
        assert found[1] == result.facts["traceId"]
        assert state == "leanrag=smoke"


def test_requests_of_one_trace_have_parents_of_their_own(server: tuple[str, Asked]) -> None:
    url, asked = server
    http = Http(url, {}, 5, time.monotonic() + 10, trace=new_trace())
    http.send("GET", "/a")
    http.send("GET", "/b", headers={"authorization": "Bearer wrong"})
    parents = [PARENT.fullmatch(parent or "") for parent, _ in asked]
    assert len({found[1] for found in parents if found}) == 1
    assert len({found[2] for found in parents if found}) == 2


def test_without_a_trace_nothing_is_said_of_one(server: tuple[str, Asked]) -> None:
    url, asked = server
    Http(url, {}, 5, time.monotonic() + 10).send("GET", "/a")
    assert asked == [(None, None)]
