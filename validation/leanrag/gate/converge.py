"""Has the cluster converged on a commit? Decided from what Git lists and what the cluster shows. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.gate.observed import Application, ConfigMap, Operation, Pod
from leanrag.gate.pods import compare, members
from leanrag.gate.problem import Cause, Problem, told
from leanrag.gate.workloads import Workload

CLUSTER_PATH = "apps/cluster"
_PROVES = "What is measured is what Git says, not what was there before."
_ENDED_BADLY = ("Failed", "Error")
_AT_WORK = ("Running", "Terminating")
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Expected:
    """What Git lists for one cluster at one commit.

    `apps` maps each Application but the gate's to its chart's path. `accepted` are the commits of which this cluster
    renders the same, `sha` among them. `hooked`: this run is the hook of the gate's own Application.
    """

    cluster: str
    sha: str
    accepted: frozenset[str]
    apps: Mapping[str, str]
    workloads: tuple[Workload, ...] = ()
    config_maps: Mapping[str, tuple[ConfigMap, ...]] | None = None
    hooked: bool = True
    injected: tuple[str, ...] = ()

    @property
    def gate(self) -> str:
        """The gate's own Application."""
        return f"{self.cluster}-gate"

    @property
    def own(self) -> frozenset[str]:
        """Every name that Git accounts for; the pin's Application is read at main and says nothing of a commit."""
        return frozenset((*self.apps, self.cluster, self.gate, f"{self.cluster}-pin"))


