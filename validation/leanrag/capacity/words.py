"""What `leanrag capacity` says: text for people, one document for programs."""

from collections.abc import Iterator

from leanrag.capacity.search import Capacity
from leanrag.core.result import JSON


def lines(found: Capacity) -> Iterator[str]:
    """Yield the answer, and under it every rate that was measured, in the order of measuring."""
    yield f"capacity: {found.outcome.value}: {found.reason}"
    for each in found.probes:
        said = f"{each.outcome.value:13} {each.n:5} requests  {each.step.purpose}"
        yield f"{each.rate:8g}/s  {said}: {each.reason}"


def document(found: Capacity) -> dict[str, JSON]:
    """Return schema leanrag.io/capacity/v1: requests a second; `error` is the chance of each end to be wrong."""
    probes: list[JSON] = [
        {
            "rate": each.rate,
            "purpose": each.step.purpose,
            "outcome": each.outcome.value,
            "requests": each.n,
            "seconds": each.seconds,
            "reason": each.reason,
        }
        for each in found.probes
    ]
    return {
        "schema": "leanrag.io/capacity/v1",
        "outcome": found.outcome.value,
        "reason": found.reason,
        "requestsPerSecond": {"low": found.low, "high": found.high},
        "error": found.error,
        "probes": probes,
    }
