"""`gate run` on a repository: it finds the targets, asks before it sends, and leaves one verdict."""

from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.gate import commands
from leanrag.gate.reading import read_verdict

CLUSTER = """\
cluster:
  name: local
  environment: local
  platform: kubernetes
  domain: example.org
  registry: registry.example.org
"""


@pytest.fixture
def root(tmp_path):
    for folder in ("clusters", "charts", "bootstrap/local"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bootstrap/local/cluster.yaml").write_text(CLUSTER)
    return tmp_path


@pytest.fixture
def gate(root, tmp_path, chat, rag, steps, monkeypatch):
    def run(manifests=None, cluster="local", **options):
        found = [chat(slo=SLO), rag()] if manifests is None else manifests
        monkeypatch.setattr(commands, "render_cluster", lambda *_: found)
        monkeypatch.setattr(commands, "steps", lambda *_: steps())
        return commands.gate_run(
            commands.LocalRun(root, cluster, tmp_path / "out", guidellm=Path("guidellm"), **options)
        )

    return run


SLO = {
    "confidence": 0.95,
    "objectives": {"ttft": {"percentile": 95, "limit": 500, "unit": "ms"}},
    "traffic": {
        "profile": "concurrent",
        "streams": 2,
        "requests": 60,
        "promptTokens": 64,
        "outputTokens": 32,
        "timeoutSeconds": 30,
        "warmupRequests": 4,
        "maxDurationSeconds": 60,
    },
}
NOWHERE = {
    "http://chat.lr-serving.svc.cluster.local:8000": "http://127.0.0.1:9",
    "http://rag-stack.lr-rag.svc.cluster.local:8321": "http://127.0.0.1:9",
}


def test_a_run_leaves_one_verdict_and_says_where(gate, capsys):
    done = gate(addresses=NOWHERE, reproduce=("make demo",))
    assert read_verdict(done.path).document == done.verdict.document()
    assert done.verdict.reproduce == ("make demo",)
    assert done.verdict.tools["leanrag"]
    said = capsys.readouterr()
    assert said.out == ""
    assert "TTFT p95 needs at least 59 requests" in said.err.splitlines()[0]


def test_an_engine_that_is_not_there_is_inconclusive_not_a_traceback(gate):
    done = gate(addresses=NOWHERE)
    assert done.verdict.outcome is Outcome.INCONCLUSIVE
    assert "before the run: nothing accepts connections at http://127.0.0.1:9" in done.verdict.reason


def test_outside_git_the_verdict_says_that_it_has_no_commit(gate):
    verdict = gate(addresses=NOWHERE).verdict
    assert (verdict.revision, verdict.dirty, verdict.content_hash) == (None, True, None)
    assert any(entry.what == "revision and content hash" for entry in verdict.skipped)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cluster": "locla"}, "did you mean 'local'"),
        ({"mode": "ful"}, "no gate mode 'ful'"),
        ({"addresses": {}}, "no address for this service"),
    ],
)
def test_what_makes_a_run_pointless_is_one_sentence_and_writes_nothing(gate, tmp_path, options, told):
    with pytest.raises(InputError, match=told):
        gate(**options)
    assert not (tmp_path / "out").exists()


def test_an_impossible_promise_is_refused_before_a_request(gate, chat):
    hopeless = SLO | {"objectives": {"ttft": {"percentile": 99, "limit": 500, "unit": "ms"}}}
    with pytest.raises(InputError, match="needs >= 299 requests"):
        gate([chat(slo=hopeless)])
