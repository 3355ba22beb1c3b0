"""What our charts render is made into running parts by the real controllers, on a bench without Argo CD.

The engine is the simulator: as the chart's own `engine: sim`, and where the chart refuses that, over several nodes,
under vLLM's command line by the chart's `image`. llm-d's picker and sidecar are replaced (leanrag.bench.llmd_standins).
"""

import json
import os
from collections.abc import Iterator

import pytest
from kubernetes import client

from leanrag.bench import controllers, node
from leanrag.bench.argoconfig import module
from leanrag.bench.images.containerd import import_images
from leanrag.bench.model import Bench
from leanrag.bench.state import Wanted
from leanrag.bench.up import up

from .adjusted import encrypted, offer_gpus
from .reconciled import (
    APPS,
    GATEWAY,
    KEDA,
    MODELS,
    PODS,
    RAG,
    SERVING,
    Release,
    asleep,
    change,
    empty_prometheus,
    fallen_back,
    hasten,
    pods_wanted,
    release,
    scaled_by_keda,
)

LLMD_MODELS = ("single", "older", "pair", "group")
ENCRYPTED = {"single", "older"}  # as OpenShift AI has it
WORKLOADS = {
    "single": {"MainWorkloadReady"},
    "older": {"MainWorkloadReady"},
    "pair": {"MainWorkloadReady", "PrefillWorkloadReady"},
    "group": {"WorkerWorkloadReady"},
}
DEPLOYMENTS = {
    "single": {"model-kserve", "model-kserve-router-scheduler"},
    "older": {"model-kserve", "model-kserve-router-scheduler"},
    "pair": {"model-kserve", "model-kserve-prefill", "model-kserve-router-scheduler"},
    "group": {"model-kserve-router-scheduler"},
}
# Kinds that charts render, and that nobody here acts on.
MONITORING = "github.com/prometheus-operator/prometheus-operator"
MONITORS = "example/prometheus-operator-crd/*_*monitors.yaml"
pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(not os.environ.get("LEANRAG_BENCH"), reason="needs real controllers (LEANRAG_BENCH=1)"),
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A bench with all real controllers, the images that pods need, and a node that says it has GPUs."""
    number = int(os.environ.get("LEANRAG_BENCH_INSTANCE", "6"))
    made = up(Wanted(number, bare=True, kserve=True, llmd=True, ogx=True, keda=True))
    import_images(node.socket(made.state, made.network.hub), ("inference-sim", "ogx"))
    controllers.define(made, controllers.documents(module(MONITORING, "schemas"), MONITORS))
    offer_gpus(made)
    yield made
    made.delete(
        controllers.namespace(f"reconcile-{name}") for name in (*MODELS, "asleep", "rag", "platform", "serving")
    )


@pytest.fixture(scope="module", params=LLMD_MODELS)
def model(request: pytest.FixtureRequest, bench: Bench) -> Iterator[Release]:
    """An LLMInferenceService of each topology that is Ready: its engines, its picker, its pool and its route."""
    encrypted(bench, request.param in ENCRYPTED)
    made = release(bench, "serving/model", request.param, MODELS[request.param])
    wanted = {*WORKLOADS[request.param], "SchedulerWorkloadReady", "Ready"}
    made.expect(lambda: wanted <= ready(made), lambda: seen(made))
    yield made
    encrypted(bench, False)


def seen(model: Release) -> dict[str, str]:
    return model.conditions(f"{SERVING}/v1alpha2", "llminferenceservices", "model")


def ready(model: Release) -> set[str]:
    return {name for name, status in seen(model).items() if status == "True"}


def topology(model: Release) -> str:
    return model.namespace.removeprefix("reconcile-")


def test_an_llm_inference_service_becomes_its_deployments(model: Release) -> None:
    assert model.names(APPS, "deployments") == DEPLOYMENTS[topology(model)]


def test_several_nodes_become_a_leader_with_its_workers(model: Release) -> None:
    groups = model.get("/apis/leaderworkerset.x-k8s.io/v1", "leaderworkersets")
    shown = [(each["metadata"]["name"], each["spec"]["leaderWorkerTemplate"]["size"]) for each in groups]
    assert shown == ([("model-kserve-mn", 2)] if topology(model) == "group" else [])


def test_a_gateway_takes_its_route_so_it_has_an_address(model: Release) -> None:
    found = model.get(f"{SERVING}/v1alpha2", "llminferenceservices", "model")
    assert {"HTTPRoutesReady", "InferencePoolReady", "RouterReady"} <= ready(model)
    assert found["status"]["url"].endswith(f"/{model.namespace}/model")


def test_a_pool_of_the_pods_and_a_route_to_it_are_made(model: Release) -> None:
    pool = model.get("/apis/inference.networking.k8s.io/v1", "inferencepools", "model-inference-pool")
    assert pool["spec"]["endpointPickerRef"]["name"] == "model-epp-service"
    route = model.get("/apis/gateway.networking.k8s.io/v1", "httproutes", "model-kserve-route")
    backends = {ref["name"] for rule in route["spec"]["rules"] for ref in rule["backendRefs"]}
    assert backends == {"model-inference-pool", "model-kserve-workload-svc"}


def test_every_policy_and_monitor_of_the_chart_finds_pods(model: Release) -> None:
    pods = [each["metadata"]["labels"].items() for each in model.get(PODS, "pods")]
    selecting = [each for each in model.objects if each["kind"] in {"NetworkPolicy", "PodMonitor"}]
    assert len(selecting) >= 3
    for each in selecting:
        spec = each["spec"]
        labels = (spec.get("podSelector") or spec.get("selector"))["matchLabels"].items()
        assert any(labels <= found for found in pods), (each["kind"], each["metadata"]["name"])


def test_the_engine_answers_at_the_address_that_the_chart_publishes(model: Release) -> None:
    (published,) = (each for each in model.objects if each["metadata"]["name"] == "model-slo")
    scheme, _, address = json.loads(published["data"]["model.json"])["url"].partition("://")
    host, _, port = address.partition(":")
    service, _, domain = host.partition(".")
    assert domain == f"{model.namespace}.svc.cluster.local"
    prefix = "https:" if scheme == "https" else ""
    assert scheme == ("https" if topology(model) in ENCRYPTED else "http")
    answered = model.answer(f"{prefix}{service}:{port}", "/v1/models")
    assert "pretend" in [each["id"] for each in answered["data"]]


@pytest.fixture(scope="module")
def rag(bench: Bench) -> Release:
    """An OGXServer that the operator says is ready; its models are the pair's."""
    encrypted(bench, False)
    release(bench, "serving/model", "pair", MODELS["pair"])
    made = release(bench, "rag/rag-stack", "rag", RAG)
    made.expect(lambda: phase(made) == "Ready", lambda: made.get("/apis/ogx.io/v1beta1", "ogxservers")[0]["status"])
    return made


