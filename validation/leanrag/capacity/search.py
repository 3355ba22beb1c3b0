"""Which rate to measure next, and what the measured ones say. Pure: no clock, no network.

The search may err: each of its looks is one test among many. What is published are two rates that were measured once
more, with requests of their own, after the search had chosen them: the lower one passed, the upper one failed. An end
that is not confirmed is tried farther out, at most three times in all, each at a third of the error, so that the error
of an end is the declared one however long the search was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from leanrag.core.outcome import Outcome

Purpose = Literal["search", "confirm low", "confirm high"]
ATTEMPTS = 3
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to look, in requests a second: from `start`, between `least` and `most`.

    Rates nearer to each other than the factor `step` are not told apart; the search looks at most `probes` times.
    """

    start: float
    least: float
    most: float
    step: float = 1.1
    probes: int = 14


@dataclass(frozen=True, slots=True)
class Step:
    """A rate to measure, and why."""

    rate: float
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Probe:
    """A rate that was measured by `n` requests. PASS: every promise holds. FAIL: one is broken, or queues only grow.

    `client`: the load client could not send it, so higher rates are not tried either.
    """

    step: Step
    outcome: Outcome
    n: int
    reason: str
    seconds: float = 0.0
    client: bool = False

    @property
    def rate(self) -> float:
        """The asked rate."""
        return self.step.rate


@dataclass(frozen=True, slots=True)
class Known:
    """What the probes say together: of the search, and of the ends that were to be confirmed."""

    plan: Plan
    probes: tuple[Probe, ...]

    @property
    def words(self) -> dict[float, Outcome]:
        """The outcome of each rate of the search, lowest first."""
        said = {probe.rate: probe.outcome for probe in self.probes if probe.step.purpose == "search"}
        return dict(sorted(said.items()))

    @property
    def most(self) -> float:
        """The highest rate worth asking: less than what the client could not send."""
        unsent = [probe.rate for probe in self.probes if probe.client]
        return min([self.plan.most, *(rate / self.plan.step for rate in unsent)])

    @property
    def high(self) -> float | None:
        """The lowest rate that failed."""
        return next((rate for rate, outcome in self.words.items() if outcome is Outcome.FAIL), None)

    @property
    def low(self) -> float | None:
        """The highest rate that passed below every one that failed."""
        high = self.high
        passed = [rate for rate, outcome in self.words.items() if outcome is Outcome.PASS]
        return max((rate for rate in passed if high is None or rate < high), default=None)

    def tried(self, purpose: Purpose) -> tuple[Probe, ...]:
        """Return the probes of one purpose, in their order."""
        return tuple(probe for probe in self.probes if probe.step.purpose == purpose)


def next_step(plan: Plan, probes: Sequence[Probe]) -> Step | None:
    """Return what to measure next; None when there is nothing more to learn."""
    known = Known(plan, tuple(probes))
    began = any(probe.step.purpose != "search" for probe in probes)
    if not began and len(probes) < plan.probes and (rate := _further(known)) is not None:
        return Step(rate, "search")
    return _confirm(known, "confirm low", Outcome.PASS) or _confirm(known, "confirm high", Outcome.FAIL)


def _confirm(known: Known, purpose: Purpose, wanted: Outcome) -> Step | None:
    """Return the next try to confirm an end: where the search has it, and then twice a step farther out."""
    tried = known.tried(purpose)
    if len(tried) == ATTEMPTS or any(probe.outcome is wanted for probe in tried):
        return None
    found = known.low if purpose == "confirm low" else known.high
    if not tried:
        return None if found is None else Step(found, purpose)
    far = known.plan.step**2
    rate = rounded(tried[-1].rate / far if purpose == "confirm low" else tried[-1].rate * far)
    return Step(rate, purpose) if known.plan.least <= rate <= known.most else None


def _further(known: Known) -> float | None:
    """Return the next rate of the search, or None when no gap is worth another look."""
    words, plan = known.words, known.plan
    if not words:
        return rounded(min(max(plan.start, plan.least), plan.most))
    if known.high is None and max(words) < known.most:
        return rounded(min(2 * max(words), known.most))
    if known.low is None and min(words) > plan.least:
        return rounded(max(min(words) / 2, plan.least))
    if known.low is None or known.high is None:
        return None
    below, above = _widest(known.low, known.high, list(words))
    middle = rounded(sqrt(below * above))
    return middle if above / below > plan.step and middle not in words else None


def _widest(low: float, high: float, tried: Sequence[float]) -> tuple[float, float]:
    """Return the wider of the two gaps at the ends: what lies between undecided rates is undecided as well."""
    undecided = [rate for rate in tried if low < rate < high]
    if not undecided:
        return low, high
    gaps = ((low, min(undecided)), (max(undecided), high))
    return max(gaps, key=lambda gap: gap[1] / gap[0])


def rounded(rate: float) -> float:
    """Return a rate that people can read: three significant digits."""
    return float(f"{rate:.{_DIGITS}g}")


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer, in requests a second: at `low` every promise holds, at `high` one is broken; None: not shown.

    PASS: there is a rate at which all holds. FAIL: not even the least one does. INCONCLUSIVE: no end could be shown.
    """

    outcome: Outcome
    reason: str
    low: float | None
    high: float | None
    error: float
    probes: tuple[Probe, ...]


def conclude(plan: Plan, probes: Sequence[Probe], error: float) -> Capacity:
    """Return what the probes prove; `error` is the chance of each end to be wrong."""
    known = Known(plan, tuple(probes))
    low = _shown(known, "confirm low", Outcome.PASS)
    high = _shown(known, "confirm high", Outcome.FAIL)
    if low is not None and high is not None and high <= low:
        return Capacity(Outcome.INCONCLUSIVE, _contradiction(low, high), None, None, error, known.probes)
    outcome, reason = _words(known, low, high, error)
    return Capacity(outcome, reason, low, high, error, known.probes)


def _shown(known: Known, purpose: Purpose, wanted: Outcome) -> float | None:
    return next((probe.rate for probe in known.tried(purpose) if probe.outcome is wanted), None)


def _contradiction(low: float, high: float) -> str:
    return f"{high:g} requests/s failed and {low:g} passed: the service was not the same throughout"


def _words(known: Known, low: float | None, high: float | None, error: float) -> tuple[Outcome, str]:
    sure = f"each end at {100 * (1 - error):g} % confidence"
    if low is not None and high is not None:
        because = known.tried("confirm high")[-1].reason
        return Outcome.PASS, f"between {low:g} and {high:g} requests/s, {sure}; at {high:g}: {because}"
    if low is not None:
        why = "more than one client measures honestly" if low >= known.most else "no higher rate was shown to fail"
        return Outcome.PASS, f"at least {low:g} requests/s, {sure}; {why}"
    if high is not None and high <= known.plan.least:
        return Outcome.FAIL, f"less than {high:g} requests/s, the least that was asked ({sure})"
    if high is not None:
        return Outcome.INCONCLUSIVE, f"less than {high:g} requests/s, {sure}; no rate was shown to hold"
    last = known.probes[-1].reason if known.probes else "nothing was measured"
    return Outcome.INCONCLUSIVE, f"no rate was shown to hold or to fail; the last look: {last}"
