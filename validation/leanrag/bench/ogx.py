"""The operator of OGX on a bench: the real one, v0.14.0, for rag-stack with `runtime: operator` and `api: ogx`."""

from leanrag.bench.controllers import Controller, documents, namespace
from leanrag.bench.defining import define
from leanrag.bench.model import Bench

NAMESPACE = "ogx-k8s-operator-system"
VERSION = "0.14.0"
# The operator has no option for the port of its webhook: it is controller-runtime's own.
OPERATOR = Controller(
    "ogx-operator", "--ogx", "ogx-operator", "github.com/ogx-ai/ogx-k8s-operator", hooks=9443, probe=19470
)


def start(bench: Bench) -> None:
    """Start the operator on the hub and register its webhook; it returns when it says that it is ready."""
    source, address = OPERATOR.source, bench.network.hub.address
    define(bench.kube(), documents(source, "config/crd/bases/*.yaml"))
    bench.apply((namespace(NAMESPACE),))
    ca = OPERATOR.certify(bench)
    words = (
        f"--metrics-bind-address={address}:{OPERATOR.probe + 1}",
        f"--health-probe-bind-address={address}:{OPERATOR.probe}",
    )
    # It reads manifests/base from where it is started.
    env = {"OPERATOR_NAMESPACE": NAMESPACE, "OPERATOR_VERSION": VERSION}
    OPERATOR.run(bench, words, env, cwd=source / "controllers")
    bench.apply(OPERATOR.webhooks(source, address, ca))
