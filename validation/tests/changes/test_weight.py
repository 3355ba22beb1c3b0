"""What a workload takes of its cluster is counted as the scheduler will: all its pods, requests before limits."""

from pathlib import Path

import pytest

from leanrag.catalog.model import App
from leanrag.changes.weight import Weight, is_gpu, weights
from leanrag.render.manifest import Manifest

APP = App("x-a", "x", "data", "a", "a", "ns", Path(), Path(), ())
GIB = 2**30


def manifest(kind, spec, name="w"):
    return Manifest(APP, "t", {"kind": kind, "metadata": {"name": name}, "spec": spec})


def resources(**limits):
    return {"resources": {"limits": {key.replace("gpu", "nvidia.com/gpu"): value for key, value in limits.items()}}}


def pod(*containers, **more):
    return {"spec": {"containers": list(containers), **more}}


def weight(*manifests, kind):
    found = weights(manifests)
    return next(each for key, each in found.items() if key[0] == kind)


def test_all_pods_of_a_deployment_count():
    spec = {"replicas": 3, "template": pod({"name": "a", **resources(cpu="500m", memory="1Gi", gpu="2")})}
    assert weight(manifest("Deployment", spec), kind="Deployment") == Weight(3, 6, 3 * 0.5, 3 * GIB)


def test_a_request_counts_before_its_limit():
    spec = {"template": pod({"name": "a", "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "4"}}})}
    assert weight(manifest("Deployment", spec), kind="Deployment").cpu == 1


def test_a_hungry_start_counts_and_a_sidecar_adds():
    start, side = {"name": "s", **resources(memory="4Gi")}, {"name": "p", "restartPolicy": "Always"}
    spec = {"template": pod({"name": "a", **resources(memory="1Gi", cpu="1")}, initContainers=[start])}
    assert weight(manifest("Deployment", spec), kind="Deployment").memory == 4 * GIB
    spec["template"]["spec"]["initContainers"].append({**side, **resources(cpu="250m")})
    assert weight(manifest("Deployment", spec), kind="Deployment").cpu == 1.25


def test_a_model_takes_its_own_resources_before_those_of_its_runtime():
    runtime = manifest(
        "ServingRuntime", {"containers": [{"name": "kserve-container", **resources(cpu="1", gpu="4")}]}, "r"
    )
    served = {"predictor": {"minReplicas": 2, "model": {"runtime": "r", **resources(cpu="8")}}}
    assert weight(manifest("InferenceService", served), runtime, kind="InferenceService") == Weight(2, 8, 16)


def test_a_model_over_several_nodes_takes_leaders_and_workers():
    node = {"containers": [{"name": "main", **resources(gpu="8")}]}
    spec = {"replicas": 2, "parallelism": {"data": 32, "dataLocal": 8}, "template": node, "worker": node}
    assert weight(manifest("LLMInferenceService", spec), kind="LLMInferenceService") == Weight(8, 64)


def test_prefill_and_decode_are_counted_each_with_its_own_number():
    node = {"containers": [{"name": "main", **resources(gpu="1")}]}
    spec = {"replicas": 2, "template": node, "prefill": {"replicas": 3, "template": node}}
    assert weight(manifest("LLMInferenceService", spec), kind="LLMInferenceService") == Weight(5, 5)


def test_what_an_autoscaler_decides_counts_with_its_lowest_number():
    spec = {"replicas": 9, "template": pod({"name": "a", **resources(cpu="1")})}
    scaler = {"scaleTargetRef": {"name": "w"}, "minReplicaCount": 2, "maxReplicaCount": 8}
    assert weight(manifest("Deployment", spec), manifest("ScaledObject", scaler), kind="Deployment").cpu == 2


def test_jobs_come_and_go():
    assert weights([manifest("Job", {"template": pod({"name": "a", **resources(cpu="1")})})]) == {}


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("nvidia.com/gpu", True),
        ("nvidia.com/mig-1g.10gb", True),
        ("amd.com/gpu", True),
        ("cpu", False),
        ("x.io/rdma", False),
    ],
)
def test_a_gpu_and_a_slice_of_one_are_gpus(name, gpu):
    assert is_gpu(name) is gpu
