"""A stack of small real processes: what the local stack does is shown without vLLM."""

import http.client
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from leanrag.catalog.model import App
from leanrag.core import yamlio
from leanrag.local import stack as local_stack
from leanrag.local.programs import Program
from leanrag.local.stack import Stack, Wanted
from leanrag.render.manifest import Manifest

FIXTURES = Path(__file__).parent / "fixtures"


def load_manifests(path: Path = FIXTURES / "small-stack.yaml") -> tuple[Manifest, ...]:
    """Return a fixture as the renderer would."""
    app = App("local-x", "local", "rag", "x", "x", "lr-rag", FIXTURES, FIXTURES, ())
    return tuple(Manifest(app, "fixture", body) for body in yamlio.load_all(path.read_text(), path.name))


@dataclass
class Bench:
    """One state folder, its manifests (to be spoiled by a test), and calls against the running parts."""

    folder: Path
    bin: Path
    manifests: tuple[Manifest, ...] = field(default_factory=load_manifests)

    def up(self, **wanted: Any) -> Stack:
        """Bring the fixture up."""
        programs = (Program("engine", lambda: self.bin, listen=("--host", "{address}")),)
        claims = {"models": self.folder.parent / "models"}
        return local_stack.up(None, Wanted(**wanted), self.manifests, programs, claims)  # type: ignore[arg-type]

    def misbehave(self, deployment: str, how: str) -> None:
        """Make one part's server wrong on purpose."""

        def spoil(body: dict[str, Any]) -> None:
            container = body["spec"]["template"]["spec"]["containers"][0]
            container.setdefault("env", []).append({"name": "MISBEHAVE", "value": how})

        self.change("Deployment", deployment, spoil)

    def change(self, kind: str, name: str, how: Callable[[dict[str, Any]], None]) -> None:
        """Edit one manifest."""
        for index, manifest in enumerate(self.manifests):
            if (manifest.kind, manifest.name) == (kind, name):
                body = json.loads(json.dumps(manifest.body))
                how(body)
                changed = replace(manifest, body=body)
                self.manifests = (*self.manifests[:index], changed, *self.manifests[index + 1 :])
                return
        raise AssertionError(f"no {kind} {name}")

    def processes(self) -> list[int]:
        """Return every living process that carries this folder's mark, or descends from one that did."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("LEANRAG_LOCAL_STATE") == str(self.folder)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found


def ask(url: str, path: str, body: Any = None) -> tuple[int, Any]:
    """GET, or POST a JSON body; return status and JSON."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    data = None if body is None else json.dumps(body)
    connection.request("POST" if data else "GET", path, data, {"content-type": "application/json"} if data else {})
    response = connection.getresponse()
    return response.status, json.loads(response.read() or b"null")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """An empty state folder; whatever a test leaves running is ended and reported."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    server = binaries / "server"
    server.write_text(f"#!{sys.executable}\n" + (FIXTURES / "server.py").read_text())
    server.chmod(0o755)
    (tmp_path / "models").mkdir()
    folder = tmp_path / "state"
    monkeypatch.setenv("LEANRAG_STATE", str(folder))
    made = Bench(folder, binaries)
    yield made
    local_stack.down()
    left = made.processes()
    for pid in left:
        os.kill(pid, 9)
    assert not left, f"left running after down: {left}"


@pytest.fixture
def call() -> Callable[..., tuple[int, Any]]:
    """Return the HTTP helper."""
    return ask


@pytest.fixture
def manifests() -> tuple[Manifest, ...]:
    """Return the fixture as rendered."""
    return load_manifests()
