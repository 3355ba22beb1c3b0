"""Bring parts up in the order of their needs, by their rendered probes, and say at once when one ends."""

import contextlib
import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from leanrag.core.errors import StoppedError, ToolError
from leanrag.core.progress import say
from leanrag.local.plan import Part
from leanrag.local.pods import Probe
from leanrag.local.ports import exposed, listens
from leanrag.local.processes import start, tail
from leanrag.local.state import Running

_POLL = 0.25
_PROBE_TIMEOUT = 2.0


def passes(probe: Probe, address: str, env: Mapping[str, str]) -> bool:
    """Ask once, as a kubelet does: HTTP 200 to 399, a TCP connection, or exit 0."""
    if probe.command:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            quiet = subprocess.DEVNULL
            done = subprocess.run(
                probe.command,
                env=dict(env),
                timeout=_PROBE_TIMEOUT,
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
                check=False,
            )
            return done.returncode == 0
        return False
    with contextlib.suppress(OSError, http.client.HTTPException):
        if not probe.path:
            socket.create_connection((address, probe.port), _PROBE_TIMEOUT).close()
            return True
        connection = http.client.HTTPConnection(address, probe.port, timeout=_PROBE_TIMEOUT)
        with contextlib.closing(connection):
            connection.request("GET", probe.path, headers=dict(probe.headers))
            return 200 <= connection.getresponse().status < 400
    return False


def healthy(part: Part, pid: int) -> bool:
    """True when every probe of a part passes now, answered by that process."""
    return all(_answers(probe, part, pid) for probe in part.probes)


def _answers(probe: Probe, part: Part, pid: int) -> bool:
    itself = bool(probe.command) or listens(pid, part.address, probe.port)
    return itself and passes(probe, part.address, dict(part.env))


@dataclass(slots=True)
class _Starting:
    part: Part
    running: Running
    process: subprocess.Popen[bytes]
    probes: list[Probe]
    since: float = field(default_factory=time.monotonic)
    asked: float = field(default_factory=time.monotonic)  # when the current probe's allowance began


def bring_up(
    parts: tuple[Part, ...], folder: Path, record: Callable[[tuple[Running, ...]], None]
) -> tuple[Running, ...]:
    """Start every part and return them when all are ready, in the order in which they became so.

    `record` is called after each start and each change, so that what runs is always on disk. Raises ToolError with the
    last log lines when a part ends, StoppedError when one is not ready within its allowance.
    """
    waiting = {part.name: part for part in parts}
    starting: dict[str, _Starting] = {}
    ready: dict[str, Running] = {}
    while waiting or starting:
        for part in [part for part in waiting.values() if all(need in ready for need in part.needs)]:
            starting[part.name] = _start(waiting.pop(part.name), folder)
            record((*ready.values(), *(each.running for each in starting.values())))
        if waiting and not starting:
            raise ToolError("these parts need each other: " + ", ".join(waiting), hint="correct the charts' addresses")
        time.sleep(_POLL)
        for each in tuple(starting.values()):
            if _is_ready(each):
                del starting[each.part.name]
                ready[each.part.name] = _done(each)
                record((*ready.values(), *(other.running for other in starting.values())))
    return tuple(ready.values())


def _start(part: Part, folder: Path) -> _Starting:
    running, process = start(part, folder)
    say(f"  {part.name}: starting on {', '.join(f'{part.address}:{port}' for port in part.ports)}")
    return _Starting(part, running, process, list(part.probes))


def _is_ready(each: _Starting) -> bool:
    code = each.process.poll()
    if code is not None:
        after = time.monotonic() - each.since
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        raise ToolError(
            f"{each.part.name} ended with {how} after {after:.0f} s; its last lines:\n{tail(each.running.log)}",
            hint=f"the whole log: {each.running.log}",
        )
    while each.probes and _answers(each.probes[0], each.part, each.running.pid):
        each.probes.pop(0)
        each.asked = time.monotonic()
    if each.probes and time.monotonic() - each.asked > each.probes[0].allowance:
        raise StoppedError(
            f"{each.part.name} is not ready after the {each.probes[0].allowance:.0f} s that its probe allows; "
            f"its last lines:\n{tail(each.running.log)}",
            hint=f"the whole log: {each.running.log}",
        )
    return not each.probes


def _done(each: _Starting) -> Running:
    open_to_all = exposed(each.running.pid)
    if open_to_all:
        raise ToolError(
            f"{each.part.name} listens on {', '.join(open_to_all)}, which other machines can reach; stopped",
            hint="give it a listen address in its chart or in leanrag/local/programs.py",
        )
    seconds = time.monotonic() - each.since
    say(f"  {each.part.name}: ready after {seconds:.0f} s")
    return replace(each.running, seconds=round(seconds, 1))
