"""What a disconnected site mirrors, for oc-mirror v2: an ImageSetConfiguration.

Fields as in openshift/oc-mirror 855b64a3 (internal/pkg/api/v2alpha1, docs/features/filtering.md): a channel's
minVersion brings that version and what follows it, maxVersion is advised against, and defaultChannel is needed where
the catalogue's own default is left out.
"""

import re
from collections.abc import Iterable, Mapping

from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.images.listing import Listing, Operator

# Index images of the catalogues that OpenShift has by default, less the tag v<minor> (OpenShift 4.21, "Red Hat-provided
# catalogs").
_CATALOGUES = {
    "redhat-operators": "registry.redhat.io/redhat/redhat-operator-index",
    "certified-operators": "registry.redhat.io/redhat/certified-operator-index",
    "community-operators": "registry.redhat.io/redhat/community-operator-index",
}
_MINOR = re.compile(r"4\.\d{1,2}")
_VERSION = re.compile(r"\.v?(\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)$")


def imageset(listings: Iterable[Listing], openshift: str = "", catalogues: Mapping[str, str] | None = None) -> str:
    """Return an ImageSetConfiguration for some clusters; `openshift` is their minor ("4.20"), for the catalogues' tags.

    `catalogues` are index images of further catalogue sources by name. InputError where one is not known.
    """
    found = tuple(listings)
    operators = sorted({operator for each in found for operator in each.operators})
    indexes = {source: _index(source, openshift, catalogues or {}) for source in {each.source for each in operators}}
    mirror: dict[str, object] = {}
    if operators:
        mirror["operators"] = [
            {"catalog": indexes[source], "packages": _packages(each for each in operators if each.source == source)}
            for source in sorted(indexes)
        ]
    mirrored = sorted({image for each in found for image in each.images if image not in each.own})
    if mirrored:
        mirror["additionalImages"] = [{"name": image} for image in mirrored]
    body = {"apiVersion": "mirror.openshift.io/v2alpha1", "kind": "ImageSetConfiguration", "mirror": mirror}
    return "".join(f"# {line}\n" for line in _remarks(found)) + yamlio.dump(body)


def _remarks(listings: tuple[Listing, ...]) -> Iterable[str]:
    yield f"For oc-mirror v2. Needed by: {', '.join(each.cluster.name for each in listings)}"
    yield "OpenShift itself is not in it: add mirror.platform for that."
    own = sorted({image for each in listings for image in each.own})
    yield from (f"Not in it, because the site's own registry has it: {image}" for image in own)
    downloads = sorted({source for each in listings for source in each.downloads})
    yield from (f"Not in it, because it is no image; bring it to a volume or bucket: {source}" for source in downloads)


def _index(source: str, openshift: str, catalogues: Mapping[str, str]) -> str:
    if source in catalogues:
        return catalogues[source]
    if source not in _CATALOGUES:
        raise InputError(
            f"the catalogue {source!r} is none of OpenShift's own", hint=f"say --catalog {source}=registry/name:tag"
        )
    if not _MINOR.fullmatch(openshift):
        raise InputError(
            f"the index image of {source} has OpenShift's minor as its tag, and no file here names it",
            hint="say --openshift 4.20, or whichever the clusters have",
        )
    return f"{_CATALOGUES[source]}:v{openshift}"


def _packages(operators: Iterable[Operator]) -> list[dict[str, object]]:
    """Return packages with their channels; two clusters may follow two channels of one package."""
    channels: dict[str, dict[str, list[str]]] = {}
    for each in operators:
        channels.setdefault(each.package, {}).setdefault(each.channel, []).append(each.version)
    return [
        {
            "name": package,
            "defaultChannel": sorted(found)[-1],
            "channels": [{"name": name, **_oldest(found[name])} for name in sorted(found)],
        }
        for package, found in sorted(channels.items())
    ]


def _oldest(versions: list[str]) -> dict[str, str]:
    """Return the oldest pinned version as minVersion; where one cluster pins none, the channel's newest is enough."""
    found = [match.group(1) for match in map(_VERSION.search, versions) if match]
    return {"minVersion": min(found, key=_order)} if found else {}


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
