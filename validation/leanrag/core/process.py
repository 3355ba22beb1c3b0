"""Programs we call: each in a process group of its own that never outlives the call."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.errors import LeanragError, StoppedError, ToolError

LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program left behind; `seconds` is wall time."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float


def run(
    argv: Sequence[str | Path],
    *,
    what: str,
    error: type[LeanragError] = ToolError,
    timeout: float = 600,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    hint: str = "",
) -> Completed:
    """Run a program to its end and return what it said.

    `what` names the call in errors ("helm template dev-milvus"). A missing program, a non-zero exit (unless
    `check=False`) and the timeout (seconds) raise; on any exception the whole process group is killed first.
    """
    started = time.monotonic()
    process = _start([str(part) for part in argv], what, error, cwd, env, hint)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.communicate()
        raise StoppedError(f"{what}: no end after {timeout:.0f} s; stopped", hint=hint) from None
    except BaseException:
        kill_group(process.pid)
        process.wait()
        raise
    done = Completed(process.returncode, stdout, stderr, time.monotonic() - started)
    if check and done.returncode:
        raise error(f"{what}: {last_lines(done.stderr or done.stdout) or f'exit {done.returncode}'}", hint=hint)
    return done


def _start(
    argv: list[str],
    what: str,
    error: type[LeanragError],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    hint: str,
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=cwd,
            env=None if env is None else dict(env),
            start_new_session=True,
        )
    except OSError as problem:
        raise error(f"{what}: cannot start {argv[0]}: {problem.strerror}", hint=hint) from None


def kill_group(pid: int) -> None:
    """Kill a process group at once; one that is gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def last_lines(text: str, count: int = LAST_LINES) -> str:
    """Return the last non-empty lines of a program's output in one line, for an error message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-count:])
