"""A run in chunks: when it has seen enough, and what all of it proves."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from leanrag.core.outcome import Outcome
from leanrag.load import kept
from leanrag.load.chunks import Chunk, ChunkedRun, Decide, part_of, sizes
from leanrag.load.engine_figures import EngineFigures
from leanrag.load.judge import Judgement, judge_parts
from leanrag.load.parts import Part, decided
from leanrag.load.report import Report
from leanrag.slo.feasible import most_requests
from leanrag.slo.objectives import Slo, Traffic
from leanrag.slo.settle import courses


def longest(slo: Slo) -> Traffic:
    """Return the traffic of the longest run that the block allows, its extension included."""
    return replace(
        slo.traffic,
        requests=most_requests(slo),
        max_duration_seconds=slo.traffic.max_duration_seconds * (1.0 + slo.extension),
    )


def parts_of(chunks: Sequence[Chunk], slo: Slo, each: int | None = None) -> tuple[Part, ...]:
    """Return the chunks of a run of `longest` traffic as parts; `each` as the run had it."""
    traffic = longest(slo)
    return tuple(
        Part(chunk.stage, chunk.rows, part_of(traffic, size))
        for chunk, size in zip(chunks, sizes(traffic, each), strict=False)
    )


def deciding(slo: Slo, each: int | None = None) -> Decide:
    """Return what tells after each chunk why no further one is needed.

    Promises with a zone may be looked at after every chunk, their tests count the looks. The others are looked at when
    the declared number of requests has been sent, and once more at the end of a declared extension.
    """
    planned, often = sizes(longest(slo), each), courses(slo)
    sent = tuple(accumulate(planned))
    # Two looks and no more: each of them has half of the errors.
    looks = {next(at for at, so_far in enumerate(sent, 1) if so_far >= slo.traffic.requests), len(planned)}

    def why(chunks: Sequence[Chunk]) -> str:
        look = len(chunks) in looks
        # The queue is seen by the engine alone, whose figures are read when the run has ended.
        told = [
            one
            for one in decided(parts_of(chunks, slo, each), slo)
            if one.objective.metric in often or (look and one.objective.metric != "queue")
        ]
        if failed := next((one for one in told if one.outcome is Outcome.FAIL), None):
            return f"{failed.objective.name} is broken"
        whole = look or len(told) == len(slo.objectives)
        passed = told and whole and all(one.outcome is Outcome.PASS for one in told)
        return "every promise is decided" if passed else ""

    return why


def judge_run(
    run: ChunkedRun, slo: Slo, model: str = "", engine: EngineFigures | None = None, each: int | None = None
) -> Judgement:
    """Return what a run in chunks proves; one that could not be finished or carried proves nothing.

    Raises InputError when the report of its first chunk cannot be read.
    """
    report = kept.read(run.chunks[0].source) if run.chunks else Report("", "", model, "", None, ())
    found = judge_parts(report, parts_of(run.chunks, slo, each), slo, model, engine)
    if run.outcome is Outcome.PASS or found.outcome is Outcome.FAIL:
        return found
    return replace(found, outcome=Outcome.INCONCLUSIVE, reason=run.reason)
