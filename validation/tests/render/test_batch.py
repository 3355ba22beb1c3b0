"""One process renders for everybody; when it dies it is started again, then helm does its work; it ends with us."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository
from leanrag.core.errors import StoppedError
from leanrag.render import batch as module
from leanrag.render import desk
from leanrag.render.batch import Batch, Lost
from leanrag.render.helm import render_cluster, render_many
from leanrag.render.tools import ready

PROGRAM = ready("render")
pytestmark = [pytest.mark.helm, pytest.mark.skipif(not PROGRAM, reason="run: leanrag tools render")]
REPOS = Path(__file__).parents[1] / "repos"
JOB = {
    "chart": str(REPOS / "two-clusters/charts/data/store"),
    "release": "store",
    "namespace": "n",
    "kubeVersion": "1.34.4",
    "want": "text",
    "values": [{"file": str(REPOS / "two-clusters/clusters/east/cluster.yaml")}],
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose renders are in no cache."""
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(desk, "ready", lambda name: PROGRAM)
    return Repository(REPOS / "two-clusters")


def _text(batch: Batch) -> str:
    return str(json.loads(batch.answer(JOB, batch.ask(JOB)))["text"])


def _pid(batch: Batch) -> int:
    assert batch._process
    return batch._process._process.pid


def _script(folder: Path, text: str) -> Path:
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def test_a_program_that_was_killed_is_started_again() -> None:
    assert PROGRAM
    batch = Batch(PROGRAM)
    first = _text(batch)
    os.kill(_pid(batch), signal.SIGKILL)
    assert _text(batch) == first
    batch.close()


def test_a_program_that_reads_no_more_is_started_again_before_its_end_is_seen(tmp_path: Path) -> None:
    once = f"if mkdir {tmp_path}/once; then exec 0<&-; touch {tmp_path}/deaf; exec sleep 1; fi"
    batch = Batch(_script(tmp_path, f'{once}; read -r line; echo \'{{"id":1,"text":"rendered"}}\''))
    batch.ask(JOB)
    while not (tmp_path / "deaf").exists():
        time.sleep(0.01)
    assert _text(batch) == "rendered"


def test_a_program_that_always_dies_is_asked_three_times_and_helm_does_its_work(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    dying = _script(tmp_path, f"echo >> {starts}; read line; exit 1")
    expected = [each.body for each in render_cluster(repository, repository.cluster("east"))]
    monkeypatch.setattr(desk, "ready", lambda name: dying)
    assert [each.body for each in render_cluster(repository, repository.cluster("east"))] == expected
    assert len(starts.read_text().splitlines()) == 3


def test_a_program_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.3)
    batch = Batch(_script(tmp_path, "exec sleep 60"))
    asked = batch.ask(JOB)
    pid = _pid(batch)
    with pytest.raises(StoppedError, match="no end after"):
        batch.answer(JOB, asked)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_program_that_is_not_there_is_lost_not_a_traceback(tmp_path: Path) -> None:
    batch = Batch(tmp_path / "nothing")
    with pytest.raises(Lost):
        batch.answer(JOB, batch.ask(JOB))


def test_a_defect_of_the_renderer_is_helms_work(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [each.body for each in render_cluster(repository, repository.cluster("east"))]
    answers = 'n=0; while read -r line; do n=$((n+1)); echo \'{"id":\'$n\',"defect":"index out of range"}\'; done'
    monkeypatch.setattr(desk, "ready", lambda name: _script(tmp_path, answers))
    assert [each.body for each in render_cluster(repository, repository.cluster("east"))] == expected


def test_threads_share_one_process_and_each_gets_its_own_answers() -> None:
    assert PROGRAM
    batch = Batch(PROGRAM)

    def named(number: int) -> bool:
        # A line longer than a pipe holds.
        job = {**JOB, "release": f"r{number}", "values": [*JOB["values"], {"text": f"x: {'y' * 100_000}"}]}  # type: ignore[misc]
        return f"r{number}" in batch.answer(job, batch.ask(job)).decode()

    template = Path(JOB["chart"]) / "templates/configmap.yaml"  # type: ignore[arg-type]
    assert ".Release.Name" in template.read_text()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(named, range(100)))
    batch.close()


def test_what_became_of_each_job_comes_in_the_order_of_the_jobs(repository: Repository) -> None:
    apps = repository.apps(repository.cluster("east")) * 30
    found = render_many(repository, [(app, {"replicas": number}) for number, app in enumerate(apps)])
    shown = [outcome[0].body["data"]["replicas"] for outcome in found if isinstance(outcome, tuple)]
    assert shown == [str(number) for number in range(len(apps))]


@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit(3)"])
def test_the_program_ends_with_us_however_we_end(end: str) -> None:
    lines = (
        "import json, os, signal, sys",
        "from pathlib import Path",
        "from leanrag.render.batch import Batch",
        "batch = Batch(Path(sys.argv[1]))",
        "job = json.loads(sys.argv[2])",
        "batch.answer(job, batch.ask(job))",
        "print(batch._process._process.pid, flush=True)",
        end,
    )
    argv = [sys.executable, "-c", "\n".join(lines), str(PROGRAM), json.dumps(JOB)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{pid} still runs")
