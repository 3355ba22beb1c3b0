"""What the bench is told when charts are reconciled: that its node has GPUs, and whether KServe encrypts."""

import json

from kubernetes import client

from leanrag.bench import kserve
from leanrag.bench.model import Bench

from .reconciled import GPU


def offer_gpus(bench: Bench) -> None:
    """Let the hub's node say that it has four GPUs, as a device plugin would; pods that ask for them are placed."""
    api, name, gpus = client.CoreV1Api(bench.kube()), bench.network.hub.name, {"nvidia.com/gpu": "4"}
    api.patch_node(name, {"metadata": {"labels": {"nvidia.com/gpu.product": GPU}}})
    api.patch_node_status(name, {"status": {"capacity": gpus, "allocatable": gpus}})


def encrypted(bench: Bench, on: bool) -> None:
    """Let KServe encrypt what llm-d's parts say to each other: OpenShift AI does, plain KServe does not."""
    settings = kserve.settings(kserve.MANAGER.source)
    ingress = {**json.loads(settings["data"]["ingress"]), "enableLLMInferenceServiceTLS": on}
    bench.apply(({**settings, "data": {**settings["data"], "ingress": json.dumps(ingress)}},))
