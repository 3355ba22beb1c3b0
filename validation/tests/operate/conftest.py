"""A real Git repository with three clusters, and a small API server that keeps objects as Kubernetes does."""

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from leanrag.core import yamlio
from leanrag.evidence.keys import make_key

PRIVATE, PUBLIC = make_key()


@dataclass
class Repo:
    """A repository on disk, as an operator's clone is one."""

    root: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", self.root, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], subject: str = "feat: something") -> str:
        """Write files (None removes one), commit, and return the commit."""
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                target.unlink()
            else:
                target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def pin(self, cluster: str, revision: str | None, **release: Any) -> str:
        """Commit a release.yaml."""
        body = {**({"revision": revision} if revision else {}), **release}
        return self.commit({f"clusters/{cluster}/release.yaml": yamlio.dump({"release": body})}, f"pin {cluster}")


def facts(name: str, **more: Any) -> str:
    """Return a cluster.yaml."""
    known = {
        "name": name,
        "environment": name,
        "platform": "kubernetes",
        "domain": "x.example",
        "registry": "r.example",
    }
    return yamlio.dump({"cluster": {**known, "gate": {"publicKeys": [PUBLIC]}, **more}})


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """dev tracks main, staging follows dev and is pinned to the first commit, prod follows staging and has no pin."""
    made = Repo(tmp_path / "repo")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "Op")
    made.git("config", "user.email", "op@example.com")
    files: dict[str, str | None] = {
        "apps/cluster/Chart.yaml": "name: cluster\n",
        "charts/common/Chart.yaml": "name: common\n",
        "charts/rag/rag-stack/Chart.yaml": "name: rag-stack\n",
        "charts/rag/rag-stack/README.md": "# rag-stack\n",
        "charts/gate/gate/Chart.yaml": "name: gate\n",
        "charts/serving/model/Chart.yaml": "name: model\n",
        "README.md": "# hello\n",
    }
    for name in ("dev", "staging", "prod"):
        files[f"clusters/{name}/cluster.yaml"] = facts(name, protected=name != "dev", namespacePrefix=name)
        files[f"overlays/{name}/rag/rag-stack.yaml"] = "{}\n"
        files[f"overlays/{name}/models/chat.yaml"] = "{}\n"
        files[f"overlays/{name}/gate/gate.yaml"] = "{}\n"
    first = made.commit(files, "feat: the first")
    made.pin("dev", "main")
    made.pin("staging", first, follows="dev")
    made.pin("prod", None, follows="staging", approval="manual")
    return made


@dataclass
class Store:
    """Objects by API path; every change gives a new resourceVersion. `busy` answers 409 to that many patches."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    busy: int = 0
    requests: list[str] = field(default_factory=list)
    version: int = 100

    def put(self, path: str, body: dict[str, Any]) -> None:
        self.version += 1
        body.setdefault("metadata", {})["resourceVersion"] = str(self.version)
        self.objects[path] = body

    def application(self, name: str) -> dict[str, Any]:
        return self.objects[f"{APPLICATIONS}/{name}"]

    def add(self, body: dict[str, Any]) -> None:
        self.put(f"{APPLICATIONS}/{body['metadata']['name']}", body)


APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def kubeconfig(store: Store, tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig for an API server that serves `store` while the test runs."""
    server = Server(("127.0.0.1", 0), Handler)
    server.store = store
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    path = tmp_path / "kubeconfig"
    cluster = {"server": f"http://127.0.0.1:{server.server_port}"}
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yamlio.dump(body))
    yield path
    server.shutdown()
    server.server_close()


class Server(ThreadingHTTPServer):
    """Serves one store."""

    store: Store


class Handler(BaseHTTPRequestHandler):
    """get, list, merge patch with a resourceVersion, delete."""

    server: Server

    def log_message(self, *args: object) -> None:
        return

    def answer(self, code: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def asked(self) -> tuple[Store, str, dict[str, Any] | None]:
        path = urlsplit(self.path).path
        self.server.store.requests.append(f"{self.command} {path}")
        return self.server.store, path, self.server.store.objects.get(path)

    def do_GET(self) -> None:
        store, path, body = self.asked()
        below = [each for at, each in sorted(store.objects.items()) if at.rpartition("/")[0] == path]
        if body is None and (below or path.endswith(("/applications", "/configmaps"))):
            body = {"items": below, "metadata": {}}
        self.answer(404 if body is None else 200, body or {})

    def do_PATCH(self) -> None:
        store, path, body = self.asked()
        change = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body is None:
            return self.answer(404, {})
        if store.busy:
            store.busy -= 1
            store.put(path, body)
        if change["metadata"].pop("resourceVersion") != body["metadata"]["resourceVersion"]:
            return self.answer(409, {})
        merge(body, change)
        store.put(path, body)
        return self.answer(200, body)

    def do_DELETE(self) -> None:
        store, path, _ = self.asked()
        store.objects.pop(path, None)
        self.answer(200, {})


def merge(into: dict[str, Any], change: dict[str, Any]) -> None:
    """JSON merge patch, RFC 7396."""
    for key, value in change.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(into.get(key), dict):
                into[key] = {}
            merge(into[key], value)
        else:
            into[key] = value
