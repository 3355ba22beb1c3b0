"""Charts on a bench whose controllers make something of them: values for a small one, and what there is of it then."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from leanrag.bench import applying, controllers
from leanrag.bench.model import Bench
from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.render.helm import render

ROOT = Path(__file__).parents[3]
GPU = "NVIDIA-A100-SXM4-80GB"
CLUSTER = {
    "name": "bench",
    "environment": "local",
    "platform": "kubernetes",
    "registry": "bench.local/lean-rag",
    "storageClass": "bench",
    "protected": False,
}
OPENSHIFT = {**CLUSTER, "platform": "openshift", "domain": "apps.bench.local"}
SMALL = {"cpu": "50m", "memory": "256Mi"}
LLMD = {"runtime": "llm-d", "model": {"name": "pretend", "source": "pvc://models/tiny"}, "engine": "sim"}
KSERVE = {"runtime": "kserve", "model": {"name": "pretend"}, "engine": "sim"}
SCALED = {
    # Nobody answers there: an engine whose load is not known keeps its pods.
    "cluster": {
        **CLUSTER,
        "features": ["llm-d", "autoscaling"],
        "prometheus": "http://prometheus.observe.svc.cluster.local:9090",
    },
    "capacity": {**SMALL, "autoscaling": {"enabled": True, "min": 1, "max": 3}},
}
MODELS = {
    "single": {**LLMD, "cluster": {**OPENSHIFT, "openshiftAI": "3.4", "features": ["llm-d"]}, "capacity": SMALL},
    "older": {**LLMD, "cluster": {**OPENSHIFT, "openshiftAI": "3.3", "features": ["llm-d"]}, "capacity": SMALL},
    "pair": {
        **LLMD,
        "cluster": {**CLUSTER, "features": ["llm-d"]},
        "topology": "disaggregated",
        "capacity": SMALL,
    },
    "group": {
        "runtime": "llm-d",
        "topology": "multi-node",
        "cluster": {
            **CLUSTER,
            "features": ["llm-d", "multi-node"],
            "gpus": {"a100": {"product": GPU, "perNode": 2}},
        },
        "image": {"repository": "bench.local/lean-rag/vllm-simulated", "tag": "1"},
        "model": {"name": "pretend", "source": "pvc://models/tiny", "sizeGiB": 1, "maxModelLen": 4096},
        "capacity": {
            "gpus": 2,
            "spareGpu": True,
            "cpu": "50m",
            "memory": "3Gi",
            "sharedMemory": "1Gi",
            "parallelism": {"data": 4, "dataLocal": 2},
        },
    },
    "kserve": {**KSERVE, "cluster": {**OPENSHIFT, "openshiftAI": "3.4"}, "capacity": SMALL},
    "scaled-llm-d": {**LLMD, **SCALED},
    "scaled-kserve": {**KSERVE, **SCALED},
}


def asleep(prometheus: str) -> dict[str, Any]:
    """Return the values of a model that may sleep, measured by this Prometheus."""
    wake = {"query": "sum(rate(requests_total[1m]))"}
    scaling = {"enabled": True, "min": 0, "max": 3, "wake": wake}
    cluster = {**CLUSTER, "features": ["llm-d", "autoscaling"], "prometheus": prometheus}
    return {**LLMD, "cluster": cluster, "capacity": {**SMALL, "autoscaling": scaling}}


GATEWAY = {
    "cluster": {**CLUSTER, "domain": "bench.local", "namespacePrefix": "reconcile"},
    "exposure": "clusterip",
    "gateway": {"className": "istio"},
    "tls": {"enabled": False},
    "routes": {
        "rag-stack": None,
        "chat": {
            "layer": "serving",
            "backends": {"chat": {"weight": 90}, "chat-next": {"weight": 10}},
            "port": 8000,
            "path": "/v1",
        },
    },
}
ENGINE = "http://model-kserve-workload-svc.reconcile-pair.svc.cluster.local:8000"
RAG = {
    "cluster": {**OPENSHIFT, "openshiftAI": "3.5"},
    "api": "ogx",
    "runtime": "operator",
    "vectorStore": "milvus-lite",
    "models": {
        "chat": {"name": "pretend", "url": ENGINE},
        "embedding": {"name": "pretend", "url": ENGINE, "dimension": 384, "contextLength": 256},
    },
    "auth": {"mode": "none"},
}
PODS, APPS, SERVING = "/api/v1", "/apis/apps/v1", "/apis/serving.kserve.io"
KEDA = "/apis/keda.sh/v1alpha1"


@dataclass(frozen=True, slots=True)
class Release:
    """A chart's objects in a namespace of their own, applied to the bench."""

    bench: Bench
    namespace: str
    objects: tuple[dict[str, Any], ...]

    def get(self, api: str, plural: str, name: str = "") -> Any:
        """Return an object, or the items of a list; None when there is no such object."""
        try:
            path = f"{api}/namespaces/{self.namespace}/{plural}"
            found = applying.get(self.bench.kube(), f"{path}/{name}" if name else path)
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return found if name else found["items"]

    def names(self, api: str, plural: str) -> set[str]:
        """Return the names of what there is of a kind."""
        return {each["metadata"]["name"] for each in self.get(api, plural)}

    def conditions(self, api: str, plural: str, name: str) -> dict[str, str]:
        """Return the conditions of an object, by type."""
        status = (self.get(api, plural, name) or {}).get("status", {})
        return {each["type"]: each["status"] for each in status.get("conditions", ())}

    def answer(self, service: str, path: str) -> Any:
        """Return what a Service answers, asked through the API server."""
        return applying.get(self.bench.kube(), f"{PODS}/namespaces/{self.namespace}/services/{service}/proxy{path}")

    def expect(self, condition: Callable[[], bool], told: Callable[[], object], within: float = 240) -> None:
        """Wait until a condition holds; else fail with what is there instead."""
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"after {within:.0f} s: {told()}"
            time.sleep(1)


