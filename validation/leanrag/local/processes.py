"""Start and stop local processes. Each part is a session of its own: it outlives the command, and ends as a whole."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from leanrag.core.errors import ToolError
from leanrag.core.files import write_atomic
from leanrag.local.plan import Part
from leanrag.local.state import MARK, Running, process_of

GRACE = 20.0  # seconds between SIGTERM and SIGKILL
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LAST_LINES = 12


def start(part: Part, folder: Path) -> tuple[Running, subprocess.Popen[bytes]]:
    """Make a part's folders, write its files, and start it with its output going to a log of its own."""
    _prepare(part)
    log = folder / "logs" / f"{part.name.replace('/', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as stream:
            process = subprocess.Popen(
                part.argv,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**dict(part.env), MARK: str(folder)},
                start_new_session=True,
            )
    except OSError as error:
        raise ToolError(
            f"{part.name}: cannot start {part.argv[0]}: {error.strerror}", hint="free space, then again"
        ) from None
    with contextlib.suppress(psutil.Error):
        began = psutil.Process(process.pid).create_time()
        return Running(part.name, process.pid, began, str(log), part.address, part.ports, part.image), process
    raise ToolError(f"{part.name}: ended at once: {tail(log)}", hint=f"the whole log: {log}")


def _prepare(part: Part) -> None:
    for name in part.folders:
        Path(name).mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in part.files:
        write_atomic(Path(name), text, mode=0o600)  # a mounted Secret is among them


def stop(parts: Iterable[Running], folder: Path | None = None, grace: float = GRACE) -> int:
    """End every part with all its children and return how many were alive: SIGTERM, then SIGKILL after `grace` s.

    With `folder`, whatever else carries that state folder's mark ends too.
    """
    groups = {part.pid for part in parts if _group_is_ours(part)} | (_marked(folder) if folder else set())
    count = len(groups)
    for group in groups:
        _signal(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (groups := {group for group in groups if _members(group)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)
    while any(_members(group) for group in groups) and time.monotonic() < deadline + 5:
        time.sleep(0.05)
    return count


def _group_is_ours(part: Running) -> bool:
    """True for a live part, and for the rest of one whose leader died.

    The kernel does not reuse a number that still names a group, so a group without that leader is still ours; a live
    process with the number and another start time means that our group is long gone.
    """
    if process_of(part):
        return True
    with contextlib.suppress(psutil.Error):
        if psutil.Process(part.pid).status() != psutil.STATUS_ZOMBIE:
            return False
    return bool(_members(part.pid))


def _members(group: int) -> list[int]:
    """Return the living processes of a session; zombies have ended."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def _marked(folder: Path) -> set[int]:
    """Return the sessions of processes that carry this state folder's mark, whatever state.json says."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if process.environ().get(MARK) == str(folder) and os.getsid(process.pid) != os.getsid(0):
                found.add(os.getsid(process.pid))
    return found


def _signal(group: int, number: signal.Signals) -> None:
    for pid in _members(group):  # a member may have made a group of its own inside the session
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def tail(log: str | Path, count: int = _LAST_LINES) -> str:
    """Return the last lines of a log, without colours, for an error message."""
    try:
        with Path(log).open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - 16384))
            text = _ANSI.sub("", stream.read().decode(errors="replace"))
    except OSError:
        return "no log"
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-count:]) or "its log is empty"
