"""A cluster whose CRD arrives ten minutes late: begun by the first story, looked at by the last, alone in between.

It runs one chart and no gate, so it costs the other stories nothing but an Application.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leanrag.core import yamlio
from leanrag.core.clock import utc_now

from .changes import Files
from .secrets import namespaces
from .world import World

NAME = "late"
LATE_SECONDS = float(os.environ.get("LEANRAG_LATE_SECONDS", "600"))
CHART = """apiVersion: v2
name: monitor
description: An object of a kind that an operator brings.
type: application
version: 0.1.0
"""
MONITOR = """apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: monitor
  annotations: {argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true}
spec:
  selector: {}
"""
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "podmonitors.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"plural": "podmonitors", "singular": "podmonitor", "kind": "PodMonitor"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


@dataclass(slots=True)
class Late:
    """The cluster: when its commit came (monotonic seconds), how it stood before its CRD came, when that was."""

    world: World
    committed: float = 0.0
    before: dict[str, Any] = field(default_factory=dict)
    brought: datetime | None = None

    def begin(self) -> None:
        """Commit the cluster, and bring the CRD later, in the background."""
        self.world.api.delete("CustomResourceDefinition", CRD["metadata"]["name"])
        self.world.api.apply(*namespaces(NAME))
        self.world.operator.commit(self.files(), "feat(late): a cluster whose operator comes late")
        self.committed = time.monotonic()
        threading.Thread(target=self._bring, daemon=True).start()

    def _bring(self) -> None:
        time.sleep(LATE_SECONDS)
        self.before = self.application()
        self.world.api.apply(CRD)
        self.brought = utc_now()

    def files(self) -> Files:
        """Return the cluster's files."""
        facts = {
            "name": NAME,
            "environment": NAME,
            "platform": "kubernetes",
            "domain": "late.example.com",
            "registry": "bench.local/lean-rag",
            "namespacePrefix": NAME,
        }
        return {
            f"clusters/{NAME}/cluster.yaml": yamlio.dump({"cluster": facts}),
            f"clusters/{NAME}/release.yaml": yamlio.dump({"release": {"revision": "main"}}),
            "charts/observe/monitor/Chart.yaml": CHART,
            "charts/observe/monitor/values.yaml": "cluster: {}\n",
            "charts/observe/monitor/templates/monitor.yaml": MONITOR,
            f"overlays/{NAME}/observe/monitor.yaml": "{}\n",
        }

    def application(self) -> dict[str, Any]:
        """Return the status of its Application."""
        found = self.world.api.get("Application", f"{NAME}-monitor", self.world.argocd) or {}
        return dict(found.get("status") or {})

    def end(self) -> None:
        """Take the cluster out of Git again, and off the API server."""
        self.world.operator.commit(dict.fromkeys(self.files()), "chore(late): the cluster is gone")
        self.world.forget(NAME, NAME, self.world.api)
