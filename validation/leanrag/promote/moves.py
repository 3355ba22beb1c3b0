"""What promotion may find: a pin moves, or a cluster waits and the sentence says for what."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings cryptography, and a rollback must not wait for that
    from leanrag.evidence.store import Record


class Delivery(StrEnum):
    """How a change of a pin reaches main."""

    PUSH = "push"
    PULL_REQUEST = "pull-request"


@dataclass(frozen=True, slots=True)
class Move:
    """A cluster's pin goes to `revision`, because of `record` of the cluster `source`."""

    cluster: str
    revision: str
    source: str
    record: "Record"
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Hold:
    """The commit that runs on a cluster failed there: it is put on hold, and `back_to` replaces it unless empty."""

    cluster: str
    revision: str
    back_to: str
    verdict: str
    reason: str


class Why(StrEnum):
    """What kind of waiting it is."""

    SETTLED = "settled"  # nothing to promote
    VERDICT = "verdict"  # the cluster before has no PASS for anything newer
    HOLD = "hold"  # a person has to release it
    FROZEN = "frozen"
    PERSON = "person"  # a pull request is open
    IMAGES = "images"  # a protected cluster would run an image without a known digest
    REQUIRES = "requires"  # there is a PASS, but not one that is accepted here
    PROBLEM = "problem"  # a file, or the history, has to be repaired
    UNKNOWN = "unknown"  # somebody could not be asked


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens to a cluster now; `reason` is one sentence, `revision` the commit that it is about, or empty."""

    cluster: str
    why: Why
    reason: str
    revision: str = ""


Decision = Move | Hold | Wait
