"""Long-lived parts: started once, found again by another command, ended as a whole, and no stranger is touched."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from leanrag.bench.ending import end_all
from leanrag.bench.processes import Processes
from leanrag.core.errors import StoppedError, ToolError

SLEEP = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)")
PARENT = (sys.executable, "-c", "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    yield made
    for name in made.names():
        made.stop(name, grace=0)


def said(processes: Processes, name: str, word: str) -> Callable[[], bool]:
    return lambda: word in processes.log(name).read_text()


def gone(pid: int) -> bool:
    """True for a process that ended, whether or not this test, its parent, has taken note."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_part_outlives_the_object_that_started_it_and_is_found_by_another(processes: Processes) -> None:
    pid = processes.start("one", SLEEP).pid
    assert Processes(processes.folder).pids("one") == (pid,)


def test_starting_the_same_again_changes_nothing(processes: Processes) -> None:
    assert processes.start("one", SLEEP).pid == processes.start("one", SLEEP).pid


@pytest.mark.parametrize("change", [{"env": {"A": "1"}}, {"argv": (*SLEEP, "more")}])
def test_starting_it_otherwise_ends_the_one_before(processes: Processes, change: dict[str, object]) -> None:
    first = processes.start("one", SLEEP).pid
    second = processes.start("one", **{"argv": SLEEP, **change})  # type: ignore[arg-type]
    assert second.pid != first
    assert gone(first)


def test_stop_ends_the_children_too(processes: Processes) -> None:
    processes.start("one", PARENT, ready=lambda: len(processes.pids("one")) == 2)
    pids = processes.pids("one")
    assert processes.stop("one")
    assert all(gone(pid) for pid in pids)


def test_children_of_a_dead_leader_still_end(processes: Processes) -> None:
    leader = processes.start("one", PARENT, ready=lambda: len(processes.pids("one")) == 2).pid
    psutil.Process(leader).kill()
    while processes.alive("one"):
        time.sleep(0.01)
    assert len(processes.pids("one")) == 1
    processes.stop("one")
    assert processes.pids("one") == ()


def test_a_part_that_ignores_sigterm_is_killed(processes: Processes) -> None:
    processes.start("one", STUBBORN, ready=said(processes, "one", "deaf"))
    processes.stop("one", grace=0.1)
    assert not processes.alive("one")


def test_a_recycled_number_is_never_touched(processes: Processes) -> None:
    stranger = processes.start("stranger", SLEEP)
    forged = replace(stranger, name="one", started=stranger.started - 100)
    (processes.folder / "processes" / "one.json").write_text(json.dumps(asdict(forged)))
    assert not processes.alive("one")
    assert not processes.stop("one")
    assert processes.alive("stranger")


def test_restart_brings_back_the_same_command_with_its_environment(processes: Processes) -> None:
    before = processes.start("one", SLEEP, env={"A": "1"})
    processes.signal("one", signal.SIGKILL)
    after = processes.restart("one")
    assert (after.argv, after.env, after.cwd) == (before.argv, before.env, before.cwd)
    assert after.pid != before.pid


def test_the_log_of_the_run_before_is_kept(processes: Processes) -> None:
    processes.start("one", SLEEP, ready=said(processes, "one", "here"))
    processes.restart("one", ready=said(processes, "one", "here"))
    assert "here" in processes.log("one").with_suffix(".log.1").read_text()


def test_a_proxy_of_this_shell_does_not_reach_a_part(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    pid = processes.start("one", SLEEP, env={"A": "1"}, ready=said(processes, "one", "here")).pid
    environment = psutil.Process(pid).environ()
    assert "HTTPS_PROXY" not in environment
    assert environment["A"] == "1"


def test_one_that_ends_before_it_is_ready_is_told_with_its_last_words(processes: Processes) -> None:
    with pytest.raises(ToolError, match="no such flag"):
        processes.start("one", ["sh", "-c", "sleep 0.2; echo no such flag"], ready=lambda: False)


def test_one_that_never_gets_ready_is_told_after_its_allowance(processes: Processes) -> None:
    with pytest.raises(StoppedError, match="not ready"):
        processes.start("one", SLEEP, ready=lambda: False, allowance=0.1)


def test_a_missing_program_is_told(processes: Processes) -> None:
    with pytest.raises(ToolError, match="cannot start /no/such"):
        processes.start("one", ["/no/such"])


def test_a_record_that_may_hold_secrets_is_readable_by_its_owner_only(processes: Processes) -> None:
    processes.start("one", SLEEP, env={"TOKEN": "x"})
    assert (processes.folder / "processes" / "one.json").stat().st_mode & 0o077 == 0


def test_end_all_ends_every_part_and_forgets_it(processes: Processes) -> None:
    processes.start("etcd", SLEEP)
    processes.start("one", SLEEP)
    assert end_all(processes) == 2
    assert processes.names() == ()


def test_end_all_finds_a_part_whose_record_is_lost(processes: Processes) -> None:
    pid = processes.start("one", SLEEP, ready=said(processes, "one", "here")).pid
    processes.forget("one")
    assert end_all(processes) == 1
    assert gone(pid)
