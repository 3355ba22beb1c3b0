"""Workloads: what the API server demands beyond their schema (k8s.io/kubernetes v1.34.4, pkg/apis/*/validation)."""

import re
from collections.abc import Iterator
from zoneinfo import available_timezones

from leanrag.checks.builtin_containers import Body, Path, Problem
from leanrag.checks.builtin_pods import containers
from leanrag.checks.builtin_schedule import schedule_problem
from leanrag.checks.finding import at
from leanrag.checks.pods import selects
from leanrag.checks.quantity import quantity
from leanrag.core.shapes import items, mapping

_RESOURCE = re.compile(r"cpu|memory|ephemeral-storage|hugepages-.+|.+/.+")
_TARGETS = {
    "Resource": ("averageUtilization", "averageValue"),
    "ContainerResource": ("averageUtilization", "averageValue"),
    "Pods": ("averageValue",),
    "Object": ("value", "averageValue"),
    "External": ("value", "averageValue"),
}
_PERCENT = re.compile(r"[0-9]+%")


def workload(body: Body) -> Iterator[Problem]:
    """Deployment, StatefulSet, DaemonSet, ReplicaSet: pods that run for ever, and the selector that finds them."""
    spec = mapping(body.get("spec"))
    template = mapping(spec.get("template"))
    selector = mapping(spec.get("selector"))
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield ("spec", "selector"), "selects everything", "write matchLabels"
    elif not selects(selector, labels):
        yield ("spec", "template", "metadata", "labels"), "spec.selector does not select them", "write the same labels"
    if mapping(template.get("spec")).get("restartPolicy", "Always") not in ("", "Always"):
        yield ("spec", "template", "spec", "restartPolicy"), "must be Always here", "remove it, or render a Job"
    if mapping(template.get("spec")).get("activeDeadlineSeconds") is not None:
        yield ("spec", "template", "spec", "activeDeadlineSeconds"), "is for Jobs", "remove it"


def deployment(body: Body) -> Iterator[Problem]:
    """Roll-outs that could not go on."""
    spec = mapping(body.get("spec"))
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if deadline is not None and deadline <= ready:
        yield ("spec", "progressDeadlineSeconds"), f"{deadline} must be more than minReadySeconds", "write a larger one"
    strategy = mapping(spec.get("strategy"))
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        yield ("spec", "strategy", "rollingUpdate"), "is not for Recreate", "remove it"
    yield from _rolling(mapping(rolling), ("spec", "strategy", "rollingUpdate"), ("maxSurge", "maxUnavailable"))


def daemon_set(body: Body) -> Iterator[Problem]:
    """Roll-outs that could not go on."""
    path = ("spec", "updateStrategy", "rollingUpdate")
    yield from _rolling(mapping(at(body, path)), path, ("maxUnavailable",))


def _rolling(rolling: Body, path: Path, both: tuple[str, ...]) -> Iterator[Problem]:
    for key in ("maxSurge", "maxUnavailable"):
        yield from _share(rolling, key, path)
    if all(str(rolling.get(key, "")) in ("0", "0%") for key in both):
        yield (*path, both[-1]), f"{' and '.join(both)}: 0 lets nothing go on", "write 1 for one"


def _share(holder: Body, key: str, path: Path, most: int = 100) -> Iterator[Problem]:
    held = holder.get(key)
    negative = isinstance(held, int) and held < 0
    if negative or (isinstance(held, str) and not _PERCENT.fullmatch(held)):
        yield (*path, key), f"{held!r} is no number of pods and no percentage", "write such as 1 or 25%"
    elif isinstance(held, str) and int(held[:-1]) > most and key != "maxSurge":
        yield (*path, key), f"{held} is more than all", "write at most 100%"


def job(body: Body, path: Path = ()) -> Iterator[Problem]:
    """Pods that end."""
    spec = mapping(body.get("spec"))
    restart = at(spec, ("template", "spec", "restartPolicy"))
    if restart not in ("OnFailure", "Never"):
        place = (*path, "spec", "template", "spec", "restartPolicy")
        yield place, "must be OnFailure or Never in a Job", "write one of them"
    if spec.get("selector") is not None and not spec.get("manualSelector"):
        yield (*path, "spec", "selector"), "is written by Kubernetes", "remove it"
    name = str(mapping(body.get("metadata")).get("name") or "a")
    if not path and len(name) > 63:
        yield ("metadata", "name"), "is longer than 63, and its pods get it as a label", "shorten it"
    if spec.get("completionMode") == "Indexed" and ("." in name or len(name) > 60):
        yield (*path, "metadata", "name"), "is no label, which the pods of Indexed have as a name", "write a short one"
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        yield (*path, "spec", "completions"), "is missing, and Indexed needs it", "set it"
    if spec.get("podFailurePolicy") is not None and restart != "Never":
        yield (*path, "spec", "podFailurePolicy"), "needs restartPolicy Never", "write it"
    most, all_ = spec.get("maxFailedIndexes"), spec.get("completions")
    if spec.get("backoffLimitPerIndex") is not None and spec.get("completionMode") != "Indexed":
        yield (*path, "spec", "backoffLimitPerIndex"), "needs completionMode Indexed", "write it"
    if most is not None and (spec.get("backoffLimitPerIndex") is None or (all_ is not None and most > all_)):
        yield (*path, "spec", "maxFailedIndexes"), "needs backoffLimitPerIndex, and at most completions", "correct it"
    if spec.get("successPolicy") is not None and spec.get("completionMode") != "Indexed":
        yield (*path, "spec", "successPolicy"), "needs completionMode Indexed", "write it"
    yield from _failure_rules(spec, (*path, "spec", "podFailurePolicy", "rules"))


