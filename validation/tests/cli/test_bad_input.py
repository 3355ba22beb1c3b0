"""Whatever a user gets wrong ends in one sentence, a way out and exit 2: no traceback, nothing left behind."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LEANRAG = Path(sys.executable).parent / "leanrag"


def leanrag(*arguments: str | Path, cwd: Path = ROOT, **extra: str) -> subprocess.CompletedProcess[str]:
    argv = [str(LEANRAG), *map(str, arguments)]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120, env={**os.environ, **extra})


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: nobody else gets it, and connecting is refused
        yield held.getsockname()[1]


def slo_file(folder: Path, text: str) -> Path:
    path = folder / "slo.yaml"
    path.write_text(text)
    return path


def hear_ctrl_c() -> None:
    """Undo what a shell does to commands in its background: they inherit a deaf ear for SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


GOOD_SLO = """
slo:
  confidence: 0.95
  objectives: {errorRate: {limit: 0.05, unit: share}}
  traffic: {profile: constant, rate: 4, requests: 80, promptTokens: 8, outputTokens: 4, timeoutSeconds: 5,
            warmupRequests: 2, maxDurationSeconds: 60}
"""


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    told = done.stderr + done.stdout
    assert all(word in told for word in words), told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "--cluster", "prdo"), ("no cluster 'prdo'", "did you mean 'prod'", "hint: clusters are")),
        (("check", "--root", "docs"), ("no Lean RAG repository", "hint:")),
        (("render", "--app", "dev-rag-stak"), ("did you mean 'dev-rag-stack'",)),
        (("diff", "nowhere"), ("no commit 'nowhere'", "hint: name a branch")),
        (("diff", "HEAD", "--cluster", "prdo"), ("did you mean 'prod'",)),
        (("images", "--cluster", "prdo"), ("did you mean 'prod'", "hint: clusters are")),
        (("images", "lock", "--mirror", "docker.io"), ("NAME=VALUE",)),
        (("judge", "absent.json", "--slo", "absent.yaml"), ("absent.yaml: no such file", "hint:")),
        (("report", "absent.json"), ("absent.json", "hint:")),
        (("report", "pyproject.toml"), ("pyproject.toml", "not a whole JSON document")),
        (("tools", "hlem"), ("nothing is called hlem", "hint: known are")),
        (("demo", "--fault", "meteor"), ("'meteor'",)),
        (("smoke", "http://127.0.0.1:1", "--api-key-env", "NOT_SET_ANYWHERE"), ("NOT_SET_ANYWHERE is empty", "hint:")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) and value and value[0].isalpha() else "",
)
def test_a_wrong_name_or_file_is_answered_with_the_way_out(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_one_sentence(leanrag(*arguments), *words)


def test_an_unreachable_endpoint_is_no_answer(closed_port: int) -> None:
    done = leanrag("smoke", f"http://127.0.0.1:{closed_port}")
    assert_one_sentence(done, str(closed_port))


def test_a_file_that_is_not_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    broken = slo_file(tmp_path, "slo:\n  confidence: [0.95\n")
    report = tmp_path / "report.json"
    report.write_text("{}")
    assert_one_sentence(leanrag("judge", report, "--slo", broken), f"{broken}:", "hint:")


def test_a_truncated_report_is_no_answer(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text('{"metadata": {"version": 2')
    done = leanrag("judge", report, "--slo", slo_file(tmp_path, GOOD_SLO))
    assert_one_sentence(done, "report.json")


def test_a_write_that_fails_leaves_no_half_written_report(tmp_path: Path) -> None:
    verdict = next((ROOT / "validation/tests/report/verdicts").glob("*.json"))

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # as good as a full disk after 1,000 bytes

    argv = [str(LEANRAG), "report", str(verdict), "--html", str(tmp_path / "report.html")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, preexec_fn=small_files_only)
    assert_one_sentence(done, "report.html: cannot be written")
    assert list(tmp_path.iterdir()) == []


def test_status_without_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    done = leanrag("local", "status", LEANRAG_STATE=str(tmp_path))
    assert (done.returncode, "leanrag local up" in done.stdout) == (1, True)


def test_a_gate_without_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    assert_one_sentence(leanrag("gate", "run", LEANRAG_STATE=str(tmp_path)), "no local stack is running", "hint:")


def test_down_without_a_stack_is_fine(tmp_path: Path) -> None:
    assert leanrag("local", "down", LEANRAG_STATE=str(tmp_path)).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_work_in_one_sentence(number: signal.Signals, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # accepts and never answers
        argv = [str(LEANRAG), "smoke", f"http://127.0.0.1:{silent.getsockname()[1]}"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, stdout=pipe, stderr=pipe, text=True, preexec_fn=hear_ctrl_c)
        silent.settimeout(30)
        connection, _ = silent.accept()
        time.sleep(0.2)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 2, err
    assert "Traceback" not in err + out


def test_json_is_one_document_and_nothing_else() -> None:
    done = leanrag("check", "--cluster", "local", "--format", "json")
    assert json.loads(done.stdout)
