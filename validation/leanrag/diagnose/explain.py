"""How many seconds each cause adds to the slow requests of one symptom. Pure arithmetic on means.

A request's time is cut where the engine and the client cut it: outside the engine, queue, prefill, decode. Each part
goes to one cause, so that no second is counted twice; what nobody measured goes to none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from leanrag.diagnose.model import Alone, Cause, Engine, Symptom
from leanrag.diagnose.signals import Signals
from leanrag.diagnose.slow import Portrait
from leanrag.load.client import RATE_BAND
from leanrag.load.report import ClientHealth
from leanrag.slo.objectives import Metric

# A cause must add at least half of what is too much, and hold for at least half of the slow requests.
HALF = 0.5
# Nine tenths busy: by then whatever arrives at random waits many times as long as it takes.
BUSY = 0.9
_LATE = "root_late"
_FIELDS = ("queue", "prefill", "decode", "full", "seats", "flight", "late")


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known beside the requests. `shared` is the share of prompt tokens that other prompts begin with.

    `tokens` of one answer, `prompt_tokens` of one prompt; `client` and `complaints` (codes) are the load tool's own;
    `open_loop`: it sends at a rate; `itl_limit`: what is promised of a token, in seconds; `watched`: there is a client.
    """

    symptom: Symptom
    seen: Signals
    engine: Engine
    alone: Alone | None = None
    shared: float | None = None
    tokens: int = 1
    client: ClientHealth | None = None
    complaints: tuple[str, ...] = ()
    open_loop: bool = True
    prompt_tokens: float | None = None
    itl_limit: float | None = None
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Means:
    """Means over the slow requests of a sample; `every` is that of all requests, `share` the slow ones among them."""

    value: float
    every: float
    share: float
    queue: float | None = None
    prefill: float | None = None
    decode: float | None = None
    full: float | None = None
    seats: float | None = None
    flight: float | None = None
    late: float | None = None


class Sums:
    """Running sums over the requests in their order, so that a resample of blocks costs a few subtractions."""

    def __init__(self, seen: Sequence[Portrait]) -> None:
        columns: dict[str, list[float]] = {
            "n": [1.0] * len(seen),
            "every": [each.value for each in seen],
            "slow": [float(each.slow) for each in seen],
            "value": [each.value * each.slow for each in seen],
        }
        for name in _FIELDS:
            told = [getattr(each, name) if each.slow else None for each in seen]
            columns[name] = [value or 0.0 for value in told]
            columns[f"{name} told"] = [float(value is not None) for value in told]
        self._sums = {name: [0.0, *accumulate(column)] for name, column in columns.items()}
        self.count = len(seen)

    def means(self, blocks: Sequence[tuple[int, int]]) -> Means | None:
        """Return the means over these stretches, each from its first to before its last; None without a slow one."""
        total = {name: sum(sums[end] - sums[start] for start, end in blocks) for name, sums in self._sums.items()}
        if total["slow"] < HALF:
            return None
        told = {
            name: total[name] / count if (count := total[f"{name} told"]) >= HALF * total["slow"] else None
            for name in _FIELDS
        }
        every, share = total["every"] / total["n"], total["slow"] / total["n"]
        return Means(total["value"] / total["slow"], every, share, **told)


def explain(case: Case, means: Means) -> dict[Cause, float]:
    """Return the seconds that each cause adds to the mean slow request; causes that add none are left out."""
    outside = beyond_engine(case, means, means.value - case.symptom.limit) or 0.0
    prefill, part = saved_by_cache(case, means)
    waited, work = means.queue or 0.0, _work(case, means, outside, prefill)
    pace = waits_for(case, means) == "compute wall"
    # Work that need not be done slows down whatever waits for the engine's pace.
    avoided = prefill + part * (work + waited * pace)
    added: dict[Cause, float] = {
        "prefix cache ineffective": avoided,
        "latency floor": _floor(case, outside, prefill),
    }
    for cause, seconds in (
        (waits_for(case, means), waited * (1 - part * pace)),
        ("KV-cache wall" if preempted(case) else "compute wall", work * (1 - part)),
        ("client-bound" if client_is_late(case, means, outside) else "network-bound", outside),
    ):
        added[cause] = added.get(cause, 0.0) + seconds
    return {cause: seconds for cause, seconds in added.items() if seconds > 0}


def named(case: Case, added: Mapping[Cause, float], means: Means) -> dict[Cause, float]:
    """Return the causes that add at least half of the excess; a floor is one whatever else there is."""
    least = HALF * (means.value - case.symptom.limit)
    return {cause: value for cause, value in added.items() if value >= least or cause == "latency floor"}


