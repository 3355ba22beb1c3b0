"""One process that renders for us: bootstrap/tools/render, Helm's own library asked through pipes.

It is started by the first job, answers several at a time (GOMAXPROCS, else as many as it has processors), is started
once more when it dies, and ends with us: its stdin closes even when we are killed.
"""

import atexit
import json
import os
import re
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from leanrag.core.errors import StoppedError
from leanrag.core.process import kill_group

_ID = re.compile(rb'\{"id":(\d+),')
_PATIENCE = 120.0  # seconds for one answer
_DEATHS = 3  # a program that dies more often is not asked any more


class Lost(Exception):  # noqa: N818 - an event between the two halves of this module, not an error for users
    """The program died before it answered."""


class _Process:
    """The program while it runs. A thread hands its lines to those who wait for them."""

    def __init__(self, program: Path) -> None:
        self.owner = os.getpid()
        self._process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[bytes]] = {}
        self._count = 0
        self.alive = True
        threading.Thread(target=self._read, name="render", daemon=True).start()

    def ask(self, job: Mapping[str, Any]) -> "Future[bytes]":
        """Hand a job over; the future holds the line that answers it, or Lost."""
        answer: Future[bytes] = Future()
        with self._lock:
            self._count += 1
            line = json.dumps({**job, "id": self._count}).encode() + b"\n"
            self._waiting[self._count] = answer
            try:
                if not self.alive or self._process.stdin is None:
                    raise BrokenPipeError
                self._process.stdin.write(line)
                self._process.stdin.flush()
            except OSError:
                self.alive = False  # known here before the thread that reads has seen the end
                del self._waiting[self._count]
                answer.set_exception(Lost())
        return answer

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            named = _ID.match(line)
            with self._lock:
                answer = self._waiting.pop(int(named.group(1)), None) if named else None
            if answer:
                answer.set_result(line)
        with self._lock:
            self.alive = False
            left, self._waiting = self._waiting, {}
        for answer in left.values():
            answer.set_exception(Lost())

    def close(self, patience: float = 5) -> None:
        """End the program: it leaves when nobody can ask any more, or is killed."""
        try:
            if self._process.stdin:
                self._process.stdin.close()
            self._process.wait(timeout=patience)
        except (OSError, subprocess.TimeoutExpired):
            kill_group(self._process.pid)
            self._process.wait()


class Batch:
    """The program for as long as we run, whoever asks, from any thread."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self._process: _Process | None = None
        self._deaths = 0
        self._lock = threading.Lock()
        atexit.register(self.close)

    def ask(self, job: Mapping[str, Any]) -> "Future[bytes]":
        """Hand a job over; see `answer`."""
        try:
            return self._running().ask(job)
        except (OSError, Lost):
            lost: Future[bytes] = Future()
            lost.set_exception(Lost())
            return lost

    def answer(self, job: Mapping[str, Any], asked: "Future[bytes]") -> bytes:
        """Wait for the line that answers a job. One that was lost is asked for once more, then Lost is raised."""
        try:
            try:
                return asked.result(timeout=_PATIENCE)
            except Lost:
                return self.ask(job).result(timeout=_PATIENCE)
        except TookTooLong:
            self.close(patience=0)
            raise StoppedError(f"{job['release']}: no end after {_PATIENCE:.0f} s; stopped") from None

    def _running(self) -> _Process:
        with self._lock:
            process = self._process
            if process and process.owner != os.getpid():
                process = None  # we were forked; the pipes are our parent's
            if process and not process.alive:
                process.close()
                self._deaths += 1
                process = None
            if process is None:
                if self._deaths >= _DEATHS:
                    raise Lost
                process = self._process = _Process(self._program)
                # A copy of a process (multiprocessing) ends without atexit.
                Finalize(None, self.close, exitpriority=0)
            return process

    def close(self, patience: float = 5) -> None:
        """End the program, if it runs; another job would start it again."""
        with self._lock:
            process, self._process = self._process, None
        if process and process.owner == os.getpid():
            process.close(patience)