@dataclass(frozen=True, slots=True)
class Seen:
    """What the cluster shows at one moment."""

    applications: tuple[Application, ...] = ()
    pods: tuple[Pod, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()


def problems(expected: Expected, seen: Seen) -> tuple[Problem, ...]:
    """Return everything that keeps the cluster from having converged; nothing: it has."""
    if not expected.apps:
        return (Problem(Cause.MISSING, expected.cluster, "Git lists no Application, so there is nothing to test"),)
    by_name = {each.name: each for each in seen.applications}
    found = [
        problem
        for name, path in {**expected.apps, expected.cluster: CLUSTER_PATH}.items()
        for problem in _application(expected, name, path, by_name.get(name))
    ]
    found += _own_application(expected, by_name.get(expected.gate))
    found += [
        Problem(Cause.SYNC, each.name, "Git no longer lists it, and it is still being deleted")
        for each in extra(expected, seen)
        if each.deleting
    ]
    found += [problem for work in expected.workloads for problem in compare(work, seen.pods, expected.injected)]
    found += _config_maps(expected, seen)
    return tuple(found)


def extra(expected: Expected, seen: Seen) -> tuple[Application, ...]:
    """Return the cluster's Applications that Git does not list."""
    return tuple(each for each in seen.applications if each.name not in expected.own)


def _application(expected: Expected, name: str, path: str, app: Application | None) -> Iterable[Problem]:
    parent = name == expected.cluster
    if app is None:
        yield Problem(Cause.PARENT_SYNC if parent else Cause.MISSING, name, "there is no such Application")
        return
    cause = Cause.PARENT_SYNC if parent else Cause.SYNC
    if app.deleting:
        yield Problem(cause, name, "is being deleted")
    if app.path != path:
        yield Problem(cause, name, f"its source is {app.path or 'nothing'}, Git says {path}")
    yield from (Problem(cause, name, what, broken=broken) for what, broken in _synced(expected, app))
    if app.health != "Healthy":
        health = Cause.PARENT_HEALTH if parent else Cause.HEALTH
        yield Problem(health, name, f"is {app.health}", broken=app.health == "Degraded")
    elif app.operation and app.operation.phase not in _AT_WORK and app.reconciled < app.operation.finished:
        when = app.reconciled or "never"
        ended = app.operation.finished
        yield Problem(Cause.STALE, name, f"its health is of {when}, before its sync ended at {ended}")


def _synced(expected: Expected, app: Application) -> Iterable[tuple[str, bool]]:
    """Yield what is wrong with the sync, and whether waiting will not help."""
    operation = app.operation
    if operation and operation.phase in _AT_WORK:
        yield _running(operation), False
        return
    if app.queued:
        yield "an operation is about to start", False
        return
    # Argo CD says Failed only when no retry is left, and tries that commit never again.
    failed = operation and operation.phase in _ENDED_BADLY and operation.revision in expected.accepted
    if operation and failed:
        yield f"its sync of {operation.revision[:12]} ended {operation.phase}: {_short(operation.message)}", True
    elif app.revision not in expected.accepted:
        at = f"{app.sync} at {app.revision[:12]}" if app.revision else f"{app.sync} and compared with no commit yet"
        yield f"is {at}, wanted is {expected.sha[:12]}{_conditions(app)}", False
    elif app.sync != "Synced":
        yield f"is {app.sync} at {app.revision[:12]}{_conditions(app)}", False


def _running(operation: Operation) -> str:
    again = f", retry {operation.retries}" if operation.retries else ""
    about = f": {_short(operation.message)}" if operation.message else ""
    return f"an operation is {operation.phase.lower()}{again}{about}"


def _conditions(app: Application) -> str:
    return f" ({_short('; '.join(app.conditions))})" if app.conditions else ""


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"


def _own_application(expected: Expected, app: Application | None) -> Iterable[Problem]:
    """Judge the gate's own Application: its hook is running, so it is neither Synced for sure nor without operation."""
    name = expected.gate
    if app is None:
        yield Problem(Cause.MISSING, name, "there is no such Application")
    elif app.deleting:
        yield Problem(Cause.SYNC, name, "is being deleted")
    elif expected.hooked and (app.operation is None or app.operation.revision not in expected.accepted):
        at = app.operation.revision[:12] if app.operation else "none"
        yield Problem(Cause.SYNC, name, f"its operation is of commit {at}, this is the hook of {expected.sha[:12]}")


def _config_maps(expected: Expected, seen: Seen) -> Iterable[Problem]:
    live = {(each.namespace, each.name): each for each in seen.config_maps}
    for app, wanted in (expected.config_maps or {}).items():
        for each in wanted:
            found = live.get((each.namespace, each.name))
            where = f"ConfigMap/{each.name}"
            if found is None:
                yield Problem(Cause.CONFIG, app, "is not there", where)
            elif changed := sorted({key for key, _ in {*each.data.items()} ^ {*found.data.items()}}):
                yield Problem(Cause.CONFIG, app, f"is not as Git says: {', '.join(changed)}", where)


def items(expected: Expected, seen: Seen, left: Iterable[Problem], broken: frozenset[tuple[str, str]]) -> list[Item]:
    """Return one item for each Application: PASS, or its problems; `broken` are the keys of those that are for good."""
    remaining = tuple(left)
    out = []
    for name in (*expected.apps, expected.cluster):
        own = tuple(problem for problem in remaining if problem.app == name)
        outcome = Outcome.INCONCLUSIVE if own else Outcome.PASS
        if any(problem.key in broken for problem in own):
            outcome = Outcome.FAIL
        out.append(Item(name, outcome, told(own) or _good(expected, seen, name), _PROVES))
    known = {*expected.apps, expected.cluster}
    others = tuple(problem for problem in remaining if problem.app not in known)
    out += [Item(problem.who, Outcome.INCONCLUSIVE, problem.what, _PROVES) for problem in others]
    for app in extra(expected, seen):
        if not app.deleting:
            out.append(Item(app.name, Outcome.NOT_RUN, "Git does not list this Application at this commit; not judged"))
    return out


def _good(expected: Expected, seen: Seen, name: str) -> str:
    app = next((each for each in seen.applications if each.name == name), None)
    count = sum(len(members(work, seen.pods)) for work in expected.workloads if work.app == name)
    unknown = [work for work in expected.workloads if work.app == name and work.not_compared]
    pods = f", {count} pods as rendered" if count else ""
    pods += "".join(f"; {work.label} was not compared: {work.not_compared}" for work in unknown)
    return f"Synced at {app.revision[:12]} and Healthy{pods}" if app else "not seen"
