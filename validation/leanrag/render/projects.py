"""What each AppProject may deploy, from what the charts render: `python -m leanrag.render.projects [--write]`.

Kinds come from every case in ci/ and from every Application of every cluster, so that an option that nobody uses yet is
allowed, too, and nothing else is. Namespaces of others, such as an operator's, come from the Applications alone: a case
names examples. Both are written to apps/cluster/values.yaml; without --write they are compared.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.files import read_text, write_atomic
from leanrag.render.helm import render_many
from leanrag.render.manifest import Manifest

VALUES = Path("apps/cluster/values.yaml")
# OpenShift's Node Feature Discovery has it in namespaces (cluster-nfd-operator), the project it comes from has not.
_EITHER = frozenset({("nfd.k8s-sigs.io", "NodeFeatureRule")})
_REMEDY = "run: python -m leanrag.render.projects --write"


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """One kind that a chart renders. It is cluster-scoped when our charts write no namespace: they always do else."""

    group: str
    name: str
    clustered: bool


def kinds_of(objects: Iterable[Mapping[str, Any]]) -> frozenset[Kind]:
    """Return the kinds of rendered objects; one whose scope the platform decides is both."""
    found = {
        Kind(str(each["apiVersion"]).rpartition("/")[0], str(each["kind"]), "namespace" not in each["metadata"])
        for each in objects
    }
    return frozenset(found | {replace(each, clustered=True) for each in found if (each.group, each.name) in _EITHER})


def chart_kinds(root: Path, chart: Path) -> frozenset[Kind]:
    """Return the kinds that a chart's own cases render."""
    cases = sorted(chart.glob("ci/*-values.yaml"))
    apps = [App(case.name, "", chart.parent.name, chart.name, "ci", "default", chart, case, (case,)) for case in cases]
    found = (each for manifests in _rendered(root, apps) for each in manifests)
    return kinds_of(each.body for each in found)


def _rendered(root: Path, apps: Iterable[App]) -> Iterator[tuple[Manifest, ...]]:
    for outcome in render_many(Repository(root), ((app, None) for app in apps)):
        if not isinstance(outcome, tuple):
            raise outcome
        yield outcome


def rendered(root: Path) -> dict[str, frozenset[Kind]]:
    """Return for each AppProject what its charts render: platform, gate, and workload for all other layers."""
    charts = sorted(path.parent for path in root.glob("charts/*/*/Chart.yaml") if path.parent.name != "promoter")
    cases = [(chart.parent.name, chart_kinds(root, chart)) for chart in charts]
    cases += [(app.layer, kinds_of(each.body for each in manifests)) for app, manifests in _deployed(root)]
    found: dict[str, frozenset[Kind]] = {name: frozenset() for name in ("platform", "workload", "gate")}
    for layer, kinds in cases:
        found[project_of(layer)] |= kinds
    return found


def foreign(root: Path) -> dict[str, frozenset[str]]:
    """Return for each AppProject the namespaces that its Applications write to and that are no layer of theirs."""
    found: dict[str, frozenset[str]] = {name: frozenset() for name in ("platform", "workload", "gate")}
    for app, manifests in _deployed(root):
        used = {str(each.body["metadata"].get("namespace", app.namespace)) for each in manifests}
        found[project_of(app.layer)] |= used - set(app.namespaces.values())
    return found


@cache
def _deployed(root: Path) -> tuple[tuple[App, tuple[Manifest, ...]], ...]:
    """Return every Application of every cluster, rendered."""
    repository = Repository(root)
    apps = [app for cluster in repository.clusters() for app in repository.apps(cluster)]
    return tuple(zip(apps, _rendered(root, apps), strict=True))


def project_of(layer: str) -> str:
    """Return which AppProject a layer's Applications belong to."""
    return layer if layer in ("platform", "gate") else "workload"


def written(text: str, found: Mapping[str, Iterable[Kind]]) -> str:
    """Return apps/cluster/values.yaml with the kinds of every project replaced; all else stays as it is."""
    for project, kinds in found.items():
        for key, clustered in (("clusterKinds", True), ("kinds", False)):
            text = _replaced(text, project, key, _block([each for each in kinds if each.clustered is clustered]))
    return text


def placed(text: str, found: Mapping[str, Iterable[str]]) -> str:
    """Return apps/cluster/values.yaml with the namespaces of every project replaced."""
    for project, names in found.items():
        lines = "".join(f"      - {name}\n" for name in sorted(names))
        text = _replaced(text, project, "namespaces", f"\n{lines}" if lines else " []\n")
    return text


def _replaced(text: str, project: str, key: str, block: str) -> str:
    place = re.compile(rf"(^  {project}:\n(?:    .*\n)*?    {key}:)(?: \{{\}}| \[\])?\n(?:      .*\n)*", re.MULTILINE)
    text, count = place.subn(lambda at: f"{at.group(1)}{block}", text)
    if count != 1:
        raise InputError(f"{VALUES}: no projects.{project}.{key}", hint="restore the file from Git")
    return text


def _block(kinds: Iterable[Kind]) -> str:
    groups: dict[str, list[str]] = {}
    for each in sorted(kinds):
        groups.setdefault(each.group, []).append(each.name)
    lines = [f"      {group or chr(34) * 2}: [{', '.join(names)}]\n" for group, names in groups.items()]
    return "\n" + "".join(lines) if lines else " {}\n"


def main(arguments: Iterable[str]) -> int:
    """Write the projects' kinds, or compare them and exit 1 when they differ."""
    root = Path.cwd()
    before = read_text(root / VALUES)
    after = placed(written(before, rendered(root)), foreign(root))
    if "--write" in arguments and after != before:
        write_atomic(root / VALUES, after)
    elif after != before:
        print(f"{VALUES}: projects differ from what the charts render; {_REMEDY}")
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
