"""Look at a cluster: Applications where Argo CD is, pods and ConfigMaps where the workloads are. Reads only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.client import ApiException, CoreV1Api, CustomObjectsApi

from leanrag.core.errors import UnreachableError
from leanrag.gate.access import Access, Answer, answered
from leanrag.gate.converge import Expected, Seen
from leanrag.gate.observed import Application, ConfigMap, Live, Pod, application
from leanrag.gate.pods import members, pods
from leanrag.gate.workloads import texts

CLUSTER_LABEL = "leanrag.io/cluster"
GPU_LABEL = "nvidia.com/gpu.product"
_NAMES = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}


@dataclass(frozen=True, slots=True)
class Eyes:
    """Where to look: `hub` is Argo CD's API server, `here` that of the workloads; often they are one."""

    hub: Access
    applications: str
    here: Access

    def look(self, expected: Expected) -> Seen:
        """Return what is there now; an API server that does not answer or refuses is an UnreachableError."""
        spaces = sorted({work.namespace for work in expected.workloads})
        maps = sorted({each.namespace for each in _maps(expected)})
        return Seen(
            applications=self._applications(expected.cluster),
            pods=tuple(pod for space in spaces for pod in self._pods(space)),
            config_maps=tuple(each for space in maps for each in self._config_maps(space)),
        )

    def _applications(self, cluster: str) -> tuple[Application, ...]:
        api = CustomObjectsApi(self.hub.client)
        place = ("argoproj.io", "v1alpha1", self.applications, "applications")
        listed = _listed(
            f"Applications in {self.applications}",
            lambda: api.list_namespaced_custom_object(
                *place, label_selector=f"{CLUSTER_LABEL}={cluster}", **Answer.RAW
            ),
        )
        return tuple(application(body) for body in listed)

    def _pods(self, namespace: str) -> tuple[Pod, ...]:
        api = CoreV1Api(self.here.client)
        return pods(_listed(f"pods in {namespace}", lambda: api.list_namespaced_pod(namespace, **Answer.RAW)))

    def _config_maps(self, namespace: str) -> tuple[ConfigMap, ...]:
        api = CoreV1Api(self.here.client)
        call = lambda: api.list_namespaced_config_map(  # noqa: E731 - the call's arguments are the point
            namespace, label_selector="app.kubernetes.io/part-of=lean-rag", **Answer.RAW
        )
        return tuple(config_map(body) for body in _listed(f"ConfigMaps in {namespace}", call))

    def gpus(self, found: Iterable[Pod]) -> tuple[str, ...] | None:
        """Return the GPU products of the nodes under some pods; None where nodes may not be read."""
        api = CoreV1Api(self.here.client)
        products = []
        for node in sorted({pod.node for pod in found if pod.node}):
            try:
                body = answered(f"node {node}", lambda node=node: api.read_node(node, **Answer.RAW))  # type: ignore[misc]
            except (ApiException, UnreachableError):
                return None
            products.append(body.get("metadata", {}).get("labels", {}).get(GPU_LABEL, ""))
        return tuple(sorted({product for product in products if product}))

    def own(self, expected: Expected, seen: Seen) -> tuple[Pod, ...]:
        """Return the pods of the workloads that Git declares."""
        own = {(pod.namespace, pod.name) for work in expected.workloads for pod in members(work, seen.pods)}
        return tuple(pod for pod in seen.pods if (pod.namespace, pod.name) in own)

    def live(self, expected: Expected, seen: Seen, engines: Mapping[str, str | None]) -> Live:
        """Return what was seen of this cluster's own, for the verdict and its fingerprint."""
        running = self.own(expected, seen)
        return Live(seen.applications, running, self.gpus(running), engines, self.operators())

    def operators(self) -> Mapping[str, str]:
        """Return operators and versions: OLM copies ClusterServiceVersions into every namespace. Else it is empty."""
        path = f"/apis/operators.coreos.com/v1alpha1/namespaces/{self.here.namespace}/clusterserviceversions"
        options = {"auth_settings": ["BearerToken"], "response_type": "object", **Answer.RAW}
        try:
            # Names alone: a whole one has a hundred kilobytes.
            names = answered(
                "operators", lambda: self.here.client.call_api(path, "GET", header_params=_NAMES, **options)[0]
            )
        except (ApiException, UnreachableError):
            return {}
        found = (each["metadata"]["name"].partition(".v") for each in names.get("items") or ())
        return {name: version for name, _, version in found if version}


def config_map(body: Mapping[str, Any]) -> ConfigMap:
    """Return a ConfigMap object, live or rendered, as data."""
    metadata = body.get("metadata") or {}
    return ConfigMap(
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
        labels=texts(metadata.get("labels")),
        data=texts(body.get("data")),
    )


def _maps(expected: Expected) -> Iterable[ConfigMap]:
    return (each for wanted in (expected.config_maps or {}).values() for each in wanted)


def _listed(what: str, call: Callable[[], Any]) -> list[Mapping[str, Any]]:
    try:
        body = answered(what, call)
    except ApiException as error:
        hint = "the gate's chart names the layers that it may read (`reads`), apps/cluster the Applications"
        raise UnreachableError(f"{what}: the API server says {error.status} {error.reason}", hint=hint) from None
    return list(body.get("items") or ())
