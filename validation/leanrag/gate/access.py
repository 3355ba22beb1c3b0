"""How the gate reaches API servers: with its pod's account, or with a kubeconfig. It asks for raw JSON only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, ApiException, Configuration

from leanrag.core.errors import InputError, UnreachableError

TIMEOUT = (5, 30)


class Answer:
    """Options of a call whose answer is wanted as it came: typed models drop fields that they do not know."""

    RAW: ClassVar[dict[str, Any]] = {"_preload_content": False, "_request_timeout": TIMEOUT}


@dataclass(frozen=True, slots=True)
class Access:
    """One API server; `namespace` is that of the account or of the kubeconfig's context."""

    client: ApiClient
    namespace: str


def in_cluster(namespace_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")) -> Access:
    """Reach the API server of the pod's own cluster; outside a pod this is an InputError."""
    made = Configuration()
    try:
        config.load_incluster_config(client_configuration=made)
        return Access(_client(made), namespace_file.read_text(encoding="utf-8").strip())
    except (config.ConfigException, OSError) as error:
        raise InputError(
            f"this is no pod with a service account: {error}", hint="name a kubeconfig: --kubeconfig FILE"
        ) from None


def by_kubeconfig(path: Path, default: str = "default") -> Access:
    """Reach the API server that a kubeconfig's current context names."""
    made = Configuration()
    try:
        config.load_kube_config(str(path), client_configuration=made)
        _, active = config.list_kube_config_contexts(str(path))
    except (config.ConfigException, OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: no usable kubeconfig: {error}", hint="check the file") from None
    return Access(_client(made), str(active.get("context", {}).get("namespace") or default))


def _client(made: Configuration) -> ApiClient:
    # The caller decides whether to ask again: it knows what it waits for.
    made.retries = urllib3.Retry(total=1, backoff_factor=0.2)
    return ApiClient(made)


def answered(what: str, call: Callable[[], Any]) -> Any:
    """Return the JSON that a call answered with; no connection, or half an answer, is an UnreachableError.

    An answer with an error status is the client's own ApiException: only the caller knows what it means.
    """
    try:
        return json.loads(call().data)
    except ApiException as error:
        if error.status in (0, 401, 429) or error.status >= 500:
            raise UnreachableError(f"{what}: the API server answers {error.status} {error.reason}") from None
        raise
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise UnreachableError(f"{what}: the API server does not answer: {type(error).__name__}") from None
    except ValueError:
        raise UnreachableError(f"{what}: the API server's answer is not JSON") from None
