"""The real registry (github.com/distribution/distribution v3.1.2) is understood: open, and behind TLS and tokens.

The program is built once from bootstrap/tools/registry, in less than a minute.
"""

import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from leanrag.core import yamlio
from leanrag.core.errors import UnreachableError
from leanrag.images.credentials import Login, Logins
from leanrag.images.reference import reference
from leanrag.images.registry import Registries
from leanrag.render.tools import tool

pytestmark = pytest.mark.long
INDEX, MANIFEST = "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"
LOGIN = "me:secret"


class Authority:
    """A key and its certificate: the registry's TLS, and what tokens are signed with."""

    def __init__(self, folder: Path) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.pem, self.private = folder / "ca.pem", folder / "key.pem"
        self.pem.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.private.write_bytes(self.key.private_bytes(*form))

    def token(self, scope: str) -> str:
        kind, name, actions = scope.split(":")
        now = int(time.time())
        claims = {"iss": "tests", "sub": "me", "aud": "registry", "exp": now + 300, "nbf": now - 60, "iat": now}
        claims |= {"jti": str(now), "access": [{"type": kind, "name": name, "actions": actions.split(",")}]}
        chain = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"x5c": [chain]})


@contextmanager
def tokens(authority: Authority) -> Iterator[str]:
    """Serve tokens to whoever knows the login."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            right = self.headers.get("Authorization") == "Basic " + base64.b64encode(LOGIN.encode()).decode()
            body = json.dumps({"token": authority.token(asked["scope"][0])}).encode() if right else b"{}"
            self.send_response(200 if right else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, form: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.pem, authority.private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}/token"
    server.shutdown()
    server.server_close()


@contextmanager
def registry(folder: Path, authority: Authority | None = None, realm: str = "") -> Iterator[str]:
    """Run the real registry in memory and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = {"version": 0.1, "log": {"level": "error"}, "storage": {"inmemory": {}}, "http": {"addr": host}}
    if authority:
        config["http"]["tls"] = {"certificate": str(authority.pem), "key": str(authority.private)}
        given = {"realm": realm, "service": "registry", "issuer": "tests", "rootcertbundle": str(authority.pem)}
        config["auth"] = {"token": given}
    path = folder / f"{host.rpartition(':')[2]}.yaml"
    path.write_text(yamlio.dump(config))
    silent = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
    with subprocess.Popen([tool("registry"), "serve", path], stdout=subprocess.DEVNULL, env=silent) as process:
        address = f"{'https' if authority else 'http'}://{host}"
        try:
            _wait(f"{address}/v2/", authority)
            yield address
        finally:
            process.terminate()


def _wait(url: str, authority: Authority | None) -> None:
    for _ in range(100):
        try:
            requests.get(url, verify=str(authority.pem) if authority else True, timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail("the registry does not start")


def push(address: str, name: str, authority: Authority | None = None) -> str:
    """Push an index of one image as name:1 and return its digest."""
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would win over `verify`
    if authority:
        session.verify = str(authority.pem)
        session.headers["Authorization"] = "Bearer " + authority.token(f"repository:{name}:pull,push")
    blob = b"{}"
    digest = "sha256:" + hashlib.sha256(blob).hexdigest()
    begun = session.post(f"{address}/v2/{name}/blobs/uploads/", timeout=10)
    place = requests.compat.urljoin(address, begun.headers["Location"])
    assert session.put(place, params={"digest": digest}, data=blob, timeout=10).status_code == 201
    part = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(blob)}
    image = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": part, "layers": []})
    inner = _put(session, f"{address}/v2/{name}/manifests/amd64", image, MANIFEST)
    entry = {
        "mediaType": MANIFEST,
        "digest": inner,
        "size": len(image),
        "platform": {"architecture": "amd64", "os": "linux"},
    }
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
    return _put(session, f"{address}/v2/{name}/manifests/1", index, INDEX)


def _put(session: requests.Session, url: str, body: str, kind: str) -> str:
    done = session.put(url, data=body, headers={"Content-Type": kind}, timeout=10)
    assert done.status_code == 201, done.text
    return "sha256:" + hashlib.sha256(body.encode()).hexdigest()


def test_an_open_registry_tells_the_digest_of_an_index_and_what_it_does_not_have(tmp_path):
    with registry(tmp_path) as address:
        digest, host = push(address, "team/app"), address.removeprefix("http://")
        asked = Registries(Logins({}))
        answer = asked.ask(reference(f"{host}/team/app:1"))
        assert (answer.digest, answer.media_type, answer.registry) == (digest, INDEX, address)
        assert asked.ask(reference(f"{host}/team/app@{digest}")).digest == digest
        with pytest.raises(UnreachableError, match="has no team/app:2"):
            asked.ask(reference(f"{host}/team/app:2"))


def test_a_registry_behind_tls_and_tokens_is_asked_with_authority_and_login(tmp_path):
    authority = Authority(tmp_path)
    with tokens(authority) as realm, registry(tmp_path, authority, realm) as address:
        digest, host = push(address, "team/app", authority), address.removeprefix("https://")
        image, mirror = reference("r.example.com/team/app:1"), {"r.example.com": address}
        login = Logins({host: Login(*LOGIN.split(":"))})
        assert Registries(login, authority.pem, mirror).ask(image).digest == digest
        with pytest.raises(UnreachableError, match="has no login"):
            Registries(Logins({}), authority.pem, mirror).ask(image)
        with pytest.raises(UnreachableError, match="certificate"):
            Registries(login, None, mirror).ask(image)
