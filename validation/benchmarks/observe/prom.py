"""A real Prometheus on loopback: started with a configuration and rule files, asked over its API, ended at the end."""

import calendar
import math
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import requests

from leanrag.core.errors import InputError, ToolError, UnreachableError
from leanrag.core.files import write_atomic
from leanrag.render.tools import tool

_START, _TIMEOUT = 60.0, 30.0
_LOOPBACK = "127.0.0.1"


class Found(NamedTuple):
    """One series of an answer: its labels, and (time, value) pairs; an instant answer has one."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """The newest value."""
        return self.points[-1][1]


class Prometheus:
    """A context manager; `config` is the text of its configuration, `rules` the texts of its rule files by name."""

    def __init__(self, folder: Path, config: str, rules: Mapping[str, str]) -> None:
        self._folder, self.url = folder, f"http://{_LOOPBACK}:{_free()}"
        for name, text in rules.items():
            write_atomic(folder / "rules" / name, text)
        self.configure(config, reload=False)
        self._log = (folder / "prometheus.log").open("wb")
        argv = (
            tool("prometheus"),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
        )
        more = (f"--web.listen-address={self.url.removeprefix('http://')}", "--web.enable-lifecycle")
        self._process = subprocess.Popen(
            [*argv, *more], stdout=self._log, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + _START
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise ToolError("Prometheus did not start", hint=f"its log: {self._folder / 'prometheus.log'}")
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        self._log.close()

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False

    def configure(self, config: str, *, reload: bool = True) -> None:
        """Give it another configuration, now."""
        write_atomic(self._folder / "prometheus.yaml", config)
        if reload:
            requests.post(f"{self.url}/-/reload", timeout=_TIMEOUT).raise_for_status()

    def query(self, text: str) -> tuple[Found, ...]:
        """Return the answer to a query now; InputError for one that Prometheus refuses."""
        data = self._ask("query", {"query": text})
        if data["resultType"] == "scalar":
            return (_found({}, [data["result"]]),)
        return tuple(_found(each["metric"], [each["value"]]) for each in data["result"])

    def range(self, text: str, seconds: float, step: float) -> tuple[Found, ...]:
        """Return the answer over the last seconds, a value a step."""
        end = time.time()
        data = self._ask("query_range", {"query": text, "start": end - seconds, "end": end, "step": step})
        return tuple(_found(each["metric"], each["values"]) for each in data["result"])

    def values(self, selector: str, label: str) -> Sequence[str]:
        """Return the values of a label, of one selector's series or of all."""
        found = self._ask(f"label/{label}/values", {"match[]": selector} if selector else {})
        return [str(each) for each in found]

    def firing(self) -> dict[str, float]:
        """Return the alerts that fire now, and since when."""
        alerts = self._ask("alerts", {})["alerts"]
        firing = [each for each in alerts if each["state"] == "firing"]
        return {each["labels"]["alertname"]: _moment(each["activeAt"]) for each in firing}

    def healthy(self) -> Mapping[str, str]:
        """Return the last error of each target, by address of /metrics; "" where there is none."""
        return {each["scrapeUrl"]: each["lastError"] for each in self._ask("targets", {})["activeTargets"]}

    def rule_errors(self) -> Mapping[str, str]:
        """Return the rules that Prometheus could not evaluate, by name."""
        groups = self._ask("rules", {})["groups"]
        return {rule["name"]: rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")}

    def _ask(self, path: str, given: Mapping[str, Any]) -> Any:
        try:
            answer = requests.get(f"{self.url}/api/v1/{path}", params=given, timeout=_TIMEOUT).json()
        except (requests.RequestException, ValueError) as error:
            raise UnreachableError(f"Prometheus: {error}", hint=f"its log: {self._folder / 'prometheus.log'}") from None
        if answer["status"] != "success":
            raise InputError(f"{answer.get('error')}: {given}", hint="correct the query")
        return answer["data"]


def _found(labels: Mapping[str, str], points: Sequence[Sequence[Any]]) -> Found:
    return Found(labels, tuple((float(at), float(value)) for at, value in points))


def numbers(found: Sequence[Found]) -> tuple[Found, ...]:
    """Return the series that hold a number; NaN, which an idle ratio gives, shows as nothing."""
    return tuple(each for each in found if any(not math.isnan(value) for _, value in each.points))


def _moment(text: str) -> float:
    seconds = text.partition(".")[0].removesuffix("Z")  # always UTC, with or without parts of a second
    return float(calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")))


def _free() -> int:
    with socket.socket() as listener:
        listener.bind((_LOOPBACK, 0))
        return int(listener.getsockname()[1])
