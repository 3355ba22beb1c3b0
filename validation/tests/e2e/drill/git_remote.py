"""Faults of the remote and of the promoter itself: refused, cut off, killed, raced."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .desk import Desk
from .evidence_faults import reason


def no_pin(*words: str, user: str = "promoter", **environment: str) -> Callable[[Desk], str]:
    def look(desk: Desk) -> str:
        said = desk.promote(user=user, **environment)
        assert desk.pin() == desk.old, "the pin moved"
        assert any(word.lower() in said.lower() for word in words), said[-600:]
        return reason(said, words)

    return look


def _later(desk: Desk, first: str) -> str:
    """The good commit is promoted when the fault is over, and exactly once."""
    desk.allowed["staging"].add(desk.new)
    desk.promote()
    desk.person.fetch()
    assert desk.pin() == desk.new, f"not promoted after the repair: {desk.said[-500:]}"
    desk.promote()
    desk.person.fetch()
    assert desk.pins_of(desk.new) == 1, f"{desk.pins_of(desk.new)} commits set the pin"
    _sound(desk)
    return f"{first}; promoted once after the repair"


def _sound(desk: Desk) -> None:
    broken = subprocess.run(
        ["git", "-C", str(desk.office.remote.path(desk.name)), "fsck", "--no-dangling"], capture_output=True, text=True
    )
    assert broken.returncode == 0, f"git fsck: {broken.stderr}"


def passed_and(change: Callable[[Desk], Any]) -> Callable[[Desk], None]:
    def breaks(desk: Desk) -> None:
        desk.passes()
        change(desk)

    return breaks


def refused_push(desk: Desk) -> str:
    said = desk.promote()
    assert desk.pin() == desk.old, "the pin moved although the server refused"
    assert "protected" in said, said[-500:]
    desk.office.remote.hook(desk.name, "pre-receive", "exit 0\n")
    return _later(desk, "refused, with the server's words")


def half_push(desk: Desk) -> str:
    desk.promote()
    assert desk.pin() == desk.old, "half a push moved the pin"
    desk.office.remote.hook(desk.name, "pre-receive", "exit 0\n")
    return _later(desk, "no pin")


def unheard(desk: Desk) -> str:
    """The server has taken the push; the promoter never hears of it."""
    desk.allowed["staging"].add(desk.new)
    desk.office.remote.fault("cut-after")
    try:
        desk.promote()
    finally:
        desk.office.remote.heal()
    assert desk.pin() == desk.new
    return _later(desk, "the push landed unheard")


def moved_base(desk: Desk) -> str:
    """While the promoter's push is on its way, the operator's push lands first."""
    other = desk.office.folder / "people" / f"{desk.name}-other"
    slow = f"if [ ! -e {other}.done ]; then touch {other}.done; sleep 2; fi\n"
    desk.office.remote.hook(desk.name, "pre-receive", slow)
    process = desk.start("--once")
    desk.wait_for(lambda: Path(f"{other}.done").exists(), 60, "the promoter pushes")
    landed = desk.person.commit({"README.md": "moved\n"}, "docs: meanwhile")
    process.wait(60)
    desk.allowed["staging"].add(desk.new)
    desk.person.fetch()
    assert desk.git().is_ancestor(landed, "main"), "the operator's commit is gone"
    return _later(desk, "the operator's commit stays")


def killed_before(desk: Desk) -> str:
    gate = desk.office.folder / f"{desk.name}.reading"
    desk.office.remote.hook(desk.name, "pre-receive", f"touch {gate}\n")
    process = desk.start("--once")
    # Python needs longer than this to import; nothing can have been pushed.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not gate.exists(), "it had pushed already"
    return _later(desk, "no pin")


def killed_during(desk: Desk) -> str:
    mark = desk.office.folder / f"{desk.name}.pushing"
    desk.office.remote.hook(desk.name, "pre-receive", f"touch {mark}; sleep 3; exit 1\n")
    process = desk.start("--once")
    desk.wait_for(mark.exists, 60, "the promoter pushes")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert desk.pin() == desk.old, "the pin moved"
    desk.office.remote.hook(desk.name, "pre-receive", "exit 0\n")
    return _later(desk, "no pin")


def killed_after(desk: Desk) -> str:
    mark = desk.office.folder / f"{desk.name}.landed"
    desk.allowed["staging"].add(desk.new)
    desk.office.remote.hook(desk.name, "post-receive", f"touch {mark}; sleep 3\n")
    process = desk.start("--once")
    desk.wait_for(mark.exists, 60, "the push lands")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert desk.pin() == desk.new
    return _later(desk, "pinned by the push itself")


def two_promoters(desk: Desk) -> str:
    desk.allowed["staging"].add(desk.new)
    desk.office.remote.hook(desk.name, "pre-receive", "sleep 1\n")
    both = [desk.start("--once"), desk.start("--once")]
    for process in both:
        process.wait(90)
    return _later(desk, "one of two won")


@contextlib.contextmanager
def _tiny_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="leanrag-full-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def disk_full(desk: Desk) -> str:
    with _tiny_disk() as folder:
        small = {name: str(folder) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "LEANRAG_CACHE")}
        desk.promote(**small)
        assert desk.pin() == desk.old, "the pin moved"
    return _later(desk, "no pin")


def gone_and_back(desk: Desk) -> str:
    desk.office.remote.fault("gone", fetches=True)
    try:
        desk.promote()
    finally:
        desk.office.remote.heal()
    assert desk.pin() == desk.old, "the pin moved"
    return _later(desk, "no answer from the remote")
