"""From a report to an answer: evidence first, then each promise. Pure: no clock, no network, no file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from leanrag.core.outcome import Outcome, worst
from leanrag.core.result import Item
from leanrag.load import client, evidence
from leanrag.load.engine_figures import EngineFigures
from leanrag.load.evidence import Case, Check
from leanrag.load.observe import Distribution, distributions, measured
from leanrag.load.parts import Part, decided, whole
from leanrag.load.report import Report, Stage
from leanrag.slo.decide import ObjectiveResult, Observation, decide
from leanrag.slo.objectives import Objective, Slo, Traffic

# The order in which a reader should doubt a report.
CHECKS: tuple[Check, ...] = (
    evidence.readable,
    evidence.subject,
    evidence.live,
    evidence.rows,
    client.profile,
    evidence.enough,
    evidence.errors,
    evidence.incomplete,
    evidence.figures,
    evidence.output_length,
    evidence.prompt_length,
    client.pace,
    client.arrivals,
    client.unhurried,
    client.ended,
    client.saturated,
    evidence.engine,
    evidence.independent,
)
# These ask what a client did, and each part of a run has one of its own.
CLIENTS: frozenset[Check] = frozenset(
    (
        client.profile,
        client.pace,
        client.arrivals,
        client.unhurried,
        client.ended,
        client.saturated,
        client.steady,
        evidence.shaped,
    )
)
# When one of these is refused the figures are the client's own: they prove nothing for the service, nor against it.
_CLIENT = frozenset({"subject", "rows", "profile", "pace", "arrivals", "client", "shape"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a report proves: `reason` is one sentence, `evidence` in the order asked, `objectives` as promised."""

    outcome: Outcome
    reason: str
    objectives: tuple[ObjectiveResult, ...]
    evidence: tuple[Item, ...]
    distributions: tuple[Distribution, ...]


def judge(report: Report, objectives: Sequence[Objective], traffic: Traffic, model: str = "") -> Judgement:
    """Return what this report proves about these promises under this traffic, decided exactly and at once."""
    return judge_slo(report, Slo(tuple(objectives), traffic), model)


def judge_slo(report: Report, slo: Slo, model: str = "", engine: EngineFigures | None = None) -> Judgement:
    """Return what this report proves about a whole `slo:` block; `model` is the one under test.

    `engine` is what the engine itself said of the run; None where nobody read it.

    PASS: every piece of evidence and every promise holds. FAIL: too many errors, or a promise proven broken by
    figures that are the service's own. INCONCLUSIVE: everything else, with no promise at all included.
    """
    stage = _stage(report, slo.traffic)
    if stage is None:
        return _no_answer(report, slo.objectives)
    rows = (*measured(stage, slo.traffic.warmup_requests), *client.lost(stage, slo.traffic))
    return judge_parts(report, (Part(stage, rows, slo.traffic),), slo, model, engine)


def judge_parts(
    report: Report, parts: Sequence[Part], slo: Slo, model: str = "", engine: EngineFigures | None = None
) -> Judgement:
    """Return what a run in one part or several proves: promises by the requests of all, its client part by part."""
    if not parts:
        return _no_answer(report, slo.objectives)
    rows = tuple(row for part in parts for row in part.rows)
    case = Case(report, whole(parts), rows, slo.objectives, slo.traffic, model, slo.decision, engine, slo.shape)
    cases = [replace(case, stage=part.stage, rows=part.rows, traffic=part.traffic) for part in parts]
    items = tuple(_of_each(check, cases) if check in CLIENTS else check(case) for check in (*CHECKS, *_further(slo)))
    results = decided(parts, slo, engine)
    doubt = next((item for item in items if item.name in _CLIENT and item.outcome is not Outcome.PASS), None)
    if doubt and not any(item.outcome is Outcome.FAIL for item in items):
        results = tuple(_withheld(result, doubt) for result in results)
    outcome, reason = _conclude(items, results)
    return Judgement(outcome, reason, results, items, distributions(case.rows, slo.objectives))


def _further(slo: Slo) -> Iterator[Check]:
    """Yield what is asked beyond the list of every gate: of shaped traffic, and of runs that may stop early."""
    if slo.shape:
        yield evidence.shaped
    if slo.shape or slo.decision == "sequential":
        yield client.steady


def _of_each(check: Check, cases: Sequence[Case]) -> Item:
    """The first item that holds a PASS back, and of which part it is."""
    items = [check(case) for case in cases]
    at = next((index for index, item in enumerate(items) if item.outcome is not Outcome.PASS), 0)
    if len(items) == 1:
        return items[0]
    return replace(items[at], reason=f"part {at + 1} of {len(items)}: {items[at].reason}")


def _stage(report: Report, traffic: Traffic) -> Stage | None:
    """The declared stage; a report of a single other one is still looked at, and refused with all its reasons."""
    matching = [
        stage
        for stage in report.stages
        if stage.kind == traffic.profile and (stage.rate, stage.streams) == (traffic.rate, traffic.streams)
    ]
    if len(matching) == 1:
        return matching[0]
    return report.stages[0] if len(report.stages) == 1 else None


def _no_answer(report: Report, objectives: Sequence[Objective]) -> Judgement:
    names = ", ".join(stage.name for stage in report.stages) or "no stage"
    reason = f"the report holds {names}; exactly one stage of the declared traffic is needed"
    item = Item("profile", Outcome.INCONCLUSIVE, reason)
    results = tuple(decide(one, Observation(0, 0)) for one in objectives)
    return Judgement(Outcome.INCONCLUSIVE, reason, results, (item,), ())


def _withheld(result: ObjectiveResult, doubt: Item) -> ObjectiveResult:
    return replace(result, outcome=Outcome.INCONCLUSIVE, reason=f"not judged ({doubt.reason}); {result.reason}")


def _conclude(items: Sequence[Item], results: Sequence[ObjectiveResult]) -> tuple[Outcome, str]:
    # NOT_RUN evidence is what this report cannot hold; the steps that can ask for it answer for it.
    parts: list[tuple[Outcome, str]] = [
        (item.outcome, f"{item.name}: {item.reason}") for item in items if item.outcome is not Outcome.NOT_RUN
    ]
    parts += [(result.outcome, result.reason) for result in results]
    if not results:
        parts.append((Outcome.INCONCLUSIVE, "no objective is declared, so nothing is proven"))
    outcome = worst(part for part, _ in parts)
    if outcome is Outcome.PASS:
        return outcome, f"all {len(results)} objectives hold, by {min(result.n for result in results)} requests"
    reasons = [reason for part, reason in parts if part is outcome]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return outcome, reasons[0] + more
