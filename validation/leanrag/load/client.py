"""Whether the load client did what it was asked: if it did not, the figures are its own, not the service's."""

from collections.abc import Sequence
from itertools import pairwise

from leanrag.core.result import Item
from leanrag.load.evidence import Case, passed, refused
from leanrag.load.health import achieved, in_flight
from leanrag.load.report import ClientHealth, Row, Stage
from leanrag.load.warmup import cut_rows
from leanrag.slo.decide import percent
from leanrag.slo.objectives import Objective, Traffic
from leanrag.slo.shape import as_even

# Arrivals that the client schedules itself must be as declared; a closed loop loses its start and its end.
RATE_BAND = (0.95, 1.05)
CONCURRENCY_SHARE = 0.8
# GuideLLM's own threshold for root_late.
LATE_SECONDS = 0.2
FEW = 10
# A list of moments ends with its last request, every other run with its number.
_PLANNED = {"max_requests", "max_duration", "requests_exhausted"}
# What the client may use of its processors, and how much of a promise's limit it may be late itself.
CPU_SHARE = 0.9
LAG_SHARE = 0.1
# GuideLLM 0.8.1 now and then loses the last word of one request, and then ends without naming a constraint.
LOST_SHARE = 0.02
# Start-up of a short run trips this one; it says nothing about the requests.
_HARMLESS = {"generation_delay_ttft"}


def profile(case: Case) -> Item:
    """The stage is the declared one."""
    stage, traffic = case.stage, case.traffic
    same = stage.kind == traffic.profile and (stage.rate, stage.streams) == (traffic.rate, traffic.streams)
    wanted = f"constant {traffic.rate:g}/s" if traffic.rate is not None else f"concurrent {traffic.streams}"
    return (passed if same else refused)("profile", f"{wanted} declared, {stage.name} measured")


def arrivals(case: Case) -> Item:
    """Random gaps are random: GuideLLM 0.8.1 gives each worker the same seed, so with several every gap repeats."""
    planned = sorted(row.targeted for row in case.stage.rows if row.targeted is not None)
    if case.stage.kind != "poisson" or len(planned) < FEW:
        return passed("arrivals", "no random gaps asked")
    gaps = [round(later - earlier, 4) for earlier, later in pairwise(planned)]
    said = f"{len(set(gaps))} distinct gaps among {len(gaps)} with {case.stage.workers} workers"
    return (passed if len(set(gaps)) > len(gaps) / 2 else refused)("arrivals", said)


def pace(case: Case) -> Item:
    """Open loop: requests arrive at the asked rate. Closed loop: the asked number is in flight."""
    if not case.rows:
        return refused("pace", "no request was measured")
    if case.stage.rate is not None:
        return _rate(case, case.stage.rate)
    return _in_flight(case, case.stage.streams or 1)


def _rate(case: Case, asked: float) -> Item:
    if case.stage.shape:
        return _listed(case)
    starts = [row.start for row in case.rows]
    if len(starts) < FEW or starts[-1] <= starts[0]:
        return refused("pace", f"{len(starts)} requests are too few to tell the rate")
    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    said = f"{achieved:.2f}/s achieved, {asked:g}/s asked ({achieved / asked:.2f})"
    return (passed if RATE_BAND[0] <= achieved / asked <= RATE_BAND[1] else refused)("pace", said)


def _listed(case: Case) -> Item:
    """A burst or a ramp has another rate at every moment: what counts is that each request left at its own."""
    kept = achieved(case.stage)
    if kept is None:
        return refused("pace", f"{len(case.stage.rows)} requests are too few to tell the pace")
    said = f"{case.stage.name}: its list was sent at {kept:.2f} of the planned pace"
    return (passed if RATE_BAND[0] <= kept <= RATE_BAND[1] else refused)("pace", said)


