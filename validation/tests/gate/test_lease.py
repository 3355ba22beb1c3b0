"""Two runs never measure the same endpoints at once, and a run that was killed holds nobody up for long."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes.client import ApiException

from leanrag.core.errors import UnreachableError
from leanrag.gate.lease import Lease, free, holder, identity, lease_name
from leanrag.gate.wait import Clock

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def body(name, seconds_ago, duration=60):
    renewed = (NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"spec": {"holderIdentity": name, "renewTime": renewed, "leaseDurationSeconds": duration}}


class Api:
    """Leases as an API server keeps them: a write with an old version is a conflict."""

    def __init__(self):
        self.objects, self.version, self.down = {}, 0, False

    def _answer(self, value):
        return type("Response", (), {"data": json.dumps(value)})()

    def _alive(self):
        if self.down:
            raise ApiException(status=503, reason="down")

    def read_namespaced_lease(self, name, _namespace, **_):
        self._alive()
        if name not in self.objects:
            raise ApiException(status=404)
        return self._answer(self.objects[name])

    def create_namespaced_lease(self, _namespace, made, **_):
        self._alive()
        if made["metadata"]["name"] in self.objects:
            raise ApiException(status=409)
        return self._answer(self._put(made))

    def replace_namespaced_lease(self, name, _namespace, made, **_):
        self._alive()
        if self.objects[name]["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"]:
            raise ApiException(status=409)
        return self._answer(self._put(made))

    def _put(self, made):
        self.version += 1
        made = {**made, "metadata": {**made["metadata"], "resourceVersion": str(self.version)}}
        self.objects[made["metadata"]["name"]] = made
        return made


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def lease(api):
    def make(me):
        made = Lease(None, "lr-gate", "gate-1", me)
        made.api = api
        return made

    return make


def clock():
    at = [0.0]
    return Clock(lambda: at[0], lambda seconds: at.__setitem__(0, at[0] + seconds))


def test_the_same_endpoints_share_a_lease_in_any_order():
    assert lease_name(["http://a/", "http://b"]) == lease_name(["http://b", "http://a"])
    assert lease_name(["http://a"]) != lease_name(["http://b"])


def test_a_pod_that_comes_back_under_its_name_is_another_run():
    assert identity("gate-x") != identity("gate-x")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (None, True),
        (body("other", 10), False),
        (body("other", 61), True),
        (body("me", 10), True),
        (body("", 10), True),
        ({"spec": {"holderIdentity": "other", "renewTime": "soon"}}, True),
    ],
)
def test_a_lease_is_free_when_nobody_renews_it(held, expected):
    assert free(held, "me", NOW) is expected


def test_only_one_of_two_gets_it(lease):
    first, second = lease("a"), lease("b")
    assert first.take() == ""
    assert second.take() == "a"
    assert not second.held
    first.release()
    assert second.take() == ""


def test_one_that_was_read_before_somebody_else_wrote_is_not_taken(lease, api, monkeypatch):
    first, second = lease("a"), lease("b")
    first.take()
    first.release()
    stale = second._read()
    first.take()
    monkeypatch.setattr(second, "_read", lambda: stale)
    assert second.take() == "another run that was faster"
    assert holder(api.objects["gate-1"]).name == "a"


def test_whoever_waits_for_too_long_is_told_for_whom(lease):
    lease("a").take()
    said = []
    assert lease("b").acquire(30.0, clock(), said.append) == "a"
    assert said == ["lease gate-1: waiting for a"]


def test_a_holder_that_was_followed_notices(lease, api):
    first, second = lease("a"), lease("b")
    first.take()
    api.objects["gate-1"]["spec"]["renewTime"] = "2020-01-01T00:00:00Z"
    assert second.take() == ""
    assert first.renew() == "b"


def test_giving_back_what_another_holds_changes_nothing(lease, api):
    first, second = lease("a"), lease("b")
    first.take()
    api.objects["gate-1"]["spec"]["renewTime"] = "2020-01-01T00:00:00Z"
    second.take()
    first.release()
    assert holder(api.objects["gate-1"]).name == "b"


def test_an_api_server_that_is_away_is_no_yes(lease, api):
    api.down = True
    with pytest.raises(UnreachableError, match="503"):
        lease("a").take()


def test_a_restart_of_the_api_server_is_waited_for(lease, api):
    at = [0.0]

    def sleep(seconds):
        at[0] += seconds
        api.down = False

    api.down = True
    said = []
    assert lease("a").acquire(30.0, Clock(lambda: at[0], sleep), said.append) == ""
    assert "503" in said[0]
