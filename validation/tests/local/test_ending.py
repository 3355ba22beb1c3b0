"""The local stack never leaves anything behind, whatever ends it or a part of it, and ends nothing else."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from leanrag.core.errors import StoppedError, ToolError
from leanrag.local import stack as local_stack
from leanrag.local import state as local_state


def test_down_leaves_nothing_running_and_may_be_repeated(bench):
    bench.misbehave("chat", "child")  # a child in the part's session, as vLLM's workers are
    stack = bench.up()
    assert len(bench.processes()) == len(stack.state.parts) + 1
    assert local_stack.down() == 3
    assert bench.processes() == []
    assert local_stack.down() == 0
    assert not (bench.folder / "secrets.json").exists()


def test_children_of_a_dead_leader_end_too(bench):
    bench.misbehave("chat", "child")
    stack = bench.up()
    leader = next(part.pid for part in stack.state.parts if part.name == "chat")
    os.kill(leader, signal.SIGKILL)
    local_stack.down()
    assert bench.processes() == []


def test_down_without_state_json_still_finds_the_parts(bench):
    bench.up()
    (bench.folder / "state.json").write_text("{ torn")
    local_stack.down()
    assert bench.processes() == []


def test_a_part_that_ignores_sigterm_is_killed(bench, monkeypatch):
    monkeypatch.setattr("leanrag.local.processes.GRACE", 0.5)
    bench.misbehave("chat", "ignore-term")
    stack = bench.up()
    local_stack.stop(stack.state.parts, grace=0.5)
    assert bench.processes() == []


def test_a_recycled_pid_is_never_touched(bench):
    stack = bench.up()
    local_stack.down()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        stale = tuple(
            local_state.Running(part.name, bystander.pid, part.started, part.log, part.address, part.ports, part.image)
            for part in stack.state.parts
        )
        assert all(local_state.process_of(part) is None for part in stale)
        assert local_stack.stop(stale, grace=0.2) == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_part_that_ends_is_named_with_its_last_lines(bench):
    bench.misbehave("chat", "crash")
    with pytest.raises(ToolError) as caught:
        bench.up()
    assert "chat ended with exit code 3" in caught.value.message
    assert caught.value.message.endswith("loading the weights\nRuntimeError: no such model")
    assert "chat.log" in caught.value.hint
    assert bench.processes() == []
    assert Path(caught.value.hint.rpartition(" ")[2]).is_file()  # the log outlives the parts


def test_a_part_that_never_becomes_ready_is_given_what_its_probe_allows(bench):
    bench.misbehave("chat", "never-ready")

    def hurry(body):
        container = body["spec"]["template"]["spec"]["containers"][0]
        container["startupProbe"] |= {"periodSeconds": 1, "failureThreshold": 2}

    bench.change("Deployment", "chat", hurry)
    with pytest.raises(StoppedError, match="chat is not ready after the 2 s that its probe allows"):
        bench.up()
    assert bench.processes() == []


def test_a_part_that_other_machines_could_reach_is_stopped(bench):
    bench.misbehave("chat", "listen-everywhere")
    with pytest.raises(ToolError, match=r"chat listens on 0\.0\.0\.0:\d+, which other machines can reach"):
        bench.up()
    assert bench.processes() == []


def hear_ctrl_c():
    """Undo what a shell does to commands in its background: they inherit a deaf ear for SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_up_takes_everything_down(bench, number):
    program = textwrap.dedent(f"""
        import sys, signal
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import conftest, pathlib
        from leanrag.core.errors import StoppedError
        def stop(*_): raise StoppedError("stopped")
        signal.signal(signal.SIGTERM, stop)
        bench = conftest.Bench(pathlib.Path({str(bench.folder)!r}), pathlib.Path({str(bench.bin)!r}))
        bench.misbehave("chat", "never-ready")
        bench.up()
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c
    )
    deadline = time.monotonic() + 20
    while len(bench.processes()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(bench.processes()) >= 2
    process.send_signal(number)
    process.communicate(timeout=20)
    assert bench.processes() == []
    assert not (bench.folder / "state.json").exists()


def test_psutil_tells_the_same_start_time_twice(bench):
    stack = bench.up()
    for part in stack.state.parts:
        assert local_state.process_of(part) == psutil.Process(part.pid)
