"""The report folder of inference-perf: its list of requests, what was asked, and a summary for each stage.

Read from inference-perf 0.7.0 (reportgen/base.py, loadgen/load_generator.py); the files name no version, so their shape
is asked for. Moments are of a monotonic clock: only their differences mean anything. What is not in it: requests that
were cancelled when a stage ended (they count as lost), and when each was due (only its spread over a stage).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

from leanrag.core.errors import InputError
from leanrag.load.node import Node
from leanrag.load.report import Complaint, Counts, Report, Row, Stage

TOOL = "inference-perf"
ROWS = "per_request_lifecycle_metrics.json"
CONFIG = "config.yaml"
STAGE = "stage_{}_lifecycle_metrics.json"
# Its "constant" draws exponential gaps, too, and scales them to the stage's length (loadgen/load_timer.py).
_KINDS = {"constant": "poisson", "poisson": "poisson", "concurrent": "concurrent"}
# GuideLLM's own threshold for requests that leave late; see leanrag.load.client.
_LATE_SECONDS = 0.2


def mine(value: Any) -> bool:
    """Whether a JSON document is this tool's list of requests."""
    return isinstance(value, list) and all(isinstance(one, dict) and "start_time" in one for one in value)


def report(rows: Node, config: Node, stages: Sequence[Node]) -> Report:
    """Return the report: all requests, the run's configuration, and the summaries of its stages in order."""
    rows, config = replace(rows, tool=TOOL), replace(config, tool=TOOL)
    load, server = config.at("load"), config.maybe("server")
    asked, counts = tuple(load.at("stages").items()), [one.at("load_summary", "count").count() for one in stages]
    listed = sorted((_row(one) for one in rows.items()), key=lambda row: row.start)
    if len(asked) != len(stages) or sum(counts) != len(listed):
        raise InputError(
            f"{rows.source}: {len(listed)} requests listed; {len(stages)} of {len(asked)} stages have a summary, "
            f"of {sum(counts)} requests",
            hint="keep the whole report folder of one run, with report.request_lifecycle.per_stage",
        )
    # A request does not say its stage, but stages follow one another.
    cuts = pairwise((0, *accumulate(counts)))
    found = zip(asked, stages, cuts, strict=True)
    return Report(
        source=rows.source,
        tool=TOOL,
        model=server.maybe("model_name").text(),
        target=server.maybe("base_url").text(),
        seed=load.maybe("base_seed").maybe_count(),
        stages=tuple(_stage(load, one, summary, tuple(listed[first:last])) for one, summary, (first, last) in found),
    )


def _stage(load: Node, asked: Node, summary: Node, rows: tuple[Row, ...]) -> Stage:
    kind = load.at("type").text()
    closed = kind == "concurrent"
    planned = asked.at("num_requests").count() if closed else _planned(asked)
    return Stage(
        kind=_KINDS.get(kind, kind),
        rate=None if closed else asked.at("rate").number(),
        streams=asked.at("concurrency_level").count() if closed else None,
        workers=load.maybe("num_workers").maybe_count(),
        start=min((row.start for row in rows), default=0.0),
        end=max((row.end for row in rows), default=0.0),
        made=Counts(summary.at("successes", "count").count(), summary.at("failures", "count").count(), 0),
        rows=rows,
        stopped_by=("max_requests",) if len(rows) == planned else (),
        saturated=None,
        # A closed loop is due all at once.
        warnings=() if closed else _late(summary.at("load_summary", "schedule_delay").mapping()),
    )


def _planned(asked: Node) -> int:
    return int(asked.at("rate").number() * asked.at("duration").number())


def _late(delay: Mapping[str, Any]) -> tuple[Complaint, ...]:
    name = "p95" if "p95" in delay else "max"
    seconds = float(delay.get(name) or 0.0)
    if seconds <= _LATE_SECONDS:
        return ()
    return (Complaint("schedule_delay", f"{name} of the delay behind its schedule is {seconds:.2f} s"),)


def _row(node: Node) -> Row:
    start, end, error = node.at("start_time").number(), node.at("end_time").number(), node.at("error")
    answer = node.at("info").maybe("response_metrics")
    usage, times = answer.maybe("server_usage"), [one.number() for one in answer.maybe("output_token_times").items()]
    tokens = _first(usage.maybe("completion_tokens"), answer.maybe("output_tokens"))
    good = error.value is None
    return Row(
        status="successful" if good else "errored",
        start=start,
        end=end,
        ttft=times[0] - start if times else None,
        itl=(times[-1] - times[0]) / (tokens - 1) if len(times) > 1 and tokens and tokens > 1 else None,
        # To the end of the stream, its own counting of tokens included: never less than the truth.
        e2e=end - start if good else None,
        prompt_tokens=_first(
            usage.maybe("prompt_tokens"), node.at("info").maybe("request_metrics", "text", "input_tokens")
        ),
        output_tokens=tokens,
        error="" if good else f"{error.at('error_type').text()}: {error.at('error_msg').text()}",
    )


def _first(*nodes: Node) -> int | None:
    return next((count for node in nodes if (count := node.maybe_count()) is not None), None)
