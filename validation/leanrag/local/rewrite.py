"""Put addresses and folders of this machine where a pod has names and paths of its own. Pure text work."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leanrag.core.errors import InputError
from leanrag.local.pods import Container, Service

_HTTP = 80


@dataclass(frozen=True, slots=True)
class Target:
    """What is behind a service name locally: an address, and its ports (service port → port there)."""

    address: str
    ports: Mapping[int, int]


def names_of(name: str, namespace: str) -> tuple[str, ...]:
    """Return the DNS names that other namespaces use for a Service, the longest first."""
    return tuple(f"{name}.{namespace}{suffix}" for suffix in (".svc.cluster.local", ".svc", ""))


def targets(
    services: Iterable[Service], pods: Iterable[Container], addresses: Mapping[str, str]
) -> dict[tuple[str, str], Target]:
    """Return (service, namespace) → target, for each Service that selects one of the pods; `addresses` is by pod."""
    found: dict[tuple[str, str], Target] = {}
    everyone = tuple(pods)
    for service in services:
        for pod in everyone:
            if selects(service, pod):
                ports = {port: _port(service, target, pod) for port, target in service.ports.items()}
                found[service.name, service.namespace] = Target(addresses[pod.pod], ports)
                break
    return found


def selects(service: Service, pod: Container) -> bool:
    """True when a Service sends to a pod."""
    return pod.namespace == service.namespace and service.selector.items() <= pod.labels.items()


def _port(service: Service, target: int | str, pod: Container) -> int:
    if isinstance(target, int):
        return target
    if target not in pod.ports:
        raise InputError(
            f"Service {service.namespace}/{service.name}: {pod.pod} has no port {target!r}", hint="correct the chart"
        )
    return pod.ports[target]


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Rewrites one pod's texts: `paths` are its mounts as (mount path, local folder), `address` is its own."""

    services: Mapping[tuple[str, str], Target]
    namespace: str
    paths: tuple[tuple[str, str], ...]
    address: str

    def text(self, text: str) -> str:
        """Return the text with service names, mount paths and 0.0.0.0 replaced; what is no such name stays."""
        for (name, namespace), target in self.services.items():
            for host in names_of(name, namespace):
                text = self._host(text, host, target)
            if namespace == self.namespace:  # a bare name only as the host of a URL: it may be a word elsewhere
                text = self._host(text, name, target, before=r"(?<=://)")
        if self.paths:
            text = self._mounts().sub(lambda match: dict(self.paths)[match.group(0)], text)
        return re.sub(r"(?<![\d.])0\.0\.0\.0(?![\d.])", self.address, text)

    def _mounts(self) -> re.Pattern[str]:
        """One pattern, longest path first, so that a folder put in is never rewritten again."""
        longest_first = sorted((path for path, _ in self.paths), key=len, reverse=True)
        return re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w.-])")

    def mentions(self, text: str) -> tuple[tuple[str, str], ...]:
        """Return the services that a text names."""
        return tuple(
            key
            for key in self.services
            if any(re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", text) for host in names_of(*key))
            or (key[1] == self.namespace and re.search(rf"://{re.escape(key[0])}(?![\w.-])", text))
        )

    def _host(self, text: str, host: str, target: Target, before: str = r"(?<![\w.-])") -> str:
        def put(match: re.Match[str]) -> str:
            given = match.group(2)
            if given is None:
                return target.address if _HTTP not in target.ports else f"{target.address}:{target.ports[_HTTP]}"
            port = target.ports.get(int(given))
            if port is None:
                raise InputError(f"{host}:{given} is named, but no such port is served", hint="correct the chart")
            return f"{target.address}:{port}"

        return re.sub(rf"{before}({re.escape(host)})(?::(\d+))?(?![\w.-])", put, text)
