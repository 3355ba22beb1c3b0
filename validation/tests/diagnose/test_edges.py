"""From files and addresses to a diagnosis; what cannot be used is one sentence with a way out."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from validation.tests.load.server import Behaviour, FakeModel

from leanrag.cli.diagnose import diagnose_verb
from leanrag.core.errors import InputError, LeanragError, UnreachableError
from leanrag.diagnose.alone import measure
from leanrag.diagnose.commands import Known, engine_of, with_values
from leanrag.diagnose.model import Engine
from leanrag.engine.recording import write_snapshots
from leanrag.load.rows import write_rows
from leanrag.slo.objectives import Traffic

from .simulated import World, run

TRAFFIC = Traffic("concurrent", 4, 16, 4, 5.0, 0, 30.0, streams=1)
SLO = """
slo:
  confidence: 0.95
  objectives:
    ttft: {percentile: 95, limit: 300, unit: ms}
  traffic: {profile: constant, rate: 10, requests: 200, promptTokens: 200, outputTokens: 30, timeoutSeconds: 30,
            warmupRequests: 0, maxDurationSeconds: 600}
"""


@pytest.fixture
def server() -> Iterator[FakeModel]:
    with FakeModel(Behaviour(first_token=0.05, between_tokens=0.01)) as running:
        yield running


def test_a_request_that_is_alone_takes_at_least_what_the_server_waits(server: FakeModel) -> None:
    found = measure(server.url, "tiny", TRAFFIC, seed=1, count=3)
    assert found.ttft.low >= 0.05
    assert 0 < found.itl.low <= found.itl.high
    assert len(server.seen.bodies) == 4
    assert len({json.dumps(body["messages"]) for body in server.seen.bodies}) == 4


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        (Behaviour(status=500), InputError, "HTTP 500"),
        (Behaviour(tokens=1), InputError, "1 tokens"),
        (Behaviour(cut_after=2), UnreachableError, "while measuring"),
    ],
)
def test_an_answer_that_is_no_stream_of_tokens_is_refused(
    behaviour: Behaviour, kind: type[LeanragError], words: str
) -> None:
    with FakeModel(behaviour) as running, pytest.raises(kind, match=words) as error:
        measure(running.url, "tiny", TRAFFIC, seed=1, count=1)
    assert error.value.hint


def test_a_stream_that_drips_on_is_given_up_in_its_time() -> None:
    slow = replace(TRAFFIC, output_tokens=1000, timeout_seconds=0.3)
    with FakeModel(Behaviour(first_token=0.0, between_tokens=0.05)) as running:
        with pytest.raises(UnreachableError, match="not answered in its time"):
            measure(running.url, "tiny", slow, seed=1)
        assert len(running.seen.bodies) == 1


def test_nothing_is_sent_without_time_for_it(server: FakeModel) -> None:
    with pytest.raises(UnreachableError, match="the time that was left"):
        measure(server.url, "tiny", TRAFFIC, seed=1, seconds=0.0)
    assert server.seen.bodies == []


def test_nobody_at_the_address_is_said(server: FakeModel) -> None:
    with pytest.raises(UnreachableError, match="ConnectionError"):
        measure("http://127.0.0.1:9", "tiny", TRAFFIC, seed=1, count=1)


def files(folder: Path, world: World) -> tuple[str, ...]:
    stage, snapshots = run(world)
    write_rows(folder / "rows.jsonl.zst", stage)
    write_snapshots(folder / "engine.jsonl.zst", snapshots)
    (folder / "slo.yaml").write_text(SLO)
    return (
        str(folder / "rows.jsonl.zst"),
        "--slo",
        str(folder / "slo.yaml"),
        "--metrics",
        str(folder / "engine.jsonl.zst"),
    )


def test_kept_rows_and_snapshots_are_diagnosed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = files(tmp_path, World(seats=2, rate=10, fixed=0.01))
    code = diagnose_verb.main(
        [*asked, "--engine-args", "--max-num-seqs=2", "--alone", "15", "10.2", "--format", "json"],
        standalone_mode=False,
    )
    document = json.loads(capsys.readouterr().out)
    assert (code, document["schema"], document["cause"]) == (1, "leanrag.io/diagnosis/v1", "queueing")
    (finding,) = [each for each in document["findings"] if each["cause"] == "queueing"]
    assert finding["change"]["key"] == "capacity.maxNumSeqs"
    assert finding["evidence"]
    assert 0.9 <= finding["confidence"] <= 1


def test_a_healthy_run_exits_0_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = diagnose_verb.main([*files(tmp_path, World())], standalone_mode=False)
    assert code == 0
    assert "no promise about a latency is broken" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent.json",), "absent.json"),
        (("http://127.0.0.1:9",), "no model is named"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "slo.yaml").write_text(SLO)
    with pytest.raises(InputError, match=words) as error:
        diagnose_verb.main([*arguments, "--slo", str(tmp_path / "slo.yaml")], standalone_mode=False)
    assert error.value.hint


def test_an_open_quote_in_the_arguments_of_the_engine_is_said() -> None:
    with pytest.raises(InputError, match="--engine-args"):
        engine_of((), Known(engine_args="--x 'y"))


def test_arguments_are_read_as_a_command_line() -> None:
    found = engine_of((), Known(engine_args="--max-num-seqs 64 --no-enable-prefix-caching --max-num-batched-tokens=8k"))
    assert (found.max_num_seqs, found.prefix_caching, found.max_num_batched_tokens) == (64, False, 8000)


def test_an_overlay_on_cpu_has_the_seats_that_the_chart_gives_it() -> None:
    found = with_values(Engine(), {"capacity": {"gpus": 0, "cpuKvCacheGiB": 1, "replicas": 2}})
    assert (found.max_num_seqs, found.kv_cache_gib, found.replicas, found.gpus) == (64, 1.0, 2, 0)
    assert with_values(Engine(), {"capacity": {"gpus": 1}}).max_num_seqs is None


def test_what_the_engine_itself_says_wins_over_its_overlay() -> None:
    assert with_values(Engine(max_num_seqs=8), {"capacity": {"maxNumSeqs": 16}}).max_num_seqs == 8


class _Metrics(BaseHTTPRequestHandler):
    texts: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent."""

    def do_GET(self) -> None:
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def metrics() -> Iterator[str]:
    """An engine's /metrics before and after many requests that queued."""
    _, snapshots = run(World(seats=2, rate=10, fixed=0.01))
    _Metrics.texts = [
        "".join(f"{each} {value!r}\n" for each, value in taken.samples.items())
        for taken in (snapshots[0], snapshots[len(snapshots) // 2])
    ]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Metrics) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
        server.shutdown()


def test_an_engine_is_watched_while_others_use_it(
    tmp_path: Path, metrics: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slo.yaml").write_text(SLO)
    code = diagnose_verb.main(
        [metrics, "--slo", str(tmp_path / "slo.yaml"), "--seconds", "1", "--engine-args", "--max-num-seqs 2"],
        standalone_mode=False,
    )
    said = capsys.readouterr().out
    assert code == 1
    assert said.startswith("diagnose: queueing: ttft p95")


def test_an_address_without_metrics_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(SLO)
    with pytest.raises(UnreachableError, match="nothing accepts connections"):
        diagnose_verb.main(
            ["http://127.0.0.1:9/metrics", "--slo", str(tmp_path / "slo.yaml"), "--seconds", "1"],
            standalone_mode=False,
        )
