"""The sampler takes what the engine says before, during and after; what fails is told and stops nothing."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leanrag.core.errors import InputError, StoppedError
from leanrag.core.jsonl import write_lines
from leanrag.engine import sampler
from leanrag.engine.recording import read_snapshots, write_snapshots
from leanrag.engine.sampler import Sampler


class Engine:
    """Answers each GET of /metrics with the next of some (status, body), the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.seen, self.asked = list(answers), [], threading.Condition()
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with engine.asked:
                    engine.seen.append((self.path, self.headers.get("Authorization")))
                    status, body = engine.answers.pop(0) if len(engine.answers) > 1 else engine.answers[0]
                    engine.asked.notify_all()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/metrics"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def wait(self, times):
        with self.asked:
            assert self.asked.wait_for(lambda: len(self.seen) >= times, timeout=20)


@pytest.fixture
def engine():
    made = []

    def start(*answers):
        made.append(Engine(*answers))
        return made[-1]

    yield start
    for each in made:
        each.server.shutdown()
        each.server.server_close()


def readings(snapshots):
    return [next(iter(each.samples.values())) for each in snapshots]


def test_one_scrape_before_one_after_and_some_between(engine):
    served = engine(*((200, f"vllm:num_requests_running {n}\n") for n in range(50)))
    with Sampler(served.url, every=0.01) as watching:
        assert len(watching.snapshots) >= 1  # before the block's first line
        served.wait(4)
    assert readings(watching.snapshots) == list(range(len(served.seen)))
    assert len(served.seen) >= 5
    moments = [each.moment for each in watching.snapshots]
    assert moments == sorted(moments)
    assert watching.problems == ()


def test_a_long_interval_still_gives_before_and_after(engine):
    served = engine((200, "a 1\n"), (200, "a 2\n"))
    with Sampler(served.url, every=3600) as watching:
        pass
    assert readings(watching.snapshots) == [1, 2]


def test_the_token_goes_out(engine):
    served = engine((200, "a 1\n"))
    with Sampler(served.url, every=3600, token="t0ken"):
        pass
    assert set(served.seen) == {("/metrics", "Bearer t0ken")}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, "oops"), "answered 500"),
        ((302, ""), "answered 302"),
        ((200, "<html>"), "line 1 is no metric: '<html>'"),
        ((200, ""), "the answer holds no metric"),
        ((200, "a 1\n" * 1000), "answered more than 0 MiB"),
    ],
)
def test_what_fails_is_told_once_and_the_rest_is_kept(engine, monkeypatch, answer, said):
    monkeypatch.setattr(sampler, "MAX_BODY", 1000)
    served = engine((200, "a 1\n"), answer, answer, (200, "a 2\n"))
    with Sampler(served.url, every=0.01) as watching:
        served.wait(4)
    assert readings(watching.snapshots)[:2] == [1, 2]
    assert watching.problems == (f"{served.url}: {said}",)


def test_an_engine_that_is_not_there_does_not_stop_the_run():
    with Sampler("http://127.0.0.1:9/metrics", every=3600) as watching:
        ran = True
    assert ran
    assert watching.snapshots == ()
    assert watching.problems == ("http://127.0.0.1:9/metrics: nothing accepts connections",)


def test_a_defect_of_ours_does_not_stop_the_run(engine, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("of ours")

    served = engine((200, "a 1\n"))
    monkeypatch.setattr(sampler, "snapshot", broken)
    with Sampler(served.url, every=0.01) as watching:
        served.wait(3)
    assert watching.problems == (f"{served.url}: unexpected ZeroDivisionError: of ours",)


def test_a_stop_ends_the_run_that_is_watched(engine, monkeypatch):
    def stopped(*_):
        raise StoppedError("stopped by SIGTERM")

    monkeypatch.setattr(sampler, "snapshot", stopped)
    with pytest.raises(StoppedError), Sampler(engine((200, "a 1\n")).url, every=3600):
        pass


def test_a_long_run_keeps_its_ends_and_no_more_than_can_be_read_back(engine, monkeypatch):
    monkeypatch.setattr(sampler, "MOST_SAMPLES", 8)
    served = engine(*((200, f"a {n}\n") for n in range(400)))
    with Sampler(served.url, every=0.001) as watching:
        served.wait(30)
    seen = readings(watching.snapshots)
    assert len(seen) <= 8
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, len(served.seen) - 1)


def test_an_error_inside_the_block_is_not_hidden(engine):
    with pytest.raises(RuntimeError), Sampler(engine((200, "a 1\n")).url) as watching:
        raise RuntimeError
    assert len(watching.snapshots) == 2


def test_kept_snapshots_come_back(tmp_path, recorded, later):
    taken = (recorded, later(60.5, {"vllm:prompt_tokens_total": 12.25}))
    write_snapshots(tmp_path / "engine.jsonl.zst", taken)
    assert read_snapshots(tmp_path / "engine.jsonl.zst") == taken
    assert (tmp_path / "engine.jsonl.zst").stat().st_size < 10_000


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"schema": "leanrag.io/rows/v1"}], "schema 'leanrag.io/rows/v1' is not"),
        ([{"schema": "leanrag.io/engine/v1"}, {"moment": "now", "metrics": "a 1"}], ":2: not a snapshot"),
        ([{"schema": "leanrag.io/engine/v1"}, {"moment": 1, "metrics": "a"}], ":2: line 1 is no metric"),
    ],
)
def test_kept_snapshots_that_are_none_are_refused(tmp_path, lines, said):
    write_lines(tmp_path / "x", lines)
    with pytest.raises(InputError, match=said):
        read_snapshots(tmp_path / "x")


def test_an_empty_recording_is_a_recording_of_nothing(tmp_path):
    write_snapshots(tmp_path / "x", ())
    assert read_snapshots(tmp_path / "x") == ()
