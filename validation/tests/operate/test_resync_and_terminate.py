"""A failed sync is started again, a running one ended, as Argo CD's own API server would do it."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.core.errors import InputError, UnreachableError
from leanrag.operate.application import read_application
from leanrag.operate.commands import start_again
from leanrag.operate.hub import ConflictError, Hub
from leanrag.operate.resync import plan, request
from leanrag.operate.terminate import end_operations, terminate

from .conftest import Store
from .test_applications import body, recorded


def test_what_failed_is_started_again_with_the_options_of_its_own_syncs(store: Store, kubeconfig: Path) -> None:
    store.add(body("gate-without-its-project"))
    code, text = start_again(Hub(kubeconfig), "c0002", None, False, "op")
    after = store.application("c0002-gate")
    assert code == 0 and "started again" in text
    assert after["operation"] == {
        "sync": {"prune": True, "syncOptions": ["ServerSideApply=true"]},
        "retry": {},
        "initiatedBy": {"username": "leanrag: op"},
    } | ({"retry": after["spec"]["syncPolicy"]["retry"]} if after["spec"]["syncPolicy"].get("retry") else {})
    assert "operationState" not in after["status"]


def test_no_revision_is_asked_for_so_that_the_newest_is_taken() -> None:
    assert "revision" not in request(recorded("gate-without-its-project"), "op")["operation"]["sync"]


def test_a_gate_that_said_no_is_not_thrown_again() -> None:
    raw = body("gate-without-its-project")
    hook = {"hookType": "PostSync", "hookPhase": "Failed", "kind": "Job", "name": "gate"}
    raw["status"]["operationState"].update(phase="Failed", syncResult={"resources": [hook]})
    (step,) = plan([read_application(raw)], "c0002-gate")
    assert not step.starts and "gate rerun c0002" in step.reason


def test_a_running_sync_is_left_alone_and_the_way_out_is_named() -> None:
    (step,) = plan([recorded("waits-for-a-hook")])
    assert not step.starts and "--terminate" in step.reason


def test_one_that_is_asked_for_by_name_starts_also_when_nothing_failed() -> None:
    (step,) = plan([recorded("synced")], "c0001-gate")
    assert step.starts
    (step,) = plan([recorded("synced")])
    assert not step.starts


def test_an_unknown_application_names_those_there_are(store: Store, kubeconfig: Path) -> None:
    store.add(body("synced"))
    with pytest.raises(InputError) as caught:
        start_again(Hub(kubeconfig), "c0001", "c0001-milvus", False, "op")
    assert "c0001-gate" in caught.value.hint


def test_a_running_operation_is_set_to_terminating(store: Store, kubeconfig: Path) -> None:
    store.add(body("waits-for-a-hook"))
    hub = Hub(kubeconfig)
    assert terminate(hub, hub.applications("c0000")[0])
    assert store.application("c0000-note")["status"]["operationState"]["phase"] == "Terminating"


def test_an_object_that_changes_under_our_hands_is_read_again(store: Store, kubeconfig: Path) -> None:
    store.add(body("waits-for-a-hook"))
    store.busy = 3
    hub = Hub(kubeconfig)
    assert terminate(hub, hub.applications("c0000")[0])
    assert store.application("c0000-note")["status"]["operationState"]["phase"] == "Terminating"


def test_an_object_that_never_stands_still_is_an_error(store: Store, kubeconfig: Path) -> None:
    store.add(body("waits-for-a-hook"))
    store.busy = 100
    hub = Hub(kubeconfig)
    with pytest.raises(UnreachableError):
        terminate(hub, hub.applications("c0000")[0])


def test_a_request_that_nobody_took_up_is_taken_back(store: Store, kubeconfig: Path) -> None:
    raw = body("synced")
    del raw["status"]["operationState"]
    store.add(raw | {"operation": {"sync": {}}})
    hub = Hub(kubeconfig)
    assert terminate(hub, hub.applications("c0001")[0])
    assert "operation" not in store.application("c0001-gate")


def test_only_the_operations_of_the_named_commit_end(store: Store, kubeconfig: Path) -> None:
    other = body("waits-for-a-hook")
    other["metadata"]["name"] = "c0000-other"
    other["spec"]["source"]["targetRevision"] = "e" * 40
    other["status"]["operationState"]["syncResult"]["revision"] = "e" * 40
    store.add(body("waits-for-a-hook"))
    store.add(other)
    found = end_operations(Hub(kubeconfig), "c0000", recorded("waits-for-a-hook").wanted, patience=0.3)
    assert found.running == ("c0000-note",)  # nobody plays the controller here
    assert other["status"]["operationState"]["phase"] == "Running"


def test_a_retry_that_writes_running_over_it_is_ended_again(store: Store, kubeconfig: Path) -> None:
    store.add(body("retrying"))
    hub = Hub(kubeconfig)
    seen: list[Any] = []
    patch = hub.patch_application

    def controller(app: Any, change: Any) -> None:
        patch(app, change)
        state = store.application("c0000")["status"]["operationState"]
        seen.append(state["phase"])
        state["phase"] = "Running" if len(seen) == 1 else "Failed"

    hub.patch_application = controller  # type: ignore[method-assign]
    assert end_operations(hub, "c0000", patience=5).ended == ("c0000",)
    assert seen == ["Terminating", "Terminating"]


def test_a_hub_that_does_not_answer_is_one_sentence(tmp_path: Path, kubeconfig: Path) -> None:
    gone = tmp_path / "gone"
    gone.write_text(kubeconfig.read_text().replace("http://127.0.0.1:", "http://127.0.0.1:1#"))
    with pytest.raises(UnreachableError) as caught:
        Hub(gone).applications()
    assert caught.value.hint
    with pytest.raises(InputError):
        Hub(Path(__file__))


def test_an_object_that_changed_since_it_was_looked_at_is_left_alone(store: Store, kubeconfig: Path) -> None:
    store.add(body("gate-without-its-project"))
    hub = Hub(kubeconfig)
    (seen,) = hub.applications("c0002")
    store.add(body("gate-without-its-project"))  # somebody writes it: a new resourceVersion
    with pytest.raises(ConflictError):
        hub.patch_application(seen, request(seen, "op"))
    assert "operation" not in store.application("c0002-gate")
