"""What a diagnosis takes and what it says, as plain data. Times in seconds, moments in Unix seconds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON
from leanrag.slo.objectives import Metric

Cause = Literal[
    "KV-cache wall",
    "compute wall",
    "latency floor",
    "queueing",
    "prefix cache ineffective",
    "client-bound",
    "network-bound",
    "cold start",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True, slots=True)
class Span:
    """A figure between two bounds; `low` and `high` are the same where it is known exactly."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Alone:
    """What a request needs that has the engine to itself, in seconds; `source` says who measured or computed it."""

    ttft: Span
    itl: Span
    source: str


@dataclass(frozen=True, slots=True)
class Engine:
    """How the engine was started, as far as anybody says; None: not known. Names are those of its arguments.

    `kv_tokens` is what its KV cache holds, `kv_cache_gib` its size on a CPU, `gpus` those of one pod (0: CPU).
    """

    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    kv_tokens: float | None = None
    block_size: int | None = None
    prefix_caching: bool | None = None
    kv_cache_dtype: str = ""
    gpu_memory_utilization: float | None = None
    kv_cache_gib: float | None = None
    gpus: int | None = None
    tensor_parallel: int = 1
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Fact:
    """One piece of evidence: what was looked at, what was seen, and why that speaks for the cause."""

    what: str
    seen: str
    why: str = ""

    def entry(self) -> dict[str, JSON]:
        """Return it for a document."""
        return {"what": self.what, "seen": self.seen, "why": self.why}


@dataclass(frozen=True, slots=True)
class Change:
    """The one value to change next: a key of charts/serving/model, or a name in words where no chart has it."""

    key: str
    now: str
    then: str
    why: str

    def entry(self) -> dict[str, JSON]:
        """Return it for a document."""
        return {"key": self.key, "now": self.now, "next": self.then, "why": self.why}


@dataclass(frozen=True, slots=True)
class Symptom:
    """A broken promise: `broken` of `n` requests, of which `slow` by a latency with mean `seen` against `limit`.

    Without a promise `limit` is 0: then the question is where most of the time goes.
    """

    name: str
    metric: Metric
    limit: float
    seen: float
    broken: int
    n: int
    slow: int

    @property
    def excess(self) -> float:
        """Seconds beyond the limit, in the mean of the slow requests."""
        return self.seen - self.limit

    @property
    def sentence(self) -> str:
        """The symptom in words."""
        if not self.limit:
            return f"{self.n} requests took {shown(self.seen)} in the mean; no limit is promised"
        return (
            f"{self.name}: {self.broken} of {self.n} requests broke it; "
            f"the slow ones took {shown(self.seen)}, {shown(self.limit)} promised"
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause. `share` is the part of the excess that it adds (1: all of it, and the promise would hold without).

    `confidence` is the share of resamples of the slow requests in which it is named again: how much hangs on these
    very requests, not whether a cause exists that nobody here knows.
    """

    cause: Cause
    symptom: Symptom
    seconds: float
    share: float
    confidence: float
    facts: tuple[Fact, ...]
    change: Change

    def entry(self) -> dict[str, JSON]:
        """Return it for a document."""
        return {
            "cause": self.cause,
            "symptom": self.symptom.sentence,
            "metric": self.symptom.metric,
            "seconds": self.seconds,
            "share": self.share,
            "confidence": self.confidence,
            "evidence": [fact.entry() for fact in self.facts],
            "change": self.change.entry(),
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`findings` with the one that explains most first; `unasked` says of a cause why nobody could tell.

    PASS: no promise is broken, so nothing needs a cause. FAIL: a cause is named. INCONCLUSIVE: something is wrong, or
    nothing was measured, and no cause is known.
    """

    outcome: Outcome
    reason: str
    symptoms: tuple[Symptom, ...] = ()
    findings: tuple[Finding, ...] = ()
    unasked: Mapping[Cause, str] = field(default_factory=dict)

    @property
    def cause(self) -> Cause | None:
        """The first cause, or None."""
        return self.findings[0].cause if self.findings else None

    def document(self) -> dict[str, JSON]:
        """Return schema leanrag.io/diagnosis/v1: seconds and shares."""
        return {
            "schema": "leanrag.io/diagnosis/v1",
            "outcome": self.outcome.value,
            "reason": self.reason,
            "cause": self.cause,
            "symptoms": [each.sentence for each in self.symptoms],
            "findings": [each.entry() for each in self.findings],
            "unasked": {str(cause): why for cause, why in self.unasked.items()},
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people, the answer first."""
        yield f"diagnose: {self.reason}"
        for each in self.findings:
            yield from _lines(each)
        for cause, why in self.unasked.items():
            yield f"not asked: {cause}: {why}"


def _lines(found: Finding) -> Iterator[str]:
    yield f"{found.cause} ({found.confidence:.0%} confidence): {found.symptom.sentence}"
    yield f"  adds {shown(found.seconds)}: {min(found.share, 1):.0%} of what is too much"
    for fact in found.facts:
        yield f"  {fact.what}: {fact.seen}{f' ({fact.why})' if fact.why else ''}"
    yield f"  next: {found.change.key}: {found.change.now} -> {found.change.then}, {found.change.why}"


def shown(seconds: float) -> str:
    """Return a time for people: '12.3 ms', '1.24 s'."""
    return f"{seconds * 1000:.3g} ms" if abs(seconds) < 1 else f"{seconds:.3g} s"
