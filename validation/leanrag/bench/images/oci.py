"""An image as OCI documents: configuration, manifest, index, and the archive that containerd reads.

OCI image specification 1.1: image-layout.md, config.md, manifest.md. The archive may lack blobs that the reader has.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from platform import machine
from typing import IO, Any

from leanrag.bench.images.layer import Blob

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine(), machine())
_TYPE = "application/vnd.oci.image"
# containerd takes the image's name from here.
_NAME = "io.containerd.image.name"


@dataclass(frozen=True, slots=True)
class Documents:
    """The JSON documents of one image, and the digest by which its manifest is known."""

    reference: str
    config: bytes
    manifest: bytes
    layers: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """The manifest's digest: equal digests are equal images."""
        return _digest(self.manifest)

    @property
    def size(self) -> int:
        """Bytes of all layers, unpacked."""
        return sum(each.size for each in self.layers)


def documents(reference: str, layers: Sequence[Blob], config: dict[str, Any]) -> Documents:
    """Return an image's documents; `config` is its part `config:` (User, Env, Entrypoint)."""
    whole = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [each.digest for each in layers]},
    }
    encoded = _json(whole)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": _descriptor("config.v1+json", _digest(encoded), len(encoded)),
        "layers": [_descriptor("layer.v1.tar", each.digest, each.size) for each in layers],
    }
    return Documents(reference, encoded, _json(manifest), tuple(layers))


def chain(layers: Sequence[Blob]) -> tuple[str, ...]:
    """Return by what name each layer is known once it lies on those below (config.md, "Layer ChainID")."""
    names: list[str] = []
    for each in layers:
        names.append(_digest(f"{names[-1]} {each.digest}".encode()) if names else each.digest)
    return tuple(names)


def write_archive(image: Documents, blobs: Collection[tuple[Blob, Path]], target: IO[bytes]) -> None:
    """Write an image layout as a tar archive with these layers in it."""
    manifest = {
        **_descriptor("manifest.v1+json", image.digest, len(image.manifest)),
        "platform": {"architecture": ARCHITECTURE, "os": "linux"},
        "annotations": {_NAME: image.reference},
    }
    index = {"schemaVersion": 2, "mediaType": f"{_TYPE}.index.v1+json", "manifests": [manifest]}
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        for blob, path in blobs:
            with path.open("rb") as stream:
                member = tarfile.TarInfo(_place(blob.digest))
                member.size = blob.size
                archive.addfile(member, stream)
        _add(archive, _place(_digest(image.config)), image.config)
        _add(archive, _place(image.digest), image.manifest)
        _add(archive, "index.json", _json(index))


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": f"{_TYPE}.{kind}", "digest": digest, "size": size}


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    member = tarfile.TarInfo(path)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _place(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
