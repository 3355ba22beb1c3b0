"""The pytest plugin: ordinary tests when an endpoint is named, nothing at all otherwise."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from .stack import KEY, Stack

OWN = Path(__file__).parent / "operator-cases"


def run(folder: Path, *arguments: str | Path, key: str = KEY) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", "-rs"]
    argv += ["--rootdir", str(folder), "-c", os.devnull, *map(str, arguments)]
    environment = {**os.environ, "RAG_KEY": key, "COLUMNS": "200"}
    return subprocess.run(argv, capture_output=True, text=True, cwd=folder, env=environment, timeout=120, check=False)


@pytest.fixture
def contract(stack: Stack, tmp_path: Path) -> Path:
    path = tmp_path / "rag.json"
    path.write_text(json.dumps(stack.contract))
    return path


def test_without_the_option_nothing_is_collected_or_imported(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\ndef test_own():\n    assert not [m for m in sys.modules if m.startswith('leanrag.') and m not in "
        "('leanrag.rag', 'leanrag.rag.plugin')]\n"
    )
    done = run(tmp_path)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


def test_nobody_at_the_endpoint_is_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "--leanrag-endpoint", "http://127.0.0.1:1")
    assert done.returncode == 4
    assert "http://127.0.0.1:1: nobody answers" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unset_key_variable_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "--leanrag-endpoint", "http://127.0.0.1:1", "--leanrag-api-key-env", "NO_SUCH_KEY")
    assert done.returncode == 4
    assert "NO_SUCH_KEY is not set" in done.stderr


@pytest.mark.stack
@pytest.mark.parametrize("stack", ["llamastack"], indirect=True)
def test_own_and_built_in_cases_are_ordinary_tests(stack: Stack, contract: Path, tmp_path: Path) -> None:
    options = ["--leanrag-endpoint", stack.url, "--leanrag-api-key-env", "RAG_KEY", "--leanrag-contract", contract]
    done = run(tmp_path, *options, "--leanrag-cases", OWN, "-k", "refuse-off-topic or vector-gpu or own or ready")
    assert "leanrag::built-in::vector-gpu PASSED" in done.stdout, done.stdout + done.stderr
    assert "leanrag::operator-cases::own-canteen PASSED" in done.stdout
    assert "leanrag::operator-cases::own-wrong FAILED" in done.stdout
    assert "FAIL: expected top menu.md; got rules.md" in done.stdout
    assert "is not an answering model" in done.stdout  # refuse-off-topic is skipped: --leanrag-answering is not given
    assert "2 failed" not in done.stdout
    assert done.returncode == 1


@pytest.mark.stack
@pytest.mark.parametrize("stack", ["llamastack"], indirect=True)
def test_what_a_run_stored_is_deleted(stack: Stack, contract: Path, tmp_path: Path) -> None:
    mine = {"authorization": f"Bearer {KEY}"}

    def stores() -> set[str]:
        return {
            one["id"] for one in requests.get(f"{stack.url}/v1/vector_stores", headers=mine, timeout=10).json()["data"]
        }

    before = stores()
    options = ["--leanrag-endpoint", stack.url, "--leanrag-api-key-env", "RAG_KEY", "--leanrag-contract", contract]
    done = run(tmp_path, *options, "-k", "keyword-vpn")
    assert "1 passed" in done.stdout, done.stdout
    assert stores() == before
