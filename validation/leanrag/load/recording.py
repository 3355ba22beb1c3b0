"""From a report to traffic that repeats it: the moments and lengths of requests that were really sent."""

from collections.abc import Iterator, Sequence

from leanrag.core.errors import InputError
from leanrag.load.report import Report, Stage
from leanrag.slo.shape import Recorded

# A millisecond: below it a load client is not on time anyway.
_DIGITS = 3


def recording(report: Report) -> tuple[Recorded, ...]:
    """Return the requests of a report's only stage; InputError when there are fewer than two to repeat.

    Requests whose tokens nobody counted (they failed, or were given up) are left out: their lengths are not known.
    """
    if len(report.stages) != 1:
        raise InputError(f"{report.source}: {len(report.stages)} stages, not one", hint="name a report of one stage")
    found = tuple(_rows(report.stages[0]))
    if len(found) < 2 or found[-1].at <= 0:
        raise InputError(
            f"{report.source}: {len(found)} requests with their tokens are nothing to repeat",
            hint="the server must report usage, and at least two requests must have ended",
        )
    return found


def _rows(stage: Stage) -> Iterator[Recorded]:
    told = [row for row in stage.rows if row.prompt_tokens and row.output_tokens]
    for row in told:
        at = round(row.start - told[0].start, _DIGITS)
        yield Recorded(at, row.prompt_tokens or 0, row.output_tokens or 0)


def as_yaml(rows: Sequence[Recorded], warmup: int = 0) -> str:
    """Return the keys of `slo.traffic` that send these requests again at their own mean rate, the first as warm-up."""
    rate = (len(rows) - 1) / (rows[-1].at - rows[0].at)
    lines = [
        "profile: constant",
        f"rate: {rate:.4g}",
        f"requests: {len(rows) - warmup}",
        f"warmupRequests: {warmup}",
        "shape:",
        "  arrivals: replay",
        "  recording:",
        *(f"    - [{row.at}, {row.prompt_tokens}, {row.output_tokens}]" for row in rows),
    ]
    return "\n".join(lines) + "\n"
