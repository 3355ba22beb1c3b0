"""The bench's long-lived processes: each outlives the command, has a record and a log on disk, and ends as a whole.

A record (processes/<name>.json in the state folder, mode 0600) says how a part was started, so that another command
can see it, end it or start it again. A process counts as ours only with the start time that was written down.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from leanrag.core.errors import StoppedError, ToolError
from leanrag.core.files import write_atomic
from leanrag.local.processes import tail

MARK = "LEANRAG_BENCH_STATE"  # in the environment of every part: whose it is, should its record be lost
GRACE = 10.0  # seconds between SIGTERM and SIGKILL
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """How a part was started. `started` is the process's start time in seconds since the epoch, as psutil tells it.

    `node` names the node in whose namespaces it runs ("hub", "spoke"); None is the machine itself.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    node: str | None
    pid: int
    started: float
    log: str


class Processes:
    """Start, find, signal and end the parts of one bench, whose state folder is `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: list[subprocess.Popen[bytes]] = []  # kept, so that those that end are reaped

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        node: str | None = None,
        ready: Callable[[], bool] | None = None,
        allowance: float = 60.0,
    ) -> Record:
        """Make sure that a part runs with these arguments, and return its record.

        One that runs already with the same arguments is left alone, one with others is ended first. `env` is added to
        PATH, HOME and LANG; nothing else is inherited, so that no proxy variable reaches a part. With `ready`, wait
        until it returns True. ToolError when the part ends, StoppedError when it is not ready within `allowance` s.
        """
        wanted = tuple(str(each) for each in argv)
        added = dict(env or {})
        place = str(cwd or self.folder)
        found = self.record(name)
        if found is None or not _process(found) or (found.argv, dict(found.env), found.cwd) != (wanted, added, place):
            self.stop(name)
            found = self._start(name, wanted, added, place, node)
        if ready:
            self.wait(name, ready, allowance)
        return found

    def restart(self, name: str, ready: Callable[[], bool] | None = None, allowance: float = 60.0) -> Record:
        """End a part, dead or alive, and start it as its record says."""
        found = self.record(name)
        if found is None:
            raise ToolError(f"the bench has no part {name}", hint="known are: " + ", ".join(self.names()))
        self.stop(name)
        return self.start(name, found.argv, found.env, Path(found.cwd), found.node, ready, allowance)

    def wait(self, name: str, ready: Callable[[], bool], allowance: float = 60.0) -> None:
        """Wait until `ready` returns True; ToolError when the part ends before, StoppedError after `allowance` s."""
        deadline = time.monotonic() + allowance
        while not ready():
            self.must_live(name)
            if time.monotonic() > deadline:
                raise StoppedError(
                    f"{name} is not ready after {allowance:.0f} s; its last lines:\n{tail(self.log(name))}",
                    hint=f"the whole log: {self.log(name)}",
                )
            time.sleep(_POLL)

    def must_live(self, name: str) -> None:
        """Raise ToolError with a part's last lines when it is dead."""
        if not self.alive(name):
            raise ToolError(
                f"{name} ended; its last lines:\n{tail(self.log(name))}", hint=f"the whole log: {self.log(name)}"
            )

    def stop(self, name: str, grace: float = GRACE) -> bool:
        """End a part and whatever it started: SIGTERM, then SIGKILL after `grace` s; True when it was alive."""
        found = self.record(name)
        alive = bool(found and _family(found))
        if found and alive:
            self.signal(name, signal.SIGTERM)
            deadline = time.monotonic() + grace
            while _family(found) and time.monotonic() < deadline:
                time.sleep(_POLL)
            while _family(found) and time.monotonic() < deadline + GRACE:
                self.signal(name, signal.SIGKILL)
                time.sleep(_POLL)
        return alive

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a part and whatever it started; nothing happens when it is dead."""
        found = self.record(name)
        for pid in _family(found) if found else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def forget(self, name: str) -> None:
        """Remove a part's record; its log stays."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> tuple[str, ...]:
        """Return the recorded parts, in the order in which they were first started."""
        records = (self.record(path.stem) for path in (self.folder / "processes").glob("*.json"))
        return tuple(each.name for each in sorted((one for one in records if one), key=lambda one: one.started))

    def alive(self, name: str) -> bool:
        """True while the very process that was recorded lives."""
        found = self.record(name)
        return bool(found and _process(found))

    def pids(self, name: str) -> tuple[int, ...]:
        """Return the living processes of a part, in the numbers of this machine."""
        found = self.record(name)
        return _family(found) if found else ()

    def log(self, name: str) -> Path:
        """Return where a part writes; an earlier run's lines are kept beside it as <name>.log.1."""
        return self.folder / "logs" / f"{name}.log"

    def record(self, name: str) -> Record | None:
        """Return what was written down about a part, or None."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            content = json.loads(self._path(name).read_text())
            return Record(**{**content, "argv": tuple(content["argv"])})
        return None

    def _path(self, name: str) -> Path:
        return self.folder / "processes" / f"{name}.json"

    def _start(self, name: str, argv: tuple[str, ...], env: dict[str, str], cwd: str, node: str | None) -> Record:
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        child = self._spawn(name, (*self._enter(node), *argv), {**_base(), **env, MARK: str(self.folder)}, cwd, log)
        pid = _inner(child, node) if node else child.pid
        began = _began(pid)
        if began is None:
            raise ToolError(f"{name} ended at once; its last lines:\n{tail(log)}", hint=f"the whole log: {log}")
        found = Record(name, argv, env, cwd, node, pid, began, str(log))
        write_atomic(self._path(name), json.dumps(asdict(found), indent=1), mode=0o600)
        return found

    def _spawn(
        self, name: str, argv: tuple[str, ...], env: Mapping[str, str], cwd: str, log: Path
    ) -> subprocess.Popen[bytes]:
        try:
            with log.open("wb") as stream:
                child = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    cwd=cwd,
                    env=dict(env),
                    start_new_session=True,
                )
        except OSError as error:
            raise ToolError(f"{name}: cannot start {argv[0]}: {error.strerror}", hint="leanrag bench up") from None
        self._children.append(child)
        return child

    def _enter(self, node: str | None) -> tuple[str, ...]:
        """Return the words before a command that bring it into a node's network, mounts and process numbers."""
        if node is None:
            return ()
        holder = self.record(f"node-{node}")
        if holder is None or not _process(holder):
            raise ToolError(f"node {node} is not there", hint="leanrag bench up")
        # The holder (unshare) made the process numbers for its child; its own are the machine's.
        numbers = f"--pid=/proc/{holder.pid}/ns/pid_for_children"
        return ("nsenter", f"--target={holder.pid}", "--net", "--mount", numbers, "--")


def _base() -> dict[str, str]:
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    return {"PATH": path, "HOME": str(Path.home()), "LANG": "C.UTF-8"}


def _inner(child: subprocess.Popen[bytes], node: str) -> int:
    """Return the process that nsenter made inside the node: the only child it ever has."""
    deadline = time.monotonic() + GRACE
    while child.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psutil.Error):
            inner = psutil.Process(child.pid).children()
            if inner:
                return inner[0].pid
        time.sleep(_POLL / 5)
    return child.pid


def _began(pid: int) -> float | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.create_time()
    return None


def _process(record: Record) -> psutil.Process | None:
    began = _began(record.pid)
    # The kernel counts in hundredths of a second.
    return psutil.Process(record.pid) if began is not None and abs(began - record.started) < 0.02 else None


def _family(record: Record) -> tuple[int, ...]:
    """Return the living processes that end with a part.

    On the machine: its whole session, also when the leader died (the kernel reuses no number that still names a
    session). In a node: the process alone, because containerd's shims and the pods must outlive containerd.
    """
    leader = _process(record)
    if record.node or (leader is None and _began(record.pid) is not None):
        return (record.pid,) if leader else ()
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == record.pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return tuple(found)
