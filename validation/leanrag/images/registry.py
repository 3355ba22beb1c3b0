"""Ask a registry for the digest of an image: OCI distribution spec v1.1, tokens as docker's registry gives them.

Only HEAD and GET of manifests; proxies and authorities come from the environment as `requests` reads them.
"""

import base64
import hashlib
import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import parse_dict_header

from leanrag.core.errors import UnreachableError
from leanrag.images.credentials import Login, Logins
from leanrag.images.reference import DOCKER, Reference

# An index first: a tag of several architectures is one digest for all of them.
ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two bytes
TRIES = 3
LONGEST_WAIT = 30.0  # seconds that a registry may ask to wait
MANIFEST_BYTES = 4 * 1024 * 1024  # the least that a registry must take (distribution spec), and more than any has
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_AWAY = frozenset((429, 500, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry said: the digest, what it is the digest of, and who said it."""

    digest: str
    media_type: str
    registry: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reference is asked for: address, host for logins, name there."""

    address: str
    host: str
    name: str


class Registries:
    """Asks registries. `mirrors` say who is asked instead of a registry: docker.io → https://mirror.example.com/hub."""

    def __init__(
        self,
        logins: Logins,
        ca: Path | None = None,
        mirrors: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._logins = logins
        self._verify: bool | str = str(ca) if ca else True
        self._mirrors = dict(mirrors or {})
        self._sleep = sleep
        self._tokens: dict[_Place, str] = {}
        self._lock = Lock()

    def ask(self, image: Reference) -> Answer:
        """Return the digest of an image; UnreachableError with the reason when no registry tells it."""
        place = self._place(image)
        with requests.Session() as session:
            # Without this `requests` would send what it finds for the host in ~/.netrc.
            session.auth = _nothing
            answer = self._manifest(session, "HEAD", place, image)
            digest = answer.headers.get("Docker-Content-Digest", "")
            if not _DIGEST.fullmatch(digest):
                # The header is optional in the spec, and some proxies drop it: then the bytes say it.
                answer = self._manifest(session, "GET", place, image)
                digest = "sha256:" + hashlib.sha256(_body(answer, place)).hexdigest()
        if image.digest and digest != image.digest:
            raise UnreachableError(f"{place.address} answers {digest} when asked for {image.digest}")
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        return Answer(digest, kind, place.address)

    def _place(self, image: Reference) -> _Place:
        mirror = self._mirrors.get(image.host)
        if mirror:
            parts = urlsplit(mirror)
            name = "/".join(part for part in (parts.path.strip("/"), image.name) if part)
            return _Place(f"{parts.scheme}://{parts.netloc}", parts.netloc, name)
        host = "registry-1.docker.io" if image.host == DOCKER else image.host
        return _Place(f"{'http' if _loopback(host) else 'https'}://{host}", host, image.name)

    def _manifest(self, session: requests.Session, method: str, place: _Place, image: Reference) -> requests.Response:
        url = f"{place.address}/v2/{place.name}/manifests/{image.wanted}"
        answer = self._patiently(session, method, url, place)
        if answer.status_code == 401:
            self._sign_in(session, answer, place)
            answer = self._patiently(session, method, url, place)
        if answer.status_code in (401, 403):
            raise UnreachableError(f"{place.address} gives no right to pull {place.name}: {self._whose(place)}")
        if answer.status_code == 404:
            raise UnreachableError(f"{place.address} has no {place.name}:{image.wanted}")
        if answer.status_code != 200:
            raise UnreachableError(f"{place.address} answers {answer.status_code} for {place.name}")
        return answer

    def _whose(self, place: _Place) -> str:
        login = self._logins.of(place.host, place.name)
        return f"the login of {self._logins.source} is not enough" if login else f"{self._logins.source} has no login"

    def _patiently(self, session: requests.Session, method: str, url: str, place: _Place) -> requests.Response:
        """Send one request, and once more after the wait that a busy registry asks for."""
        token = self._tokens.get(place)
        headers = {"Accept": ACCEPT, **({"Authorization": token} if token else {})}
        answer = self._send(session, method, url, headers=headers, stream=True, allow_redirects=True)
        for attempt in range(1, TRIES):
            if answer.status_code not in _AWAY:
                break
            self._sleep(_wait(answer, attempt))
            answer = self._send(session, method, url, headers=headers, stream=True, allow_redirects=True)
        return answer

    def _sign_in(self, session: requests.Session, refused: requests.Response, place: _Place) -> None:
        """Do what the challenge asks for, and keep the result for the next question."""
        scheme, _, rest = refused.headers.get("WWW-Authenticate", "").partition(" ")
        login = self._logins.of(place.host, place.name)
        if login and login.bearer:
            token = f"Bearer {login.bearer}"
        elif scheme.lower() == "basic" and login:
            token = "Basic " + base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        elif scheme.lower() == "bearer":
            challenge: Mapping[str, Any] = parse_dict_header(rest)  # type: ignore[no-untyped-call]
            token = "Bearer " + self._token(session, challenge, login, place)
        else:
            raise UnreachableError(f"{place.address} wants a login for {place.name}: {self._whose(place)}")
        with self._lock:
            self._tokens[place] = token

    def _token(
        self, session: requests.Session, challenge: Mapping[str, Any], login: Login | None, place: _Place
    ) -> str:
        realm = str(challenge.get("realm") or "")
        # A registry behind TLS that sends passwords elsewhere in the open is not obeyed.
        if urlsplit(realm).scheme != "https" and not (
            realm.startswith("http://") and place.address.startswith("http:")
        ):
            raise UnreachableError(f"{place.address} sends to {realm or 'nowhere'} for a token, which is not https")
        asked = {"scope": str(challenge.get("scope") or f"repository:{place.name}:pull")}
        asked |= {"service": str(challenge["service"])} if challenge.get("service") else {}
        if login and login.identity:
            form = {**asked, "grant_type": "refresh_token", "refresh_token": login.identity, "client_id": "leanrag"}
            answer = self._send(session, "POST", realm, data=form)
        else:
            basic = (login.user, login.password) if login and login.user else None
            answer = self._send(session, "GET", realm, params=asked, auth=basic or _nothing)
        if answer.status_code in (401, 403):
            raise UnreachableError(f"{realm} gives no token for {place.name}: {self._whose(place)}")
        found = _json(answer).get("token") or _json(answer).get("access_token")
        if answer.status_code != 200 or not isinstance(found, str):
            raise UnreachableError(f"{realm} answers {answer.status_code} and no token for {place.name}")
        return found

    def _send(self, session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        try:
            return session.request(method, url, timeout=TIMEOUT, verify=self._verify, **more)
        except (requests.RequestException, OSError) as error:
            raise UnreachableError(f"{_origin(url)}: {_why(error)}") from None


def _nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _body(answer: requests.Response, place: _Place) -> bytes:
    found = b""
    try:
        for chunk in answer.iter_content(65536):
            found += chunk
            if len(found) > MANIFEST_BYTES:
                raise UnreachableError(f"{place.address}: a manifest of more than {MANIFEST_BYTES:,} bytes")
    except requests.RequestException as error:
        raise UnreachableError(f"{place.address}: {_why(error)}") from None
    return found


def _wait(answer: requests.Response, attempt: int) -> float:
    """Return seconds: what the registry asks for, else a little more each time."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked) if asked.isdigit() else 2.0**attempt, LONGEST_WAIT)


def _json(answer: requests.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _loopback(host: str) -> bool:
    """Container runtimes, too, speak plain HTTP with a registry on the same machine."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _why(error: Exception) -> str:
    """Return the innermost reason in a few words: "Name or service not known", not a tower of exceptions."""
    while (inner := error.__cause__ or error.__context__) is not None and isinstance(inner, Exception):
        error = inner
    text = str(getattr(error, "strerror", None) or getattr(error, "reason", None) or error)
    return " ".join(text.split())[:200] or type(error).__name__
