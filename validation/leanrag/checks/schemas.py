"""Validators by kind and release: compiled once into the cache (compiling.py), loaded when an object is met."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leanrag.checks.compiling import beside, code_hash, compile_into
from leanrag.checks.sources import pins_hash, schema_files
from leanrag.checks.validators import validator
from leanrag.checks.worlds import MINORS, World
from leanrag.core.files import cache_dir, read_text
from leanrag.core.progress import say

if TYPE_CHECKING:
    from leanrag.checks import cel


class Schemas:
    """The compiled kinds of one folder as one world has them; validators are made once and kept."""

    def __init__(self, folder: Path, world: World | None = None, whole: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.world = world or World()
        self._whole: Mapping[str, Any] = whole or json.loads(read_text(folder / "index.json"))
        self._made: dict[str, tuple[Mapping[str, Any], Any]] = {}
        self._rules: dict[str, cel.Node] = {}

    def of(self, world: World) -> "Schemas":
        """Return the same schemas as another world has them; what is loaded is shared."""
        other = Schemas(self.folder, world, self._whole)
        other._made, other._rules = self._made, self._rules
        return other

    def _entry(self, api_version: str, kind: str) -> Mapping[str, Any] | None:
        found = self._whole.get(f"{api_version}/{kind}")
        there = found and self.world.release in found["files"] and self.world.has_group(api_version.rpartition("/")[0])
        return found if there else None

    def knows(self, api_version: str, kind: str) -> bool:
        """Say whether objects of this kind can be judged."""
        return self._entry(api_version, kind) is not None

    def elsewhere(self, api_version: str, kind: str) -> tuple[str, ...]:
        """Return the releases that have a kind; empty when nobody here knows it."""
        found = self._whole.get(f"{api_version}/{kind}")
        return tuple(found["files"]) if found else ()

    def namespaced(self, api_version: str, kind: str) -> bool | None:
        """Say whether a kind lives in namespaces; None when it is unknown."""
        entry = self._whole.get(f"{api_version}/{kind}")
        return None if entry is None else bool(entry["namespaced"])

    def builtin(self, api_version: str, kind: str) -> bool:
        """Say whether a kind is one of Kubernetes itself."""
        entry = self._entry(api_version, kind)
        return entry is not None and not entry["definition"]

    def cel_counts(self, api_version: str, kind: str) -> tuple[int, int]:
        """Return the numbers of CEL rules of a kind: those that read the object alone, and those with oldSelf."""
        entry = self._entry(api_version, kind)
        plain, changes = entry["celRules"][self.world.release] if entry else (0, 0)
        return plain, changes

    def rules(self, api_version: str, kind: str) -> "cel.Node":
        """Return the CEL rules of a kind that has some; the evaluator is loaded when the first are asked for."""
        from leanrag.checks import cel

        name = self._whole[f"{api_version}/{kind}"]["rules"][self.world.release]
        if name not in self._rules:
            self._rules[name] = cel.Node(json.loads(read_text(self.folder / name)))
        return self._rules[name]

    def defaults(self, api_version: str, kind: str) -> Mapping[str, Any]:
        """Return the schema of a kind of custom resources as far as it has defaults (defaults.pruned)."""
        name = self._whole[f"{api_version}/{kind}"]["defaults"].get(self.world.release, "")
        if name and name not in self._made:
            self._made[name] = json.loads(read_text(self.folder / name)), None
        return self._made[name][0] if name else {}

    def missing_minors(self, api_version: str, kind: str) -> tuple[str, ...]:
        """Return the minors of Kubernetes, of those known, that lack a built-in kind."""
        minors = self._whole[f"{api_version}/{kind}"]["minors"]
        return tuple(each for each in MINORS if each not in minors) if minors else ()

    def older(self, api_version: str, kind: str) -> tuple[Mapping[str, Any], Any] | None:
        """Return schema and validator of the older minor of Kubernetes; None when they are the newer one's."""
        entry = self._whole[f"{api_version}/{kind}"]
        name = entry["minors"].get(MINORS[0], "")
        return self._load(name) if name and name != entry["files"][self.world.release] else None

    def versions(self, kind: str) -> tuple[str, ...]:
        """Return the API versions in which a kind of this name is known."""
        named = (key.rpartition("/") for key in self._whole)
        return tuple(sorted(version for version, _, each in named if each == kind and self.knows(version, kind)))

    def kinds(self) -> tuple[str, ...]:
        """Return the names of all known kinds."""
        named = (key.rpartition("/") for key in self._whole)
        return tuple(sorted({kind for version, _, kind in named if self.knows(version, kind)}))

    def load(self, api_version: str, kind: str, release: str | None = None) -> tuple[Mapping[str, Any], Any]:
        """Return a kind's strict schema and validator (jsonschema-rs); of this world's release or another."""
        files = self._whole[f"{api_version}/{kind}"]["files"]
        return self._load(files[self.world.release if release is None else release])

    def _load(self, name: str) -> tuple[Mapping[str, Any], Any]:
        if name not in self._made:
            schema = json.loads(read_text(self.folder / name))
            self._made[name] = schema, validator(schema)
        return self._made[name]

    def pod_fields(self) -> Any:
        """Return the validator of what a pod holds, for pods inside custom resources, which have other fields, too."""
        if "pod" not in self._made:
            whole, _ = self.load("v1", "Pod")
            spec = whole["$defs"]["io.k8s.api.core.v1.PodSpec"]["properties"]
            schema = {"type": "object", "properties": spec, "$defs": whole["$defs"]}
            self._made["pod"] = schema, validator(schema)
        return self._made["pod"][1]

    def definition(self, api_version: str, kind: str) -> Path | None:
        """Return the CustomResourceDefinition of a kind, a JSON file; None for kinds of Kubernetes itself."""
        entry = self._entry(api_version, kind)
        name = entry and entry["definition"].get(self.world.release)
        return beside(self.folder) / name if name else None


def schemas() -> Schemas:
    """Return the compiled schemas, fetching and compiling them when this machine has none yet.

    LEANRAG_SCHEMAS names a folder that brings them: in an image the cache is empty, and nothing can be fetched.
    """
    brought = os.environ.get("LEANRAG_SCHEMAS")
    place = Path(pins_hash()) / code_hash()
    if brought and (Path(brought) / place / "index.json").is_file():
        return Schemas(Path(brought) / place)
    folder = cache_dir() / "schemas" / place
    if not (folder / "index.json").is_file():
        files = schema_files()
        say(f"schemas: compiling {len(files)} files (once)")
        compile_into(files, folder)
    return Schemas(folder)
