"""In a cluster the charts' contracts say what is compared, and the gate's own Lease keeps both runs apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from leanrag.cli import compare_cluster
from leanrag.cli.compare_cluster import alone, plan_in_cluster
from leanrag.core.errors import InputError, ToolError
from leanrag.gate.access import Access
from leanrag.gate.lease import lease_name

SLO = {
    "confidence": 0.95,
    "objectives": {"ttft": {"percentile": 95, "limit": 2, "unit": "s"}},
    "traffic": {
        "profile": "concurrent",
        "streams": 4,
        "requests": 100,
        "promptTokens": 64,
        "outputTokens": 32,
        "timeoutSeconds": 5,
        "warmupRequests": 0,
        "maxDurationSeconds": 60,
    },
}


def contract(release: str, **more: Any) -> str:
    document = {
        "model": release,
        "release": release,
        "task": "chat",
        "engine": "vllm",
        "url": f"http://{release}:8000/",
    }
    return json.dumps({**document, "slo": SLO, **more})


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    auth = {"secretName": "chat-token", "secretKey": "token"}
    found = {
        "lr-serving": [contract("chat", auth=auth), contract("chat-int4"), contract("embed")],
        "lr-rag": [json.dumps({"url": "http://rag:8321"}), "no json"],
    }
    monkeypatch.setattr(compare_cluster, "_published", lambda access, space, label, key: iter(found[space]))
    return found


def given(folder: Path) -> dict[str, Any]:
    (folder / "tokens" / "chat-token").mkdir(parents=True)
    (folder / "tokens" / "chat-token" / "token").write_text("secret\n")
    places = {"serving": "lr-serving", "rag": "lr-rag", "tokens": folder / "tokens"}
    return {**places, "out": folder / "out", "rounds": 2, "gpu": "NVIDIA-L4", "gpus": None}


HERE = Access(None, "lr-gate")  # type: ignore[arg-type]


def test_both_sides_are_where_their_charts_say(published: dict[str, list[str]], tmp_path: Path) -> None:
    plan, lease = plan_in_cluster("chat", "chat-int4", given(tmp_path), Path("guidellm"), HERE)
    assert (plan.base.url, plan.base.model, plan.base.api_key) == ("http://chat:8000", "chat", "secret")
    assert (plan.candidate.url, plan.candidate.api_key) == ("http://chat-int4:8000", "")
    assert plan.slo.traffic.streams == 4
    assert lease.namespace == "lr-gate"


def test_the_lease_is_the_one_that_the_gate_takes(published: dict[str, list[str]], tmp_path: Path) -> None:
    _, lease = plan_in_cluster("chat", "chat-int4", given(tmp_path), Path("guidellm"), HERE)
    assert lease.name == lease_name(
        ["http://chat:8000", "http://chat-int4:8000", "http://embed:8000", "http://rag:8321"]
    )


def test_a_release_without_a_contract_is_named_with_those_that_have_one(
    published: dict[str, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="chat-int8: no contract") as caught:
        plan_in_cluster("chat", "chat-int8", given(tmp_path), Path("guidellm"), HERE)
    assert "chat, chat-int4, embed" in caught.value.hint


class Held:
    """A Lease that others may hold."""

    def __init__(self, other: str = "") -> None:
        self.other, self.released = other, False

    def acquire(self, limit: float, clock: object, said: object) -> str:
        return self.other

    def renew(self) -> str:
        return self.other

    def release(self) -> None:
        self.released = True


def test_nothing_is_measured_while_another_run_measures() -> None:
    held: Any = Held("gate-abc")
    with pytest.raises(ToolError, match="gate-abc measures these endpoints"), alone(held, 0.1):
        pytest.fail("measured all the same")


def test_the_lease_is_given_back() -> None:
    held: Any = Held()
    with alone(held) as disturbed:
        assert disturbed() == ""
    assert held.released
