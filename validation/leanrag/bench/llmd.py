"""llm-d on a bench: KServe's real controller of LLMInferenceService, and that of LeaderWorkerSet for several nodes.

Both with their own kinds, webhooks and, of KServe, the well-known configurations that every LLMInferenceService
starts from. Kinds of others that the controller looks for are those of the versions that it was built with.
"""

from collections.abc import Iterator
from typing import Any

from leanrag.bench import kserve, llmd_gateway, llmd_standins
from leanrag.bench.argoconfig import module
from leanrag.bench.controllers import CERTIFICATES, Controller, client, documents, namespace
from leanrag.bench.defining import define
from leanrag.bench.model import Bench
from leanrag.core import yamlio
from leanrag.core.files import write_atomic

CONTROLLER = Controller(
    "kserve-llmisvc",
    "--llm-d",
    kserve.WRAPPER,
    kserve.MODULE,
    hooks=19453,
    probe=19450,
    manifest="config/webhook/llmisvc/manifests.yaml",
)
GROUPS = Controller("lws", "--llm-d", "lws", "sigs.k8s.io/lws", hooks=19463, probe=19460)
PROGRAMS = (CONTROLLER.part, GROUPS.part, llmd_gateway.ISTIOD.part, *llmd_standins.PROGRAMS)
_CRDS = "config/crd/full/llmisvc/serving.kserve.io_*.yaml"
# Installed before the controller starts: it looks once which of them there are.
_OTHERS = {
    "sigs.k8s.io/gateway-api": "config/crd/standard/*.yaml",
    "sigs.k8s.io/gateway-api-inference-extension": "config/crd/bases/*.yaml",
}
_PRESETS = "config/llmisvcconfig/config-*.yaml"


def start(bench: Bench) -> None:
    """Start both on the hub; it returns when the well-known configurations have passed the controller's webhook."""
    llmd_standins.provide(bench)
    start_groups(bench)
    source, address = CONTROLLER.source, bench.network.hub.address
    ca = CONTROLLER.certify(bench)
    define(bench.kube(), (*_others(), *definitions(f"https://{address}:{CONTROLLER.hooks}", ca)))
    llmd_gateway.start(bench)
    bench.apply((namespace(kserve.NAMESPACE), kserve.settings(source)))
    words = (
        f"--metrics-addr={address}:{CONTROLLER.probe + 1}",
        "--metrics-secure=false",
        f"--health-probe-addr={address}:{CONTROLLER.probe}",
        f"--webhook-port={CONTROLLER.hooks}",
    )
    CONTROLLER.run(bench, words, {"POD_NAMESPACE": kserve.NAMESPACE})
    bench.apply(CONTROLLER.webhooks(source, address, ca))
    bench.apply(presets())


def start_groups(bench: Bench) -> None:
    """Start the controller of LeaderWorkerSet."""
    source, address = GROUPS.source, bench.network.hub.address
    define(bench.kube(), documents(source, "config/crd/bases/*.yaml"))
    ca = GROUPS.certify(bench)
    settings = {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "internalCertManagement": {"enable": False},
        "leaderElection": {"leaderElect": False},
        "health": {"healthProbeBindAddress": f"{address}:{GROUPS.probe}"},
        "metrics": {"bindAddress": f"{address}:{GROUPS.probe + 1}"},
        "webhook": {"port": GROUPS.hooks, "certDir": str(GROUPS.home(bench) / CERTIFICATES)},
    }
    path = GROUPS.home(bench) / "config.yaml"
    write_atomic(path, yamlio.dump(settings))
    GROUPS.run(bench, (f"--config={path}",), {})
    bench.apply(_only_groups(each) for each in GROUPS.webhooks(source, address, ca))


def definitions(url: str, ca: bytes) -> Iterator[dict[str, Any]]:
    """Yield the definitions of KServe's kinds; between v1alpha1 and v1alpha2 its controller converts."""
    for body in documents(CONTROLLER.source, _CRDS):
        webhook = {"clientConfig": client(f"{url}/convert", ca), "conversionReviewVersions": ["v1", "v1beta1"]}
        body["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
        yield body


def presets() -> Iterator[dict[str, Any]]:
    """Yield the well-known configurations as they ship, less the images that cannot be fetched here."""
    for body in documents(CONTROLLER.source, _PRESETS):
        body["metadata"]["namespace"] = kserve.NAMESPACE
        yield llmd_standins.preset(body)


def _others() -> Iterator[dict[str, Any]]:
    for name, files in _OTHERS.items():
        found = documents(module(name, kserve.WRAPPER), files)
        yield from (each for each in found if each["kind"] == "CustomResourceDefinition")


def _only_groups(body: dict[str, Any]) -> dict[str, Any]:
    """Ask about pods of a group alone, as its kustomization has it: its end must not stop every pod of a bench."""
    named = {"matchExpressions": [{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"}]}
    for hook in body["webhooks"]:
        if any("pods" in rule["resources"] for rule in hook["rules"]):
            hook["objectSelector"] = named
    return body