def beyond_engine(case: Case, means: Means, excess: float) -> float | None:
    """Return the seconds between the engine's figures and the client's; None when the engine told none.

    Of a tail the shares beyond the limit say more than means: if the engine finished more requests in time than the
    client saw, the difference was slow outside.
    """
    engine = case.seen.whole.get(engine_figure(case.symptom.metric, case.seen)) if case.watched else None
    if engine is None or engine.mean is None:
        return None
    added = means.every - engine.mean
    above = engine.share_above(case.symptom.limit)
    if case.symptom.limit and above is not None and above.high < means.share:
        added = max(added, excess * (1 - above.high / means.share))
    return max(0.0, added)


def engine_figure(metric: Metric, seen: Signals) -> str:
    """Return the engine's name of a client's figure: a request's mean gap, or single gaps where it has no other."""
    if metric in {"itl", "tpot"}:
        return "tpot" if "tpot" in seen.whole else "itl"
    return metric


def waits_for(case: Case, means: Means) -> Cause:
    """Return what requests in the queue wait for: room in the KV cache, a seat in the batch, or the engine's pace.

    A seat more does not help where a full batch makes each step twice as long as a lone request's: the engine then
    gives hardly more tokens, and its pace is what they wait for. Without the number of seats, or of what one request
    takes alone, nobody can tell, and queueing is what was seen.
    """
    if (means.full or 0.0) >= max(HALF, means.seats or 0.0):
        return "KV-cache wall"
    if (means.seats is not None and means.seats < HALF) or works_hard(case):
        return "compute wall"
    return "queueing"


def works_hard(case: Case) -> bool:
    """Whether most of a step is work that each further request adds to."""
    itl = case.seen.whole.get("itl")
    return bool(case.alone and itl and itl.mean and HALF * itl.mean >= case.alone.itl.high)


def saved_by_cache(case: Case, means: Means) -> tuple[float, float]:
    """Return the seconds of prefill that hits would save, and the part of all computed tokens that need not be.

    Both are 0 when at least half of what could hit did.
    """
    hits, shared = case.seen.hit_share or 0.0, case.shared or 0.0
    if not shared or hits >= HALF * shared or not _cache_told(case):
        return 0.0, 0.0
    again = (shared - hits) / (1 - hits)
    computed = (case.prompt_tokens or 0.0) * (1 - hits)
    return (means.prefill or 0.0) * again, again * computed / (computed + case.tokens)


def _cache_told(case: Case) -> bool:
    # An engine without prefix caching counts no queries at all.
    return case.seen.hit_share is not None or case.engine.prefix_caching is False


def _work(case: Case, means: Means, outside: float, saved: float) -> float:
    """Return the seconds of prefill and decode beyond those of a request that is alone."""
    if case.alone is None:
        return 0.0
    prefill = max(0.0, (means.prefill or 0.0) - saved - max(0.0, case.alone.ttft.high - outside))
    if case.symptom.metric in {"itl", "tpot"}:
        return max(0.0, (means.decode or 0.0) - case.alone.itl.high)
    gaps = case.alone.itl.high * (case.tokens - 1)
    return prefill + max(0.0, (means.decode or 0.0) - gaps)


def _floor(case: Case, outside: float, saved: float) -> float:
    """Return by how much a request that is alone breaks the promise, without what network and cache could mend."""
    if case.alone is None or not case.symptom.limit or case.symptom.metric == "queue":
        return 0.0
    first, gap = case.alone.ttft.low - outside - saved, case.alone.itl.low
    lone = {"ttft": first, "e2e": first + gap * (case.tokens - 1)}.get(case.symptom.metric, gap)
    return max(0.0, lone - case.symptom.limit)


def preempted(case: Case) -> bool:
    """Whether there were preemptions for at least half of the slow requests: their work was thrown away and redone."""
    return bool(case.seen.preemptions) and (case.seen.preemptions or 0.0) >= HALF * case.symptom.slow


def client_is_late(case: Case, means: Means, outside: float) -> bool:
    """Whether the load client itself took the time beyond the engine: it comes as late to answers as to its requests.

    Where nobody knows when a request was due, its worst lateness must be as large as all that time.
    """
    lag, busy = (case.client.loop_lag, case.client.cpu_share) if case.client else (None, None)
    late = means.late >= HALF * outside if means.late is not None else lag is not None and lag >= outside
    return (late and outside > 0) or (busy or 0.0) >= BUSY or _LATE in case.complaints or behind(case)


def behind(case: Case) -> bool:
    """Whether the client sent less than it was asked to while nothing waited in the engine.

    A closed loop is never full at its beginning and its end, so there it must have been half empty.
    """
    achieved = case.client.achieved if case.client else None
    least = RATE_BAND[0] if case.open_loop else HALF
    waiting = any((each.waiting or 0.0) > 0 for each in case.seen.moments)
    return achieved is not None and achieved < least and not waiting
