"""Images: what runs is what was tested."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from leanrag.catalog.images_lock import lock_path, read_lock
from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.pods import pods
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_MOVING = {"latest", "main", "master", "nightly", "edge", "dev", "head", "stable"}
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
# A version with a dot, a date, a build number or a commit; `17-alpine` and `bookworm` move with every release.
_VERSION = re.compile(r"\d+\.\d+|\d{5,}|\d{4}-\d\d-\d\d|[-b]\d{3,}|\b(?=[a-f]*\d)[0-9a-f]{7,}\b")
# Where custom resources name an image outside a container.
_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("LlamaStackDistribution", ("spec", "server", "distribution", "image")),
    ("OGXServer", ("spec", "distribution", "image")),
)
# Where custom resources name a model by its address; one that begins so is an image.
OCI = "oci://"
_SOURCES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("InferenceService", ("spec", "predictor", "model", "storageUri")),
    ("LLMInferenceService", ("spec", "model", "uri")),
)
_ADAPTERS = ("spec", "model", "lora", "adapters")


def images(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield every image of an object with the path that names it."""
    for pod in pods(manifest):
        for container in pod.containers():
            if "image" in container.body:
                yield container.where("image"), str(container.body["image"] or "")
        for index, volume in enumerate(items(pod.spec.get("volumes"))):
            reference = at(volume, ("image", "reference"))
            if reference is not None:
                yield pod.where("volumes", index, "image", "reference"), str(reference)
    for kind, path in _FIELDS:
        value = at(manifest.body, path) if manifest.kind == kind else None
        if value is not None:
            yield dotted(path), str(value).removeprefix(OCI)
    yield from ((where, each.removeprefix(OCI)) for where, each in model_sources(manifest) if each.startswith(OCI))


def model_sources(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield every address from which an object takes a model or an adapter, with the path that names it."""
    for kind, path in _SOURCES:
        if manifest.kind == kind and (source := at(manifest.body, path)):
            yield dotted(path), str(source)
    adapters = items(at(manifest.body, _ADAPTERS)) if manifest.kind == "LLMInferenceService" else []
    for index, adapter in enumerate(adapters):
        if source := mapping(adapter).get("uri"):
            yield dotted((*_ADAPTERS, index, "uri")), str(source)


def pinned(scope: Scope) -> Iterator[Finding]:
    """IMG001: an image without exact version or digest can change between the test and the next restart."""
    for manifest in scope.manifests:
        for where, image in images(manifest):
            problem = unpinned(image)
            if problem:
                fix = "pin a version and digest"
                yield scope.finding("IMG001", manifest, where, f"{image!r} {problem}", fix, culprit=image)


def unpinned(image: str) -> str:
    """Return why an image reference can change, or an empty string."""
    name, _, digest = image.partition("@")
    if digest:
        return "" if _DIGEST.match(digest) else "has a malformed digest"
    tag = name.rpartition("/")[2].partition(":")[2]
    if not tag:
        return "has no tag, which means latest: it can change under us"
    if tag.lower() in _MOVING:
        return "can change under us"
    return "" if _VERSION.search(tag) else "names a line of versions, whose newest can change under us"


def locked(scope: Scope) -> Iterator[Finding]:
    """IMG003: a protected cluster runs only what a registry told the digest of (images.lock; design: nothing guessed).

    What the lock does not have is not known, which holds a promotion and not the check. Without a repository, and on
    clusters that are not protected, nothing is asked.
    """
    if scope.cluster is None or not scope.cluster.facts.protected:
        return
    path = lock_path(scope.cluster.path)
    fix = f"run: leanrag images lock --cluster {scope.cluster.name}"
    shown = f"clusters/{scope.cluster.name}/{path.name}"
    try:
        lock = read_lock(path)
    except InputError as error:
        yield Finding("IMG003", "", shown, "", f"cannot be read: {error.message}", error.hint or fix)
        return
    known = lock.images if lock else {}
    for image, (manifest, where) in sorted(_first_uses(scope).items()):
        entry = known.get(image)
        digest = image.partition("@")[2]
        if digest and entry and entry.digest and entry.digest != digest:
            message = f"{image!r} is {entry.digest} in {shown}"
            yield scope.finding("IMG003", manifest, where, message, fix, culprit=image)
        elif not digest and (entry is None or not entry.digest):
            reason = entry.unresolved if entry else "it is not there" if lock else "there is no such file"
            message = f"{image!r} has no digest in {shown}: {reason}"
            yield replace(scope.finding("IMG003", manifest, where, message, fix, unknown=True), holds=True)


def _first_uses(scope: Scope) -> dict[str, tuple[Manifest, str]]:
    """Every image once, with the first object that names it."""
    found: dict[str, tuple[Manifest, str]] = {}
    for manifest in scope.manifests:
        for where, image in images(manifest):
            found.setdefault(image, (manifest, where))
    return found


def container_images(scope: Scope) -> Iterator[Finding]:
    """IMG002: a container of a plain workload names an image (custom resources may take it from a runtime)."""
    for manifest in scope.of_kind("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"):
        for pod in pods(manifest):
            for container in pod.containers():
                if not mapping(container.body).get("image"):
                    yield scope.finding("IMG002", manifest, container.where("image"), "names no image", "set it")


def reference(value: Any) -> str:
    """Return repository:tag without the digest, for comparison with an overlay's values."""
    return str(value).partition("@")[0]
