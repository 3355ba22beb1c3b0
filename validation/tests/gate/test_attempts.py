"""The table tells for each attempt whether it counts, as promotion would judge it; a rerun is the night's own Job."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from leanrag.core.errors import InputError
from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.store import build, read
from leanrag.evidence.token import claims_of, sign
from leanrag.gate.attempts import attempts, read_folder
from leanrag.gate.rerun import job_end, manual_job

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = parse_key(make_key()[0], "test")
CONTENT = "sha256:" + "b" * 64


def body(attempt=1, outcome="PASS", sha="a" * 40, hour=10, signed=True, **changes):
    end = f"2026-11-21T{hour:02}:00:00Z"
    document = {
        "id": f"dev-{attempt}",
        "cluster": "dev",
        "environment": "dev",
        "scope": "cluster",
        "revision": sha,
        "contentHash": CONTENT,
        "fingerprint": None,
        "outcome": outcome,
        "reason": f"the reason of {attempt}",
        "mode": "full",
        "trigger": "postsync",
        "attempt": attempt,
        "carriedFrom": None,
        "measuredAt": end,
        "start": "2026-11-21T01:00:00Z",
        "end": end,
    } | changes
    text = json.dumps(document)
    claims = claims_of(document, text)
    token = sign(claims, KEY) if signed else ""
    return build(claims, text, token=token, sentence="", metrics="", namespace="dev-gate")


def rows(*bodies, content=CONTENT):
    records = [read(each, [KEY.public]) for each in bodies]
    return attempts(records, "dev", lambda _sha: content, now=NOW, max_age=timedelta(days=7))


def test_newest_first_and_one_counts_for_each_commit():
    found = rows(body(1), body(2, "FAIL", hour=11, trigger="nightly"), body(1, sha="c" * 40, hour=9))
    assert [(row.commit[0], row.attempt, row.counts) for row in found] == [
        ("a", 2, "counts: the reason of 2"),
        ("a", 1, "another attempt decides"),
        ("c", 1, "counts: the reason of 1"),
    ]
    assert (found[0].trigger, found[0].signed) == ("nightly", KEY.kid)


def test_what_is_not_believed_is_shown_first_with_the_reason_and_blocks():
    found = rows(body(1), body(2, signed=False))
    assert (found[0].outcome, found[0].counts) == ("not believed", "unsigned")
    assert found[1].counts == "another attempt decides"


def test_a_pass_about_other_content_says_why_nothing_counts():
    (row,) = rows(body(), content="sha256:" + "0" * 64)
    assert "nothing counts: " in row.counts
    assert "other content" in row.counts


def test_a_verdict_of_another_cluster_says_so():
    (row,) = rows(body(cluster="staging"))
    assert "about the cluster staging" in row.counts


def test_what_kubectl_wrote_is_read_back(tmp_path):
    (tmp_path / "all.json").write_text(json.dumps({"kind": "List", "items": [body(1), {"metadata": {"name": "x"}}]}))
    (tmp_path / "one.yaml").write_text(json.dumps(body(2)))
    assert sorted(each["metadata"]["name"][-1] for each in read_folder(tmp_path)) == ["1", "2"]


def test_a_folder_or_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_folder(tmp_path / "none")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_folder(tmp_path)


def cronjob(arguments):
    containers = [{"name": "gate", "args": arguments}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"backoffLimit": 0, "template": {"containers": containers}}}
    metadata = {"name": "gate-nightly", "namespace": "dev-gate", "uid": "u1"}
    return {"metadata": metadata, "spec": {"suspend": True, "jobTemplate": template}}


def test_a_manual_run_is_the_nights_job_with_another_trigger():
    given = cronjob(["gate", "run", "--trigger=nightly", "--revision=" + "a" * 40])
    job = manual_job(given, "gate-manual-1")
    (container,) = job["spec"]["template"]["containers"]
    assert container["args"] == ["gate", "run", "--trigger=manual", "--revision=" + "a" * 40]
    assert job["spec"]["backoffLimit"] == 0
    assert job["metadata"]["labels"] == {"a": "b"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == "u1"
    assert "--trigger=nightly" in given["spec"]["jobTemplate"]["spec"]["template"]["containers"][0]["args"]


def test_a_cron_job_of_something_else_is_refused():
    with pytest.raises(InputError, match="so it is not the gate's"):
        manual_job(cronjob(["backup"]), "x")


@pytest.mark.parametrize(
    ("conditions", "end"),
    [
        ([], ""),
        ([{"type": "Suspended", "status": "True"}], ""),
        ([{"type": "Failed", "status": "False"}], ""),
        ([{"type": "Complete", "status": "True", "reason": "CompletionsReached"}], "Complete"),
        ([{"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}], "Failed (DeadlineExceeded)"),
    ],
)
def test_the_end_of_a_job_is_its_own_condition(conditions, end):
    assert job_end({"status": {"conditions": conditions}}) == end
