"""Brings images into a node's containerd: only those that it lacks, and of those only the layers that it lacks."""

import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from leanrag.bench.images import oci, store
from leanrag.bench.images.oci import Documents
from leanrag.bench.images.recipes import USER, Image, image, images
from leanrag.bench.images.store import Layer
from leanrag.core.errors import ToolError
from leanrag.core.process import run
from leanrag.core.progress import say

NAMESPACE = "k8s.io"  # of containerd, where kubelet looks for images
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Packed:
    """What an image weighs: bytes of its layers, by name; None where a layer was not packed yet."""

    reference: str
    layers: tuple[tuple[str, int | None], ...]

    @property
    def size(self) -> int | None:
        """Bytes of all layers, or None while one is unknown."""
        sizes = [size for _, size in self.layers]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def shown(self) -> str:
        """The size for people."""
        return "not packed yet" if self.size is None else _mb(self.size)


def listing() -> tuple[Packed, ...]:
    """Return what is known of every image, without packing anything."""
    rows = []
    for each in images():
        found = ((layer.name, store.known(layer)) for layer in each.layers)
        rows.append(Packed(each.reference, tuple((name, blob.size if blob else None) for name, blob in found)))
    return tuple(rows)


def import_images(socket: Path, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Import images into the containerd at this socket, packing what was never packed; return what was imported.

    `names` are image names without tag; none means all. An image that is there with the same content is left alone.
    """
    wanted = [image(name) for name in names] or list(images())
    there = _images(socket)
    imported = []
    for each in wanted:
        described = documents(each)
        if there.get(each.reference) != described.digest:
            _import_whole(socket, each)
            imported.append(each.reference)
    return tuple(imported)


def documents(each: Image) -> Documents:
    """Return an image's documents, packing layers that never were."""
    config = {
        "User": USER,
        "Env": [f"{name}={value}" for name, value in sorted(each.environment.items())],
        "Entrypoint": list(each.entrypoint),
        "WorkingDir": "/",
    }
    return oci.documents(each.reference, [store.packed(layer) for layer in each.layers], config)


def _import_whole(socket: Path, each: Image) -> None:
    """Import an image; once more, when containerd has dropped a layer that it had when it was asked.

    Its collector runs when it likes, and takes what no image holds any more.
    """
    try:
        _import(socket, each)
    except ToolError:
        _import(socket, each)


def _import(socket: Path, each: Image) -> None:
    started = time.monotonic()
    missing, described = _ready(socket, each)
    blobs = [(blob, store.blob_path(blob)) for blob in map(store.packed, missing)]
    process = subprocess.Popen(
        _argv(socket, "images", "import", "-"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert process.stdin
        oci.write_archive(described, blobs, process.stdin)
        for layer in missing:  # containerd has them now, and unpacks them beside its own copy
            store.forget(layer, store.packed(layer))
        _, said = process.communicate(timeout=_SECONDS)
    except BrokenPipeError:  # it ended before it had read all: its last words say why
        said = process.stderr.read() if process.stderr else b""
        process.wait()
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        reason = said.decode(errors="replace").strip()[-300:]
        raise ToolError(f"{each.reference}: containerd did not take it: {reason}", hint="look at containerd's log")
    # Its packed copy of what it has unpacked goes: nobody pulls from this machine.
    _ctr(socket, "content", "prune", "references")
    sent = sum(blob.size for blob, _ in blobs)
    say(f"image {each.reference}: {_mb(described.size)}, {_mb(sent)} sent in {time.monotonic() - started:.0f} s")


def _ready(socket: Path, each: Image) -> tuple[list[Layer], Documents]:
    """Return the layers to send, their bytes in the cache, and the image's documents about exactly these.

    A layer packed anew from the same inputs may differ in bits (CPython's .pyc files do), and the layers above it
    then stand on another chain: so it is asked until nothing changes.
    """
    while True:
        described, missing = documents(each), _missing(socket, each)
        for layer in missing:
            store.present(layer)
        if documents(each).digest == described.digest:
            return missing, described


def _missing(socket: Path, each: Image) -> list[Layer]:
    """Return the layers that a containerd has neither unpacked on the layers below nor packed."""
    unpacked = {line.split()[0] for line in _ctr(socket, "snapshots", "list").splitlines()[1:] if line.strip()}
    content = set(_ctr(socket, "content", "list", "--quiet").split())
    blobs = [store.packed(layer) for layer in each.layers]
    found = zip(each.layers, blobs, oci.chain(blobs), strict=True)
    return [layer for layer, blob, chain in found if chain not in unpacked and blob.digest not in content]


def _images(socket: Path) -> dict[str, str]:
    """Return the digests of the images that a containerd has, by name."""
    rows = (line.split() for line in _ctr(socket, "images", "list").splitlines()[1:])
    return {row[0]: row[2] for row in rows if len(row) > 2}


def _ctr(socket: Path, *words: str) -> str:
    return run(_argv(socket, *words), what=f"ctr {' '.join(words)}", timeout=60).stdout


def _argv(socket: Path, *words: str) -> list[str]:
    return ["ctr", "--address", str(socket), "--namespace", NAMESPACE, *words]


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
