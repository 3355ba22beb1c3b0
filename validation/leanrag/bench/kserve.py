"""KServe on a bench: the real controller v0.20.0 with its webhooks, for charts with `runtime: kserve`.

Its manager runs beside the kubelet, in the network of the hub's node, where the API server and nobody outside the
machine reaches its webhooks. CRDs, webhooks and settings are those of the module that it was built from.
"""

import base64
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

from leanrag.bench import applying
from leanrag.bench.argoconfig import module
from leanrag.bench.certificates import Subject
from leanrag.bench.control import authority
from leanrag.bench.model import Bench
from leanrag.core.errors import InputError, ToolError
from leanrag.core.progress import say
from leanrag.render.tools import tool

PART = "kserve-manager"
NAMESPACE = "kserve"
MODULE = "github.com/kserve/kserve"
PART_OF = "kserve"  # the wrapper module in bootstrap/tools that pins it
WEBHOOK_PORT, PROBE_PORT = 19443, 19440
# Where controller-runtime looks for the webhook's certificate: below TMPDIR.
_CERTIFICATES = Path("k8s-webhook-server/serving-certs")
# The manager lists what it owns when it starts, so also the kinds that nobody here uses must be known.
_CRDS = tuple(f"config/crd/full/{folder}*.yaml" for folder in ("", "clusterstoragecontainer/", "localmodel/"))
# No gateway and no service mesh on a bench: Deployments and Services, reached by their Service.
_DEPLOY = {"defaultDeploymentMode": "Standard"}
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_PATIENCE = 30.0  # seconds
_INGRESS = {"disableIngressCreation": True, "disableIstioVirtualHost": True, "ingressDomain": "bench.local"}


def start(bench: Bench) -> None:
    """Start KServe on the hub and register its webhooks; it returns when the manager says that it is ready."""
    source = module(MODULE, PART_OF)
    api = bench.kube()
    say("kserve: definitions and settings of v0.20.0")
    definitions = tuple(_documents(source, *_CRDS))
    bench.apply(definitions)
    _wait_established(api, (each["metadata"]["name"] for each in definitions))
    bench.apply((_namespace(), settings(source)))
    home = bench.state / PART
    ca = _certificates(bench, home)
    node = bench.network.hub
    argv = (
        tool(PART),
        f"--metrics-addr={node.address}:{PROBE_PORT + 1}",
        f"--health-probe-addr={node.address}:{PROBE_PORT}",
        f"--webhook-port={WEBHOOK_PORT}",
    )
    env = {"KUBECONFIG": str(bench.kubeconfig), "POD_NAMESPACE": NAMESPACE, "TMPDIR": str(home)}
    bench.processes.start(PART, argv, env, home, node.name, ready=lambda: _ready(node.address), allowance=90)
    bench.apply(webhooks(source, node.address, ca))


def stop(bench: Bench) -> None:
    """Stop KServe and take its webhooks away: one that nobody answers would refuse every pod of a model."""
    bench.delete(webhooks(module(MODULE, PART_OF), bench.network.hub.address, b""))
    bench.processes.stop(PART)
    bench.processes.forget(PART)


def settings(source: Path) -> dict[str, Any]:
    """Return KServe's ConfigMap as it ships, less its examples, with what a bench differs in."""
    (shipped,) = _documents(source, "config/configmap/inferenceservice.yaml")
    data = {key: text for key, text in shipped["data"].items() if key != "_example"}
    data["deploy"] = json.dumps(_DEPLOY)
    data["ingress"] = json.dumps({**json.loads(data["ingress"]), **_INGRESS})
    return {**shipped, "data": data}


def webhooks(source: Path, address: str, ca: bytes) -> tuple[dict[str, Any], ...]:
    """Return KServe's webhook configurations, called at an address instead of a Service."""
    found = []
    for body in _documents(source, "config/webhook/manifests.yaml"):
        body["metadata"] = {"name": body["metadata"]["name"]}
        for hook in body["webhooks"]:
            path = hook["clientConfig"]["service"]["path"]
            url = f"https://{address}:{WEBHOOK_PORT}{path}"
            hook["clientConfig"] = {"url": url, "caBundle": base64.b64encode(ca).decode()}
        found.append(body)
    if not found:
        raise ToolError(f"{source}: no webhooks in config/webhook", hint="was another version of KServe pinned?")
    return tuple(found)


def _documents(source: Path, *globs: str) -> Iterator[dict[str, Any]]:
    for path in (each for pattern in globs for each in sorted(source.glob(pattern))):
        # The definitions are megabytes: the loader in C reads them in a tenth of the time.
        found = yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
        yield from (each for each in found if each and each["kind"] != "Kustomization")


def _namespace() -> Mapping[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def _wait_established(api: Any, names: Iterable[str]) -> None:
    """Wait until every kind is served: the manager ends at once when one is not."""
    deadline = time.monotonic() + _PATIENCE
    waiting = set(names)
    while waiting:
        waiting = {name for name in waiting if not _established(applying.get(api, f"{_DEFINITIONS}/{name}"))}
        if waiting and time.monotonic() > deadline:
            raise ToolError(f"the API server does not serve {', '.join(sorted(waiting))}", hint="read its log")
        time.sleep(0.2)


def _established(body: Mapping[str, Any]) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _certificates(bench: Bench, home: Path) -> bytes:
    """Put a certificate for the node's address where the manager looks, and return the authority's."""
    issuer = authority(bench.state, bench.network.hub)
    pair = issuer.issue(PART, Subject(PART, serves=(bench.network.hub.address,)))
    folder = home / _CERTIFICATES
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, name in zip(pair, ("tls.crt", "tls.key"), strict=True):
        target = folder / name
        target.write_bytes(path.read_bytes())
        target.chmod(0o600)
    return issuer.certificate.read_bytes()


def _ready(address: str) -> bool:
    with suppress(OSError, HTTPException):
        connection = HTTPConnection(address, PROBE_PORT, timeout=2)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    return False


def require_kserve(bench: Bench) -> None:
    """Say so when a story needs KServe and the bench was started without it."""
    if not bench.processes.alive(PART):
        raise InputError("KServe does not run on this bench", hint="start it: leanrag bench up --kserve")
