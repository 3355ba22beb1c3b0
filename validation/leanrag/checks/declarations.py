"""cluster.yaml and release.yaml against the models that catalog reads them with."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from leanrag.catalog.model import ClusterFile, ReleaseFacts, ReleaseFile
from leanrag.catalog.repository import nearest
from leanrag.checks.files import Files
from leanrag.checks.finding import Finding, at, dotted, suggestion
from leanrag.checks.source import KeyPath, SourceFile


def clusters_are_valid(files: Files) -> Iterator[Finding]:
    """CLU001: a cluster.yaml has the keys that it needs, no other, and its folder's name."""
    for path, source in files.clusters.items():
        if not isinstance(source.data, Mapping):
            if not source.error:
                yield Finding("CLU001", "", str(path), "", "is empty", "write the key cluster: with its facts", 1)
            continue
        yield from _model_findings("CLU001", path, source, ClusterFile)
        name = at(source.data, ("cluster", "name"))
        if isinstance(name, str) and name != path.parent.name:
            message = f"is {name!r}, but the folder is {path.parent.name!r}"
            line = source.line(("cluster", "name"))
            yield Finding("CLU001", "", str(path), "cluster.name", message, f"write {path.parent.name!r}", line)


def releases_are_valid(files: Files) -> Iterator[Finding]:
    """REL001: a release.yaml has the keys that it needs, no other, and follows another cluster."""
    names = {path.parent.name for path in files.clusters}
    for path, source in files.releases.items():
        if isinstance(source.data, Mapping):
            yield from _model_findings("REL001", path, source, ReleaseFile)
        elif not source.error:
            yield Finding("REL001", "", str(path), "", "is empty", "remove it: without it nothing is deployed", 1)
        followed = at(source.data, ("release", "follows"))
        if isinstance(followed, str) and (followed not in names or followed == path.parent.name):
            message = f"{followed!r} is no other cluster"
            fix = suggestion(followed, names - {path.parent.name}, "cluster")
            line = source.line(("release", "follows"))
            yield Finding("REL001", "", str(path), "release.follows", message, fix, line)


def namespaces_are_their_own(files: Files) -> Iterator[Finding]:
    """CLU002: two clusters of one prefix on one API server would overwrite each other, and mix their verdicts."""
    owners: dict[tuple[str, str], str] = {}
    for path, source in sorted(files.clusters.items()):
        release = files.releases.get(path.with_name("release.yaml"))
        if release is None or not isinstance(at(source.data, ("cluster",)), Mapping):
            continue
        server = str(at(release.data, ("release", "server")) or ReleaseFacts.model_fields["server"].default)
        prefix = str(at(source.data, ("cluster", "namespacePrefix")) or "lr")
        first = owners.setdefault((server.rstrip("/"), prefix), path.parent.name)
        if first != path.parent.name:
            message = f"has the namespaces {prefix}-… on {server}, and so has {first}"
            fix = "give it a namespacePrefix of its own, or its own release.server"
            line = source.line(("cluster", "namespacePrefix"))
            yield Finding("CLU002", "", str(path), "cluster.namespacePrefix", message, fix, line or 1)


def _model_findings(rule: str, path: Path, source: SourceFile, model: type[BaseModel]) -> Iterator[Finding]:
    try:
        model.model_validate(source.data)
    except ValidationError as error:
        for each in error.errors():
            place: KeyPath = tuple(each["loc"])
            message, fix = _explain(each, model)
            yield Finding(rule, "", str(path), dotted(place), message, fix, source.line(place) or 1)


def _explain(error: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    kind, place = error["type"], error["loc"]
    if kind == "extra_forbidden":
        return f"no key {place[-1]!r} here", suggestion(str(place[-1]), _fields(model, place[:-1]))
    if kind == "missing":
        return "is missing", "set it"
    if kind == "literal_error":
        return f"{error['input']!r} is not possible", suggestion(str(error["input"]), _choices(error), "value")
    return f"{error['input']!r}: {error['msg']}", "correct the value"


def _fields(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the nested model at a path."""
    for part in place:
        annotation = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        choices = [annotation, *getattr(annotation, "__args__", ())]
        model = next((each for each in choices if isinstance(each, type) and issubclass(each, BaseModel)), BaseModel)
    return list(model.model_fields)


def mistakes(model: type[BaseModel], data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str | None]]:
    """Yield what a model refuses and can be repaired: the path, and None to leave it out or the word that was meant."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        for each in error.errors():
            if each["type"] == "extra_forbidden":
                yield tuple(each["loc"]), None
            elif each["type"] == "literal_error":
                yield tuple(each["loc"]), nearest(str(each["input"]), _choices(each))


def _choices(error: Mapping[str, Any]) -> list[str]:
    """Return the words that a literal allows; pydantic gives them as one text."""
    return re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
