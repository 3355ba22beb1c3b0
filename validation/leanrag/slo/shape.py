"""How traffic differs from requests of one length at even distances: the optional key `slo.traffic.shape`."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Arrivals = Literal["steady", "poisson", "burst", "ramp", "replay"]
# Beyond this single answers are twenty times the median, and one of them decides the run.
MOST_SPREAD = 1.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Every `every` seconds the rate is `factor` times the one between bursts, for `share` of that time (0 to 1)."""

    factor: float
    share: float
    every: float


@dataclass(frozen=True, slots=True)
class Prefix:
    """`share` of a prompt's tokens (0 to 1) are one of `documents` texts that other prompts begin with as well."""

    share: float
    documents: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request of a recording: seconds since its start, tokens of its prompt, tokens of its answer."""

    at: float
    prompt_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The default is what `constant` and `concurrent` send: even distances (or a closed loop), one length, no prefix.

    `ramp_to` is the rate at the end of a ramp that begins with the declared one; `spread` the standard deviation of
    the logarithm of prompt and answer lengths, their means as declared; a `recording` gives arrivals and lengths.
    """

    arrivals: Arrivals = "steady"
    burst: Burst | None = None
    ramp_to: float | None = None
    prefix: Prefix | None = None
    spread: float = 0.0
    recording: tuple[Recorded, ...] = ()

    @property
    def name(self) -> str:
        """'poisson, 8 shared prefixes, mixed lengths'."""
        prefix = f"{self.prefix.documents} shared prefixes" if self.prefix else ""
        return ", ".join(filter(None, (self.arrivals, prefix, "mixed lengths" if self.mixed else "")))

    @property
    def mixed(self) -> bool:
        """Whether requests ask for different lengths."""
        return self.spread > 0 or bool(self.recording)

    @property
    def scheduled(self) -> bool:
        """Whether the moments of the requests are a list of ours."""
        return self.arrivals != "steady"

    @property
    def even(self) -> bool:
        """Whether the rate is meant to be the same throughout."""
        return as_even(self.name)

    def facts(self) -> dict[str, Any]:
        """Return it as plain data, for a fingerprint."""
        return asdict(self)


STEADY = Shape()


def as_even(name: str) -> bool:
    """Whether a shape of this name is meant to keep its rate; no name: it has no shape of its own."""
    return name.partition(",")[0] in ("", "steady", "poisson")


Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[Finite, Field(gt=0)]
Part = Annotated[Finite, Field(gt=0, lt=1)]


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Burst(_Block):
    factor: Annotated[Finite, Field(gt=1)]
    share: Part
    everySeconds: Positive  # noqa: N815 - the key in YAML


class _Prefix(_Block):
    share: Part
    documents: Annotated[int, Field(gt=0)]


class ShapeBlock(_Block):
    """The key as users write it."""

    arrivals: Arrivals = "steady"
    burst: _Burst | None = None
    rampTo: Positive | None = None  # noqa: N815 - the key in YAML
    prefix: _Prefix | None = None
    spread: Annotated[Finite, Field(ge=0, le=MOST_SPREAD)] = 0.0
    # [seconds, prompt tokens, answer tokens] of each request.
    recording: list[Annotated[list[Finite], Field(min_length=3, max_length=3)]] = []

    def shape(self) -> Shape:
        """Return it as plain data."""
        return Shape(
            arrivals=self.arrivals,
            burst=Burst(self.burst.factor, self.burst.share, self.burst.everySeconds) if self.burst else None,
            ramp_to=self.rampTo,
            prefix=Prefix(self.prefix.share, self.prefix.documents) if self.prefix else None,
            spread=self.spread,
            recording=tuple(Recorded(at, int(prompt), int(output)) for at, prompt, output in self.recording),
        )


def problems(shape: Shape, rate: float | None, sent: int, most: float) -> Iterator[str]:
    """Yield one line for each impossibility: its key under `slo.`, what is wrong, and the way out.

    `rate` is the declared one of an open loop, None in a closed one; `sent` counts the warm-up too; `most` is the
    highest rate that one client measures honestly.
    """
    key = "traffic.shape"
    if shape.scheduled and rate is None:
        yield f"{key}.arrivals: {shape.arrivals} needs traffic.profile constant, whose rate is then the mean"
    if (shape.burst is None) == (shape.arrivals == "burst"):
        yield f"{key}.burst: {'is missing' if shape.burst is None else 'needs arrivals: burst'}"
    if (shape.ramp_to is None) == (shape.arrivals == "ramp"):
        yield f"{key}.rampTo: {'is missing' if shape.ramp_to is None else 'needs arrivals: ramp'}"
    if rate is not None and (highest := peak(shape, rate)) > most:
        yield f"{key}: {highest:.0f}/s at its peak is more than one client measures honestly; at most {most:g}/s"
    if shape.arrivals == "replay" or shape.recording:
        yield from _recording(shape, sent)


def _recording(shape: Shape, sent: int) -> Iterator[str]:
    key, rows = "traffic.shape.recording", shape.recording
    if shape.arrivals != "replay":
        yield f"{key}: needs arrivals: replay"
    if shape.spread:
        yield "traffic.shape.spread: a recording has lengths of its own; drop one of the two"
    if len(rows) < sent:
        yield f"{key}: holds {len(rows)} requests, {sent} are sent, warm-up included; lower traffic.requests"
    if any(later.at < earlier.at for earlier, later in pairwise(rows)) or (rows and rows[-1].at <= rows[0].at):
        yield f"{key}: moments must rise, and not all be one"
    if any(min(row.prompt_tokens, row.output_tokens) < 1 or row.at < 0 for row in rows):
        yield f"{key}: moments begin at 0, and every request has at least one token each way"


def between(burst: Burst, rate: float) -> float:
    """Return the rate between bursts, in requests per second, when `rate` is the mean."""
    return rate / (1 - burst.share + burst.factor * burst.share)


def peak(shape: Shape, rate: float) -> float:
    """Return the highest rate of the shape, in requests per second; a recording's peaks are not known here."""
    if shape.burst:
        return between(shape.burst, rate) * shape.burst.factor
    return max(rate, shape.ramp_to or 0.0) if math.isfinite(rate) else rate
