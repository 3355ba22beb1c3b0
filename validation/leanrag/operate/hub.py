"""The edge to API servers: Argo CD's Applications on the hub, and objects of a cluster."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config

from leanrag.core.errors import InputError, UnreachableError
from leanrag.operate.application import CLUSTER_LABEL, Application, Resource, read_application

GROUP, VERSION, PLURAL = "argoproj.io", "v1alpha1", "applications"
ARGOCD_NAMESPACE = "argocd"
TIMEOUT = (5, 30)  # seconds to connect, seconds to answer


class ConflictError(Exception):
    """Somebody changed the object since it was read. Internal: callers read again."""


class Hub:
    """One API server, as a kubeconfig reaches it. `namespace` is Argo CD's."""

    def __init__(self, kubeconfig: Path, namespace: str = ARGOCD_NAMESPACE, context: str | None = None) -> None:
        self.namespace = namespace
        self.place = str(kubeconfig)
        try:
            self._client = config.new_client_from_config(config_file=str(kubeconfig), context=context)
        except (config.ConfigException, OSError, yaml.YAMLError, ValueError, TypeError) as error:
            raise InputError(
                f"{kubeconfig}: no kubeconfig that can be used: {_line(error)}", hint="name another"
            ) from None
        self._client.configuration.retries = False

    def applications(self, cluster: str | None = None) -> tuple[Application, ...]:
        """Return the Applications of one cluster, or of all that carry our label, by name."""
        selector = f"{CLUSTER_LABEL}={cluster}" if cluster else CLUSTER_LABEL
        listed = self._list(self._path(), labelSelector=selector)
        return tuple(sorted((read_application(each) for each in listed), key=lambda each: each.name))

    def application(self, name: str) -> Application | None:
        """Return one Application, or None when there is none of that name."""
        body = self.get(f"{self._path()}/{name}")
        return read_application(body) if body else None

    def patch_application(self, app: Application, change: Mapping[str, Any]) -> None:
        """Merge a change into an Application as it was read; raise ConflictError when it has changed since.

        The CRD has no status subresource (argo-cd v3.2.11 manifests/crds), so `status` is changed the same way.
        """
        seen = {"metadata": {"resourceVersion": app.raw["metadata"]["resourceVersion"]}}
        metadata = {**change.get("metadata", {}), **seen["metadata"]}
        self._call("PATCH", f"{self._path()}/{app.name}", {**change, "metadata": metadata})

    def delete_application(self, name: str) -> None:
        """Delete an Application; what it deployed goes with it only when a finalizer says so."""
        self._call("DELETE", f"{self._path()}/{name}")

    def configmaps(self, namespace: str, selector: str) -> tuple[Mapping[str, Any], ...]:
        """Return the ConfigMaps of a namespace that a label selector chooses."""
        return self._list(f"/api/v1/namespaces/{namespace}/configmaps", labelSelector=selector)

    def find(self, wanted: Resource) -> Mapping[str, Any] | None:
        """Return a live object, or None when it is gone, or when this server does not know its kind."""
        base = f"/apis/{wanted.group}/{wanted.version}" if wanted.group else f"/api/{wanted.version}"
        kinds = (self.get(base) or {}).get("resources") or ()
        plural = next((each["name"] for each in kinds if each["kind"] == wanted.kind and "/" not in each["name"]), None)
        place = f"/namespaces/{wanted.namespace}" if wanted.namespace else ""
        return self.get(f"{base}{place}/{plural}/{wanted.name}") if plural else None

    def get(self, path: str) -> Mapping[str, Any] | None:
        """Return what the API server answers at a path, None for 404."""
        return self._call("GET", path, missing=True)

    def _path(self) -> str:
        return f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}"

    def _list(self, path: str, **query: str) -> tuple[Mapping[str, Any], ...]:
        found: list[Mapping[str, Any]] = []
        after = ""
        while True:
            page = self._call("GET", path, query={**query, "limit": "250", **({"continue": after} if after else {})})
            found += (page or {}).get("items") or ()
            after = ((page or {}).get("metadata") or {}).get("continue") or ""
            if not after:
                return tuple(found)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> Mapping[str, Any] | None:
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        with self._worded(f"{method} {path}"):
            try:
                answer: Mapping[str, Any] = self._client.call_api(
                    path,
                    method,
                    query_params=list((query or {}).items()),
                    header_params=headers,
                    body=body,
                    response_type="object",
                    auth_settings=["BearerToken"],
                    _request_timeout=TIMEOUT,
                    _return_http_data_only=True,
                )
            except client.ApiException as error:
                if missing and error.status == 404:
                    return None
                if error.status == 409 and method == "PATCH":
                    raise ConflictError(path) from None
                raise
            return answer

    @contextmanager
    def _worded(self, what: str) -> Iterator[None]:
        """Turn what the client raises into one sentence."""
        try:
            yield
        except client.ApiException as error:
            message = f"{self.place}: {what}: {error.status} {error.reason}"
            hints = {
                401: "log in again",
                403: "ask for that right",
                404: "is Argo CD installed there, in this namespace?",
            }
            raise UnreachableError(message, hint=hints.get(error.status or 0, "try again")) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UnreachableError(f"{self.place}: {what}: {_line(error)}", hint="is the API server up?") from None


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
