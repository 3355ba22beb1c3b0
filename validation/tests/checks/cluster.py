"""A cluster that the tests of rules make up, and a model on it that publishes what it promises."""

from pathlib import Path
from typing import Any

from leanrag.catalog.model import App, Cluster, ClusterFacts
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.render.manifest import Manifest


def scope_of(*bodies: dict[str, Any], gpus: dict[str, Any] | None = None, mode: str = "full") -> Scope:
    """A cluster with these objects; each belongs to the chart that its label `chart` names, or to `model`."""
    facts = {"name": "dev", "environment": "dev", "platform": "openshift", "domain": "x", "registry": "y"}
    read = ClusterFacts.model_validate({**facts, "gpus": gpus or {}, "gate": {"mode": mode}})
    cluster = Cluster(read, Path("clusters/dev/cluster.yaml"), {})
    manifests = []
    for body in bodies:
        chart = "gate" if body["kind"] == "Job" else "model"
        path = Path("charts/serving") / chart
        app = App(f"dev-{chart}", "dev", "serving", chart, chart, "lr-serving", path, path / "x.yaml", ())
        manifests.append(Manifest(app, f"{path}/templates/x.yaml", body))
    return Scope(tuple(manifests), Schemas.__new__(Schemas), cluster=cluster)


def promised(task: str = "chat", seconds: int = 120) -> dict[str, Any]:
    text = '{"model": "m", "task": "%s", "slo": {"objectives": {"ttft": {}}, "traffic": {"maxDurationSeconds": %d}}}'
    metadata = {"name": f"{task}-{seconds}", "labels": {"leanrag.io/slo": "true"}}
    return {"kind": "ConfigMap", "metadata": metadata, "data": {"model.json": text % (task, seconds)}}
