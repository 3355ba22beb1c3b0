"""The API server as the stories see it: get, list, apply, delete and logs, by kind and name."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

FIELD_MANAGER = "leanrag-e2e"
ARGOCD = "argoproj.io/v1alpha1"
API_VERSIONS = {
    "Application": ARGOCD,
    "ApplicationSet": ARGOCD,
    "AppProject": ARGOCD,
    "CronJob": "batch/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "Deployment": "apps/v1",
    "InferenceService": "serving.kserve.io/v1beta1",
    "Job": "batch/v1",
    "Lease": "coordination.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "StatefulSet": "apps/v1",
}
Object = dict[str, Any]


class Api:
    """One API server; every call is a fresh request, so that what a test sees is what is there."""

    def __init__(self, kubeconfig: Path | None) -> None:
        self.kubeconfig = kubeconfig
        self.connect()

    def connect(self) -> None:
        """Read the kubeconfig and the server's kinds (again, after new CRDs)."""
        path = str(self.kubeconfig) if self.kubeconfig else None
        self.client = config.new_client_from_config(config_file=path)
        self._dynamic = DynamicClient(self.client)

    def _kind(self, kind: str, api_version: str = "") -> Any:
        wanted = api_version or API_VERSIONS.get(kind, "v1")
        try:
            return self._dynamic.resources.get(api_version=wanted, kind=kind)
        except ResourceNotFoundError:
            self.connect()  # a CRD that came after we looked
            return self._dynamic.resources.get(api_version=wanted, kind=kind)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return one object, or None."""
        try:
            found = self._kind(kind).get(name=name, namespace=namespace)
        except (NotFoundError, ResourceNotFoundError):
            return None
        return dict(found.to_dict())

    def list(self, kind: str, namespace: str | None = None, label: str = "") -> tuple[Object, ...]:
        """Return every object of a kind, of all namespaces when none is named; a kind nobody knows has none."""
        try:
            found = self._kind(kind).get(namespace=namespace, label_selector=label)
        except ResourceNotFoundError:
            return ()
        return tuple(found.to_dict().get("items") or ())

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects on the server's side, as `kubectl apply --server-side --force-conflicts` does."""
        for given in flatten(objects):
            resource = self._kind(given["kind"], given["apiVersion"])
            metadata = given["metadata"]
            resource.server_side_apply(
                body=given,
                name=metadata["name"],
                namespace=metadata.get("namespace"),
                field_manager=FIELD_MANAGER,
                force_conflicts=True,
            )

    def patch(self, kind: str, name: str, namespace: str | None, body: Mapping[str, Any]) -> None:
        """Change some keys of an object (JSON merge patch)."""
        self._kind(kind).patch(
            name=name, namespace=namespace, body=dict(body), content_type="application/merge-patch+json"
        )

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete one object; one that is gone already is fine."""
        background = client.V1DeleteOptions(propagation_policy="Background")
        with contextlib.suppress(NotFoundError):
            self._kind(kind).delete(name=name, namespace=namespace, body=background)

    def logs(self, pod: str, namespace: str, tail: int = 30) -> str:
        """Return the last lines of a pod, or why there are none."""
        try:
            return str(client.CoreV1Api(self.client).read_namespaced_pod_log(pod, namespace, tail_lines=tail))
        except ApiException as error:
            return f"(no log: {error.reason})"

    def answers(self) -> bool:
        """Say whether the API server is ready."""
        try:
            client.CoreV1Api(self.client).list_namespace(limit=1, _request_timeout=3)
        except Exception:
            return False
        return True


def flatten(objects: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Return the objects, those of a List one by one."""
    for given in objects:
        if given.get("kind") == "List":
            yield from flatten(given["items"])
        else:
            yield dict(given)
