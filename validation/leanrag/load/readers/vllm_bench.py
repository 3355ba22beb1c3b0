"""The result file of `vllm bench serve --save-result --save-detailed`, one document or several (--append-result).

Read from vLLM 0.32.0, benchmarks/serve.py; the file names no version, so its shape is asked for instead. Its moments
are of the client's monotonic clock: only their differences mean anything. What is not in it: the seed, the address,
and requests before the run (--num-warmups, --ready-check-timeout-sec), whose prompt is the first one of the run itself.
Its TTFT ends at the first chunk, with or without text: servers that send the role ahead of the first token look quick.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from leanrag.core.errors import InputError
from leanrag.load.node import Node
from leanrag.load.report import Counts, Report, Row, Stage

TOOL = "vllm bench serve"
_ARRAYS = ("input_lens", "output_lens", "ttfts", "itls", "latencies", "start_times", "errors")
# Keys of a result that are text; --metadata KEY=VALUE adds others beside them.
_TEXTS = {"date", "endpoint_type", "backend", "model_id", "tokenizer_id"}
_ASKED = {"request_rate", "burstiness", "ramp_up_strategy"}


def mine(value: Any) -> bool:
    """Whether a JSON document is a result of this tool."""
    return isinstance(value, dict) and {"endpoint_type", "model_id", "num_prompts"} <= value.keys()


def report(documents: Sequence[Node]) -> Report:
    """Return one report; each document is a stage of it."""
    first = documents[0]
    models = {document.at("model_id").text() for document in documents}
    if len(models) > 1:
        raise InputError(f"{first.source}: results of {len(models)} models", hint="keep one file for each model")
    labels = {
        key: text for key, text in first.mapping().items() if isinstance(text, str) and key not in _TEXTS | _ASKED
    }
    stages = tuple(_stage(replace(document, tool=TOOL)) for document in documents)
    return Report(first.source, TOOL, models.pop(), "", None, stages, labels)


def _stage(root: Node) -> Stage:
    rows, made = _rows(root), Counts(root.at("completed").count(), root.at("failed").count(), 0)
    kind, rate, streams = _asked(root)
    return Stage(
        kind=kind,
        rate=rate,
        streams=streams,
        workers=1,
        start=min((row.start for row in rows), default=0.0),
        end=max((row.end for row in rows), default=0.0),
        made=made,
        rows=rows,
        # It waits for every request that it sends, and has no other way to end.
        stopped_by=("max_requests",) if len(rows) == root.at("num_prompts").count() else (),
        saturated=None,
        warnings=(),
    )


def _asked(root: Node) -> tuple[str, float | None, int | None]:
    """Return what was asked of the client: kind, rate and streams.

    The shape of its gaps is a gamma distribution's: 1 is Poisson, infinity no randomness. A cap on a finite rate is no
    stream: while it does not bite it changes nothing, and when it does, requests leave late.
    """
    streams = root.maybe("max_concurrency").maybe_count()
    if root.maybe("ramp_up_strategy").text():
        return "ramp", None, None
    if root.at("request_rate").value == "inf":
        return ("concurrent", None, streams) if streams else ("throughput", None, None)
    shape = root.at("burstiness").value
    kind = "constant" if shape == "inf" else "poisson" if shape == 1 else "gamma"
    return kind, root.at("request_rate").number(), None


def _rows(root: Node) -> tuple[Row, ...]:
    lists = {name: _array(root, name) for name in _ARRAYS}
    if len({len(values) for values in lists.values()}) > 1:
        counts = ", ".join(f"{len(values)} {name}" for name, values in lists.items())
        raise root.refuse(f"holds lists of different lengths: {counts}")
    waits = _array(root, "queue_times") if "queue_times" in root.mapping() else ()
    opened = root.at("request_rate").value != "inf"
    rows = [_row({name: values[index] for name, values in lists.items()}) for index in range(len(lists["ttfts"]))]
    if opened and len(waits) == len(rows):
        rows = [replace(row, targeted=row.start - wait.number()) for row, wait in zip(rows, waits, strict=True)]
    return tuple(sorted(rows, key=lambda row: row.start))


def _array(root: Node, name: str) -> tuple[Node, ...]:
    if name not in root.mapping():
        raise InputError(
            f"{root.source}: {root.path} has no {name}: no request is listed",
            hint="run vllm bench serve (0.32 or newer) with --save-result --save-detailed",
        )
    return tuple(root.at(name).items())


def _row(of: dict[str, Node]) -> Row:
    start, ttft, latency = of["start_times"].number(), of["ttfts"].number(), of["latencies"].number()
    tokens, error = of["output_lens"].count(), of["errors"].text()
    # Whether a request succeeded is not written; a failed one has no latency, and not always a reason.
    good = latency > 0 and not error
    took = latency if good else ttft + math.fsum(gap.number() for gap in of["itls"].items())
    return Row(
        status="successful" if good else "errored",
        start=start,
        end=start + took,
        ttft=ttft if ttft > 0 else None,
        itl=(latency - ttft) / (tokens - 1) if good and tokens > 1 else None,
        e2e=latency if good else None,
        prompt_tokens=of["input_lens"].count(),
        output_tokens=tokens,
        error="" if good else _last_line(error),
    )


def _last_line(error: str) -> str:
    # An exception is kept with its whole traceback; its last line says what happened.
    return (error.strip().splitlines() or ["no reason given"])[-1].strip()
