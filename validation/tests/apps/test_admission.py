"""A real API server lets every pod into its layer's namespace, as platform/policies bounds it, and keeps others out."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from leanrag.bench.accept_server import ApiServer, api_server
from leanrag.catalog.model import Cluster
from leanrag.catalog.repository import Repository
from leanrag.checks.pods import pods
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest

ROOT = Path(__file__).parents[3]
PLURALS = {"LimitRange": "limitranges", "ResourceQuota": "resourcequotas"}
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
POD = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
pytestmark = pytest.mark.helm


class World:
    """One cluster's namespaces in an API server, and everything that the cluster renders."""

    def __init__(self, server: ApiServer, cluster: Cluster, manifests: tuple[Manifest, ...]) -> None:
        self.manifests = manifests
        self.places = set(cluster.namespaces.values())
        self._server, self._session = server, server.session()
        made = [each for each in manifests if each.app.chart == "policies"]
        for each in made:
            if each.kind == "Namespace":
                self.call("POST", "namespaces", each.body)
                account = {"metadata": {"name": "default"}}
                self.call("POST", f"namespaces/{each.name}/serviceaccounts", account)
        for each in made:
            if each.kind in PLURALS:
                self._bound(each)

    def _bound(self, manifest: Manifest) -> None:
        place = f"namespaces/{manifest.namespace}/{PLURALS[manifest.kind]}"
        body = self.call("POST", place, manifest.body).json()
        if manifest.kind == "ResourceQuota":
            # No controller runs here, and admission reads the status.
            hard = body["spec"]["hard"]
            body["status"] = {"hard": hard, "used": dict.fromkeys(hard, "0")}
            self.call("PUT", f"{place}/{manifest.name}/status", body)

    def call(self, method: str, place: str, body: Mapping[str, Any], **query: str) -> requests.Response:
        address = f"{self._server.url}/api/v1/{place}"
        return self._session.request(method, address, params=query, json=dict(body), timeout=60)

    def admits(self, namespace: str, spec: Mapping[str, Any]) -> str:
        """Return why a pod is refused, or an empty text; its account may be missing here."""
        container = {"name": "a", "image": "example.org/a:1"}
        pod = {key: value for key, value in spec.items() if key not in ("serviceAccountName", "serviceAccount")}
        # KServe names the image of its containers by the runtime.
        pod["containers"] = [{**container, **each} for each in spec["containers"]]
        body = {"metadata": {"name": "a"}, "spec": {**pod, "automountServiceAccountToken": False}}
        answer = self.call("POST", f"namespaces/{namespace}/pods", body, dryRun="All")
        return "" if answer.ok else str(answer.json()["message"])


@pytest.fixture(scope="module", params=["dev", "prod"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    repository = Repository(ROOT)
    cluster = repository.cluster(request.param)
    manifests = render_cluster(repository, cluster)
    with api_server() as server:
        yield World(server, cluster, manifests)


def test_every_pod_of_ours_is_let_into_its_namespace(world: World) -> None:
    ours = [pod for each in world.manifests for pod in pods(each) if each.namespace in world.places]
    found = [(pod, world.admits(pod.manifest.namespace, pod.spec)) for pod in ours if "containers" in pod.spec]
    assert len(found) > 5
    assert [(pod.manifest.app.name, why) for pod, why in found if why] == []


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"resources": {"limits": {"nvidia.com/gpu": "1"}}}, "exceeded quota"),
        ({"securityContext": {"privileged": True}}, 'violates PodSecurity "restricted'),
    ],
    ids=["a GPU outside serving", "a privileged pod"],
)
def test_what_a_layer_may_not_have_is_kept_out(world: World, container: dict[str, Any], reason: str) -> None:
    spec = {**POD, "containers": [{"securityContext": SAFE, **container}]}
    assert reason in world.admits("lr-rag", spec)


def test_a_container_that_asks_for_nothing_is_let_in(world: World) -> None:
    assert world.admits("lr-rag", {**POD, "containers": [{"securityContext": SAFE}]}) == ""


def test_nothing_is_exposed_around_the_gateway(world: World) -> None:
    body = {"metadata": {"name": "a"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    answer = world.call("POST", "namespaces/lr-rag/services", body, dryRun="All")
    assert "exceeded quota" in answer.json()["message"]
