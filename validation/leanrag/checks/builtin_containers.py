"""What the API server demands of a container beyond its schema (kubernetes v1.34.4, pkg/apis/core/validation)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.quantity import quantity
from leanrag.core.shapes import items, mapping

Path = tuple[str | int, ...]
Problem = tuple[Path, str, str]  # where, what is wrong there, the way out
Body = Mapping[str, Any]

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_STANDARD = re.compile(r"cpu|memory|ephemeral-storage|hugepages-.+|[^/]+/.+")
_WHOLE = re.compile(r"hugepages-.+|[^/]+/.+")


def container(body: Body, path: Path, ends: bool = False) -> Iterator[Problem]:
    """Yield the problems of a container, whichever pod it is in; `ends`: one that runs before the others."""
    yield from _env(body, path)
    yield from _probes(body, path, ends)
    yield from _ports(body, (*path, "ports"))
    yield from resources(mapping(body.get("resources")), (*path, "resources"))
    yield from _privileges(body, path)
    yield from seccomp(body, path)
    for key in ("postStart", "preStop"):
        handler = mapping(body.get("lifecycle")).get(key)
        if handler is not None:
            yield from one_of(handler, ("exec", "httpGet", "tcpSocket", "sleep"), (*path, "lifecycle", key))
            if mapping(mapping(handler).get("sleep")).get("seconds", 0) < 0:
                yield (*path, "lifecycle", key, "sleep", "seconds"), "is less than 0", "correct it"
    yield from repeated(body, "volumeMounts", "mountPath", path)
    yield from repeated(body, "resizePolicy", "resourceName", path)


def one_of(holder: Any, names: tuple[str, ...], path: Path) -> Iterator[Problem]:
    """Yield a problem unless exactly one of some fields is set."""
    found = [name for name in names if mapping(holder).get(name) is not None]
    if len(found) != 1:
        said = f"has {' and '.join(found)}" if found else f"has none of {', '.join(names)}"
        yield path, said, "keep one" if found else "write one"


def repeated(holder: Body, key: str, name: str, path: Path) -> Iterator[Problem]:
    """Yield every item of a list that has a name which an earlier one has."""
    seen: set[str] = set()
    for index, each in enumerate(items(holder.get(key))):
        held = mapping(each).get(name)
        if held and str(held) in seen:
            yield (*path, key, index, name), f"{held!r} is there twice", "give each its own"
        seen.add(str(held))


def _env(body: Body, path: Path) -> Iterator[Problem]:
    for index, each in enumerate(items(body.get("env"))):
        source = each.get("valueFrom")
        if source is not None and each.get("value"):
            yield (*path, "env", index), "has a value and valueFrom", "keep one"
        if source is not None:
            yield from one_of(source, _ENV_SOURCES, (*path, "env", index, "valueFrom"))
    for index, each in enumerate(items(body.get("envFrom"))):
        yield from one_of(each, ("configMapRef", "secretRef"), (*path, "envFrom", index))


def _probes(body: Body, path: Path, ends: bool) -> Iterator[Problem]:
    for key in _PROBES:
        probe = body.get(key)
        if probe is None:
            continue
        yield from one_of(probe, _HANDLERS, (*path, key))
        if ends:
            yield (*path, key), "a container that runs before the others has no probes", "remove it"
        if key != "readinessProbe" and probe.get("successThreshold", 1) not in (0, 1):
            yield (*path, key, "successThreshold"), "must be 1 here", "remove it"
        if key == "readinessProbe" and probe.get("terminationGracePeriodSeconds") is not None:
            yield (*path, key, "terminationGracePeriodSeconds"), "is not for readiness probes", "remove it"
    if ends and body.get("lifecycle") is not None:
        yield (*path, "lifecycle"), "a container that runs before the others has no lifecycle", "remove it"


def _ports(body: Body, path: Path) -> Iterator[Problem]:
    yield from repeated(body, "ports", "name", path[:-1])
    hosts = [
        (each.get("hostPort"), each.get("protocol") or "TCP", each.get("hostIP")) for each in items(body.get("ports"))
    ]
    for index, each in enumerate(hosts):
        if each[0] and each in hosts[:index]:
            yield (*path, index, "hostPort"), f"{each[0]} is there twice", "give each its own"


def resources(body: Body, path: Path) -> Iterator[Problem]:
    """Yield amounts that cannot be, and requests beyond their limits."""
    limits, requests = mapping(body.get("limits")), mapping(body.get("requests"))
    for key, held in (("limits", limits), ("requests", requests)):
        for name, amount in held.items():
            yield from amount_problems(name, amount, (*path, key, name))
    for name, amount in requests.items():
        asked, most = quantity(amount), quantity(limits.get(name))
        whole = bool(_WHOLE.fullmatch(name))
        if asked is not None and most is not None and (asked > most or (whole and asked != most)):
            wanted = "equal to" if whole else "at most"
            yield (
                (*path, "requests", name),
                f"{amount} must be {wanted} the limit {limits[name]}",
                "correct one of them",
            )
        if whole and name not in limits:
            yield (*path, "requests", name), "needs a limit of the same amount", "write it"


def amount_problems(name: str, amount: Any, path: Path) -> Iterator[Problem]:
    """Yield what is wrong with an amount of one resource of a container."""
    number = quantity(amount)
    if number is None or number < 0:
        yield path, f"{amount!r} is no amount", "write a number of 0 or more, such as 8Gi"
    elif _WHOLE.fullmatch(name) and number.denominator != 1:
        yield path, f"{amount!r} is no whole number", "write an integer"
    if not _STANDARD.fullmatch(name):
        yield path, f"{name!r} is no resource of a container", "write cpu, memory, or a name with its domain"


def _privileges(body: Body, path: Path) -> Iterator[Problem]:
    context = mapping(body.get("securityContext"))
    added = items(mapping(context.get("capabilities")).get("add"))
    if context.get("allowPrivilegeEscalation") is False and (
        context.get("privileged") or {"SYS_ADMIN", "CAP_SYS_ADMIN"} & set(added)
    ):
        place = (*path, "securityContext", "allowPrivilegeEscalation")
        yield place, "is false beside privileged or SYS_ADMIN", "remove these"


def seccomp(body: Body, path: Path) -> Iterator[Problem]:
    context = mapping(body.get("securityContext"))
    for key in ("seccompProfile", "appArmorProfile"):
        profile = context.get(key)
        if profile is not None and (profile.get("type") == "Localhost") != bool(profile.get("localhostProfile")):
            place = (*path, "securityContext", key, "localhostProfile")
            yield place, "goes with the type Localhost, and only with it", "write both, or neither"
