"""Where a cluster stands, as data: what `leanrag status` prints. Pure: it is told what was seen and what time it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leanrag.operate.ahead import Ahead
from leanrag.operate.application import Application

# Argo CD's own limits: the sync timeout of bootstrap/argocd is 3 h, the gate's Job ends after 65 min.
LONG = timedelta(minutes=30)
LONG_GATE = timedelta(minutes=70)


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A verdict in one line. `cluster` measured it; `about` is the commit; `carried` names the verdict it repeats."""

    cluster: str
    outcome: str
    about: str
    reason: str
    mode: str = ""
    trigger: str = ""
    attempt: int = 0
    ended: str = ""
    carried: str = ""
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """What Git says that runs: `revision` as written (None: nothing yet), and the commit that it means.

    `evidence` is the verdict by which it was placed, as its history carries it.
    """

    revision: str | None
    sha: str | None
    subject: str = ""
    at: str = ""
    kind: str = ""
    by: str = ""
    source: str = ""
    reason: str = ""
    evidence: VerdictLine | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """What Argo CD says of a cluster's Applications. The texts are whole sentences with their remedy."""

    applications: int
    settled: int
    unsettled: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """One cluster: `problems` keep it from where it should be, `waits` say why its pin does not move.

    `due`: main would change something here, or further down. `verdict` and `live` are None when no cluster was asked;
    `unknown` says what could not be found out.
    """

    cluster: str
    environment: str = ""
    protected: bool = False
    follows: str | None = None
    approval: str = ""
    pin: Pin = Pin(None, None)
    ahead: Ahead | None = None
    verdict: VerdictLine | None = None
    live: Live | None = None
    due: bool = False
    waits: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = field(default=())

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is not as it should be."""
        live = self.live
        seen = (*live.failed, *live.long, *live.unsettled, *live.behind, *live.orphans) if live else ()
        red = self.verdict is not None and self.verdict.outcome == "FAIL"
        verdict = (f"its verdict is FAIL: {self.verdict.reason}",) if red and self.verdict else ()
        return (*self.problems, *verdict, *seen)

    @property
    def state(self) -> str:
        """One word: broken, unknown, held, frozen, waits, empty, behind or ok."""
        words = (
            (self.failures, "broken"),
            (self.unknown, "unknown"),
            (self.holds, "held"),
            (self.freeze and self.due, "frozen"),
            (self.waits and self.due, "waits"),
            (self.pin.revision is None, "empty"),
            (self.ahead is not None and not self.ahead.same, "behind"),
        )
        return next((word for holds, word in words if holds), "ok")


def exit_code(rows: Iterable[Standing]) -> int:
    """0: every cluster is where main is and healthy; 1: one is not; 2: that could not be found out about one."""
    states = {row.state for row in rows}
    if states - {"ok", "unknown"}:
        return 1
    return 2 if "unknown" in states or not states else 0


def live_standing(
    apps: Iterable[Application],
    cluster: str,
    sha: str | None,
    listed: frozenset[str] | None,
    protected: bool,
    now: datetime,
) -> Live:
    """Say what Argo CD's Applications of a cluster lack. `listed` is None where Git at the pin could not be read."""
    apps = tuple(apps)
    wanted = tuple(app for app in apps if listed is None or app.name in listed)
    return Live(
        applications=len(wanted),
        settled=sum(app.settled for app in wanted),
        unsettled=tuple(_unsettled(app) for app in wanted if not app.settled and not _busy(app)),
        behind=(*_missing(wanted, listed), *_behind(wanted, cluster, sha)),
        failed=tuple(each for app in apps for each in _failed(app)),
        long=tuple(each for app in apps for each in _long(app, now)),
        orphans=_orphans(apps, listed, protected),
    )


def _busy(app: Application) -> bool:
    """Whether something else says it better: a failed, running or repeated sync."""
    return bool(app.operation and (app.operation.running or app.operation.failed))


def _unsettled(app: Application) -> str:
    return f"{app.name} is {app.sync} and {app.health}{': ' + app.message if app.message else ''}"


def _missing(apps: Iterable[Application], listed: frozenset[str] | None) -> Iterable[str]:
    absent = sorted((listed or frozenset()) - {app.name for app in apps})
    if absent:
        yield f"Argo CD has not made yet what Git lists: {', '.join(absent)}"


def _behind(apps: Iterable[Application], cluster: str, sha: str | None) -> Iterable[str]:
    own = next((app for app in apps if app.name == cluster), None)
    if own and sha and own.wanted not in (sha, "main"):
        yield f"Argo CD still wants {own.wanted[:12]}, Git says {sha[:12]}; look at {cluster}-pin"


def _failed(app: Application) -> Iterable[str]:
    operation = app.operation
    if not operation or not operation.failed:
        return
    about = f"{app.name} at {operation.revision[:12] or 'no revision'}"
    if app.settled and operation.revision != app.revision:
        # What failed was another commit, such as one that a rollback took away; this one needed no sync.
        return
    if app.layer == "gate" and app.verdict_hook == "Failed":
        # The gate's own sentence is the verdict; a red hook is how it says no.
        return
    tries = f" after {operation.retries} retries" if operation.retries else ""
    yield (
        f"the sync of {about} failed{tries}: {operation.message}; it is not tried again"
        f" (leanrag resync {app.cluster} --app {app.name})"
    )


def _long(app: Application, now: datetime) -> Iterable[str]:
    operation = app.operation
    if not operation or not operation.running:
        return
    if operation.finished:
        yield (
            f"the sync of {app.name} failed and is tried again ({operation.retries} of {operation.limit} retries):"
            f" {operation.message}"
        )
    elif operation.started and now - operation.started > (LONG_GATE if app.layer == "gate" else LONG):
        yield (
            f"the sync of {app.name} has run for {span(now - operation.started)}: {operation.message};"
            f" end it: leanrag resync {app.cluster} --app {app.name} --terminate"
        )


def _orphans(apps: Iterable[Application], listed: frozenset[str] | None, protected: bool) -> tuple[str, ...]:
    found = []
    for app in apps:
        if listed is not None and app.name not in listed:
            if protected:
                found.append(f"{app.name} is no longer in Git, and still there (leanrag prune {app.cluster})")
            continue
        extra = [str(each) for each in app.resources if each.extra]
        if extra:
            found.append(f"{app.name} has objects that are no longer in Git: {', '.join(extra)}")
    return tuple(found)


def span(duration: timedelta) -> str:
    """Return a duration in its largest whole unit: 45 s, 12 min, 5 h, 3 d."""
    seconds = max(0, int(duration.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
