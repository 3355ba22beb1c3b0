"""What the tests of the bench's node need: a program in pods, and patience."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kubernetes import client

from leanrag.bench import archive, node
from leanrag.bench.model import Bench
from leanrag.core.process import run
from leanrag.render.tools import go

IMAGE = "bench.local/lean-rag/test-probe:1"
_SOURCE = Path(__file__).parent / "probe"
_RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def provide(bench: Bench, folder: Path) -> None:
    """Build the probe and import its image into every node."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    argv = [go(), "build", "-trimpath", "-o", folder / "probe", "."]
    run(argv, what="go build probe", cwd=_SOURCE, env=environment, timeout=300)
    archive.write_image(folder / "probe.tar", IMAGE, {"/probe": folder / "probe"}, ("/probe",))
    for each in bench.nodes:
        node.ctr(bench.state, each, "images", "import", folder / "probe.tar")


def container(*words: str, **more: Any) -> dict[str, Any]:
    """Return a restricted container that runs the probe."""
    fixed = {"name": "probe", "image": IMAGE, "imagePullPolicy": "Never", "args": list(words)}
    return {**fixed, "securityContext": _RESTRICTED, **more}


def job(name: str, *words: str, spec: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a Job with one try."""
    pod = {"restartPolicy": "Never", "containers": [container(*words, **more)], **(spec or {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"job": name}}, "spec": pod}},
    }


def answer(bench: Bench, name: str, *words: str, spec: dict[str, Any] | None = None, **more: Any) -> str:
    """Run the probe in a Job to its end, and return "Complete: " or "Failed: " and the pod's log."""
    bench.apply([job(name, *words, spec=spec, **more)])
    batch, core = client.BatchV1Api(bench.kube()), client.CoreV1Api(bench.kube())

    def ended() -> str | None:
        conditions = batch.read_namespaced_job(name, "default").status.conditions or ()
        return next((each.type for each in conditions if each.type in ("Complete", "Failed")), None)

    how = eventually(ended)
    pod = core.list_namespaced_pod("default", label_selector=f"job={name}").items[0]
    return f"{how}: {core.read_namespaced_pod_log(pod.metadata.name, 'default').strip()}"


def eventually(ask: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first answer that is not None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ask()
        if found is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"no answer in {seconds} s")
