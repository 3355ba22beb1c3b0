"""Compare live pods with what Git declares: no status of Argo CD or KServe shows an old pod that still serves. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from leanrag.core.shapes import mapping
from leanrag.gate.observed import Container, Pod
from leanrag.gate.problem import Cause, Problem
from leanrag.gate.workloads import Workload, containers, quantity, texts, volumes

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_GONE = ("Succeeded", "Failed")


def pods(bodies: Iterable[Mapping[str, Any]]) -> tuple[Pod, ...]:
    """Return pod objects as data, sorted; those that ended (evicted, completed) serve nobody and are left out."""
    found = [_pod(body) for body in bodies if mapping(body.get("status")).get("phase") not in _GONE]
    return tuple(sorted(found, key=lambda pod: (pod.namespace, pod.name)))


def _pod(body: Mapping[str, Any]) -> Pod:
    metadata, spec, status = (mapping(body.get(key)) for key in ("metadata", "spec", "status"))
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    scheduled = mapping(conditions.get("PodScheduled"))
    return Pod(
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
        uid=str(metadata.get("uid") or ""),
        labels=texts(metadata.get("labels")),
        ready=mapping(conditions.get("Ready")).get("status") == "True",
        terminating="deletionTimestamp" in metadata,
        node=str(spec.get("nodeName") or ""),
        containers=_running(spec, status),
        annotations=texts(metadata.get("annotations")),
        volumes=volumes(spec),
        waiting="" if scheduled.get("status") != "False" else f"not scheduled: {scheduled.get('message')}",
    )


def _running(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Container, ...]:
    states = {
        each.get("name"): each
        for key in ("initContainerStatuses", "containerStatuses")
        for each in status.get(key) or ()
    }
    return tuple(
        replace(
            each, image_id=str(mapping(states.get(each.name)).get("imageID") or ""), waiting=_why(states.get(each.name))
        )
        for each in containers(spec)
    )


def _why(state: Any) -> str:
    waiting = mapping(mapping(mapping(state).get("state")).get("waiting"))
    return ": ".join(str(waiting[key]) for key in ("reason", "message") if waiting.get(key))


def members(workload: Workload, found: Iterable[Pod]) -> tuple[Pod, ...]:
    """Return the pods of one workload."""
    return tuple(
        pod
        for pod in found
        if pod.namespace == workload.namespace and workload.selector.items() <= dict(pod.labels).items()
    )


def compare(workload: Workload, found: Iterable[Pod], injected: Iterable[str] = ()) -> tuple[Problem, ...]:
    """Return what is wrong with a workload's pods; none: as many as Git wants are ready and every one is as rendered.

    `injected` are prefixes of environment variables that a webhook of the site adds to every pod.
    """
    own = members(workload, found)
    prefixes = tuple(injected)
    problems = [_problem(workload, pod, what) for pod in own for what in _wrong(workload, pod, prefixes)]
    problems += [_problem(workload, None, what) for what in _two_images(own)]
    ready = sum(pod.ready and not pod.terminating for pod in own)
    if ready < workload.replicas:
        why = next((_waits(pod) for pod in own if not pod.ready and _waits(pod)), "")
        counted = f"{ready} of {workload.replicas} pods are ready" + (f" ({why})" if why else "")
        problems.append(_problem(workload, None, counted))
    return tuple(problems)


def _problem(workload: Workload, pod: Pod | None, what: str) -> Problem:
    where = f"{workload.label} pod {pod.name}" if pod else workload.label
    return Problem(Cause.POD, workload.app, what, where)


def _waits(pod: Pod) -> str:
    return pod.waiting or next((f"{each.name}: {each.waiting}" for each in pod.containers if each.waiting), "")


def _wrong(workload: Workload, pod: Pod, injected: tuple[str, ...]) -> Iterable[str]:
    if pod.terminating:
        yield "is still there, terminating"
        return
    yield from _named("label", workload.labels, pod.labels)
    yield from _named("annotation", workload.annotations, pod.annotations)
    yield from (
        f"volume {n} is of another spec" for n, v in workload.volumes.items() if not _within(v, pod.volumes.get(n))
    )
    live = {each.name: each for each in pod.containers}
    for wanted in workload.containers:
        if wanted.name not in live:
            yield f"is of an older spec: it has no container {wanted.name}"
            continue
        differs = tuple(_differences(wanted, live[wanted.name], workload.added, injected))
        if differs:
            yield f"is of another spec: {wanted.name}: {'; '.join(differs)}"
    for each in pod.containers:
        if pod.ready and not each.image_id:
            yield f"runs {each.name} from an image whose digest its node does not tell"


def _differences(
    wanted: Container, live: Container, added: frozenset[str] | None, injected: tuple[str, ...]
) -> Iterable[str]:
    if live.image != wanted.image:
        yield f"image {live.image}, Git says {wanted.image}"
    pinned = _DIGEST.search(wanted.image)
    if pinned and live.image_id and pinned.group() not in live.image_id:
        yield f"runs {live.image_id}, Git says {pinned.group()}"
    # A template that says nothing takes the image's own, and so must the pod.
    for part in ("command", "args"):
        if getattr(live, part) != getattr(wanted, part) and (added is not None or getattr(wanted, part)):
            yield f"{part} {_short(getattr(live, part))}, Git says {_short(getattr(wanted, part))}"
    yield from _named("env", wanted.env, live.env)
    if added is not None:
        more = sorted(name for name in live.env if name not in {*wanted.env, *added} and not name.startswith(injected))
        yield from (f"env {name} is not in Git" for name in more)
    # More than rendered may come from a LimitRange.
    yield from _named("resources", wanted.resources, live.resources)


def _named(what: str, wanted: Mapping[str, str], live: Mapping[str, str]) -> Iterable[str]:
    for name, value in wanted.items():
        if name not in live:
            yield f"{what} {name} is missing"
        elif live[name] != value:
            # An old pod, most often. Values are not shown: an environment may hold what no log should.
            yield f"{what} {name} differs"


def _within(wanted: Any, live: Any) -> bool:
    """Say whether everything that Git says is there; the API server adds defaults."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(_within(value, live.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(wanted) == len(live) and all(map(_within, wanted, live))
    return quantity(wanted) == quantity(live)


def _two_images(own: tuple[Pod, ...]) -> Iterable[str]:
    seen: dict[tuple[str, str], set[str]] = {}
    for pod in own:
        for each in pod.containers:
            if each.image_id and not pod.terminating:
                seen.setdefault((each.name, each.image), set()).add(each.image_id)
    for (name, image), ids in seen.items():
        if len(ids) > 1:
            yield f"its pods run {len(ids)} different images under one name {image} ({name})"


def _short(words: tuple[str, ...] | None) -> str:
    text = " ".join(words or ()) or "none"
    return text if len(text) <= 120 else text[:117] + "…"
