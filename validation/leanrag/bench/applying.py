"""Server-side apply of plain objects through an API server, without kubectl."""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from leanrag.core.errors import ToolError

MANAGER = "leanrag-bench"
_FIRST = ("CustomResourceDefinition", "Namespace", "ServiceAccount", "ClusterRole", "Role")
_PATIENCE = 60.0  # seconds until a kind that was just defined must be served


def api_client(kubeconfig: Path) -> Any:
    """Return an ApiClient for a kubeconfig; proxies of this shell do not know the bench's addresses."""
    settings = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=settings)
    settings.proxy, settings.no_proxy = None, "*"
    return client.ApiClient(settings)


def apply(api: Any, objects: Iterable[Mapping[str, Any]]) -> None:
    """Apply objects, definitions and namespaces first; ToolError names the object that was refused."""
    kinds = _Kinds(api)
    for each in sorted(objects, key=lambda one: _FIRST.index(one["kind"]) if one["kind"] in _FIRST else len(_FIRST)):
        _apply_one(api, kinds.path(each), each)


def delete(api: Any, objects: Iterable[Mapping[str, Any]]) -> None:
    """Delete objects without waiting; one that is gone already is fine."""
    kinds = _Kinds(api)
    for each in objects:
        try:
            _call(api, "DELETE", kinds.path(each))
        except ApiException as error:
            if error.status != 404:
                raise ToolError(f"{_named(each)}: {_reason(error)}", hint="look at the API server's log") from None


def get(api: Any, path: str) -> Any:
    """Return the document at an API path ("/api/v1/persistentvolumes")."""
    return json.loads(_call(api, "GET", path))


def _apply_one(api: Any, path: str, each: Mapping[str, Any]) -> None:
    query = [("fieldManager", MANAGER), ("force", "true")]
    try:
        _call(api, "PATCH", path, dict(each), query, {"Content-Type": "application/apply-patch+yaml"})
    except ApiException as error:
        raise ToolError(f"{_named(each)}: {_reason(error)}", hint="correct the object, or read the API's log") from None


class _Kinds:
    """Which path an object has, by the API server's own lists."""

    def __init__(self, api: Any) -> None:
        self._api = api
        self._known: dict[tuple[str, str], tuple[str, bool]] = {}

    def path(self, each: Mapping[str, Any]) -> str:
        version, kind, metadata = each["apiVersion"], each["kind"], each["metadata"]
        resource, namespaced = self._resource(version, kind)
        space = f"/namespaces/{metadata.get('namespace', 'default')}" if namespaced else ""
        return f"{_root(version)}{space}/{resource}/{metadata['name']}"

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        deadline = time.monotonic() + _PATIENCE
        while (version, kind) not in self._known:
            self._ask(version)
            if (version, kind) not in self._known and time.monotonic() > deadline:
                raise ToolError(f"the API server does not know {version} {kind}", hint="apply its definition first")
            if (version, kind) not in self._known:
                time.sleep(0.2)
        return self._known[version, kind]

    def _ask(self, version: str) -> None:
        try:
            listed = get(self._api, _root(version))
        except ApiException:
            return
        for each in listed.get("resources", ()):
            if "/" not in each["name"]:
                self._known[version, each["kind"]] = each["name"], each["namespaced"]


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _call(
    api: Any,
    method: str,
    path: str,
    body: object = None,
    query: list[tuple[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    accept = {"Accept": "application/json", **(headers or {})}
    response = api.call_api(
        path,
        method,
        query_params=query or [],
        header_params=accept,
        body=body,
        auth_settings=["BearerToken"],
        _preload_content=False,
        _return_http_data_only=True,
        _request_timeout=30,
    )
    with closing(response):
        data: bytes = response.data
    return data


def _named(each: Mapping[str, Any]) -> str:
    space = each["metadata"].get("namespace")
    return f"{each['kind']} {f'{space}/' if space else ''}{each['metadata']['name']}"


def _reason(error: ApiException) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, TypeError, KeyError):
        return f"{error.status} {error.reason}"
