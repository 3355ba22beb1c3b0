"""Lists of images as text and as JSON."""

import json
from collections.abc import Iterator, Mapping

from leanrag.catalog.images_lock import ImagesLock
from leanrag.core.result import JSON
from leanrag.images.listing import Listing, Use
from leanrag.images.lock import Result

_PLACES = 3


def text(listing: Listing, lock: ImagesLock) -> str:
    """Return a cluster's images, each with its digest where one is locked, and what else it needs from outside."""
    return "\n".join(_lines(listing, lock))


def _lines(listing: Listing, lock: ImagesLock) -> Iterator[str]:
    known = sum(bool(each.digest) for each in lock.images.values())
    yield f"{listing.cluster.name}: {len(listing.images)} images, {known} with a digest in images.lock"
    for image, uses in listing.images.items():
        yield f"  {image}"
        yield f"    {lock.images[image].digest or f'no digest: {lock.images[image].unresolved}'}"
        yield f"    in {_places(uses)}"
    for each in listing.operators:
        version = each.version or "any version"
        yield f"  operator {each.package} ({version}, channel {each.channel}, {each.source}) brings its own images"
    for source, uses in listing.downloads.items():
        yield f"  no image, but fetched at run time: {source} in {_places(uses)}"
    for app, why in listing.broken.items():
        yield f"  not rendered, so its images are not known: {app}: {why}"


def _places(uses: tuple[Use, ...]) -> str:
    names = list(dict.fromkeys(str(use) for use in uses))
    more = f" and {len(names) - _PLACES} more" if len(names) > _PLACES + 1 else ""
    return ", ".join(names[:_PLACES] if more else names) + more


def document(found: list[tuple[Listing, ImagesLock]]) -> str:
    """Return the lists of some clusters as one JSON document."""
    clusters: dict[str, JSON] = {listing.cluster.name: _cluster(listing, lock) for listing, lock in found}
    return json.dumps({"clusters": clusters}, indent=2, ensure_ascii=False)


def _cluster(listing: Listing, lock: ImagesLock) -> JSON:
    images: list[JSON] = [
        {"image": image, **lock.images[image].model_dump(exclude_defaults=True), "uses": _uses(uses)}
        for image, uses in listing.images.items()
    ]
    return {
        "images": images,
        "operators": [
            {"package": each.package, "version": each.version, "channel": each.channel, "source": each.source}
            for each in listing.operators
        ],
        "downloads": {source: _uses(uses) for source, uses in listing.downloads.items()},
        "notRendered": dict(listing.broken),
    }


def _uses(uses: tuple[Use, ...]) -> list[JSON]:
    return [{"app": use.app, "object": use.label, "path": use.path} for use in uses]


def outcome(results: list[Result], broken: Mapping[str, str]) -> str:
    """Return what `leanrag images lock` has found out, every problem at once."""
    return "\n".join(line for each in results for line in _result(each)) + "".join(
        f"\nnot rendered, so its images are not in a lock: {app}: {why}" for app, why in broken.items()
    )


def _result(result: Result) -> Iterator[str]:
    total = len(result.lock.images)
    name = f"clusters/{result.lock.cluster}/{result.path.name}"
    yield f"{name}: {total - len(result.unresolved)} of {total} images have a digest"
    for image, why in result.unresolved.items():
        yield f"  UNKNOWN {image}: {why}"
    for image, why in result.silent.items():
        if image not in result.unresolved:
            yield f"  {image}: not asked again, the older answer stays: {why}"
    for each in result.moved:
        yield f"  MOVED {each.image}: locked {each.locked}, now {each.answered}"
