import shutil
from pathlib import Path

import pytest

from leanrag.checks import schemas as module
from leanrag.checks.schemas import schemas


def test_schemas_that_an_image_brings_are_used_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = schemas().folder
    shutil.copytree(compiled, tmp_path / "brought" / compiled.parent.name / compiled.name)
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("LEANRAG_SCHEMAS", str(tmp_path / "brought"))
    monkeypatch.setattr(module, "schema_files", lambda: pytest.fail("asked the network"))
    assert schemas().knows("apps/v1", "Deployment")
    assert not (tmp_path / "empty").exists()


def test_schemas_of_another_version_are_not_taken_for_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = schemas().folder
    shutil.copytree(compiled, tmp_path / "brought" / compiled.parent.name / "another")
    monkeypatch.setenv("LEANRAG_SCHEMAS", str(tmp_path / "brought"))
    assert schemas().folder == compiled
