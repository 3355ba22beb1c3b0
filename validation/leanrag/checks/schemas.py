"""Validators by kind: compiled once into the cache, loaded when an object of the kind is met."""

import contextlib
import gc
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from leanrag.checks import crd, dialect, openapi, vocabulary
from leanrag.checks.crd import compile_crd
from leanrag.checks.dialect import Kind
from leanrag.checks.openapi import compile_openapi
from leanrag.checks.sources import pins_hash, schema_files
from leanrag.core.files import cache_dir, read_text
from leanrag.core.progress import say


class UniqueBy:
    """The keyword `uniqueBy: {key: default, …}`: no two items of a list agree in all these keys."""

    def __init__(
        self, parent_schema: Mapping[str, Any], value: Mapping[str, Any], schema_path: list[str | int]
    ) -> None:
        self.defaults = dict(value)

    def validate(self, instance: Any) -> None:
        """Raise for the first pair of equal items."""
        for problem in self.iter_errors(instance):
            raise problem

    def iter_errors(self, instance: Any) -> Iterator[ValueError]:
        """Yield one error for each item that repeats an earlier one."""
        seen: dict[str, int] = {}
        for index, item in enumerate(instance if isinstance(instance, list) else ()):
            if not isinstance(item, dict):
                continue
            key = {name: item.get(name, default) for name, default in self.defaults.items()}
            word = json.dumps(key, sort_keys=True)
            if word in seen:
                shown = ", ".join(f"{name} {value!r}" for name, value in key.items() if value is not None)
                yield ValueError(f"[{index}] repeats [{seen[word]}]: {shown}")
            seen.setdefault(word, index)


class Schemas:
    """The compiled kinds of one folder; validators are made once and kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index: dict[str, Any] = json.loads(read_text(folder / "index.json"))
        self._made: dict[str, tuple[Mapping[str, Any], Any]] = {}

    def knows(self, api_version: str, kind: str) -> bool:
        """Say whether objects of this kind can be judged."""
        return f"{api_version}/{kind}" in self.index

    def namespaced(self, api_version: str, kind: str) -> bool | None:
        """Say whether a kind lives in namespaces; None when it is unknown."""
        entry = self.index.get(f"{api_version}/{kind}")
        return None if entry is None else bool(entry["namespaced"])

    def builtin(self, api_version: str, kind: str) -> bool:
        """Say whether a kind is one of Kubernetes itself."""
        return bool(self.index.get(f"{api_version}/{kind}", {}).get("builtin"))

    def cel_rules(self, api_version: str, kind: str) -> int:
        """Return the number of CEL rules of a kind, which this version does not evaluate."""
        return int(self.index.get(f"{api_version}/{kind}", {}).get("celRules", 0))

    def versions(self, kind: str) -> tuple[str, ...]:
        """Return the API versions in which a kind of this name is known."""
        return tuple(sorted(key.rpartition("/")[0] for key in self.index if key.rpartition("/")[2] == kind))

    def kinds(self) -> tuple[str, ...]:
        """Return the names of all known kinds."""
        return tuple(sorted({key.rpartition("/")[2] for key in self.index}))

    def load(self, api_version: str, kind: str) -> tuple[Mapping[str, Any], Any]:
        """Return a kind's strict schema and its validator (jsonschema-rs, iter_errors)."""
        key = f"{api_version}/{kind}"
        if key not in self._made:
            schema = json.loads(read_text(self.folder / self.index[key]["file"]))
            keywords: Any = {"uniqueBy": UniqueBy}
            self._made[key] = (
                schema,
                jsonschema_rs.Draft202012Validator(schema, keywords=keywords, validate_formats=True),
            )
        return self._made[key]


def schemas() -> Schemas:
    """Return the compiled schemas, fetching and compiling them when this machine has none yet.

    LEANRAG_SCHEMAS names a folder that brings them: in an image the cache is empty, and nothing can be fetched.
    """
    brought = os.environ.get("LEANRAG_SCHEMAS")
    place = Path(pins_hash()) / _code_hash()
    if brought and (Path(brought) / place / "index.json").is_file():
        return Schemas(Path(brought) / place)
    folder = cache_dir() / "schemas" / place
    if not (folder / "index.json").is_file():
        files = schema_files()
        say(f"schemas: compiling {len(files)} files (once)")
        compile_into(files, folder)
    return Schemas(folder)


def _code_hash() -> str:
    """Return a hash of the compilers, so that a changed one compiles anew."""
    digest = hashlib.blake2b(digest_size=6)
    for module in (crd, dialect, openapi, vocabulary):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def compile_into(files: tuple[Path, ...], folder: Path) -> None:
    """Compile schema files (OpenAPI v3 JSON, CRD YAML) into a folder, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    index: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".compile-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for number, (kind, builtin) in enumerate(_kinds(files)):
            name = f"{number:03d}-{kind.kind.lower()}.json"
            (made / name).write_text(json.dumps(kind.schema, separators=(",", ":")))
            index[f"{kind.api_version}/{kind.kind}"] = {
                "file": name,
                "namespaced": kind.namespaced,
                "builtin": builtin,
                "celRules": kind.cel_rules,
            }
        (made / "index.json").write_text(json.dumps(index, indent=1, sort_keys=True))
        with contextlib.suppress(OSError):  # another process may have been quicker
            made.rename(folder)


def _kinds(files: tuple[Path, ...]) -> Iterator[tuple[Kind, bool]]:
    gc.disable()  # large documents of small objects: the collector would double the time and find nothing
    try:
        for path in files:
            if path.suffix == ".json":
                yield from ((kind, True) for kind in compile_openapi(json.loads(read_text(path))))
                continue
            for document in yaml.load_all(read_text(path), Loader=yaml.CSafeLoader):
                if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                    yield from ((kind, False) for kind in compile_crd(document))
    finally:
        gc.enable()
