"""A load run as plain data, independent of the tool that made it. Times in seconds, moments in Unix seconds."""

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["successful", "errored", "incomplete"]


@dataclass(frozen=True, slots=True)
class Row:
    """One request that was sent. Figures are None when the report has none; `end` is when it ended or was given up.

    `queued` is the time in the engine's waiting queue, `prompt_hash` tells prompts apart without keeping them.
    """

    status: Status
    start: float
    end: float
    targeted: float | None = None
    ttft: float | None = None
    itl: float | None = None
    e2e: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    error: str = ""
    queued: float | None = None
    prompt_hash: str = ""

    @property
    def age(self) -> float:
        """Seconds from its start until it ended or was given up."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests by how they ended."""

    successful: int
    errored: int
    incomplete: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the load tool itself says against its run."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ClientHealth:
    """What the load client was itself capable of; None where nobody measured it.

    `loop_lag` is the 99th percentile, in seconds, of how late its event loop came to a request; `cpu_share` is 0 to 1
    of the processors it could use; `achieved` is the sent rate (open loop) or requests in flight (closed) over the
    asked.
    """

    loop_lag: float | None = None
    cpu_share: float | None = None
    achieved: float | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One strategy of a run: what was asked of the client, its measurement window, and every request sent.

    `shape` says how an open loop departs from even distances and one length, as its runner declared it ("poisson").
    `made` counts the warm-up and requests cancelled before they were sent too; `rows` are in the order of their start.
    """

    kind: str
    rate: float | None
    streams: int | None
    workers: int | None
    start: float
    end: float
    made: Counts
    rows: tuple[Row, ...]
    stopped_by: tuple[str, ...]
    saturated: bool | None
    warnings: tuple[Complaint, ...]
    client: ClientHealth | None = None
    shape: str = ""

    @property
    def name(self) -> str:
        """'constant 5/s', 'poisson, mixed lengths 5/s', 'concurrent 8', 'synchronous'."""
        if self.rate is not None:
            return f"{self.shape or self.kind} {self.rate:g}/s"
        return self.kind if self.streams is None else f"{self.kind} {self.streams}"


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report; `source` is the file it came from."""

    source: str
    tool: str
    model: str
    target: str
    seed: int | None
    stages: tuple[Stage, ...]
    labels: dict[str, str] = field(default_factory=dict)
