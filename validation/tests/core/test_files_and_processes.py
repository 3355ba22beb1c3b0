"""Files are written whole or not at all, and a program never outlives the call that started it."""

import os
import sys
import time
from pathlib import Path

import pytest

from leanrag.core.errors import InputError, StoppedError, ToolError
from leanrag.core.files import read_text, write_atomic
from leanrag.core.process import run


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "verdict.json"
    target.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_atomic(target, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["verdict.json"]
    assert target.read_text() == "old"


def test_text_that_is_not_utf8_is_refused_with_its_byte(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"ab\xff")
    with pytest.raises(InputError, match="byte 2"):
        read_text(tmp_path / "f")


def test_a_missing_program_is_one_sentence() -> None:
    with pytest.raises(ToolError, match="cannot start /nowhere/helm"):
        run(["/nowhere/helm"], what="helm template")


def test_a_failing_program_hands_on_its_last_lines() -> None:
    with pytest.raises(ToolError, match=r"demo: first . second"):
        run([sys.executable, "-c", "import sys; sys.exit('first\\nsecond')"], what="demo")


def test_a_timeout_kills_the_whole_group(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = f"import os,time; open({str(pid_file)!r},'w').write(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess,sys; subprocess.run([sys.executable,'-c',{child!r}])"
    with pytest.raises(StoppedError, match="no end after"):
        run([sys.executable, "-c", parent], what="demo", timeout=2)
    assert _gone(int(pid_file.read_text()))


def _gone(pid: int) -> bool:
    for _ in range(50):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return True
        time.sleep(0.1)
    return False
