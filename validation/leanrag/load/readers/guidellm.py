"""The JSON report of GuideLLM 0.8.1 (metadata.version 2); every other version is refused."""

from leanrag.core.errors import InputError
from leanrag.load.node import Node
from leanrag.load.report import Complaint, Counts, Report, Row, Stage, Status

SCHEMA = 2
VERSIONS: tuple[str, ...] = ("0.8.1",)
_STATUSES: tuple[Status, ...] = ("successful", "errored", "incomplete")
_MILLI = 0.001


def report(root: Node) -> Report:
    """Return the report's content; `root` is the whole document."""
    schema, version = root.at("metadata", "version").value, root.at("metadata", "guidellm_version").text()
    if schema != SCHEMA or version not in VERSIONS:
        raise InputError(
            f"{root.source}: schema {schema!r} of GuideLLM {version or 'unknown'} is not known here",
            hint=f"this version reads schema {SCHEMA} of GuideLLM {', '.join(VERSIONS)}",
        )
    spec = root.at("config", "spec")
    labels = root.maybe("config", "metadata", "labels").mapping()
    return Report(
        source=root.source,
        tool=f"guidellm {version}",
        model=spec.maybe("backend", "model").text(),
        target=spec.maybe("backend", "target").text(),
        seed=spec.maybe("seed", "value").maybe_count(),
        stages=tuple(_stage(node) for node in root.at("benchmarks").items()),
        labels={str(key): str(value) for key, value in labels.items()},
    )


def _stage(node: Node) -> Stage:
    strategy, scheduler, state = node.at("config", "strategy"), node.at("scheduler_metrics"), node.at("scheduler_state")
    saturated = state.maybe("scheduler_constraints", "over_saturation", "metadata", "is_over_saturated").value
    return Stage(
        kind=strategy.at("type_").text(),
        rate=strategy.maybe("rate").maybe_number(),
        streams=strategy.maybe("streams").maybe_count(),
        workers=strategy.maybe("worker_count").maybe_count(),
        start=scheduler.at("measure_start_time").number(),
        end=scheduler.at("measure_end_time").number(),
        made=_counts(scheduler.at("requests_made")),
        rows=_rows(node.at("requests")),
        stopped_by=tuple(sorted(state.at("end_processing_constraints").mapping())),
        saturated=saturated if isinstance(saturated, bool) else None,
        warnings=tuple(
            Complaint(one.at("code").text(), one.maybe("message").text()) for one in node.maybe("warnings").items()
        ),
    )


def _counts(node: Node) -> Counts:
    return Counts(*(node.at(status).count() for status in _STATUSES))


def _rows(node: Node) -> tuple[Row, ...]:
    found = (_row(one, status) for status in _STATUSES for one in node.at(status).items())
    return tuple(sorted((row for row in found if row is not None), key=lambda row: row.start))


def _row(node: Node, status: Status) -> Row | None:
    """Return one request, or None when it was cancelled before it was sent."""
    start, end = node.maybe("request_start_time").maybe_number(), node.maybe("request_end_time").maybe_number()
    if start is None or end is None:
        return None
    return Row(
        status=status,
        start=start,
        end=end,
        targeted=node.maybe("info", "timings", "targeted_start").maybe_number(),
        ttft=_seconds(node.maybe("time_to_first_token_ms")),
        itl=_seconds(node.maybe("inter_token_latency_ms")),
        e2e=node.maybe("request_latency").maybe_number(),
        prompt_tokens=node.maybe("prompt_tokens").maybe_count(),
        output_tokens=node.maybe("output_tokens").maybe_count(),
        error=node.maybe("info", "error").text() if status == "errored" else "",
    )


def _seconds(node: Node) -> float | None:
    value = node.maybe_number()
    return None if value is None else value * _MILLI
