"""What a fresh install of Argo CD 3.2.11 brings, our settings from bootstrap/argocd on top, and its Secrets."""

import base64
import json
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.errors import ToolError
from leanrag.core.files import read_text, write_atomic
from leanrag.core.process import run
from leanrag.render.tools import go, tools_dir

MODULE = "github.com/argoproj/argo-cd/v3"
PARAMS = "argocd-cmd-params-cm"
_KIND = "argocd.argoproj.io/secret-type"
_CONFIG = "manifests/base/config/argocd-*.yaml"
_CRDS = "manifests/crds/*-crd.yaml"
Object = dict[str, Any]


@cache
def module(name: str = MODULE, wrapper: str = "argocd") -> Path:
    """Return the folder of a Go module, at the version and with the checksum that bootstrap/tools/<wrapper> pins."""
    argv: list[str | Path] = [go(), "mod", "download", "-json", name]
    done = run(argv, what=f"go mod download {name}", timeout=600, cwd=tools_dir() / wrapper)
    return Path(str(json.loads(done.stdout)["Dir"]))


def definitions() -> tuple[Object, ...]:
    """Return the definitions of Application, ApplicationSet and AppProject."""
    return tuple(yamlio.read(path) for path in sorted(module().glob(_CRDS)))


def settings(namespace: str, ours: Path, state: Path) -> tuple[Object, ...]:
    """Return namespace, settings and default project; `ours` is bootstrap/argocd, read as it is committed.

    `state` keeps the key that Argo CD signs its sessions with, so that it stays the same over restarts.
    """
    brought = [yamlio.read(path) for path in sorted(module().glob(_CONFIG))]
    committed = [yamlio.read(path) for path in sorted(ours.glob("*-cm.yaml"))]
    merged: dict[tuple[str, str], Object] = {}
    for each in (*brought, *committed):
        key = each["kind"], each["metadata"]["name"]
        known = merged.get(key, {})
        merged[key] = {**known, **each, "metadata": {**each["metadata"], "namespace": namespace}}
        data = {**known.get("data", {}), **each.get("data", {})}
        merged[key] |= {"data": data} if data else {}
    merged["Secret", "argocd-secret"]["stringData"] = {"server.secretkey": _kept(state / "server.secretkey")}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    return space, *merged.values(), _default_project(namespace)


def _default_project(namespace: str) -> Object:
    """Return the project that Argo CD's own API server would make at its first start."""
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    metadata = {"name": "default", "namespace": namespace}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}


def _kept(path: Path) -> str:
    if not path.is_file():
        write_atomic(path, secrets.token_urlsafe(32), mode=0o600)
    return read_text(path)


def parameters(manifest: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that a part of Argo CD gets from argocd-cmd-params-cm, as its own manifest maps it.

    `manifest` is a path below manifests/base. In a cluster the kubelet does this.
    """
    given = {}
    for container in yamlio.read(module() / "manifests/base" / manifest)["spec"]["template"]["spec"]["containers"]:
        for variable in container.get("env", ()):
            source = variable.get("valueFrom", {}).get("configMapKeyRef", {})
            if source.get("name") == PARAMS and source["key"] in params:
                given[variable["name"]] = params[source["key"]]
    return given


def repository_secret(namespace: str, url: str, credentials: Path) -> Object:
    """Return the Secret that lets Argo CD read a private repository; `credentials` holds `username` and `password`."""
    login = {key: read_text(credentials / key) for key in ("username", "password")}
    return _secret(namespace, "repository-lean-rag", "repository", {"type": "git", "url": url, **login})


def cluster_secret(namespace: str, name: str, kubeconfig: Path) -> Object:
    """Return the Secret that registers another cluster, reached with the client certificate of a kubeconfig."""
    content = yamlio.read(kubeconfig)
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    tls = {
        "caData": cluster["certificate-authority-data"],
        "certData": user["client-certificate-data"],
        "keyData": user["client-key-data"],
    }
    for key, value in tls.items():
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            raise ToolError(f"{kubeconfig}: {key} is not base64", hint="make the kubeconfig again") from None
    config = json.dumps({"tlsClientConfig": tls})
    return _secret(
        namespace, f"cluster-{name}", "cluster", {"name": name, "server": cluster["server"], "config": config}
    )


def _secret(namespace: str, name: str, kind: str, data: Mapping[str, str]) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": {_KIND: kind}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(data)}