def _in_flight(case: Case, asked: int) -> Item:
    begin, end = case.rows[0].start, case.stage.end
    if end <= begin:
        return refused("pace", "the measurement has no length")
    seen = in_flight(case.stage, begin, end)
    said = f"{seen:.1f} requests in flight on average, {asked} asked"
    return (passed if seen >= CONCURRENCY_SHARE * asked else refused)("pace", said)


def unhurried(case: Case) -> Item:
    """The client sent its requests in time, and its tool has nothing against the run."""
    serious = [warning for warning in case.stage.warnings if warning.code not in _HARMLESS]
    if serious:
        return refused("client", f"the client was the bottleneck: {serious[0].code}: {serious[0].message}")
    late = sorted(row.start - row.targeted for row in case.rows if row.targeted is not None)
    if case.stage.rate is not None and late and (worst := late[int(0.95 * (len(late) - 1))]) > LATE_SECONDS:
        return refused("client", f"the client was the bottleneck: 5 % of its requests left {worst:.2f} s late or more")
    if case.stage.client and (limit := overstrained(case.stage.client, case.objectives)):
        return refused("client", f"the client was the bottleneck: {limit}")
    noted = ", ".join(warning.code for warning in case.stage.warnings)
    return passed("client", f"requests left in time{f' (noted: {noted})' if noted else ''}")


def overstrained(health: ClientHealth, objectives: Sequence[Objective]) -> str:
    """Say which limit of its own the client reached; empty when none did that was measured."""
    if health.cpu_share is not None and health.cpu_share > CPU_SHARE:
        return f"it used {percent(health.cpu_share)} of its processors; at most {percent(CPU_SHARE)}"
    limits = [one.limit_seconds for one in objectives if one.metric in ("ttft", "e2e")]
    most = LAG_SHARE * min(limits, default=LATE_SECONDS / LAG_SHARE)
    if health.loop_lag is not None and health.loop_lag > most:
        return f"1 % of its requests left {health.loop_lag * 1000:.0f} ms late or more; at most {most * 1000:.0f} ms"
    return ""


def lost(stage: Stage, traffic: Traffic) -> tuple[Row, ...]:
    """Return the requests that were planned and of which the client knows nothing, as failed ones, if they are few.

    Nobody knows what became of them, so each counts against every promise. More than LOST_SHARE is no run at all.
    """
    missing = traffic.sent - len(stage.rows)
    if stage.stopped_by or not stage.rows or not 0 < missing <= max(1, LOST_SHARE * traffic.sent):
        return ()
    moment = stage.rows[-1].start
    return tuple(Row("errored", moment, moment, error="lost by the client") for _ in range(missing))


def steady(case: Case) -> Item:
    """After its warm-up the run was one and the same: no later change of level, no slow beginning left in it."""
    if not as_even(case.stage.shape):
        return passed("steady", f"{case.stage.name} is not meant to be")
    _, found = cut_rows(case.rows)
    if not found.settled:
        return refused("steady", found.reason)
    return passed("steady", f"{found.reason}{'; raise traffic.warmupRequests' if found.discard else ''}")


def ended(case: Case) -> Item:
    """The run ended as planned, or lost so little that it can be counted as failed."""
    by = case.stage.stopped_by
    if missing := len(lost(case.stage, case.traffic)):
        return passed("end of run", f"the client lost {missing} of {case.traffic.sent} requests: counted as failed")
    if not by or not set(by) <= _PLANNED:
        return refused("end of run", f"stopped by {', '.join(by) or 'nothing that is written'}, not as planned")
    return passed("end of run", f"stopped by {', '.join(by)}; {case.traffic.requests} requests planned")


def saturated(case: Case) -> Item:
    """The service carried the traffic: latency at an unstable rate is not a number."""
    if case.stage.saturated:
        return refused("saturation", f"the service is over-saturated: {case.stage.name} is above its capacity")
    return passed("saturation", "not watched" if case.stage.saturated is None else "queues did not grow")
