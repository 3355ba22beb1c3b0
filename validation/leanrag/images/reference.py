"""What an image reference means: which registry is asked, for what (github.com/distribution/reference v0.6.0)."""

import re
from dataclasses import dataclass

from leanrag.core.errors import InputError

DOCKER = "docker.io"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:.]+\](?::\d+)?)/)?(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """An image by registry and name; with a digest the tag says nothing more."""

    host: str
    name: str
    tag: str
    digest: str

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag


def reference(image: str) -> Reference:
    """Return what an image reference means; InputError when a container runtime would refuse it."""
    first, _, rest = image.partition("/")
    # Only a word with a dot or a port, or localhost, is a registry; all else is a folder of docker.io.
    named = bool(rest) and (re.search(r"[.:\[]", first) is not None or first == "localhost")
    found = _REFERENCE.fullmatch(image if named else f"{DOCKER}/{image}")
    if not found:
        raise InputError(f"{image!r} is no image reference", hint="write registry/name:tag or registry/name@sha256:…")
    host, name = found["host"], found["name"]
    official = host == DOCKER and "/" not in name
    return Reference(host, f"library/{name}" if official else name, found["tag"] or "latest", found["digest"] or "")
