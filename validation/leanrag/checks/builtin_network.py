"""Services, policies and Ingresses: what the API server demands beyond their schema (k8s.io/kubernetes v1.34.4)."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from leanrag.checks.builtin_containers import Body, Path, Problem, one_of, repeated
from leanrag.checks.finding import at
from leanrag.checks.vocabulary import DNS_SUBDOMAIN, QUALIFIED_NAME
from leanrag.core.shapes import items, mapping

_BALANCED = ("loadBalancerClass", "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts")
_PATH = re.compile(r"/(?!.*(//|/\./|/\.\./|%2f|%2F)).*")


def service(body: Body) -> Iterator[Problem]:
    """Ports that can be told apart, and what goes with its type."""
    spec = mapping(body.get("spec"))
    kind, ports = spec.get("type") or "ClusterIP", items(spec.get("ports"))
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield ("spec", "ports"), "has no port", "write one, or clusterIP: None"
    name = str(spec.get("externalName") or "").rstrip(".")
    if kind == "ExternalName" and not re.fullmatch(DNS_SUBDOMAIN.strip("^$"), name):
        yield ("spec", "externalName"), f"{name!r} is no domain name", "write such as api.example.org"
    yield from _addresses(spec, kind)
    yield from _service_ports(ports, kind)
    yield from repeated(spec, "ports", "name", ("spec",))
    yield from _of_another_type(spec, kind)


def _of_another_type(spec: Body, kind: str) -> Iterator[Problem]:
    outside = kind in ("NodePort", "LoadBalancer")
    local = kind == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"
    wrong = {
        "clusterIP": spec.get("clusterIP") == "None" and kind != "ClusterIP",
        "externalTrafficPolicy": spec.get("externalTrafficPolicy") and not outside and not spec.get("externalIPs"),
        "healthCheckNodePort": spec.get("healthCheckNodePort") and not local,
        **{key: spec.get(key) and kind == "ExternalName" for key in ("ipFamilyPolicy", "ipFamilies")},
        **{key: spec.get(key) not in (None, "", []) and kind != "LoadBalancer" for key in _BALANCED},
    }
    for key in (key for key, held in wrong.items() if held):
        yield ("spec", key), f"{spec[key]!r} is not for {kind}", "remove it"


def _service_ports(ports: list[Any], kind: str) -> Iterator[Problem]:
    seen: set[tuple[Any, Any]] = set()
    for index, each in enumerate(ports):
        if len(ports) > 1 and not each.get("name"):
            yield ("spec", "ports", index, "name"), "is missing beside other ports", "name each port"
        key = (each.get("protocol") or "TCP", each.get("port"))
        if key in seen:
            yield ("spec", "ports", index), f"{key[1]} {key[0]} is there twice", "remove one"
        seen.add(key)
        if each.get("nodePort") and kind not in ("NodePort", "LoadBalancer"):
            yield ("spec", "ports", index, "nodePort"), f"is not for {kind}", "remove it"


def _addresses(spec: Body, kind: str) -> Iterator[Problem]:
    own = spec.get("clusterIP")
    if own not in (None, "", "None") and not _is_address(own):
        yield ("spec", "clusterIP"), f"{own!r} is no address", "remove it, or write None"
    for index, each in enumerate(items(spec.get("clusterIPs"))):
        if (index == 0 and each != own) or (each != "None" and not _is_address(each)):
            yield ("spec", "clusterIPs", index), f"{each!r} is no address, or not clusterIP", "remove it"
    for index, each in enumerate(items(spec.get("externalIPs"))):
        if not _is_address(each):
            yield ("spec", "externalIPs", index), f"{each!r} is no address", "correct it"
    for index, each in enumerate(items(spec.get("loadBalancerSourceRanges"))):
        if _network(str(each).strip()) is None:
            yield ("spec", "loadBalancerSourceRanges", index), f"{each!r} is no CIDR", "write such as 10.0.0.0/8"
    name = spec.get("loadBalancerClass")
    if name is not None and not re.fullmatch(QUALIFIED_NAME.strip("^$"), str(name)):
        yield ("spec", "loadBalancerClass"), f"{name!r} is no qualified name", "write such as example.org/lb"


def _is_address(text: Any) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(str(text))
        return True
    return False


def network_policy(body: Body) -> Iterator[Problem]:
    """Peers and ports that say one thing."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(items(at(body, ("spec", direction)))):
            path: Path = ("spec", direction, index)
            for place, each in enumerate(items(mapping(rule).get(side))):
                yield from _peer(mapping(each), (*path, side, place))
            for place, each in enumerate(items(mapping(rule).get("ports"))):
                first, last = each.get("port"), each.get("endPort")
                if last is not None and (not isinstance(first, int) or last < first):
                    yield (*path, "ports", place, "endPort"), "needs a smaller port as a number", "correct it"


def _peer(peer: Body, path: Path) -> Iterator[Problem]:
    block = peer.get("ipBlock")
    if block is None:
        return
    if peer.get("podSelector") is not None or peer.get("namespaceSelector") is not None:
        yield (*path, "ipBlock"), "stands beside a selector", "write two peers"
    whole = _network(block.get("cidr"))
    if whole is None:
        yield (*path, "ipBlock", "cidr"), f"{block.get('cidr')!r} is no CIDR", "write such as 10.0.0.0/8"
    for index, each in enumerate(items(block.get("except"))):
        inner = _network(each)
        if inner is None or (whole and not (inner.version == whole.version and _inside(inner, whole))):
            yield (*path, "ipBlock", "except", index), f"{each!r} is not inside {block.get('cidr')}", "correct it"


def _network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    with suppress(ValueError):
        return ipaddress.ip_network(str(text), strict=False) if "/" in str(text) else None
    return None


def _inside(inner: Any, outer: Any) -> bool:
    return bool(inner.subnet_of(outer)) and inner != outer


def ingress(body: Body) -> Iterator[Problem]:
    """Paths, and where they lead."""
    spec = mapping(body.get("spec"))
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield ("spec",), "has neither rules nor a defaultBackend", "write one"
    for index, rule in enumerate(items(spec.get("rules"))):
        for place, each in enumerate(items(mapping(mapping(rule).get("http")).get("paths"))):
            path: Path = ("spec", "rules", index, "http", "paths", place)
            named = each.get("pathType") in ("Exact", "Prefix")
            if named and not _PATH.fullmatch(str(each.get("path"))):
                yield (*path, "path"), f"{each.get('path')!r} is no absolute path", "begin it with /"
            yield from _backend(mapping(each.get("backend")), (*path, "backend"))
    if spec.get("defaultBackend") is not None:
        yield from _backend(mapping(spec["defaultBackend"]), ("spec", "defaultBackend"))


def _backend(backend: Body, path: Path) -> Iterator[Problem]:
    yield from one_of(backend, ("service", "resource"), path)
    if backend.get("service") is not None:
        yield from one_of(mapping(backend["service"]).get("port"), ("name", "number"), (*path, "service", "port"))
