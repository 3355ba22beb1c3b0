"""A Git server on loopback for the drill: git's own http-backend behind a password, one bare repository a fault.

It can be told to go away, to break off in the middle of a push, and to run a hook of the server's side.
"""

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOOK = "#!/bin/sh\n"


class Remote:
    """Serves `folder`/<name>.git; `users` maps names to passwords, `readers` may only fetch."""

    def __init__(self, folder: Path, users: dict[str, str], readers: frozenset[str]) -> None:
        self.folder = folder
        self._server = _Server(("127.0.0.1", 0), folder, users, readers)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, name: str) -> str:
        """Return the address of a repository."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}.git"

    def path(self, name: str) -> Path:
        """Return where a repository lies."""
        return self.folder / f"{name}.git"

    def copy(self, template: Path, name: str) -> None:
        """Make a repository of its own for one fault; unchanged objects are shared with the template."""
        subprocess.run(["git", "clone", "-q", "--bare", "--local", str(template), str(self.path(name))], check=True)
        for key, value in {"http.receivepack": "true", "receive.denyNonFastForwards": "true"}.items():
            subprocess.run(["git", "-C", str(self.path(name)), "config", key, value], check=True)

    def hook(self, name: str, hook: str, script: str) -> None:
        """Give a repository a hook, such as `pre-receive`."""
        path = self.path(name) / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(HOOK + script, encoding="utf-8")
        path.chmod(0o755)

    def cut_pushes(self, cut: bool) -> None:
        """Break the connection off after half of a push's body has arrived."""
        self._server.cut = cut

    def close(self) -> None:
        """Be gone."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], folder: Path, users: dict[str, str], readers: frozenset[str]) -> None:
        super().__init__(address, _Handler)
        self.folder, self.readers, self.cut = folder, readers, False
        self.logins = {base64.b64encode(f"{name}:{word}".encode()).decode(): name for name, word in users.items()}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed is part of the drill."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        body = self._body()
        if self.server.cut and "git-receive-pack" in self.path:
            # Half of the pack goes into the repository's quarantine, then the line is dead.
            self._backend(body[: len(body) // 2], self._user() or "")
            self.connection.close()
            self.close_connection = True
            return
        self._serve(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _user(self) -> str | None:
        kind, _, login = self.headers.get("Authorization", "").partition(" ")
        return self.server.logins.get(login) if kind.lower() == "basic" else None

    def _serve(self, body: bytes) -> None:
        user = self._user()
        if user is None:
            return self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        if user in self.server.readers and "git-receive-pack" in self.path:
            return self._answer(403, {}, b"this user may only read")
        head, _, rest = self._backend(body, user).partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(fields.pop("Status", "200").split()[0])
        return self._answer(status, fields, rest)

    def _backend(self, body: bytes, user: str) -> bytes:
        path, _, query = self.path.partition("?")
        variables = {
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": user,
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=os.environ | variables)
        return done.stdout

    def _answer(self, status: int, fields: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
