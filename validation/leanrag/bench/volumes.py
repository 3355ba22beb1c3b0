"""Storage class `bench`: volumes made beforehand, each a folder of the state folder that any user may write to."""

import shutil
from collections.abc import Iterable
from typing import Any

from leanrag.bench import applying
from leanrag.bench.model import Bench
from leanrag.bench.network import Node

CLASS = "bench"
COUNT = 64
SIZE = "20Gi"


def renew(bench: Bench, cluster: str = "hub") -> int:
    """Make sure that every volume is there; empty those whose claim is gone and offer them again. Return how many."""
    node = next(each for each in bench.nodes if each.name == cluster)
    api = bench.kube(cluster)
    found = applying.get(api, "/api/v1/persistentvolumes")["items"]
    released = [each["metadata"]["name"] for each in found if each["status"].get("phase") in ("Released", "Failed")]
    wanted = {each["metadata"]["name"]: each for each in volumes(bench, node)}
    applying.delete(api, (wanted[name] for name in released if name in wanted))
    for name in (*released, *(wanted.keys() - {each["metadata"]["name"] for each in found})):
        _empty(bench, node, name)
    applying.apply(api, (storage_class(), *wanted.values()))
    return len(released)


def storage_class() -> dict[str, Any]:
    """Return the class, default for claims that name none; a claim is bound when its first pod is placed."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Retain",
    }


def volumes(bench: Bench, node: Node) -> Iterable[dict[str, Any]]:
    """Return the volumes of a Kubernetes."""
    for name in (f"bench-{number:02}" for number in range(COUNT)):
        yield {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "storageClassName": CLASS,
                "capacity": {"storage": SIZE},
                "accessModes": ["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "hostPath": {"path": str(bench.state / node.name / "volumes" / name), "type": "DirectoryOrCreate"},
            },
        }


def _empty(bench: Bench, node: Node, name: str) -> None:
    folder = bench.state / node.name / "volumes" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Pods run as users of their own, and fsGroup does nothing for hostPath. Nobody but root enters the state folder.
    folder.chmod(0o777)
