"""KEDA on a bench: the real operator v2.20.2, for models that scale. Without its metrics adapter, so no HPA reads."""

from leanrag.bench.controllers import CERTIFICATES, Controller, documents, namespace
from leanrag.bench.defining import define
from leanrag.bench.model import Bench

NAMESPACE = "keda"
# Its webhooks are another program, which does not run here.
OPERATOR = Controller("keda", "--keda", "keda", "github.com/kedacore/keda/v2", hooks=0, probe=19480)


def start(bench: Bench) -> None:
    """Start the operator on the hub; it returns when it says that it is ready."""
    address = bench.network.hub.address
    define(bench.kube(), documents(OPERATOR.source, "config/crd/bases/*.yaml"))
    bench.apply((namespace(NAMESPACE),))
    folder = OPERATOR.home(bench) / CERTIFICATES
    authority = OPERATOR.certify(bench)
    (folder / "ca.crt").write_bytes(authority)
    words = (
        f"--health-probe-bind-address={address}:{OPERATOR.probe}",
        f"--metrics-bind-address={address}:{OPERATOR.probe + 1}",
        f"--metrics-service-bind-address={address}:{OPERATOR.probe + 2}",
        f"--cert-dir={folder}",
        "--enable-webhook-patching=false",
        "--enable-apiservice-patching=false",
    )
    OPERATOR.run(bench, words, {"KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE, "WATCH_NAMESPACE": ""})
