"""KServe on a bench: the real controller v0.20.0 with its webhooks, for charts with `runtime: kserve`.

CRDs, webhooks and settings are those of the module that it was built from.
"""

import json
from pathlib import Path
from typing import Any

from leanrag.bench.controllers import Controller, documents, namespace
from leanrag.bench.defining import define
from leanrag.bench.model import Bench

NAMESPACE = "kserve"
MODULE = "github.com/kserve/kserve"
WRAPPER = "kserve"
MANAGER = Controller("kserve-manager", "--kserve", WRAPPER, MODULE, hooks=19443, probe=19440)
# The manager lists what it owns when it starts, so also the kinds that nobody here uses must be known.
_CRDS = tuple(f"config/crd/full/{folder}*.yaml" for folder in ("", "clusterstoragecontainer/", "localmodel/"))
# No gateway and no service mesh on a bench: Deployments and Services, reached by their Service.
_DEPLOY = {"defaultDeploymentMode": "Standard"}
_INGRESS = {"disableIngressCreation": True, "disableIstioVirtualHost": True, "ingressDomain": "bench.local"}


def start(bench: Bench) -> None:
    """Start KServe on the hub and register its webhooks; it returns when the manager says that it is ready."""
    source, address = MANAGER.source, bench.network.hub.address
    define(bench.kube(), documents(source, *_CRDS))
    bench.apply((namespace(NAMESPACE), settings(source)))
    ca = MANAGER.certify(bench)
    words = (
        f"--metrics-addr={address}:{MANAGER.probe + 1}",
        f"--health-probe-addr={address}:{MANAGER.probe}",
        f"--webhook-port={MANAGER.hooks}",
    )
    MANAGER.run(bench, words, {"POD_NAMESPACE": NAMESPACE})
    bench.apply(MANAGER.webhooks(source, address, ca))


def settings(source: Path) -> dict[str, Any]:
    """Return KServe's ConfigMap as it ships, less its examples, with what a bench differs in."""
    (shipped,) = documents(source, "config/configmap/inferenceservice.yaml")
    data = {key: text for key, text in shipped["data"].items() if key != "_example"}
    data["deploy"] = json.dumps(_DEPLOY)
    data["ingress"] = json.dumps({**json.loads(data["ingress"]), **_INGRESS})
    return {**shipped, "data": data}
