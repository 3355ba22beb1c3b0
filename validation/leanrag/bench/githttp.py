"""A Git server over HTTP with users: `git http-backend` behind Basic authentication, with faults on demand.

Run as a process: `python -m leanrag.bench.githttp FOLDER HOST PORT`. FOLDER holds lean-rag.git,
users/<name>/password and, while something is to go wrong, fault.json. All is read at each request, so a fault
needs no restart.
"""

import base64
import contextlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leanrag.core.progress import say

WRITERS = frozenset({"operator", "promoter"})
PUSH = "git-receive-pack"
_BLOCK = 64 * 1024
_IDLE = 120.0  # seconds without a byte, after which a client is given up


class Handler(BaseHTTPRequestHandler):
    """One request; `folder` is set by `serve`."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    folder: Path

    def do_GET(self) -> None:
        """Answer what git asks first."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a fetch or a push."""
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Write one line a request, never a header: passwords stand there."""
        say(f"{self.log_date_time_string()} {format % args}")

    def _answer(self) -> None:
        self.close_connection = True
        address = urlsplit(self.path)
        pushes = PUSH in (address.path.rsplit("/", 1)[-1], address.query.removeprefix("service="))
        user = _user(self.folder, self.headers.get("Authorization", ""))
        if user is None:
            return self._refuse(401, "who are you?", {"WWW-Authenticate": 'Basic realm="lean-rag"'})
        if pushes and user not in WRITERS:
            return self._refuse(403, f"{user} may not push")
        fault = _fault(self.folder, pushes, user)
        time.sleep(float(fault.get("seconds", 0)))
        if fault.get("kind") == "gone":
            return self._refuse(503, "the Git server is being repaired")
        if fault.get("kind") == "cut-before" and self.command == "POST":
            return self._cut()
        return self._run(user, address.path, address.query, cut=fault.get("kind") == "cut-after")

    def _refuse(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        body = f"{words}\n".encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        """Close the connection without an answer."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _run(self, user: str, path: str, query: str, cut: bool) -> None:
        with subprocess.Popen(
            ["git", "http-backend"],
            env=self._environment(user, path, query),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as backend:
            assert backend.stdin and backend.stdout
            with contextlib.suppress(BrokenPipeError):
                for block in self._body():
                    backend.stdin.write(block)
            backend.stdin.close()
            if cut and self.command == "POST":
                backend.stdout.read()  # git has done what it was asked; nobody hears of it
                return self._cut()
            status, headers = _head(backend.stdout)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while block := backend.stdout.read(_BLOCK):
                self.wfile.write(block)
        return None

    def _environment(self, user: str, path: str, query: str) -> dict[str, str]:
        given = {
            "CONTENT_TYPE": self.headers.get("Content-Type"),
            "CONTENT_LENGTH": self.headers.get("Content-Length"),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding"),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol"),
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": user,
            "REMOTE_ADDR": self.client_address[0],
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            **{name: value for name, value in given.items() if value is not None},
        }

    def _body(self) -> Iterator[bytes]:
        """Yield the request's body; git sends a large pack in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
            yield block


def _head(stream: Any) -> tuple[int, list[tuple[str, str]]]:
    """Read the header that a CGI program writes: status (default 200) and fields."""
    status, headers = 200, []
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return status, headers


def _user(folder: Path, header: str) -> str | None:
    """Return whose name and password a request carries, or None."""
    try:
        name, _, password = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
        known = (folder / "users" / Path(name).name / "password").read_text()
    except (ValueError, OSError):
        return None
    return name if hmac.compare_digest(known.encode(), password.encode()) else None


def _fault(folder: Path, pushes: bool, user: str) -> Mapping[str, Any]:
    """Return the fault that meets this request, or nothing."""
    try:
        fault = json.loads((folder / "fault.json").read_text())
    except (OSError, ValueError):
        return {}
    meets = (pushes or fault.get("fetches")) and fault.get("user") in (None, user)
    return fault if meets else {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the server."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def serve(folder: Path, host: str, port: int) -> None:
    """Serve the repositories in a folder until the process is ended."""
    handler = type("BoundHandler", (Handler,), {"folder": folder})
    with _Server((host, port), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
