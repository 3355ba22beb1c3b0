"""What rules say of one object alone, kept by its content and world."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.checks.cache import Pack, digest_of, from_row, row
from leanrag.checks.finding import Finding
from leanrag.checks.rule import ObjectCheck
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope, usable
from leanrag.render.manifest import Manifest

# An object that is judged alone belongs to nobody: a rule that asks whose it is would be wrong of the next one like it.
_NOBODY = App("", "", "", "", "", "", Path(), Path(), ())


class Verdicts:
    """The findings of rules that need one object only."""

    def __init__(self, checks: Iterable[ObjectCheck], pack: Pack) -> None:
        self._checks = tuple(check for check in checks if check.alone)
        self._rules = ",".join(check.id for check in self._checks)
        self._pack = pack
        self._new: dict[str, list[list[Any]]] = {}

    def of(self, manifest: Manifest, schemas: Schemas) -> list[Finding]:
        """Return what the rules say of an object in the world of `schemas`, as findings on this manifest."""
        bare = replace(manifest, app=_NOBODY, template="")
        key = digest_of(self._rules, repr(schemas.world), json.dumps(bare.body))
        rows = self._pack.get(key)
        if rows is None:
            scope = Scope(usable((bare,)), schemas)
            rows = self._new[key] = [row(finding) for check in self._checks for finding in check.find(scope)]
            self.learn({key: rows})
        return [_placed(from_row(each), manifest) for each in rows]

    def learn(self, found: Mapping[str, list[list[Any]]]) -> None:
        """Take over what another process found."""
        for key, rows in found.items():
            self._pack.put(key, rows)

    def new(self) -> dict[str, list[list[Any]]]:
        """Return what was found since the last call."""
        new, self._new = self._new, {}
        return new

    def save(self) -> None:
        """Keep what was found for the next run."""
        self._pack.save()


def _placed(finding: Finding, manifest: Manifest) -> Finding:
    return replace(finding, app=finding.app or manifest.app.name, file=finding.file or manifest.template)
