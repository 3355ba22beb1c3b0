"""What was running, as one hash: while it and the content stay the same, a measurement still speaks. Pure."""

import hashlib
import json
from collections.abc import Mapping

from leanrag.gate.observed import Live
from leanrag.gate.verdict import RunningImage


def fingerprint(live: Live, operators: Mapping[str, str] | None = None) -> str | None:
    """Return `sha256:…` of image digests, engine versions, GPUs and operators' versions (by name).

    Names and numbers of pods are not in it: a pod that moved runs the same. None, which never equals anything, when
    nothing runs or a container's digest is not known; GPUs that may not be read count as such, and then always do.
    """
    containers = [container for pod in live.pods if not pod.terminating for container in pod.containers]
    if not containers or not all(container.image_id for container in containers):
        return None
    seen = {
        "images": sorted({container.image_id for container in containers}),
        "engines": dict(live.engines),
        "gpus": None if live.gpus is None else sorted(set(live.gpus)),
        "operators": dict(operators or {}),
    }
    text = json.dumps(seen, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def running_images(live: Live) -> tuple[RunningImage, ...]:
    """Return every image that runs with the node's id of it, sorted, each once."""
    found = {(each.image, each.image_id) for pod in live.pods for each in pod.containers if each.image_id}
    return tuple(RunningImage(image, identity) for image, identity in sorted(found))
