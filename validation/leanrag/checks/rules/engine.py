"""Engine arguments and metrics are those of the engine: by the version of vLLM in the container's image."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leanrag.catalog.model import MODEL_CHART
from leanrag.checks.finding import Finding, at, dotted, suggestion
from leanrag.checks.pods import Container, pods
from leanrag.checks.queries import queries
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.shapes import items, mapping
from leanrag.engine.lists import Engine, engine
from leanrag.render.manifest import Manifest
from leanrag.size.overlay import version_of, written
from leanrag.size.served import additional, command_line, runs_vllm, shell_words, started
from leanrag.size.tables import FILE, Tables, tables

_RULE = "ENG001"
# KServe's own monitor of an LLMInferenceService adds a prefix. A name with a second colon is a recording rule's.
_METRIC = re.compile(r"(?<![\w:])(?:kserve_)?(vllm:[a-z][a-z0-9_]*)(:?)")
_SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_created")


def arguments_are_known(scope: Scope) -> Iterator[Finding]:
    """ENG001: vLLM does not start with an argument that it does not know, or with a value that is no choice of it."""
    known = _tables(scope)
    for manifest, where, body in engines(scope):
        yield from _of_container(scope, manifest, where, body, known)


def metrics_exist(scope: Scope) -> Iterator[Finding]:
    """ENG002: an adapter or picker that is configured with a metric that the engine has not does nothing for ever."""
    found = versions(scope)
    own = {app: _lists(version for name, version in found if name == app) for app, _ in found}
    everywhere = _lists(version for _, version in found)
    read = {(id(query.manifest), query.path) for query in queries(scope)}
    for manifest in scope.manifests:
        of = own.get(manifest.app.name) or everywhere
        for path, text in _strings(manifest.body, ()) if of and _mentions(manifest.body) else ():
            for name in _unknown(text, of) if not _within(read, manifest, path) else ():
                shown = ", ".join(sorted(each.version for each in of))
                fix = suggestion(name, {metric for each in of for metric in each.metrics}, "metric")
                message = f"vLLM {shown} has no metric {name!r}"
                yield scope.finding("ENG002", manifest, dotted(path), message, fix, culprit=name)


def versions(scope: Scope) -> list[tuple[str, str]]:
    """Return Application and version of every container that runs vLLM; "" for a version that nobody knows."""
    known = _tables(scope)
    return [(manifest.app.name, _version(scope, manifest, body, known)) for manifest, _, body in engines(scope)]


def _within(read: set[tuple[int, tuple[str | int, ...]]], manifest: Manifest, path: tuple[str | int, ...]) -> bool:
    """Say whether a text is a query or holds some: MET001 reads those, by their parts."""
    return any(owner == id(manifest) and place[: len(path)] == path for owner, place in read)


def engines(scope: Scope) -> Iterator[tuple[Manifest, str, Mapping[str, Any]]]:
    """Yield every container that runs vLLM: its object, the path of its arguments, and the container."""
    for manifest in scope.manifests:
        for pod in pods(manifest):
            for container in pod.containers():
                given = _complete(scope, container.body)
                body = started(manifest.kind, given)
                if runs_vllm(body):
                    yield manifest, container.where("args") if body is given else _added(container), body


def _added(container: Container) -> str:
    """Return where the arguments are that a release's command adds to its own."""
    index, _ = additional(container.body)
    return container.where("env") if index is None else container.where("env", index)


def _lists(versions: Iterable[str]) -> tuple[Engine, ...]:
    """Return what these versions know; one that cannot be had is ENG001's to report."""
    found = []
    for version in sorted({version for version in versions if version}):
        with contextlib.suppress(LeanragError):
            found.append(engine(version))
    return tuple(found)


def _unknown(text: str, of: tuple[Engine, ...]) -> list[str]:
    """Return the metrics of a text that no engine has; in `old or new` one that exists is enough."""
    names = {match[1] for match in _METRIC.finditer(text) if not match[2]}
    unknown = sorted(name for name in names if not any(_stem(name) & each.metrics.keys() for each in of))
    return [] if " or " in text and len(unknown) < len(names) else unknown


def _stem(name: str) -> set[str]:
    """Return what a name on the wire may be called where it is declared."""
    return {name, *(name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix))}


def _mentions(body: Any) -> bool:
    """Say whether any text of an object speaks of vLLM's metrics: few do, and places cost time."""
    pending = [body]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            if "vllm:" in value:
                return True
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False


def _strings(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    for key, each in value.items() if isinstance(value, Mapping) else enumerate(items(value)):
        yield from _strings(each, (*path, key))


def _complete(scope: Scope, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a container with what its ServingRuntime adds: KServe starts that one's program with the model's args."""
    name = body.get("runtime")
    for manifest in scope.of_kind("ServingRuntime", "ClusterServingRuntime") if name else ():
        served = items(at(manifest.body, ("spec", "containers"))) if manifest.name == name else ()
        for each in served:
            if mapping(each).get("name") == "kserve-container":
                return {"image": each.get("image"), "command": each.get("command"), **body}
    return body


def _tables(scope: Scope) -> Tables:
    try:
        return tables(scope.root) if (scope.root / FILE).is_file() else Tables()
    except InputError:
        return Tables()


def _of_container(
    scope: Scope, manifest: Manifest, where: str, body: Mapping[str, Any], known: Tables
) -> Iterator[Finding]:
    image = str(body.get("image") or "")
    version = _version(scope, manifest, body, known)
    if not version:
        message = f"which vLLM {image or 'the image'} holds is not known, so its arguments were not judged"
        fix = f"write engineVersion, or the image's version into {FILE}"
        yield scope.finding(_RULE, manifest, where, message, fix, unknown=True, culprit=image)
        return
    try:
        found = engine(version)
    except LeanragError as error:
        yield scope.finding(_RULE, manifest, where, f"not judged: {error.message}", error.hint, unknown=True)
        return
    if shell_words(additional(body)[1]) is None:
        yield scope.finding(_RULE, manifest, where, "a quote is not closed, so no argument arrives", "close it")
    for message, fix, culprit in _wrong(found, command_line(body)):
        yield scope.finding(_RULE, manifest, where, message, fix, culprit=culprit)


def _version(scope: Scope, manifest: Manifest, body: Mapping[str, Any], known: Tables) -> str:
    """Return vLLM's version: the overlay of a model may say what its image holds, else a source does, else ""."""
    app = manifest.app
    named = app.chart == MODEL_CHART.name and scope.cluster is not None
    return version_of(str(body.get("image") or ""), written(app) if named else {}, known)


def _wrong(known: Engine, words: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield message, way out and the offending word of every argument that vLLM would refuse."""
    for index, word in enumerate(words):
        if not word.startswith("--") or word == "--":
            continue
        name, given, value = word[2:].partition("=")
        flag = known.flag(name)
        if flag is None:
            yield f"vLLM {known.version} does not know --{name} and would not start", _near(known, name), name
            continue
        following = words[index + 1] if index + 1 < len(words) and not words[index + 1].startswith("--") else ""
        chosen = value if given else following
        if flag.choices and chosen and "{{" not in chosen and chosen not in flag.choices:
            message = f"vLLM {known.version} does not know the value {chosen!r} of --{flag.name}"
            yield message, suggestion(chosen, flag.choices, "value"), chosen


def _near(known: Engine, name: str) -> str:
    near = suggestion(name, known.names(), "argument")
    if near.startswith("did you mean"):
        return near.replace("'", "'--", 1)
    return "remove it, or take an image whose vLLM has it"
