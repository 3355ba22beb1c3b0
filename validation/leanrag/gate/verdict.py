"""The verdict: what one run of the gate found, as data and as JSON (reading.py reads it back)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON, StepResult
from leanrag.gate.plain import to_json

SCHEMA = "leanrag.io/verdict/v1"
MAX_QUANTILES = 400


@dataclass(frozen=True, slots=True)
class Interval:
    """Confidence bounds of a violation share, fractions of 1."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of one model and how it was decided.

    `limit` is in `unit`, and so is `estimate`, the percentile or share seen. `allowed` and `interval` are shares of
    the `n` requests that break it, seen to have done so by `violations`; `required` is how many requests a PASS needs
    with that many violations. None stands for what was not measured.
    """

    model: str
    name: str
    metric: str
    unit: str
    percentile: float | None
    limit: float | None
    confidence: float | None
    n: int
    required: int | None
    violations: int | None
    estimate: float | None
    allowed: float | None
    interval: Interval | None
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """One metric of one model: at most 400 quantile points, sorted, in `unit`."""

    model: str
    metric: str
    unit: str
    limit: float | None
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One check that the numbers may be believed at all."""

    name: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """The value to change next: a key of charts/serving/model, or a name in words where no chart has it."""

    key: str
    now: str
    next: str
    why: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a model did not pass; `cause`, `symptom`, `confidence` and `change` are None where no cause is known.

    `confidence` is the share of resamples of the slow requests in which the cause is named again.
    """

    model: str
    reason: str
    cause: str | None
    symptom: str | None
    confidence: float | None
    evidence: tuple[str, ...]
    change: Change | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not tested, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ModelSubject:
    """A model that was tested; `engine_version` is what the engine itself says, None when it does not."""

    name: str
    task: str
    engine: str
    engine_version: str | None = None


@dataclass(frozen=True, slots=True)
class RunningImage:
    """An image that a container runs: as Git names it, and the node's id of it, which holds the digest."""

    image: str
    id: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What was tested: `images` as Git names them, `running` as the nodes run them.

    `operators` are versions by name, `gpu` the products and drivers that nodes tell; both are empty where the gate
    may not read them.
    """

    api: str | None = None
    vector_store: str | None = None
    models: tuple[ModelSubject, ...] = ()
    images: tuple[str, ...] = ()
    running: tuple[RunningImage, ...] = ()
    operators: Mapping[str, str] = field(default_factory=dict)
    gpu: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one run of the gate found about one commit on one cluster; moments are RFC 3339 in UTC.

    `trigger` is postsync, nightly or manual, None for a local run; `attempt` counts from 1 for each commit, None until
    the verdict is published. `carried_from` is the id of the verdict whose numbers these are, None when this run
    measured; `measured_at` is the end of the run that measured; `fingerprint` is that of what was running, None when
    it could not be seen whole; `signed_by` names the key of the signature beside it, which alone proves it.
    """

    id: str
    scope: str
    cluster: str
    environment: str
    revision: str | None
    dirty: bool
    content_hash: str | None
    mode: str
    outcome: Outcome
    reason: str
    steps: tuple[StepResult, ...]
    objectives: tuple[Objective, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    diagnoses: tuple[Cause, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    subject: Subject = field(default_factory=Subject)
    tools: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    reproduce: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    trigger: str | None = None
    attempt: int | None = None
    carried_from: str | None = None
    measured_at: str | None = None
    fingerprint: str | None = None
    signed_by: str | None = None
    schema: str = SCHEMA

    def document(self) -> dict[str, JSON]:
        """Return the verdict as the JSON document of verdict.schema.json."""
        plain = to_json(self)
        assert isinstance(plain, dict)  # a dataclass always becomes an object
        if not self.diagnoses:
            # Readers of an older version know no such key: what has nothing to say does not stop them.
            del plain["diagnoses"]
        return {"schema": plain.pop("schema"), **plain}

    def text(self) -> str:
        """Return the document as text, keys in the order of the schema; NaN and infinity cannot be in it."""
        return json.dumps(self.document(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
