"""Recorded Applications of Argo CD 3.2.11 are read as they are meant, and broken ones never raise."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.operate.application import Application, read_application

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> Application:
    return read_application(body(name))


def body(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return read


def test_a_sync_between_two_attempts_still_runs() -> None:
    operation = recorded("retrying").operation
    assert operation and operation.running and operation.finished is not None
    assert (operation.retries, operation.limit) == (2, 64)


def test_a_sync_that_waits_for_its_hook_runs_at_the_commit_that_it_syncs() -> None:
    app = recorded("waits-for-a-hook")
    assert app.operation and app.operation.running and app.operation.finished is None
    assert app.operation.revision == app.wanted


def test_a_sync_without_its_project_failed_for_good() -> None:
    operation = recorded("gate-without-its-project").operation
    assert operation and operation.failed and operation.limit == 0
    assert "does not exist" in operation.message


def test_a_rollback_leaves_a_settled_application_with_a_failed_operation() -> None:
    app = recorded("settled-after-a-rollback")
    assert app.settled and app.operation and app.operation.failed
    assert app.operation.revision != app.revision


def test_without_manifests_no_object_is_called_extra() -> None:
    raw = body("synced")
    raw["status"]["resources"][0].update(requiresPruning=True)
    assert read_application(raw).resources[0].extra
    raw["status"]["sync"]["status"] = "Unknown"
    assert not read_application(raw).resources[0].extra


def test_a_request_that_nobody_took_up_is_pending() -> None:
    raw = body("synced")
    raw["operation"] = {"sync": {"revision": "a" * 40}}
    del raw["status"]["operationState"]
    operation = read_application(raw).operation
    assert operation and operation.phase == "Pending" and operation.running


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("key", ["metadata", "spec", "status", "operation"])
@given(value=JSON_VALUES)
def test_no_shape_of_an_object_raises(key: str, value: Any) -> None:
    raw = body("synced")
    raw[key] = value
    assert isinstance(read_application(raw), Application)


@pytest.mark.parametrize("key", ["operationState", "sync", "health", "resources", "conditions"])
@given(value=JSON_VALUES)
def test_no_shape_of_a_status_raises(key: str, value: Any) -> None:
    raw = body("synced")
    raw["status"][key] = value
    assert isinstance(read_application(raw), Application)
