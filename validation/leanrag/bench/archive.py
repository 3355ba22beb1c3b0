"""A container image from a few files: one layer, as `docker save` writes it and containerd imports it."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from platform import machine

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_image(target: Path, name: str, files: Mapping[str, Path], entrypoint: tuple[str, ...]) -> None:
    """Write an image archive; `files` maps a path in the image to a file here. The same input gives the same bytes."""
    layer = _layer(files)
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine(), machine()),
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]}]
    members = ((config_name, config), (f"{digest}/layer.tar", layer), ("manifest.json", json.dumps(manifest).encode()))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w") as archive:
        for path, content in members:
            _add(archive, path, content, 0o644)


def _layer(files: Mapping[str, Path]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as layer:
        for path, source in sorted(files.items()):
            _add(layer, path.lstrip("/"), source.read_bytes(), 0o755)
    return stream.getvalue()


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
