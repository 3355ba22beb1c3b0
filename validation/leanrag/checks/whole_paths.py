"""Which files are meant by the paths that a user names, and what is in them."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.errors import InputError

STDIN = Path("-")
_SUFFIXES = (".yaml", ".yml", ".json")
_KUSTOMIZE = {"kustomization.yaml", "kustomization.yml", "Kustomization"}
# What every object says; a folder may hold other YAML, too.
_MANIFEST = re.compile(rb"""^[\s{-]*["']?(?:apiVersion|kind)["']?\s*:|"kind"\s*:""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Meant:
    """What named paths hold: files with manifests, Helm charts, kustomize folders, and files that are none of these."""

    files: tuple[Path, ...] = ()
    charts: tuple[Path, ...] = ()
    kustomize: tuple[Path, ...] = ()
    skipped: tuple[Path, ...] = ()


def meant(paths: Iterable[Path], *, skip: bool = False) -> Meant:
    """Return what is in files and folders, none twice. A path that is not there is an InputError.

    A file of a chart means its chart. With `skip`, a named file that holds no manifest is none of ours.
    """
    found: dict[str, dict[Path, None]] = {"files": {}, "charts": {}, "kustomize": {}, "skipped": {}}
    for path in paths:
        if path.is_dir():
            for kind, each in _below(path):
                found[kind][each] = None
        elif path == STDIN or path.exists():
            kind, each = _named(path, skip)
            found[kind][each] = None
        else:
            raise InputError(f"{path}: no such file or folder", hint="name manifest files, folders of them, or charts")
    if not any(found.values()):
        raise InputError("no .yaml, .yml or .json file among the paths given", hint="name files with manifests")
    return Meant(**{kind: tuple(each) for kind, each in found.items()})


def _below(top: Path) -> Iterator[tuple[str, Path]]:
    for place, folders, names in os.walk(top):
        folder = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if "Chart.yaml" in names:
            folders.clear()
            yield "charts", folder
        elif kustomize := sorted(_KUSTOMIZE & set(names)):
            yield "kustomize", folder / kustomize[0]
        else:
            files = (folder / name for name in sorted(names) if name.endswith(_SUFFIXES))
            yield from (("files" if _is_manifest(each) else "skipped", each) for each in files)


def _named(path: Path, skip: bool) -> tuple[str, Path]:
    if path.name in _KUSTOMIZE:
        return "kustomize", path
    if chart := _chart_of(path.parent):
        return "charts", chart
    return "skipped" if skip and not _is_manifest(path) else "files", path


def _chart_of(folder: Path) -> Path | None:
    """Return the innermost chart around a folder, itself included."""
    if (folder / "Chart.yaml").is_file():
        return folder
    return _chart_of(folder.parent) if folder != folder.parent else None


def _is_manifest(path: Path) -> bool:
    content = _read(path)
    return isinstance(content, str) or _MANIFEST.search(content) is not None


def read_all(paths: Iterable[Path]) -> dict[Path, bytes | str]:
    """Return the content of each file, or in words why it cannot be read."""
    return {path: _read(path) for path in paths}


def _read(path: Path) -> bytes | str:
    if path == STDIN:
        return sys.stdin.buffer.read()
    try:
        # Opening a pipe would wait for its writer.
        return path.read_bytes() if path.is_file() else "is no file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
