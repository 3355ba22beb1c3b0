"""Every engine argument is one that its engine knows: vLLM's arguments, by the version in the container's image."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.catalog.model import MODEL_CHART
from leanrag.checks.finding import Finding, at, suggestion
from leanrag.checks.pods import pods
from leanrag.checks.scope import Scope, items, mapping
from leanrag.core.errors import InputError, LeanragError
from leanrag.engine.lists import Engine, engine
from leanrag.render.manifest import Manifest
from leanrag.size.overlay import written
from leanrag.size.served import runs_vllm
from leanrag.size.tables import FILE, Tables, tables

_RULE = "ENG001"


def arguments_are_known(scope: Scope) -> Iterator[Finding]:
    """ENG001: vLLM does not start with an argument that it does not know, or with a value that is no choice of it."""
    known = _tables(scope)
    for manifest in scope.manifests:
        for pod in pods(manifest):
            for container in pod.containers():
                body = _complete(scope, container.body)
                if runs_vllm(body):
                    yield from _of_container(scope, manifest, container.where("args"), body, known)


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
    version = _given_version(scope, manifest) or known.version(image)
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
    for message, fix, culprit in _wrong(found, _words(body)):
        yield scope.finding(_RULE, manifest, where, message, fix, culprit=culprit)


def _given_version(scope: Scope, manifest: Manifest) -> str:
    """The overlay of a model may say what its image holds."""
    app = manifest.app
    named = app.chart == MODEL_CHART.name and scope.cluster is not None
    return str(written(app).get("engineVersion") or "") if named else ""


def _words(body: Mapping[str, Any]) -> list[str]:
    listed = [body.get(key) for key in ("command", "args")]
    return [str(word) for words in listed if isinstance(words, list) for word in words]


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
