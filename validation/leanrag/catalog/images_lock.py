"""clusters/<cluster>/images.lock: the digest of every image of a cluster, as a registry answered. leanrag writes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanrag.catalog.repository import parse
from leanrag.core import yamlio

NAME = "images.lock"
DIGEST = r"^sha256:[0-9a-f]{64}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Locked(_Strict):
    """What is known of one image: the digest that a registry told, or why there is none.

    `mediaType` tells an index of several architectures from one image, `resolved` is the moment of the answer
    (RFC 3339, UTC), `registry` the address that gave it.
    """

    digest: str | None = Field(default=None, pattern=DIGEST)
    mediaType: str = ""  # noqa: N815 - a key of the file
    resolved: str = ""
    registry: str = ""
    unresolved: str = ""

    @model_validator(mode="after")
    def _one_of_two(self) -> "Locked":
        if bool(self.digest) == bool(self.unresolved):
            raise ValueError("needs either digest or unresolved")
        return self


class ImagesLock(_Strict):
    """A whole images.lock; the keys of `images` are images as rendered, without oci://."""

    version: Literal[1] = 1
    cluster: str
    images: Mapping[str, Locked] = {}


def lock_path(cluster_file: Path) -> Path:
    """Return where the lock of a cluster lies: beside its cluster.yaml."""
    return cluster_file.parent / NAME


def read_lock(path: Path) -> ImagesLock | None:
    """Return a lock, None when there is no such file; a malformed one is an InputError with every problem."""
    return parse(ImagesLock, yamlio.read(path), path) if path.is_file() else None


def lock_text(lock: ImagesLock) -> str:
    """Return the file: sorted by image, the same for equal locks."""
    rows = {image: lock.images[image].model_dump(exclude_defaults=True) for image in sorted(lock.images)}
    head = f"# Digests of the images of {lock.cluster}, as registries answered. leanrag writes this file:\n"
    head += f"# leanrag images lock --cluster {lock.cluster}\n"
    return head + yamlio.dump({"version": lock.version, "cluster": lock.cluster, "images": rows})
