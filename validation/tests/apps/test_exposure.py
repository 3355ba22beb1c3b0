"""What the gateway exposes is there: the Service, and the pods that its policy opens."""

from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.pods import pods, selects
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.helm, pytest.mark.parametrize("name", ["dev", "staging", "prod"])]


def rendered(name: str) -> tuple[Manifest, ...]:
    repository = Repository(ROOT)
    return render_cluster(repository, repository.cluster(name))


def test_every_route_names_services_that_exist(name: str) -> None:
    found = rendered(name)
    services = {(each.namespace, each.name) for each in found if each.kind == "Service"}
    routes = [each for each in found if each.kind == "Route"]
    assert routes
    for route in routes:
        spec = route.body["spec"]
        for backend in (spec["to"], *spec.get("alternateBackends", ())):
            assert (route.namespace, backend["name"]) in services


def test_what_the_gateway_opens_are_pods_of_that_layer_on_a_port_that_they_have(name: str) -> None:
    found = rendered(name)
    opened = [each for each in found if each.kind == "NetworkPolicy" and each.app.chart == "gateway"]
    assert opened
    for policy in opened:
        spec = policy.body["spec"]
        there = [pod for each in found if each.namespace == policy.namespace for pod in pods(each)]
        chosen = [pod for pod in there if pod.labels and selects(spec["podSelector"], pod.labels)]
        listening = {
            port["containerPort"] for pod in chosen for each in pod.containers() for port in each.body.get("ports", ())
        }
        assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} <= listening
