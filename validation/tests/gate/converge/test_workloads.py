"""What charts render for each kind that makes pods, in the form that pods are compared with."""

from pathlib import Path

import pytest

from leanrag.catalog.model import App
from leanrag.gate.workloads import container, quantity, workloads
from leanrag.render.manifest import Manifest

APP = App("dev-x", "dev", "rag", "c", "x", "ns", Path("c"), Path("o.yaml"), ())


def one(kind, spec, *more):
    bodies = ({"kind": kind, "metadata": {"name": "x", "namespace": "ns"}, "spec": spec}, *more)
    found = workloads(Manifest(APP, "t.yaml", body) for body in bodies)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("left", "right"),
    [("1Gi", "1024Mi"), ("1", "1000m"), (0.5, "500m"), ("2k", 2000), ("1.5Gi", "1536Mi"), (4, "4"), ("0", "0m")],
)
def test_one_amount_written_in_two_ways_is_equal(left, right):
    assert quantity(left) == quantity(right)


def test_other_amounts_and_words_differ():
    assert quantity("1Gi") != quantity("1G")
    assert quantity("lots") == "lots"


def test_jobs_come_and_go():
    assert workloads([Manifest(APP, "t", {"kind": kind, "spec": {}}) for kind in ("Job", "CronJob", "Service")]) == ()


def test_the_model_s_fields_win_and_its_arguments_are_appended_as_kserve_does():
    runtime = {
        "kind": "ServingRuntime",
        "metadata": {"name": "r", "namespace": "ns"},
        "spec": {
            "containers": [
                {"name": "kserve-container", "image": "a:1", "args": ["--a"], "env": [{"name": "A", "value": "1"}]},
                {"name": "proxy", "image": "p:1"},
            ]
        },
    }
    model = {"runtime": "r", "args": ["--b"], "env": [{"name": "A", "value": "2"}], "image": "a:2"}
    found = one("InferenceService", {"predictor": {"model": model}}, runtime)
    engine, proxy = found.containers
    assert (engine.image, engine.args, engine.env) == ("a:2", ("--a", "--b"), {"A": "2"})
    assert proxy.image == "p:1"
    assert found.selector == {"serving.kserve.io/inferenceservice": "x"}
    assert found.replicas == 1


def test_an_ogx_server_is_its_operator_s_container():
    spec = {
        "distribution": {"image": "ogx:1"},
        "workload": {"replicas": 2, "overrides": {"command": ["ogx"], "env": [{"name": "A", "value": "1"}]}},
    }
    found = one("OGXServer", spec)
    assert found.selector == {"app": "ogx", "app.kubernetes.io/instance": "x"}
    assert (found.containers[0].name, found.containers[0].command, found.replicas) == ("ogx", ("ogx",), 2)
    assert found.added is None


def test_a_llama_stack_is_its_operator_s_container():
    spec = {"server": {"distribution": {"image": "ls:1"}, "containerSpec": {"name": "rag-stack", "command": ["run"]}}}
    found = one("LlamaStackDistribution", spec)
    assert found.selector == {"app": "llama-stack", "app.kubernetes.io/instance": "x"}
    assert (found.containers[0].name, found.containers[0].image) == ("rag-stack", "ls:1")


def test_an_llm_inference_service_is_found_by_its_controller_s_labels():
    found = one("LLMInferenceService", {"replicas": 0, "template": {"containers": [{"name": "main", "image": "v:1"}]}})
    assert found.selector["kserve.io/component"] == "workload"
    assert (found.replicas, found.containers[0].name) == (0, "main")


def test_what_the_api_server_adds_to_a_reference_makes_no_difference():
    written = {"fieldRef": {"fieldPath": "metadata.name"}}
    stored = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}
    one, other = ({"name": "x", "env": [{"name": "POD", "valueFrom": source}]} for source in (written, stored))
    assert container(one) == container(other)
