"""From rendered manifests to the whole list of parts: pods, the token validator, a fault's proxy."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from leanrag.local.contracts import Published, only, published
from leanrag.local.faults import RENAMED, Fault, proxy_size
from leanrag.local.identity import TOKEN
from leanrag.local.plan import Part, World, plan, secret_references, served_as
from leanrag.local.pods import Container, Probe, config_data, containers, services
from leanrag.local.ports import address
from leanrag.local.programs import Program
from leanrag.local.rewrite import Target, names_of, selects, targets
from leanrag.render.manifest import Manifest

IDENTITY = ("auth", "lr-rag")
_IDENTITY_PORT = 8080
_IDENTITY_NUMBER, _PROXY_NUMBER, _FIRST_POD = 2, 3, 10
_READY_WITHIN = 30.0
_PROXY = "fault-proxy"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything about one stack that does not depend on which addresses are free."""

    manifests: tuple[Manifest, ...]
    found: tuple[Container, ...]
    published: tuple[Published, ...]
    fault: Fault | None

    def listening(self) -> tuple[tuple[int, int], ...]:
        """Return the (number in the block, port) pairs that the stack will listen on."""
        numbers = _numbers(self.found)
        pods = {(numbers[each.pod], port) for each in self.found for port in each.ports.values()}
        behind = {(_PROXY_NUMBER, port) for port in self._proxied_ports()}
        return tuple(sorted(pods | behind | {(_IDENTITY_NUMBER, _IDENTITY_PORT)}))

    def secrets(self) -> tuple[tuple[str, str], ...]:
        """Return the (name, key) of every Secret that must be drawn for a run."""
        return tuple(sorted({*secret_references(self.found), *(each.secret for each in self.published if each.secret)}))

    def pod_of(self, task: str) -> str:
        """Return the pod behind the one service of a task."""
        name, namespace = only(self.published, task).service
        (service,) = (each for each in services(self.manifests) if (each.name, each.namespace) == (name, namespace))
        return next(each.pod for each in self.found if selects(service, each))

    def _proxied_ports(self) -> tuple[int, ...]:
        if not self.fault or self.fault.kind != "proxy":
            return ()
        where = only(self.published, self.fault.where).service
        return tuple(
            port for each in services(self.manifests) if (each.name, each.namespace) == where for port in each.ports
        )

    def parts(
        self,
        state: Path,
        tmp: Path,
        block: int,
        drawn: Mapping[tuple[str, str], str],
        programs: tuple[Program, ...],
        claims: Mapping[str, Path],
    ) -> tuple[tuple[Part, ...], dict[str, str]]:
        """Return the parts of one run and its map service URL → real URL."""
        addresses = {pod: address(block, number) for pod, number in _numbers(self.found).items()}
        direct = targets(services(self.manifests), self.found, addresses)
        direct[IDENTITY] = Target(address(block, _IDENTITY_NUMBER), {_IDENTITY_PORT: _IDENTITY_PORT})
        owners = {key: _owner(target, addresses) for key, target in direct.items()}
        proxies, seen = self._proxies(direct, owners, block)
        world = World(
            state=state,
            services=seen,
            owners={**owners, **{key: _PROXY for key in seen if seen[key] != direct[key]}},
            configs=config_data(self.manifests, "ConfigMap"),
            secrets=config_data(self.manifests, "Secret"),
            drawn=drawn,
            addresses=addresses,
            claims=claims,
            programs=programs,
            tmp=tmp,
            path=os.defpath,
            cores=tuple(sorted(os.sched_getaffinity(0))),
        )
        pods = plan(self.found, world)
        # a pod that names its own service does not wait for the proxy that waits for it
        behind = {need for proxy in proxies for need in proxy.needs}
        pods = tuple(
            replace(pod, needs=tuple(set(pod.needs) - {_PROXY})) if pod.name in behind else pod for pod in pods
        )
        return (*self._identity(block, drawn), *proxies, *pods), _urls(seen, self.published)

    def _identity(self, block: int, drawn: Mapping[tuple[str, str], str]) -> tuple[Part, ...]:
        rag = next((each for each in self.published if each.task == "rag"), None)
        if rag is None or rag.secret is None:
            return ()
        where = address(block, _IDENTITY_NUMBER)
        env = {TOKEN: drawn[rag.secret]}
        return (
            _ours(
                "identity", "identity", where, _IDENTITY_PORT, (), Probe(_READY_WITHIN, _IDENTITY_PORT, "/health"), env
            ),
        )

    def _proxies(
        self, direct: Mapping[tuple[str, str], Target], owners: Mapping[tuple[str, str], str], block: int
    ) -> tuple[tuple[Part, ...], dict[tuple[str, str], Target]]:
        """Return a fault's proxy and the services as everybody then sees them: the proxied one at the proxy."""
        if not self.fault or self.fault.kind != "proxy":
            return (), dict(direct)
        service = only(self.published, self.fault.where)
        behind = direct[service.service]
        where = address(block, _PROXY_NUMBER)
        ((port, target),) = behind.ports.items()
        size = proxy_size(self.fault, service.ttft_limit)
        arguments = ("--target", f"{behind.address}:{target}", "--fault", self.fault.name, "--size", f"{size:g}")
        part = _ours(_PROXY, "proxy", where, port, arguments, Probe(_READY_WITHIN, port))
        part = replace(part, needs=(owners[service.service],))
        return (part,), {**direct, service.service: Target(where, {port: port})}


def blueprint(manifests: Iterable[Manifest], wanted: Fault | None) -> Blueprint:
    """Read the manifests; InputError for what cannot be run."""
    everything = tuple(manifests)
    found = containers(everything)
    known = published(everything)
    if wanted and wanted.kind == "renamed":
        pod = Blueprint(everything, found, known, wanted).pod_of(wanted.where)
        found = tuple(served_as(each, RENAMED) if each.pod == pod else each for each in found)
    return Blueprint(everything, found, known, wanted)


def _numbers(found: Iterable[Container]) -> dict[str, int]:
    names = list(dict.fromkeys(each.pod for each in found))
    return {name: _FIRST_POD + index for index, name in enumerate(names)}


def _owner(target: Target, addresses: Mapping[str, str]) -> str:
    return next((pod for pod, where in addresses.items() if where == target.address), "identity")


def _urls(seen: Mapping[tuple[str, str], Target], known: Iterable[Published]) -> dict[str, str]:
    urls = {}
    for (name, namespace), target in seen.items():
        for port, real in target.ports.items():
            urls[f"http://{names_of(name, namespace)[0]}:{port}"] = f"http://{target.address}:{real}"
    return {**urls, **{each.url: urls[each.url] for each in known if each.url in urls}}


def _ours(
    name: str,
    module: str,
    where: str,
    port: int,
    arguments: tuple[str, ...],
    probe: Probe,
    env: Mapping[str, str] | None = None,
) -> Part:
    """Return one of our own helpers as a part."""
    package = Path(__file__).resolve().parents[2]
    base = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": str(package)}
    argv = (sys.executable, "-m", f"leanrag.local.{module}", "--host", where, "--port", str(port), *arguments)
    return Part(name, argv, tuple({**base, **(env or {})}.items()), where, (port,), (probe,))
