"""Programs come from LEANRAG_BIN, PATH or their wrapper module, and from nowhere else."""

from pathlib import Path

import pytest

from leanrag.core.errors import ToolError
from leanrag.render import tools


@pytest.fixture(autouse=True)
def _forget() -> None:
    tools.tool.cache_clear()


def test_a_program_in_leanrag_bin_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "kubelet"
    given.write_text("#!/bin/sh\n")
    given.chmod(0o755)
    monkeypatch.setenv("LEANRAG_BIN", str(tmp_path))
    assert tools.tool("kubelet") == given


def test_a_file_that_cannot_be_run_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no-such-tool").write_text("text")
    monkeypatch.setenv("LEANRAG_BIN", str(tmp_path))
    with pytest.raises(ToolError, match="no-such-tool"):
        tools.tool("no-such-tool")


@pytest.mark.parametrize("name", sorted(tools._PROGRAMS))
def test_every_program_of_a_shared_wrapper_is_named_in_its_module(name: str) -> None:
    wrapper, package = tools._PROGRAMS[name]
    assert package in (tools.tools_dir() / wrapper / "go.mod").read_text()
