"""What load clients add to what they measure: GuideLLM as the gate runs it, vllm bench serve, and a raw socket clock.

All measure the same server, in turn, with the same number of requests in flight; the server keeps its own times, and a
client's bias is its figure less the server's of the same requests.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from records import Records
from service import Known
from words import milliseconds, table

from leanrag.core.errors import ToolError
from leanrag.core.files import cache_dir
from leanrag.core.process import run
from leanrag.core.progress import say
from leanrag.load.reader import read
from leanrag.load.runner import run_load
from leanrag.slo.objectives import Traffic

TITLE = "What the client adds"
# A run's seconds and answer's tokens are alike at all levels: 100 ms, then 31 gaps of 20 ms.
FIRST, GAP, TOKENS, PROMPT = 0.1, 0.02, 32, 16
CLIENTS = ("raw socket", "GuideLLM", "vllm bench serve")
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Level:
    """So many requests in flight, so many in all."""

    streams: int
    requests: int


@dataclass(frozen=True, slots=True)
class Programs:
    """The load clients' programs; `vllm` may be missing."""

    guidellm: Path
    vllm: Path


LEVELS, ROUNDS = (Level(1, 40), Level(16, 480), Level(64, 1280)), 3
SMALL_LEVELS, SMALL_ROUNDS = (Level(1, 6), Level(16, 48)), 1
# What a client says of a run, in seconds: TTFT, gap, end to end, each as a list.
Times = dict[str, list[float]]


def measure(records: Records, programs: Programs, levels: Sequence[Level], rounds: int) -> None:
    """Measure every client at every level, `rounds` times, in turn; what is there already is not taken again."""
    with Known() as server:
        for turn in range(rounds):
            for level in levels:
                done = {one["client"] for one in records.read(asdict(level)) if one["round"] == turn}
                # Every second round the other way round: what drifts falls on all.
                for client in CLIENTS[:: 1 if turn % 2 == 0 else -1]:
                    if client not in done:
                        say(f"honesty: round {turn + 1}, {level.streams} streams, {client}")
                        records.add(asdict(level), round=turn, client=client, **_bias(server, programs, client, level))


def _bias(server: Known, programs: Programs, client: str, level: Level) -> dict[str, Any]:
    server.set(median=FIRST, gap=GAP, tokens=TOKENS)
    with tempfile.TemporaryDirectory(prefix="leanrag-honesty-") as folder:
        seen = _ASK[client](server, programs, level, Path(folder))
    log = server.log()[-len(seen["ttft"]) :]
    truth: Times = {
        "ttft": [row[2] for row in log],
        "gap": [(row[3] - row[2]) / (row[4] - 1) for row in log],
        "e2e": [row[3] for row in log],
    }
    return {
        "n": len(seen["ttft"]),
        "bias": {
            name: {point: at(seen[name]) - at(truth[name]) for point, at in _POINTS.items()}
            for name in ("ttft", "gap", "e2e")
        },
        "served": {name: {point: at(truth[name]) for point, at in _POINTS.items()} for name in ("ttft", "gap", "e2e")},
    }


def _point(share: float) -> Callable[[Sequence[float]], float]:
    return lambda values: sorted(values)[min(len(values) - 1, round(share * len(values)))]


_POINTS: dict[str, Callable[[Sequence[float]], float]] = {"mean": fmean, "p50": _point(0.5), "p95": _point(0.95)}


def _raw(server: Known, programs: Programs, level: Level, folder: Path) -> Times:
    argv = (sys.executable, str(Path(__file__).with_name("rawclock.py")), server.url)
    done = run([*argv, str(level.streams), str(level.requests), str(TOKENS)], what="raw clock", timeout=_HOUR)
    rows = json.loads(done.stdout)
    return {
        "ttft": [row[1] for row in rows],
        "gap": [(row[2] - row[1]) / (TOKENS - 1) for row in rows],
        "e2e": [row[2] for row in rows],
    }


def _guidellm(server: Known, programs: Programs, level: Level, folder: Path) -> Times:
    traffic = Traffic("concurrent", level.requests, PROMPT, TOKENS, 30.0, 0, 600.0, streams=level.streams)
    step = run_load(server.url, "known", traffic, 7, folder, programs.guidellm)
    return _told(Path(str(step.facts.get("report", folder / "none"))))


def _vllm(server: Known, programs: Programs, level: Level, folder: Path) -> Times:
    if not programs.vllm.is_file():
        raise ToolError(f"{programs.vllm}: no vLLM", hint="run: leanrag tools vllm")
    argv: list[str | Path] = [programs.vllm, "bench", "serve", "--backend", "openai-chat", "--base-url", server.url]
    argv += ["--endpoint", "/v1/chat/completions", "--model", "known"]
    argv += ["--tokenizer", cache_dir() / "models" / "tiny-llama", "--dataset-name", "random"]
    argv += ["--random-input-len", str(PROMPT), "--random-output-len", str(TOKENS)]
    argv += ["--num-prompts", str(level.requests), "--max-concurrency", str(level.streams), "--disable-tqdm"]
    argv += ["--save-result", "--save-detailed", "--result-dir", folder, "--result-filename", "result.json"]
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    run(argv, what="vllm bench serve", timeout=_HOUR, env={**os.environ, **quiet})
    return _told(folder / "result.json")


def _told(path: Path) -> Times:
    rows = [row for stage in read(path).stages for row in stage.rows if row.ttft and row.itl and row.e2e]
    return {
        "ttft": [row.ttft or 0 for row in rows],
        "gap": [row.itl or 0 for row in rows],
        "e2e": [row.e2e or 0 for row in rows],
    }


_ASK: dict[str, Callable[[Known, Programs, Level, Path], Times]] = {
    "raw socket": _raw,
    "GuideLLM": _guidellm,
    "vllm bench serve": _vllm,
}


def render(records: Records, small: bool) -> str:
    """Return the section of docs/statistics.md."""
    rows = []
    for level in SMALL_LEVELS if small else LEVELS:
        for client in CLIENTS:
            taken = [one for one in records.read(asdict(level)) if one["client"] == client]
            if taken:
                rows.append(_row(level, client, taken))
    if not rows:
        return ""
    head = ("in flight", "client", "runs", "TTFT mean", "TTFT p50", "TTFT p95", "gap mean", "gap p95", "e2e mean")
    return (
        "Milliseconds that a client reports beyond the server's own times of the same requests: "
        f"{FIRST * 1000:g} ms to the first of {TOKENS} tokens, {GAP * 1000:g} ms between them; the median of the runs "
        f"and, in brackets, the extremes. Client and server share the machine.\n\n{table(head, rows)}"
    )


def _row(level: Level, client: str, taken: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    wanted = (("ttft", "mean"), ("ttft", "p50"), ("ttft", "p95"), ("gap", "mean"), ("gap", "p95"), ("e2e", "mean"))
    cells = [_cell([one["bias"][name][point] for one in taken]) for name, point in wanted]
    return (f"{level.streams}", client, f"{len(taken)} x {level.requests}", *cells)


def _cell(values: Sequence[float]) -> str:
    middle = milliseconds(median(values), signed=True)
    if len(values) == 1:
        return middle
    return f"{middle} ({milliseconds(min(values), signed=True)} to {milliseconds(max(values), signed=True)})"
