"""Schema files into validators' schemas, by kind and release: a folder is filled whole or not at all."""

import contextlib
import gc
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanrag.checks import cel_tree, crd, defaults, definitions, dialect, openapi, trees, vocabulary
from leanrag.checks.cel_tree import is_transition, rules_of
from leanrag.checks.crd import compile_crd
from leanrag.checks.defaults import pruned
from leanrag.checks.definitions import core, of_release, served
from leanrag.checks.dialect import Kind
from leanrag.checks.openapi import compile_openapi
from leanrag.checks.sources import minor
from leanrag.checks.trees.releases import ALL
from leanrag.core.files import read_text

_PARTS = ("files", "rules", "celRules", "defaults", "definition", "minors")


def code_hash() -> str:
    """Return a hash of the compilers and of our own trees, so that a changed one compiles anew."""
    digest = hashlib.blake2b(digest_size=6)
    modules = (cel_tree, crd, defaults, definitions, dialect, openapi, vocabulary)
    ours = sorted(path for path in Path(trees.__path__[0]).iterdir() if path.suffix in {".py", ".yaml"})
    for path in (Path(__file__), vocabulary.BUILTIN, *(Path(str(module.__file__)) for module in modules), *ours):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def compile_into(files: tuple[Path, ...], folder: Path) -> None:
    """Compile schema files (OpenAPI v3 JSON, CRD YAML) into a folder, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".compile-") as scratch:
        made = _Folder(Path(scratch) / "made", Path(scratch) / "definitions")
        gc.disable()  # large documents of small objects: the collector would double the time and find nothing
        try:
            _compile(files, made)
        finally:
            gc.enable()
        made.write_index()
        for path, target in ((made.definitions, beside(folder)), (made.path, folder)):
            with contextlib.suppress(OSError):  # another process may have been quicker
                path.rename(target)


def beside(folder: Path) -> Path:
    """Return where the definitions lie: an image takes the schemas, and asks no API server with definitions."""
    return folder.with_name(f"{folder.name}-definitions")


def _compile(files: tuple[Path, ...], made: "_Folder") -> None:
    for path in files:
        if path.suffix == ".json":
            for kind in compile_openapi(json.loads(read_text(path))):
                made.add_builtin(kind, minor(path))
    crds, types = served(files), core(files)
    for release in ALL:
        for document in of_release(crds, types, release):
            made.add_definition(document, release)


class _Folder:
    """A folder of compiled schemas being filled: equal contents are one file, and a definition is compiled once."""

    def __init__(self, path: Path, definitions: Path) -> None:
        self.path, self.definitions = path, definitions
        self._kinds: dict[str, Any] = {}
        self._compiled: dict[str, tuple[tuple[Kind, Mapping[str, str]], ...]] = {}
        path.mkdir()
        definitions.mkdir()

    def add_builtin(self, kind: Kind, minor: str) -> None:
        """Add a kind of one minor; where both have it, the newer one's schema is the kind's."""
        file = _write(self.path, kind.kind, kind.schema)
        held = self._kinds.get(f"{kind.api_version}/{kind.kind}", {}).get("minors", {})
        if minor >= max(held, default=minor):
            for release in ALL:
                self._add(kind, release, {"files": file})
        self._kinds[f"{kind.api_version}/{kind.kind}"]["minors"][minor] = file

    def add_definition(self, document: Mapping[str, Any], release: str) -> None:
        file = _write(self.definitions, document["metadata"]["name"], document)
        if file not in self._compiled:
            kinds = tuple(compile_crd(document))
            self._compiled[file] = tuple((each, self._written(each)) for each in kinds)
        for kind, parts in self._compiled[file]:
            self._add(kind, release, {**parts, "definition": file})

    def _written(self, kind: Kind) -> Mapping[str, str]:
        aside = {"rules": kind.rules, "defaults": pruned(kind.schema)}
        files = {part: _write(self.path, f"{kind.kind}-{part}", each) for part, each in aside.items() if each}
        return {"files": _write(self.path, kind.kind, kind.schema), **files}

    def _add(self, kind: Kind, release: str, parts: Mapping[str, str]) -> None:
        new = {"namespaced": kind.namespaced, **{each: {} for each in _PARTS}}
        entry = self._kinds.setdefault(f"{kind.api_version}/{kind.kind}", new)
        changes = sum(map(is_transition, rules_of(kind.rules)))
        for part, file in parts.items():
            entry[part][release] = file
        entry["celRules"][release] = [sum(1 for _ in rules_of(kind.rules)) - changes, changes]

    def write_index(self) -> None:
        (self.path / "index.json").write_text(json.dumps(self._kinds, indent=1, sort_keys=True))


def _write(folder: Path, stem: str, content: Any) -> str:
    """Write JSON under a name that follows from its contents, and return the name."""
    text = json.dumps(content, separators=(",", ":"))
    name = f"{stem.lower()}-{hashlib.blake2b(text.encode(), digest_size=5).hexdigest()}.json"
    (folder / name).write_text(text)
    return name
