"""The repository that the bench's clusters run: this checkout with the clusters and overlays of bootstrap/bench."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.core.process import run

BENCH = PurePosixPath("bootstrap/bench")
_REPLACED = ("clusters", "overlays")
_KEPT = ("overlays", "local")  # the laptop's, which belongs to bootstrap/local/cluster.yaml


def tree(root: Path) -> dict[str, bytes]:
    """Return every file of the bench's repository by its path; nothing is read that Git would ignore."""
    said = run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        what="git ls-files",
        error=InputError,
        hint="the bench's repository is made from a checkout",
    ).stdout
    found: dict[str, bytes] = {}
    for name in sorted(each for each in said.split("\0") if each and (root / each).is_file()):
        place = _place(PurePosixPath(name))
        if place:
            found[str(place)] = (root / name).read_bytes()
    return found


def _place(path: PurePosixPath) -> PurePosixPath | None:
    """Return where a file of the checkout stands in the bench's repository, or None where it has no place."""
    if path.is_relative_to(BENCH):
        inner = path.relative_to(BENCH)
        return inner if inner.parts[0] in _REPLACED else path
    if path.parts[0] in _REPLACED and len(path.parts) > 2 and path.parts[:2] != _KEPT:
        return None
    return path


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write these files below a folder, and return it."""
    for name, content in files.items():
        write_atomic(folder / name, content)
    return folder
