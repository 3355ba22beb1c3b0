"""What Git declares becomes what the cluster is compared with; charts that do not render become a verdict's reason."""

from pathlib import Path

import pytest

from leanrag.core.errors import RenderError
from leanrag.gate import clusterrun
from leanrag.gate.clusterrun import ClusterRun, _answering, _declared, _expected
from leanrag.gate.discover import discover

SHA = "a" * 40
CLUSTER = """\
cluster:
  name: dev
  environment: dev
  platform: kubernetes
  domain: example.org
  registry: registry.example.org
"""


@pytest.fixture
def root(tmp_path):
    for name in ("rag/rag-stack", "models/chat", "gate/gate"):
        path = tmp_path / "overlays/dev" / f"{name}.yaml"
        path.parent.mkdir(parents=True)
        path.write_text("{}\n")
    (tmp_path / "charts").mkdir()
    (tmp_path / "clusters/dev").mkdir(parents=True)
    (tmp_path / "clusters/dev/cluster.yaml").write_text(CLUSTER)
    return tmp_path


@pytest.fixture
def run():
    return ClusterRun("dev", SHA, "https://git.example.com/x.git", Path("out"), Path("guidellm"), trigger="postsync")


def test_every_application_but_the_gate_s_is_expected_with_its_chart(root, run, monkeypatch):
    monkeypatch.setattr(clusterrun, "render_cluster", lambda *_: ())
    expected = _expected(run, _declared(run, root))
    assert dict(expected.apps) == {
        "dev-rag-stack": "charts/rag/rag-stack",
        "dev-model-chat": "charts/serving/model",
    }
    assert (expected.sha, expected.accepted, expected.hooked) == (SHA, frozenset({SHA}), True)


def test_only_a_hook_expects_a_running_operation(root, run, monkeypatch):
    monkeypatch.setattr(clusterrun, "render_cluster", lambda *_: ())
    from dataclasses import replace

    nightly = replace(run, trigger="nightly")
    assert _expected(nightly, _declared(nightly, root)).hooked is False


def test_charts_that_do_not_render_are_a_problem_not_the_end(root, run, monkeypatch):
    def broken(*_):
        raise RenderError("dev-rag-stack: helm template failed")

    monkeypatch.setattr(clusterrun, "render_cluster", broken)
    declared = _declared(run, root)
    assert declared.problem == "dev-rag-stack: helm template failed"
    assert declared.targets.models == ()


@pytest.mark.parametrize(("engine", "expected"), [("vllm", True), ("sim", False)])
def test_a_simulator_is_not_asked_to_read_and_cite(chat, rag, engine, expected):
    assert _answering(discover([chat(engine=engine), rag()])) is expected


def test_a_chat_model_that_git_does_not_declare_is_not_asked_either(rag):
    assert _answering(discover([rag()])) is False
