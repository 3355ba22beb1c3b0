"""A stand-in registry on loopback that answers as one test wants: with logins, busy, without digests, or not at all."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
BODY = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
DIGEST = "sha256:" + hashlib.sha256(BODY).hexdigest()


@dataclass
class Ways:
    """How the stand-in behaves. `login` is user:password; `busy` counts refusals of 429 before the first answer."""

    login: str = ""
    scheme: str = "Bearer"
    token: str = "good"
    names: tuple[str, ...] = ("team/app",)
    digest_header: str | None = DIGEST
    busy: int = 0
    realm: str = ""
    seen: list[tuple[str, str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers HEAD and GET of manifests, and the token endpoint."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        if self.path.startswith("/token"):
            self._token(parse_qs(urlsplit(self.path).query))
        else:
            self._answer(with_body=True)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._token(form, refresh=form.get("refresh_token") == ["refresh"])

    def _answer(self, with_body: bool) -> None:
        ways: Ways = self.server.ways  # type: ignore[attr-defined]
        ways.seen.append((self.command, self.path, self.headers.get("Authorization", "")))
        name, _, _ = self.path.removeprefix("/v2/").partition("/manifests/")
        if ways.busy:
            ways.busy -= 1
            return self._send(429, {"Retry-After": "7"})
        if not self._may(ways):
            return self._send(401, {"WWW-Authenticate": self._challenge(ways, name)})
        if name not in ways.names:
            return self._send(404, {})
        headers = {"Content-Type": f"{INDEX}; charset=utf-8"}
        headers |= {"Docker-Content-Digest": ways.digest_header} if ways.digest_header else {}
        return self._send(200, headers, BODY if with_body else b"")

    def _may(self, ways: Ways) -> bool:
        basic = "Basic " + base64.b64encode(ways.login.encode()).decode()
        wanted = {"Basic": basic, "Bearer": f"Bearer {ways.token}"}[ways.scheme]
        return not ways.login or self.headers.get("Authorization") == wanted

    def _challenge(self, ways: Ways, name: str) -> str:
        if ways.scheme == "Basic":
            return 'Basic realm="stand-in"'
        realm = ways.realm or f"http://{self.headers['Host']}/token"
        return f'Bearer realm="{realm}",service="stand-in",scope="repository:{name}:pull"'

    def _token(self, asked: dict[str, list[str]], refresh: bool = False) -> None:
        ways: Ways = self.server.ways  # type: ignore[attr-defined]
        ways.seen.append((self.command, self.path, self.headers.get("Authorization", "")))
        basic = "Basic " + base64.b64encode(ways.login.encode()).decode()
        right = self.headers.get("Authorization") == basic or refresh
        if not right or asked["service"] != ["stand-in"] or not asked["scope"][0].endswith(":pull"):
            return self._send(401, {})
        return self._send(200, {}, json.dumps({"token": ways.token}).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def registry(ways: Ways) -> Iterator[str]:
    """Give the address host:port of a stand-in."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.ways = ways  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
