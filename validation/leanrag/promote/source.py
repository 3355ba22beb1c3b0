"""The edge to API servers: the verdict ConfigMaps of every cluster's gate, by list and by watch; nothing else."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config, watch

from leanrag.core.errors import InputError, UnreachableError
from leanrag.evidence.store import is_verdict
from leanrag.promote.facts import Facts
from leanrag.promote.verdicts import Body

IN_CLUSTER = "https://kubernetes.default.svc"
LIST_TIMEOUT = (5, 30)  # seconds to connect, seconds to answer
WATCH_SECONDS = 50
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Gate:
    """Where a cluster's gate writes: an API server (our own, or a spoke's by its cluster's name) and a namespace."""

    cluster: str
    spoke: str
    namespace: str


def gates(facts: Facts) -> tuple[Gate, ...]:
    """Return the gates of all clusters that something is deployed on; the others have no verdicts, and no namespace."""
    found = []
    for name, state in facts.states.items():
        if state.facts and state.release and state.release.revision:
            spoke = "" if state.release.server == IN_CLUSTER else name
            found.append(Gate(name, spoke, f"{state.facts.namespacePrefix}-gate"))
    return tuple(found)


class Servers:
    """API servers by kubeconfig: the promoter's own, and `spokes`/<cluster>/kubeconfig for those elsewhere."""

    def __init__(self, kubeconfig: Path | None, spokes: Path | None) -> None:
        self._own, self._spokes = kubeconfig, spokes
        self._known: dict[str, client.CoreV1Api] = {}

    def list(self, gate: Gate) -> tuple[tuple[Body, ...], str]:
        """Return the ConfigMaps of a gate's namespace, and the version to watch from."""
        answer = self._call(gate)
        document = json.loads(answer.data)
        return tuple(document.get("items") or ()), str(document["metadata"]["resourceVersion"])

    def watch(self, gate: Gate, version: str) -> Iterator[tuple[str, Body]]:
        """Yield changes until the server ends the watch, after at most 50 s, so that a dead connection is noticed.

        A BOOKMARK carries nothing but the version to go on from.
        """
        stream = watch.Watch()
        try:
            events = stream.stream(
                self._api(gate.spoke).list_namespaced_config_map,
                gate.namespace,
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=WATCH_SECONDS,
                _request_timeout=(5, WATCH_SECONDS + 20),
            )
            for event in events:
                yield event["type"], event["raw_object"]
        except (client.ApiException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise UnreachableError(_line(gate, error)) from None
        finally:
            stream.stop()

    def _call(self, gate: Gate) -> Any:
        try:
            return self._api(gate.spoke).list_namespaced_config_map(
                gate.namespace, _preload_content=False, _request_timeout=LIST_TIMEOUT
            )
        except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
            raise UnreachableError(_line(gate, error)) from None

    def _api(self, spoke: str) -> client.CoreV1Api:
        if spoke not in self._known:
            made = client.CoreV1Api(_client(self._file(spoke)))
            made.api_client.configuration.retries = False
            self._known[spoke] = made
        return self._known[spoke]

    def _file(self, spoke: str) -> Path | None:
        if not spoke:
            return self._own
        path = (self._spokes or Path()) / spoke / "kubeconfig"
        if self._spokes is None or not path.is_file():
            raise UnreachableError(f"no kubeconfig for {spoke}", hint=f"give --spokes a folder with {spoke}/kubeconfig")
        return path


def read_all(servers: Servers, wanted: Iterable[Gate]) -> tuple[dict[str, tuple[Body, ...]], dict[str, str]]:
    """Return the ConfigMaps of many gates by cluster, and for those that could not be asked the reason."""
    bodies: dict[str, tuple[Body, ...]] = {}
    problems: dict[str, str] = {}

    def one(gate: Gate) -> None:
        try:
            bodies[gate.cluster] = servers.list(gate)[0]
        except (UnreachableError, InputError, ValueError, KeyError) as error:
            problems[gate.cluster] = str(error)

    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        list(pool.map(one, wanted))
    return bodies, problems


def _client(path: Path | None) -> client.ApiClient:
    try:
        if path is None and ACCOUNT.is_file():
            settings = client.Configuration()
            config.load_incluster_config(client_configuration=settings)
            return client.ApiClient(settings)
        return config.new_client_from_config(config_file=str(path) if path else None)
    except (config.ConfigException, OSError, yaml.YAMLError, ValueError, TypeError) as error:
        where = path or "the kubeconfig"
        raise InputError(
            f"{where} cannot be used: {str(error).splitlines()[0]}", hint="name one: --kubeconfig"
        ) from None


def _line(gate: Gate, error: Exception) -> str:
    if isinstance(error, client.ApiException):
        said = f"{error.status} {error.reason}"
    else:
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return f"namespace {gate.namespace}: {said}"


def by_name(bodies: Iterable[Body]) -> dict[str, Body]:
    """Return the verdicts among ConfigMaps by their names; the others are not kept."""
    return {str(_meta(body).get("name")): body for body in bodies if is_verdict(body)}


def version_of(body: Body) -> str:
    """Return the version from which a watch goes on after an object."""
    return str(_meta(body).get("resourceVersion") or "")


def _meta(body: Body) -> Mapping[str, Any]:
    found = body.get("metadata")
    return found if isinstance(found, Mapping) else {}