def release(bench: Bench, chart: str, name: str, values: dict[str, Any]) -> Release:
    """Render a chart as it is and apply every object of it."""
    folder, namespace = ROOT / "charts" / chart, f"reconcile-{name}"
    layer, _, short = chart.partition("/")
    app = App(name, "bench", layer, short, short, namespace, folder, folder, ())
    objects = tuple(dict(each.body) for each in render(Repository(ROOT), app, values))
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "models", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    bench.apply((controllers.namespace(namespace), claim, *objects))
    return Release(bench, namespace, objects)


def scaled_by_keda(made: Release) -> tuple[int, int] | None:
    """Return the range of the autoscaler that KEDA has made of a ScaledObject that it calls ready."""
    if made.conditions(KEDA, "scaledobjects", "model").get("Ready") != "True":
        return None
    found = made.get("/apis/autoscaling/v2", "horizontalpodautoscalers", "keda-hpa-model")["spec"]
    return found["minReplicas"], found["maxReplicas"]


def fallen_back(made: Release) -> bool:
    return made.conditions(KEDA, "scaledobjects", "model").get("Fallback") == "True"


def pods_wanted(made: Release) -> int:
    return int(made.get(APPS, "deployments", "model-kserve")["spec"]["replicas"])


def hasten(made: Release) -> list[dict[str, Any]]:
    """Let KEDA look every five seconds and wait for no pod's start; return the triggers as the chart has them."""
    change(made, {"pollingInterval": 5, "cooldownPeriod": 5, "initialCooldownPeriod": 0})
    (scaled,) = (each["spec"] for each in made.objects if each["kind"] == "ScaledObject")
    return [{**each, "metadata": dict(each["metadata"])} for each in scaled["triggers"]]


def change(made: Release, spec: dict[str, Any]) -> None:
    api = client.CustomObjectsApi(made.bench.kube())
    api.patch_namespaced_custom_object("keda.sh", "v1alpha1", made.namespace, "scaledobjects", "model", {"spec": spec})


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer every query with no series."""
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def empty_prometheus(address: str) -> Iterator[str]:
    """Serve a Prometheus that scrapes nothing, at an address of this machine, and give its URL."""
    server = ThreadingHTTPServer((address, 0), _Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
