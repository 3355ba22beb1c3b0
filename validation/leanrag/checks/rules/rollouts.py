"""Updates and ends of pods: no GPU that is not there, no answer that is cut, no deadline inside another one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.catalog.model import MODEL_CHART
from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.pods import Pod, all_pods
from leanrag.checks.quantity import duration
from leanrag.checks.rules.resources import devices
from leanrag.checks.scope import Scope
from leanrag.core import yamlio
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest
from leanrag.size.overlay import written

# Where a kind says how it is updated, and how many pods it has. LLMInferenceService says the first in newer releases.
_STRATEGY: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Deployment": (("spec", "strategy"), ("spec", "replicas")),
    "InferenceService": (("spec", "predictor", "deploymentStrategy"), ("spec", "predictor", "minReplicas")),
    "LLMInferenceService": (("spec", "rolloutStrategy"), ("spec", "replicas")),
}
_GRACE_SECONDS = 30  # of a pod that sets none
# What is left after preStop for requests that run; less is cut by SIGKILL.
_DRAIN_SECONDS = 10
_SLEEP = re.compile(r"\bsleep (\d+)")
_HOOK = "argocd.argoproj.io/hook"
_ARGOCD = ("bootstrap", "argocd", "argocd-cmd-params-cm.yaml")
_RETRY = {
    "Application": ("spec", "syncPolicy", "retry"),
    "ApplicationSet": ("spec", "template", "spec", "syncPolicy", "retry"),
}
_SYNC = "controller.sync.timeout.seconds"
_FLAG = re.compile(r"^--(converge-)?deadline=(\d+)$")


def updates_need_no_spare_gpu(scope: Scope) -> Iterator[Finding]:
    """ROL001: a pod that comes before the old one goes waits for its GPU (kserve #5452, opendatahub kserve #1822)."""
    for pod in all_pods(scope):
        path, count = _STRATEGY.get(pod.manifest.kind, ((), ()))
        gpus = sum(devices(mapping(at(each.body, ("resources", "limits")))) for each in pod.containers())
        if (
            path
            and gpus
            and not _in_a_group(pod)
            and (surge := _first_new(pod, path, count))
            and not _spare(scope, pod)
        ):
            fix = "write maxSurge: 0 and maxUnavailable: 1, or say that GPUs are spare (capacity.spareGpu of the model)"
            message = f"an update starts {surge} new before an old one goes, and waits for {surge * gpus} more GPU"
            yield scope.finding("ROL001", pod.manifest, dotted(path), message, fix)


def _in_a_group(pod: Pod) -> bool:
    """Leader and workers are a LeaderWorkerSet: it takes a group away before it starts one (lws v0.8.0, defaults)."""
    inside = mapping(at(pod.manifest.body, pod.path[:-1]))
    return pod.manifest.kind == "LLMInferenceService" and isinstance(inside.get("worker"), Mapping)


def _first_new(pod: Pod, path: tuple[str, ...], count: tuple[str, ...]) -> int:
    """Return how many pods an update starts while it may take none away; 0 where it goes on without."""
    strategy = mapping(at(pod.manifest.body, path))
    if strategy.get("type") == "Recreate":
        return 0
    given, replicas = mapping(strategy.get("rollingUpdate")) or strategy, at(pod.manifest.body, count)
    # Whoever scales decides how many; one is the least that there is.
    replicas = replicas if isinstance(replicas, int) and replicas > 0 else 1
    gone = _of(given.get("maxUnavailable", "25%"), replicas, up=False)
    surge = _of(given.get("maxSurge", "25%"), replicas, up=True)
    return 0 if gone else surge


def _of(amount: Any, replicas: int, up: bool) -> int:
    """Return a number of pods, or a share of them: surge is rounded up, what may go down (Kubernetes, Deployment)."""
    text = str(amount)
    if text.endswith("%") and text[:-1].isdigit():
        share = int(text[:-1]) * replicas
        return -(-share // 100) if up else share // 100
    return int(text) if text.isdigit() else 0


def _spare(scope: Scope, pod: Pod) -> bool:
    app = pod.manifest.app
    if app.chart != MODEL_CHART.name or app not in scope.apps:
        return False
    return bool(mapping(written(app).get("capacity")).get("spareGpu"))


def pods_have_time_to_end(scope: Scope) -> Iterator[Finding]:
    """ROL002: preStop runs inside the grace period; what is left of it is all that running requests have."""
    for pod in all_pods(scope):
        grace = pod.spec.get("terminationGracePeriodSeconds", _GRACE_SECONDS)
        for container in pod.containers():
            hook = mapping(at(container.body, ("lifecycle", "preStop")))
            slept = _SLEEP.search(" ".join(map(str, items(at(hook, ("exec", "command"))))))
            seconds = at(hook, ("sleep", "seconds")) or (int(slept[1]) if slept else 0)
            if isinstance(grace, int) and isinstance(seconds, int) and seconds and grace - seconds < _DRAIN_SECONDS:
                message = f"{grace} s leave {grace - seconds} s after preStop's {seconds} s: running requests are cut"
                where = pod.where("terminationGracePeriodSeconds")
                fix = f"write {seconds + _GRACE_SECONDS} or more"
                yield scope.finding("ROL002", pod.manifest, where, message, fix)


def deadlines_are_nested(scope: Scope) -> Iterator[Finding]:
    """ROL003: who is inside ends first and says why: the gate before its Job, the Job before Argo CD's sync."""
    sync = _sync_seconds(scope)
    for job in scope.of_kind("Job", "CronJob"):
        path = ("spec",) if job.kind == "Job" else ("spec", "jobTemplate", "spec")
        whole = at(job.body, (*path, "activeDeadlineSeconds"))
        for where, seconds, what, bound in _inner(job, path, whole):
            message = f"{seconds} s are not less than {what}'s {bound} s"
            yield scope.finding("ROL003", job, where, message, f"write less than {bound}")
        hooked = _HOOK in mapping(at(job.body, ("metadata", "annotations")))
        if hooked and sync and isinstance(whole, int) and whole >= sync:
            message = f"{whole} s are not less than Argo CD's sync timeout of {sync} s"
            fix = f"write less, or raise {_SYNC} in {'/'.join(_ARGOCD)}"
            yield scope.finding("ROL003", job, dotted((*path, "activeDeadlineSeconds")), message, fix)


def retries_end_before_the_sync(scope: Scope) -> Iterator[Finding]:
    """ROL004: Argo CD measures its timeout from the first attempt; retries beyond it never come (3.2.11)."""
    sync = _sync_seconds(scope)
    for manifest, path in ((each, _RETRY[each.kind]) for each in scope.of_kind(*_RETRY) if sync):
        retry = mapping(at(manifest.body, path))
        if retry and (seconds := _retry_seconds(retry)) >= sync:
            message = f"waits {seconds} s over all its retries, and Argo CD ends a sync after {sync} s"
            fix = f"lower limit or maxDuration, or raise {_SYNC} in {'/'.join(_ARGOCD)}"
            yield scope.finding("ROL004", manifest, dotted(path), message, fix)


def _retry_seconds(retry: Mapping[str, Any]) -> int:
    """Return the sum of the pauses; defaults of v1alpha1/application_defaults.go: 5 s, doubled, at most 3 min."""
    backoff = mapping(retry.get("backoff"))
    first, most = (duration(str(backoff.get(key, given))) for key, given in (("duration", "5s"), ("maxDuration", "3m")))
    limit, factor = retry.get("limit"), backoff.get("factor", 2)
    if first is None or most is None or not isinstance(limit, int) or not isinstance(factor, int):
        return 0
    pauses = (first.total_seconds() * factor ** min(i, 40) for i in range(min(max(limit, 0), 10_000)))
    return int(sum(min(pause, most.total_seconds()) for pause in pauses))


def _inner(job: Manifest, path: tuple[str, ...], whole: Any) -> Iterator[tuple[str, int, str, int]]:
    for index, container in enumerate(items(at(job.body, (*path, "template", "spec", "containers")))):
        words = [*items(mapping(container).get("command")), *items(mapping(container).get("args"))]
        found = {bool(m[1]): int(m[2]) for word in words if (m := _FLAG.match(str(word)))}
        where = dotted((*path, "template", "spec", "containers", index, "args"))
        if isinstance(whole, int) and found.get(False, 0) >= whole:
            yield f"{where} --deadline", found[False], "the Job", whole
        if False in found and found.get(True, 0) >= found[False]:
            yield f"{where} --converge-deadline", found[True], "--deadline", found[False]


def _sync_seconds(scope: Scope) -> int:
    """Return Argo CD's own limit, 0 where this repository does not say it."""
    if "argocd" not in scope.kept:
        path = scope.root.joinpath(*_ARGOCD)
        known = scope.cluster is not None and path.is_file()
        text = str(at(yamlio.read(path), ("data", _SYNC)) if known else "")
        scope.kept["argocd"] = int(text) if text.isdigit() else 0
    seconds: int = scope.kept["argocd"]
    return seconds
