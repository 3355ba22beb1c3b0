"""The approver of charts/platform/operators, as its Job runs it: against an API server that answers over HTTP."""

import json
import runpy
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "charts/platform/operators/files/approve.py"
APPROVE: dict[str, Any] = runpy.run_path(str(SCRIPT))
PINS = {"nvidia-gpu-operator": {"gpu-operator-certified": "gpu-operator-certified.v26.3.2"}}
PIN = "gpu-operator-certified.v26.3.2"


class World:
    """What an OLM shows of one namespace; approving a plan installs what is in it."""

    def __init__(self) -> None:
        self.plans: dict[str, dict[str, Any]] = {}
        self.installed = ""
        self.conditions: list[dict[str, str]] = []
        self.phase = "Succeeded"
        self.forbidden = False

    def plan(self, name: str, *versions: str) -> None:
        """Offer a plan that waits for approval."""
        spec = {"clusterServiceVersionNames": list(versions), "approved": False}
        self.plans[name] = {"metadata": {"name": name}, "spec": spec, "status": {"phase": "RequiresApproval"}}

    def get(self, path: str) -> tuple[int, Any]:
        """Answer one GET."""
        if self.forbidden:
            return 403, {}
        kind, _, name = path.removeprefix(
            "/apis/operators.coreos.com/v1alpha1/namespaces/nvidia-gpu-operator/"
        ).partition("/")
        if kind == "installplans":
            return 200, {"items": list(self.plans.values())}
        if kind == "subscriptions":
            return 200, {"status": {"installedCSV": self.installed, "conditions": self.conditions}}
        return (200, {"status": {"phase": self.phase}}) if name == self.installed else (404, {})

    def patch(self, path: str, body: Any) -> None:
        """Approve one plan as the API server would merge it."""
        plan = self.plans[path.rpartition("/")[2]]
        plan["spec"] |= body["spec"]
        plan["status"]["phase"] = "Complete"
        self.installed = plan["spec"]["clusterServiceVersionNames"][0]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def olm(world: World, tmp_path: Path) -> Iterator[Any]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*world.get(self.path))

        def do_PATCH(self) -> None:
            assert self.headers["Content-Type"] == "application/merge-patch+json"
            assert self.headers["Authorization"] == "Bearer abc"
            world.patch(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(200, {})

        def _send(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            pass

    (tmp_path / "token").write_text("abc")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield APPROVE["Olm"](f"http://127.0.0.1:{server.server_port}", tmp_path)
    server.shutdown()
    server.server_close()


def _run(olm: Any, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    return APPROVE["main"](PINS, olm, deadline=0.0, interval=0.01), capsys.readouterr().out


def test_the_pinned_version_is_approved_and_installed(
    world: World, olm: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan("install-abcde", PIN)
    code, said = _run(olm, capsys)
    assert (code, world.plans["install-abcde"]["spec"]["approved"]) == (0, True)
    assert "nvidia-gpu-operator: approved install-abcde: gpu-operator-certified.v26.3.2" in said


def test_a_plan_with_anything_else_in_it_is_named_and_left_alone(
    world: World, olm: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world.plan("install-abcde", PIN, "other-operator.v1.0.0")
    code, said = _run(olm, capsys)
    assert (code, world.plans["install-abcde"]["spec"]["approved"]) == (1, False)
    assert "install-abcde is not approved: other-operator.v1.0.0 is not pinned" in said


def test_a_later_version_that_olm_offers_does_not_fail_what_is_installed_as_pinned(
    world: World, olm: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world.installed = PIN
    world.plan("install-later", "gpu-operator-certified.v26.7.0")
    code, said = _run(olm, capsys)
    assert (code, world.plans["install-later"]["spec"]["approved"]) == (0, False)
    assert "gpu-operator-certified.v26.7.0 is not pinned" in said


def test_a_plan_that_names_nothing_is_not_approved(world: World, olm: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world.plan("install-empty")
    code, said = _run(olm, capsys)
    assert (code, world.plans["install-empty"]["spec"]["approved"]) == (1, False)
    assert "install-empty is not approved: it names no version" in said


@pytest.mark.parametrize(
    ("installed", "phase", "why"),
    [
        ("", "Succeeded", "nothing is installed"),
        ("gpu-operator-certified.v26.7.0", "Succeeded", "gpu-operator-certified.v26.7.0 is installed"),
        (PIN, "Installing", "it is in phase Installing"),
    ],
)
def test_what_is_missing_at_the_deadline_is_said(
    world: World, olm: Any, capsys: pytest.CaptureFixture[str], installed: str, phase: str, why: str
) -> None:
    world.installed, world.phase = installed, phase
    assert _run(olm, capsys) == (1, f"nvidia-gpu-operator: gpu-operator-certified should be {PIN}: {why}\n")


def test_the_reason_of_olm_is_handed_on(world: World, olm: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world.conditions = [
        {"type": "ResolutionFailed", "status": "True", "message": "no operators found in channel v26.3"}
    ]
    assert "nothing is installed; no operators found in channel v26.3" in _run(olm, capsys)[1]


def test_a_missing_right_is_no_missing_operator(world: World, olm: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world.forbidden = True
    code, said = _run(olm, capsys)
    assert code == 1
    assert "nvidia-gpu-operator: no answer: HTTP Error 403" in said
