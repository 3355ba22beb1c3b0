"""The gate asks the engine who it is; silence, errors and nonsense are words in the verdict, not exceptions."""

import http.server
import json
import threading

import pytest

from leanrag.core.outcome import Outcome
from leanrag.gate.discover import discover
from leanrag.gate.probe import Engine, identity, probe


@pytest.fixture
def engine(chat):
    """Serve the given answers (path → status and body) and give the target and the headers that arrived."""
    servers = []

    def start(answers, **changes):
        seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(dict(self.headers))
                status, body = answers.get(self.path, (404, "{}"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        manifest = chat(**changes)
        url = json.loads(manifest.body["data"]["model.json"])["url"]
        tokens = {"engine/key": "t0ken"}
        return discover([manifest], {url: f"http://127.0.0.1:{server.server_port}"}, tokens).models[0], seen

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


MODELS = (200, '{"data": [{"id": "tiny"}]}')


def test_names_and_version_are_read(engine):
    target, _ = engine({"/v1/models": MODELS, "/version": (200, '{"version": "0.32.0"}')})
    assert probe(target) == Engine(("tiny",), "0.32.0")


def test_an_engine_without_a_version_is_fine(engine):
    target, _ = engine({"/v1/models": MODELS})
    assert probe(target) == Engine(("tiny",), None)


def test_the_token_is_sent(engine):
    target, seen = engine({"/v1/models": MODELS}, auth={"secretName": "engine", "secretKey": "key"})
    probe(target)
    assert seen[0]["Authorization"] == "Bearer t0ken"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [((401, "{}"), "answered 401"), ((500, "{}"), "answered 500"), ((200, "<html>"), "is not JSON")],
)
def test_an_engine_that_does_not_answer_rightly_is_inconclusive(engine, answer, problem):
    target, _ = engine({"/v1/models": answer})
    item = identity(target, probe(target), probe(target))
    assert item.outcome is Outcome.INCONCLUSIVE
    assert problem in item.reason


@pytest.mark.parametrize("body", ["[]", '{"data": null}', '{"data": ["tiny"]}'])
def test_a_list_without_the_model_fails(engine, body):
    target, _ = engine({"/v1/models": (200, body)})
    item = identity(target, probe(target), probe(target))
    assert item.outcome is Outcome.FAIL
    assert "served no model, not tiny" in item.reason


def test_nothing_listening_is_said_in_words(chat):
    manifest = chat(url="http://127.0.0.1:9")
    assert probe(discover([manifest]).models[0]).problem == "nothing accepts connections"
