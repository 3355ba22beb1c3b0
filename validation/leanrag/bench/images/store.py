"""Packed layers in the cache: each is made once for its inputs, and made again when only its bytes were deleted."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from leanrag.bench.images.layer import Blob, Entry, write_layer
from leanrag.core.errors import ToolError
from leanrag.core.files import cache_dir, write_atomic
from leanrag.core.lock import locked
from leanrag.core.progress import say

# Raise it when a layer is packed differently from the same inputs.
LAYOUT = "2"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer as wanted: `key` says what it is made from, `cost` what making it takes.

    `entries` makes it; it gets an empty folder on the cache's file system that goes when the layer is written.
    """

    name: str
    key: str
    entries: Callable[[Path], Iterable[Entry]]
    cost: str = ""
    # Kept in the cache after it was imported. A layer of gigabytes is not: containerd then has two copies of its own.
    kept: bool = True


def folder() -> Path:
    """Return the folder of everything packed."""
    return cache_dir() / "images"


def blob_path(blob: Blob) -> Path:
    """Return where a blob's bytes lie, if they do."""
    return folder() / "blobs" / "sha256" / blob.digest.removeprefix("sha256:")


def known(layer: Layer) -> Blob | None:
    """Return what a layer was when it was packed from the same inputs, or None."""
    try:
        return Blob(**json.loads(_record(layer).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def packed(layer: Layer) -> Blob:
    """Return a layer's digest and size, packing it when it never was."""
    return known(layer) or present(layer)


def present(layer: Layer) -> Blob:
    """Return a layer whose bytes are in the cache, packing it when they are not."""
    with locked(folder() / f".{layer.name}.lock"):
        blob = known(layer)
        if blob and blob_path(blob).is_file():
            return blob
        made = _pack(layer)
        _forget_others(layer, made)
        write_atomic(_record(layer), json.dumps(asdict(made)))
        return made


def forget(layer: Layer, blob: Blob) -> None:
    """Delete the bytes of a layer that is not kept; its record stays."""
    if not layer.kept:
        blob_path(blob).unlink(missing_ok=True)


def _forget_others(layer: Layer, made: Blob) -> None:
    """Delete what a layer was for other inputs: nothing asks for it again soon, and it may be large."""
    for path in (folder() / "layers").glob(f"{layer.name}-[0-9]*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            old = Blob(**json.loads(path.read_text()))
            if old != made:
                blob_path(old).unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _record(layer: Layer) -> Path:
    return folder() / "layers" / f"{layer.name}-{layer.key}.json"


def _pack(layer: Layer) -> Blob:
    say(f"image layer {layer.name}: packing{f' ({layer.cost}; once)' if layer.cost else ''}")
    blobs = folder() / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=blobs, prefix=f".{layer.name}-")
    try:
        with os.fdopen(descriptor, "wb") as stream, tempfile.TemporaryDirectory(dir=folder(), prefix=".") as scratch:
            blob = write_layer(layer.entries(Path(scratch)), stream)
        Path(name).rename(blob_path(blob))
    except OSError as error:
        raise ToolError(f"image layer {layer.name}: {error}", hint="free disk space and try again") from None
    finally:
        Path(name).unlink(missing_ok=True)
    return blob
