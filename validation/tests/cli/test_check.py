"""`leanrag check` as its users call it: exit codes, what is on stdout, and what is in files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).parents[1] / "checks"
LATEST = CHECKS / "broken" / "IMG001-tag-latest.yaml"
SOUND = CHECKS / "sound" / "workload.yaml"


def leanrag(*words: str | Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the command line as a program."""
    argv = [sys.executable, "-c", "from leanrag.cli.main import main; main()", "check", *map(str, words)]
    env = {**os.environ, **environment}
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, env=env, check=False, timeout=120)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((SOUND,), 0),
        ((LATEST,), 1),
        ((CHECKS / "broken" / "OBJ001-kind-that-does-not-exist.yaml",), 2),
        (("absent.yaml",), 2),
        ((SOUND, "--format", "xml"), 2),
        ((SOUND, "--changed-since", "HEAD"), 2),
        ((SOUND, "--cluster", "dev"), 2),
        (("--explain", "POD001"), 0),
        (("--explain", "POD01"), 2),
    ],
)
def test_the_exit_code_is_the_answer(words: tuple[str | Path, ...], code: int) -> None:
    done = leanrag(*words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_json_on_stdout_is_one_document_and_nothing_else() -> None:
    done = leanrag(LATEST, "--format", "json")
    assert [each["rule"] for each in json.loads(done.stdout)["findings"]] == ["IMG001"]


def test_several_formats_at_once_are_text_here_and_files_there(tmp_path: Path) -> None:
    files = {name: tmp_path / f"check.{name}" for name in ("json", "junit", "sarif", "gitlab", "github")}
    done = leanrag(LATEST, *(f"--format={name}={path}" for name, path in files.items()))
    assert done.stdout.startswith("IMG001  Every image is pinned: 1 not\n")
    assert all("IMG001" in path.read_text() for path in files.values())


def test_a_folder_that_cannot_be_written_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = leanrag(SOUND, f"--format=json={tmp_path}/file/check.json")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_what_another_program_prints_is_read_from_stdin() -> None:
    done = leanrag("-", stdin=LATEST.read_text())
    assert done.returncode == 1
    assert "  -:14:11: Deployment/thing" in done.stdout


def test_no_colour_where_nobody_can_see_it() -> None:
    assert "\033" not in leanrag(LATEST).stdout


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("environment", "coloured"), [({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_has_colour_unless_somebody_said_no(environment: dict[str, str], coloured: bool) -> None:
    import pty

    ours, theirs = pty.openpty()
    argv = [sys.executable, "-c", "from leanrag.cli.main import main; main()", "check", str(LATEST)]
    env = {**os.environ, "TERM": "xterm", **environment}
    subprocess.run(argv, stdout=theirs, stderr=subprocess.DEVNULL, env=env, check=False, timeout=120)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert ("\033[31;1mIMG001\033[0m" in shown) is coloured
    assert "IMG001" in shown


def test_files_of_others_are_passed_over_for_a_hook(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("a: b\n")
    done = leanrag("--skip-others", tmp_path / "settings.yaml")
    assert (done.returncode, done.stdout.splitlines()[-1].split(" (")[0]) == (
        0,
        "PASS: no manifest is among these files",
    )
