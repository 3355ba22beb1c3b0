"""With `telemetry.traces` a request through the real server stays in its caller's trace; spans say nothing of it."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from leanrag.rag.standin.server import CHAT_MODEL, Engine

from .chart import CHART, render, staged
from .stack import KEY, VENVS, program, start, tiktoken_folder

CASES = {"ogx": "ogx-faiss-metrics", "llamastack": "llamastack-milvus-lite"}
TRACE = "a" * 31 + "1"
QUESTION = "How much does the secret project cost?"


@dataclass
class Heard:
    """What the engine and the collector were sent: parents of chat requests, bodies of spans."""

    engine: Engine
    parents: list[str] = field(default_factory=list)
    spans: list[bytes] = field(default_factory=list)

    def ours(self) -> bytes:
        """Return the spans once they name the caller's trace; they are sent in bundles, seconds later."""
        until = time.monotonic() + 30
        while time.monotonic() < until and bytes.fromhex(TRACE) not in b"".join(self.spans):
            time.sleep(0.2)
        return b"".join(self.spans)


@pytest.fixture(params=sorted(VENVS))
def api(request: pytest.FixtureRequest) -> str:
    found = str(request.param)
    if not (program(found).exists() and tiktoken_folder().is_dir()):
        pytest.skip(f"no {program(found)}: run `leanrag tools {VENVS[found][0]} tiktoken`")
    return found


@pytest.fixture
def between() -> Iterator[tuple[str, Heard]]:
    """One address that is the collector, and the engine for all else."""
    heard = Heard(Engine("127.0.0.1", 0).start())
    behind = heard.engine.url.removesuffix("/v1")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            if self.path == "/v1/traces":
                heard.spans.append(body)
                return self.say(200, b"")
            heard.parents.append(self.headers["traceparent"] or "")
            reply = requests.post(
                behind + self.path, data=body, headers={"content-type": "application/json"}, timeout=30
            )
            return self.say(reply.status_code, reply.content)

        def do_GET(self) -> None:
            reply = requests.get(behind + self.path, timeout=30)
            self.say(reply.status_code, reply.content)

        def say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()


def container(api: str, collector: str) -> Mapping[str, Any]:
    """Return the server's container as the chart renders it with traces to a collector."""
    told = {"enabled": "true", "traces.enabled": "true", "traces.endpoint": collector}
    switched = [part for key, value in told.items() for part in ("--set", f"telemetry.{key}={value}")]
    with staged() as chart:
        bodies = render(chart, "--values", str(CHART / "ci" / f"{CASES[api]}-values.yaml"), *switched)
    (deployment,) = (body for body in bodies if body["kind"] == "Deployment")
    return dict(deployment["spec"]["template"]["spec"]["containers"][0])


def test_a_request_stays_in_its_callers_trace_and_its_words_are_in_no_span(
    api: str, between: tuple[str, Heard], tmp_path: Path
) -> None:
    url, heard = between
    made = container(api, url)
    environment = {e["name"]: e["value"] for e in made["env"] if e["name"].startswith("OTEL_")}
    assert made["command"][0] == "opentelemetry-instrument"
    more = {"OTEL_SDK_DISABLED": "false", **environment, "ENGINE_URL": f"{url}/v1", "OTEL_BSP_SCHEDULE_DELAY": "200"}
    stack = start(api, tmp_path, heard.engine, before=(made["command"][0],), more=more)
    try:
        asked = {"model": f"vllm/{CHAT_MODEL}", "messages": [{"role": "user", "content": QUESTION}]}
        headers = {"authorization": f"Bearer {KEY}", "traceparent": f"00-{TRACE}-{'b' * 16}-01"}
        reply = requests.post(f"{stack.wait().url}/v1/chat/completions", json=asked, headers=headers, timeout=60)
        assert reply.status_code == 200, reply.text
        spans = heard.ours()
    finally:
        stack.stop()
    assert [parent.split("-")[1] for parent in heard.parents] == [TRACE], "the engine is a child of the caller's trace"
    assert "b" * 16 not in heard.parents[0], "its parent is the server's own span"
    assert bytes.fromhex(TRACE) in spans
    assert QUESTION.encode() not in spans and json.dumps(QUESTION).encode() not in spans
