"""Starts the server of known latency, and speaks to it."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

_TIMEOUT = 30


class Known:
    """A context manager: the server in a process of its own, on a free loopback port. `url` has no /v1."""

    def __init__(self) -> None:
        argv = (sys.executable, str(Path(__file__).with_name("server.py")))
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(_TIMEOUT)

    def set(self, **settings: Any) -> None:
        """Begin anew with these settings; see server.Settings."""
        requests.post(f"{self.url}/settings", data=json.dumps(settings), timeout=_TIMEOUT).raise_for_status()

    def log(self) -> list[list[float]]:
        """Return what was served since then: arrival, drawn TTFT, TTFT, end to end (seconds), tokens."""
        answer = requests.get(f"{self.url}/log", timeout=_TIMEOUT)
        answer.raise_for_status()
        return list(answer.json())