def _failure_rules(spec: Body, path: Path) -> Iterator[Problem]:
    names = {each.get("name") for _, _, each in containers(mapping(at(spec, ("template", "spec"))))}
    for index, each in enumerate(items(at(spec, ("podFailurePolicy", "rules")))):
        codes, conditions = each.get("onExitCodes"), each.get("onPodConditions")
        if bool(codes) == bool(conditions):
            yield (*path, index), "needs one of onExitCodes and onPodConditions", "write one"
        name = mapping(codes).get("containerName")
        if name is not None and name not in names:
            yield (*path, index, "onExitCodes", "containerName"), f"the pod has no {name!r}", "name a container"
        if mapping(codes).get("operator") == "In" and 0 in items(mapping(codes).get("values")):
            yield (*path, index, "onExitCodes", "values"), "0 is no failure", "remove it"


def cron_job(body: Body) -> Iterator[Problem]:
    """Jobs by the clock."""
    spec = mapping(body.get("spec"))
    if problem := schedule_problem(str(spec.get("schedule"))):
        yield ("spec", "schedule"), f"{spec.get('schedule')!r} {problem}", "write such as '0 3 * * *'"
    zone = spec.get("timeZone")
    if zone is not None and zone not in (available_timezones() or {zone}):
        yield ("spec", "timeZone"), f"{zone!r} is no time zone", "write such as Europe/Berlin"
    if len(str(mapping(body.get("metadata")).get("name"))) > 52:
        yield ("metadata", "name"), "is longer than 52, and its Jobs get 11 more", "shorten it"
    yield from job(mapping(spec.get("jobTemplate")), ("spec", "jobTemplate"))


def stateful_set(body: Body) -> Iterator[Problem]:
    """Claims of its own."""
    for index, each in enumerate(items(at(body, ("spec", "volumeClaimTemplates")))):
        for path, message, fix in claim(mapping(each)):
            yield ("spec", "volumeClaimTemplates", index, *path), message, fix


def claim(body: Body) -> Iterator[Problem]:
    """A volume that somebody can provide."""
    spec = mapping(body.get("spec"))
    modes = items(spec.get("accessModes"))
    if not modes:
        yield ("spec", "accessModes"), "is empty", "write such as [ReadWriteOnce]"
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield ("spec", "accessModes"), "ReadWriteOncePod stands alone", "remove the others"
    asked = quantity(at(spec, ("resources", "requests", "storage")))
    if asked is None or asked <= 0:
        yield ("spec", "resources", "requests", "storage"), "is missing, or no size", "write such as 10Gi"
    source, other = spec.get("dataSource"), spec.get("dataSourceRef")
    if (
        source
        and other
        and any(mapping(source).get(key) != mapping(other).get(key) for key in ("apiGroup", "kind", "name"))
    ):
        yield ("spec", "dataSourceRef"), "differs from dataSource", "write one"
    if other and not mapping(other).get("apiGroup") and mapping(other).get("kind") != "PersistentVolumeClaim":
        yield ("spec", "dataSourceRef", "kind"), "needs its apiGroup", "write it"


def disruption_budget(body: Body) -> Iterator[Problem]:
    """One bound."""
    spec = mapping(body.get("spec"))
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield ("spec", "maxUnavailable"), "stands beside minAvailable", "keep one"
    for key in ("minAvailable", "maxUnavailable"):
        yield from _share(spec, key, ("spec",))


def autoscaler(body: Body) -> Iterator[Problem]:
    """Bounds in their order, and metrics that say one thing."""
    spec = mapping(body.get("spec"))
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if most < least:
        yield ("spec", "maxReplicas"), f"{most} is less than minReplicas", "write at least as many"
    target = mapping(spec.get("scaleTargetRef"))
    if "/" not in str(target.get("apiVersion")) and target.get("kind") != "ReplicationController":
        yield ("spec", "scaleTargetRef", "apiVersion"), "names no group", "write such as apps/v1"
    for index, each in enumerate(items(spec.get("metrics"))):
        kind = str(each.get("type"))
        held = [key for key in each if key != "type" and each[key] is not None]
        if held != [kind[:1].lower() + kind[1:]]:
            yield ("spec", "metrics", index), f"is of type {kind} and has {', '.join(held) or 'nothing'}", "write one"
            continue
        target, path = mapping(mapping(each[held[0]]).get("target")), ("spec", "metrics", index, held[0])
        if not any(target.get(name) is not None for name in _TARGETS[kind]):
            yield (*path, "target"), f"has no {' or '.join(_TARGETS[kind])}", "write one"
        if sum(target.get(name) is not None for name in _TARGETS[kind]) > 1:
            yield (*path, "target"), f"has {' and '.join(_TARGETS[kind])}", "keep one"
        if kind == "ContainerResource" and not _RESOURCE.fullmatch(str(each[held[0]].get("name"))):
            yield (*path, "name"), f"{each[held[0]].get('name')!r} is no resource", "write cpu or memory"
