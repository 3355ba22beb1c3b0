"""Keep the verdicts of all gates at hand by watching, and wake the promoter when one comes. Any error: list again."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leanrag.core.errors import LeanragError, UnreachableError
from leanrag.promote.facts import Facts
from leanrag.promote.source import WATCH_SECONDS, Gate, Servers, by_name, gates, read_all, version_of
from leanrag.promote.verdicts import Body, Reader, Verdicts

FIRST_WAIT = 10.0  # seconds for the first list of a new cluster
BACK_OFF = (1.0, 30.0)  # seconds, first and longest
# A watch ends after 50 s; when nothing was heard for twice that, what is at hand is no longer believed.
STALE = 2.0 * WATCH_SECONDS
_KINDS = ("ADDED", "MODIFIED", "DELETED", "BOOKMARK")


@dataclass(slots=True)
class _Desk:
    """What is known of one gate; guarded by the lock."""

    gate: Gate
    bodies: dict[str, Body] = field(default_factory=dict)
    problem: str = "not asked yet"
    heard: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    first: threading.Event = field(default_factory=threading.Event)


class Watching:
    """One thread a gate; `wake` is set when a verdict comes or goes."""

    def __init__(self, servers: Servers, wake: threading.Event) -> None:
        self._servers, self._wake = servers, wake
        self._lock = threading.Lock()
        self._desks: dict[Gate, _Desk] = {}
        self._reader = Reader()

    def verdicts(self, facts: Facts) -> Verdicts:
        """Return the verdicts of all clusters; a new cluster is waited for a little."""
        self._follow(gates(facts))
        with self._lock:
            new = [desk for desk in self._desks.values() if not desk.first.is_set()]
        end = time.monotonic() + FIRST_WAIT
        for desk in new:
            desk.first.wait(max(0.0, end - time.monotonic()))
        return self._seen()

    def confirm(self, facts: Facts, clusters: frozenset[str]) -> Verdicts:
        """Return the same, with some clusters asked again now: nothing is written on what a watch may have missed."""
        bodies, problems = read_all(self._servers, [gate for gate in gates(facts) if gate.cluster in clusters])
        with self._lock:
            for desk in self._desks.values():
                name = desk.gate.cluster
                if name in bodies:
                    desk.bodies, desk.problem, desk.heard = by_name(bodies[name]), "", time.monotonic()
                elif name in problems:
                    desk.bodies, desk.problem = {}, problems[name]
        return self._seen()

    def metrics(self) -> Mapping[str, tuple[Body, ...]]:
        """Return the ConfigMaps at hand by cluster."""
        with self._lock:
            return {desk.gate.cluster: tuple(desk.bodies.values()) for desk in self._desks.values()}

    def close(self) -> None:
        """End all watches; their threads are daemons and end with their connection."""
        with self._lock:
            for desk in self._desks.values():
                desk.stop.set()

    def _seen(self) -> Verdicts:
        with self._lock:
            desks = tuple(self._desks.values())
            bodies = {desk.gate.cluster: tuple(desk.bodies.values()) for desk in desks}
            problems = {desk.gate.cluster: desk.problem for desk in desks if desk.problem}
            late = [desk for desk in desks if not desk.problem and time.monotonic() - desk.heard > STALE]
        for desk in late:
            problems[desk.gate.cluster] = f"namespace {desk.gate.namespace}: nothing heard for {STALE:.0f} s"
        self._reader.forget(body for each in bodies.values() for body in each)
        # What could not be read now must not grant anything.
        return Verdicts({name: each for name, each in bodies.items() if name not in problems}, problems, self._reader)

    def _follow(self, wanted: Iterable[Gate]) -> None:
        now = set(wanted)
        with self._lock:
            for gate in set(self._desks) - now:
                self._desks.pop(gate).stop.set()
            new = [_Desk(gate) for gate in now - set(self._desks)]
            self._desks |= {desk.gate: desk for desk in new}
        for desk in new:
            threading.Thread(target=self._run, args=(desk,), daemon=True, name=f"watch-{desk.gate.cluster}").start()

    def _run(self, desk: _Desk) -> None:
        pause = BACK_OFF[0]
        while not desk.stop.is_set():
            try:
                self._list_and_watch(desk)
                pause = BACK_OFF[0]
            except (LeanragError, ValueError, KeyError, TypeError) as error:
                with self._lock:
                    desk.bodies, desk.problem = {}, str(error)
                desk.first.set()
                desk.stop.wait(pause)
                pause = min(2 * pause, BACK_OFF[1])

    def _list_and_watch(self, desk: _Desk) -> None:
        listed, version = self._servers.list(desk.gate)
        with self._lock:
            changed = desk.bodies != by_name(listed) or bool(desk.problem)
            desk.bodies, desk.problem, desk.heard = by_name(listed), "", time.monotonic()
        desk.first.set()
        if changed:
            self._wake.set()
        # Watch after watch from where the last one ended; only an error leads back to a list.
        while not desk.stop.is_set():
            for kind, body in self._servers.watch(desk.gate, version):
                version = self._take(desk, kind, body) or version
            with self._lock:
                desk.heard = time.monotonic()

    def _take(self, desk: _Desk, kind: str, body: Body) -> str:
        """Take over one change and return the version to go on from."""
        if kind not in _KINDS:
            raise UnreachableError(f"namespace {desk.gate.namespace}: the watch said {kind}", hint="it is listed again")
        names = by_name((body,)) if kind != "BOOKMARK" else {}
        with self._lock:
            desk.heard = time.monotonic()
            if kind == "DELETED":
                desk.bodies = {name: each for name, each in desk.bodies.items() if name not in names}
            else:
                desk.bodies = desk.bodies | names
        if names:
            self._wake.set()
        return version_of(body)
