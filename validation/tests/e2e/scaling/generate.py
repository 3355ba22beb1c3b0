"""A repository with very many clusters: our apps/ as they are, and charts of one ConfigMap each.

What is measured is how a commit becomes Applications and how a pin reaches its cluster. What the Applications deploy in
earnest runs on other machines, so here it is as small as it can be: no pod, and a gate without a Job.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanrag.catalog.address import set_address
from leanrag.core import yamlio

ENVIRONMENT = "scale"
LAYERS = ("rag", "serving", "gate")
# Applications of one cluster: its pin, itself, and one for each overlay file below.
OVERLAYS = ("rag/note.yaml", "models/chat.yaml", "gate/gate.yaml")
APPLICATIONS = 2 + len(OVERLAYS)
_CONFIGMAP = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data:
  cluster: {{ .Values.cluster.name }}
  revision: {{ .Values.revision | default "" | quote }}
  note: {{ .Values.note | default "" | quote }}
"""
CHARTS: Mapping[str, str] = {
    "charts/rag/note": _CONFIGMAP,
    "charts/serving/model": _CONFIGMAP,
    "charts/gate/gate": _CONFIGMAP,
}


def name(number: int) -> str:
    """Return the name of a cluster."""
    return f"c{number:04d}"


def generate(source: Path, target: Path, url: str, clusters: int) -> None:
    """Write the repository: apps/ of `source`, charts, one environment, and so many clusters that read it."""
    shutil.copytree(source / "apps", target / "apps", ignore=shutil.ignore_patterns("tests", "ci", "README.md"))
    set_address(target, url)
    for chart, template in CHARTS.items():
        _write(target / chart / "Chart.yaml", _chart(chart.rsplit("/", 1)[1]))
        _write(target / chart / "templates" / "objects.yaml", template)
    for overlay in OVERLAYS:
        _write(target / "overlays" / ENVIRONMENT / overlay, "note: first\n")
    for number in range(clusters):
        _write(target / "clusters" / name(number) / "cluster.yaml", _cluster(name(number)))


def namespaces(clusters: int) -> list[dict[str, Any]]:
    """Return the namespaces, which exist before the first sync: whoever adds a cluster makes them."""
    names = (f"{name(number)}-{layer}" for number in range(clusters) for layer in LAYERS)
    return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": each}} for each in names]


def release(revision: str) -> str:
    """Return a release.yaml."""
    return yamlio.dump({"release": {"revision": revision, "server": "https://kubernetes.default.svc"}})


def _chart(chart: str) -> str:
    return yamlio.dump({"apiVersion": "v2", "name": chart, "version": "0.1.0"})


def _cluster(cluster: str) -> str:
    facts = {
        "name": cluster,
        "environment": ENVIRONMENT,
        "platform": "kubernetes",
        "domain": "example.com",
        "registry": "registry.example.com",
        "namespacePrefix": cluster,
        "gate": {"mode": "observe"},
    }
    return yamlio.dump({"cluster": facts})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