def phase(rag: Release) -> str:
    found = rag.get("/apis/ogx.io/v1beta1", "ogxservers", "rag-stack")
    return str(found.get("status", {}).get("phase", ""))


def test_an_ogx_server_runs_with_the_configuration_of_the_chart(rag: Release) -> None:
    pod = rag.get(APPS, "deployments", "rag-stack")["spec"]["template"]["spec"]
    mounted = {each["name"]: each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each}
    (container,) = pod["containers"]
    places = {each["mountPath"]: mounted.get(each["name"]) for each in container["volumeMounts"]}
    assert places["/etc/ogx/"] == "rag-stack-config"
    assert "/etc/ogx/config.yaml" in container["command"]


def test_an_ogx_server_keeps_its_state_on_its_own_volume(rag: Release) -> None:
    assert rag.names(PODS, "persistentvolumeclaims") >= {"rag-stack-pvc"}
    (container,) = rag.get(APPS, "deployments", "rag-stack")["spec"]["template"]["spec"]["containers"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["RAG_STACK_DATA"] in {each["mountPath"] for each in container["volumeMounts"]}


def test_the_server_answers_at_the_address_that_the_chart_publishes(rag: Release) -> None:
    (contract,) = (each for each in rag.objects if each["metadata"]["name"] == "rag-stack-contract")
    assert json.loads(contract["data"]["rag.json"])["url"].startswith(f"http://rag-stack-service.{rag.namespace}.svc")
    listed = rag.answer("rag-stack-service:8321", "/v1/models")["data"]
    assert {each["id"] for each in listed} >= {"vllm/pretend", "vllm-embed/pretend"}


def test_an_inference_service_is_ready_with_the_simulator(bench: Bench) -> None:
    made = release(bench, "serving/model", "kserve", MODELS["kserve"])

    def conditions() -> dict[str, str]:
        return made.conditions(f"{SERVING}/v1beta1", "inferenceservices", "model")

    made.expect(lambda: conditions().get("Ready") == "True", conditions)
    assert made.names(APPS, "deployments") == {"model-predictor"}


@pytest.mark.parametrize("name", ["scaled-llm-d", "scaled-kserve"])
def test_the_number_of_pods_is_left_to_whoever_scales(bench: Bench, name: str) -> None:
    made = release(bench, "serving/model", name, MODELS[name])
    (scaled,) = (each["spec"] for each in made.objects if each["kind"] == "ScaledObject")
    target = scaled["scaleTargetRef"]["name"]
    made.expect(lambda: target in made.names(APPS, "deployments"), lambda: made.names(APPS, "deployments"))
    client.AppsV1Api(bench.kube()).patch_namespaced_deployment_scale(target, made.namespace, {"spec": {"replicas": 2}})

    def ready_pods() -> int:
        return int(made.get(APPS, "deployments", target)["status"].get("readyReplicas", 0))

    made.expect(lambda: ready_pods() == 2, ready_pods)
    made.expect(lambda: scaled_by_keda(made) == (1, 3), lambda: made.conditions(KEDA, "scaledobjects", "model"))
    # Each pod that became ready made its controller look again; had it an opinion, one would be gone.
    assert made.get(APPS, "deployments", target)["spec"]["replicas"] == 2


def test_an_absent_metric_never_scales_to_zero(bench: Bench) -> None:
    with empty_prometheus(bench.network.host) as url:
        made = release(bench, "serving/model", "asleep", asleep(url))
        triggers = hasten(made)
        made.expect(lambda: fallen_back(made), lambda: made.conditions(KEDA, "scaledobjects", "model"))
        assert pods_wanted(made) == 1
        # Read as "no load", which is KEDA's default, the same answers end the engine.
        for each in triggers:
            each["metadata"]["ignoreNullValues"] = "true"
        change(made, {"triggers": triggers})
        made.expect(lambda: pods_wanted(made) == 0, lambda: pods_wanted(made))


def test_istio_takes_the_gateway_of_the_platform_and_the_split_of_its_route(bench: Bench) -> None:
    port = {"spec": {"ports": [{"port": 8000}]}}
    names = [{"name": name, "namespace": "reconcile-serving"} for name in ("chat", "chat-next")]
    services = ({"apiVersion": "v1", "kind": "Service", "metadata": each, **port} for each in names)
    bench.apply((controllers.namespace("reconcile-serving"), *services))
    made = release(bench, "platform/gateway", "platform", GATEWAY)
    api = "/apis/gateway.networking.k8s.io/v1"
    # Programmed is left out: it waits for a proxy, and none runs.
    wanted = {"Accepted": "True", "ResolvedRefs": "True"}.items()
    made.expect(lambda: wanted <= made.conditions(api, "gateways", "leanrag").items(), lambda: made.objects)
    routes = Release(bench, "reconcile-serving", ())

    def taken() -> dict[str, str]:
        parents = routes.get(api, "httproutes", "chat").get("status", {}).get("parents", ())
        return {each["type"]: each["status"] for parent in parents for each in parent["conditions"]}

    made.expect(lambda: wanted <= taken().items(), taken)
