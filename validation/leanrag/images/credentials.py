"""Logins for registries, from a file as docker, podman and OpenShift's pull secret write it; no helper is called."""

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.core.errors import InputError
from leanrag.core.files import read_text

_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True)
class Login:
    """How one registry is told who asks; `identity` is a refresh token, `bearer` a token that is sent as it is."""

    user: str = ""
    password: str = ""
    identity: str = ""
    bearer: str = ""

    def __repr__(self) -> str:
        """Tell nothing: this may land in a log."""
        return "Login(…)"


class Logins:
    """The logins of one file; `source` names it for sentences."""

    def __init__(self, auths: Mapping[str, Login], source: str = "no file with logins") -> None:
        self._auths = auths
        self.source = source

    def of(self, host: str, name: str) -> Login | None:
        """Return the login for an image: that of the longest folder of its name, else that of its registry."""
        hosts = _HUB if host in _HUB else (host,)
        parts = name.split("/")
        paths = ["/".join(("", *parts[:end])) for end in range(len(parts), -1, -1)]
        return next((self._auths[each + path] for path in paths for each in hosts if each + path in self._auths), None)


def logins(path: Path | None = None) -> Logins:
    """Read a file, by default the first that exists where podman and docker keep theirs; none at all is no login."""
    named = [path] if path else [each for each in _places() if each.is_file()]
    if not named:
        return Logins({})
    written = _read(named[0])
    auths = written.get("auths")
    entries = auths.items() if isinstance(auths, Mapping) else ()
    return Logins({_host(key): _login(named[0], key, entry) for key, entry in entries}, str(named[0]))


def _places() -> Iterator[Path]:
    """Where containers-auth.json(5) and docker look, in their order."""
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers" / "auth.json"
    yield Path.home() / ".config" / "containers" / "auth.json"
    yield Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        written = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}", hint="name a docker config.json or a pull secret") from None
    if not isinstance(written, Mapping):
        raise InputError(f"{path}: not a map of auths", hint="name a docker config.json or a pull secret")
    return written


def _host(key: str) -> str:
    """Return a key of `auths` as registry and folder: docker writes https://index.docker.io/v1/ for its own."""
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return bare.removesuffix("/v1").removesuffix("/v2")


def _login(path: Path, key: str, entry: Any) -> Login:
    given = entry if isinstance(entry, Mapping) else {}
    user, password = str(given.get("username") or ""), str(given.get("password") or "")
    if given.get("auth"):
        try:
            user, _, password = base64.b64decode(str(given["auth"]), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise InputError(
                f"{path}: auths[{key!r}].auth is no base64 of user:password", hint="log in again"
            ) from None
    return Login(user, password, str(given.get("identitytoken") or ""), str(given.get("registrytoken") or ""))
