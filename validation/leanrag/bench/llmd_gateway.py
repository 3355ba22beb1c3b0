"""The Gateway before llm-d's models on a bench: Istio's control plane, which knows InferencePools. No proxy runs.

Istio takes the Gateway, its routes and their pools, and says so in their status; that is what an LLMInferenceService
waits for. Its proxy (istio/proxyv2) can be neither fetched nor built here, so nothing is carried: the Service that
Istio looks for has the control plane's own port behind it.
"""

from typing import Any

from leanrag.bench import kserve
from leanrag.bench.controllers import Controller, documents, namespace
from leanrag.bench.defining import define
from leanrag.bench.model import Bench

NAMESPACE = "istio-system"
ISTIOD = Controller("istiod", "--llm-d", "istio", "istio.io/istio", hooks=15017, probe=15080, path="/ready")
_CRDS = "manifests/charts/base/files/crd-all.gen.yaml"
_NAME = "kserve-ingress-gateway"  # as KServe's ConfigMap has it
_GATEWAY = "gateway.networking.k8s.io/v1"


def start(bench: Bench) -> None:
    """Start istiod on the hub and make the Gateway; the kinds of Gateway API must be there."""
    address = bench.network.hub.address
    define(bench.kube(), documents(ISTIOD.source, _CRDS))
    bench.apply((namespace(NAMESPACE), namespace(kserve.NAMESPACE)))
    words = (
        "discovery",
        f"--kubeconfig={bench.kubeconfig}",
        f"--namespace={NAMESPACE}",
        "--registries=Kubernetes",
        f"--httpAddr={address}:{ISTIOD.probe}",
        f"--monitoringAddr={address}:15014",
        f"--grpcAddr={address}:15010",
        f"--secureGRPCAddr={address}:15012",
        f"--httpsAddr={address}:{ISTIOD.hooks}",
        "--ctrlz_port=0",
    )
    env = {
        "POD_NAMESPACE": NAMESPACE,
        "POD_NAME": "istiod",
        "ENABLE_GATEWAY_API_INFERENCE_EXTENSION": "true",
        # Else it would start proxies, whose image cannot be had.
        "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER": "false",
    }
    ISTIOD.run(bench, words, env)
    bench.apply(gateway(address))


def gateway(address: str) -> tuple[dict[str, Any], ...]:
    """Return the Gateway that models' routes name, and the Service that Istio looks for, with this address behind."""
    metadata = {"name": _NAME, "namespace": kserve.NAMESPACE}
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
    host = {"type": "Hostname", "value": f"{_NAME}.{kserve.NAMESPACE}.svc.cluster.local"}
    port = {"name": "http", "port": 80, "protocol": "TCP"}
    return (
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [port]}},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": _NAME}},
            "addressType": "IPv4",
            "ports": [{**port, "port": ISTIOD.probe}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        },
        {
            "apiVersion": _GATEWAY,
            "kind": "Gateway",
            "metadata": metadata,
            "spec": {"gatewayClassName": "istio", "listeners": [listener], "addresses": [host]},
        },
    )
