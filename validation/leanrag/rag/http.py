"""One HTTP exchange that cannot hang, cannot flood memory, and cannot be led elsewhere.

Every exchange uses a connection of its own: Llama Stack 0.7.3 and OGX 1.5.0 reset a kept-alive connection after some
4xx and 5xx (seen: unknown model, unknown vector store), so the next request on it would fail for no fault of its own.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from leanrag.core.errors import StoppedError, UnreachableError
from leanrag.rag import trace

MAX_BODY = 8 * 1024 * 1024
_T = TypeVar("_T")
_NOBODY = "check the address, and that the service runs"


class ServiceError(Exception):
    """The service was reached and did not answer rightly: a FAIL of the case that asked, with this reason."""


class NoAnswerError(ServiceError):
    """The service was reached and said nothing in time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, content type, body."""

    status: int
    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, undecodable bytes replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the parsed body; anything else is a ServiceError."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise ServiceError(f"HTTP {self.status} with a body that is not JSON: {brief(self.text)}") from None


def brief(text: str, limit: int = 160) -> str:
    """Return text in one short line for a reason."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def bounded(call: Callable[[], _T], seconds: float) -> _T:
    """Return call(), or raise TimeoutError after `seconds` of wall time, whatever the call is stuck in.

    requests counts its timeout for each read, so a server that drips one byte a second would never end.
    """
    outcome: list[tuple[bool, Any]] = []

    def work() -> None:
        try:
            outcome.append((True, call()))
        except BaseException as error:  # handed on to the caller's thread below
            outcome.append((False, error))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    if not outcome:
        raise TimeoutError
    succeeded, value = outcome[0]
    if not succeeded:
        raise value
    result: _T = value
    return result


@dataclass(frozen=True, slots=True)
class Http:
    """A base URL, headers, a limit for each exchange (seconds) and a moment (time.monotonic) for all of them.

    `trace` is the id of the trace that every request belongs to; empty: none.
    """

    base: str
    headers: Mapping[str, str]
    timeout: float
    until: float
    ca: str = ""
    trace: str = ""

    def send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **content: Any) -> Reply:
        """Do one exchange and return whatever status came; `content` is requests' json, data or files.

        Raises UnreachableError (nobody answers at the address), StoppedError (the deadline of all exchanges is over)
        and ServiceError (no answer in time, connection cut, too large, redirect).
        """
        limit = min(self.timeout, self.until - time.monotonic())
        if limit <= 0:
            raise StoppedError("the deadline of the step was reached")
        traced = trace.headers(self.trace)
        sent = {**(self.headers if headers is None else headers), **traced, "connection": "close"}
        try:
            reply = bounded(lambda: self._exchange(method, path, sent, limit, content), limit)
        except requests.ConnectTimeout:
            raise UnreachableError(f"{self.base}: nobody answers", hint=_NOBODY) from None
        except (TimeoutError, requests.Timeout):
            if self.until - time.monotonic() <= 0:
                raise StoppedError("the deadline of the step was reached") from None
            raise NoAnswerError(f"{method} {path}: no complete answer within {limit:.0f} s") from None
        except requests.ConnectionError as error:
            raise _connection(method, path, self.base, error) from None
        except requests.RequestException as error:
            raise ServiceError(f"{method} {path}: {brief(str(error))}") from None
        if 300 <= reply.status < 400:
            raise ServiceError(f"{method} {path}: HTTP {reply.status}, a redirect; it is not followed")
        return reply

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], limit: float, content: Mapping[str, Any]
    ) -> Reply:
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no netrc of the machine between the question and the answer
            with session.request(
                method,
                self.base + path,
                headers=dict(headers),
                timeout=(min(limit, 10.0), limit),
                allow_redirects=False,
                stream=True,
                verify=self.ca or True,
                **content,
            ) as response:
                body = bytearray()
                for part in response.iter_content(65536):
                    body += part
                    if len(body) > MAX_BODY:
                        raise ServiceError(f"{method} {path}: more than {MAX_BODY} bytes")
                return Reply(response.status_code, response.headers.get("content-type", ""), bytes(body))


def _connection(method: str, path: str, base: str, error: requests.ConnectionError) -> Exception:
    """Tell "nobody is there" from "somebody hung up": only the first is no answer."""
    said = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return UnreachableError(f"{base}: TLS failed: {brief(said)}", hint="name the CA, or check the address")
    if "NewConnectionError" in said or "NameResolutionError" in said or "Failed to establish" in said:
        return UnreachableError(f"{base}: nobody answers", hint=_NOBODY)
    return ServiceError(f"{method} {path}: the connection was cut before the answer was complete")
