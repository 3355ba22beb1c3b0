"""A load says what it made of its model's GPUs where their number is known, and decides nothing by it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.catalog.model import Cluster, GpuPool
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.gate import economy as module
from leanrag.gate import steps
from leanrag.gate.discover import discover
from leanrag.gate.plan import Context
from leanrag.load.runs import read_run

from .traffic import slo

ROOT = Path(__file__).parents[3]
REPORT = ROOT / "validation" / "tests" / "load" / "reports" / "concurrent-good.json.gz"


def pods(replicas=2, gpus=4, **spec):
    limits = {"nvidia.com/gpu": gpus} if gpus else {"cpu": "2"}
    engine = {"image": "vllm:1", "command": ["vllm", "serve"], "resources": {"limits": limits}}
    spec = {"replicas": replicas, "template": {"spec": {"containers": [engine]}}} | spec
    return {"kind": "Deployment", "metadata": {"name": "chat"}, "spec": spec}


@pytest.fixture
def load(plan, chat, cluster, monkeypatch, tmp_path):
    """The load step over a recorded report, for a model with these objects on a cluster with this price."""

    def run(*bodies, price=None, scope="cluster", engine=None):
        contract = chat(model="mock-llm", slo=slo())
        manifests = [contract, *(replace(contract, body=body) for body in bodies)]
        pool = GpuPool(product="NVIDIA-L4", pricePerHour=price)
        there = Cluster(cluster.facts.model_copy(update={"gpus": {"l4": pool}}), cluster.path, {})
        report = str(shutil.copy(REPORT, tmp_path / "guidellm.json.gz"))
        told = {"tool": "0.8.1", "report": report, "engine": engine or {}}
        monkeypatch.setattr(steps, "measure", lambda *_: StepResult("load", Outcome.PASS, "sent", 1.0, (), told))
        given = plan(targets=discover(manifests), root=ROOT, cluster=there, scope=scope)
        result = steps.loading(Path("g"))(Context(given, 7, {}, 60.0))
        assert result.outcome is Outcome.PASS
        return result.facts.get("economy", {}).get("mock-llm")

    return run


def test_tokens_a_gpu_second_and_their_price_come_from_the_run_and_from_git(load):
    found = load(pods(replicas=2, gpus=4), price=3.6)
    assert (found["gpus"], found["gpu"], found["idleShare"]) == (8, "NVIDIA-L4", None)
    assert found["tokensPerGpuSecond"] > 0
    assert found["costPerMillionOutputTokens"] == pytest.approx(3.6 / 3600 / found["tokensPerGpuSecond"] * 1e6)
    assert found["assumptions"][0] == "pods as Git says: 2, each with 4 of nvidia.com/gpu for the whole run"
    assert any("every GPU is paid for" in each for each in found["assumptions"])


def test_without_a_price_of_the_pool_there_is_none_and_nothing_is_assumed_of_it(load):
    found = load(pods())
    assert (found["pricePerGpuHour"], found["costPerMillionOutputTokens"]) == (None, None)
    assert not any("paid" in each for each in found["assumptions"])


SCALER = {"kind": "ScaledObject", "metadata": {"name": "chat"}, "spec": {}}


@pytest.mark.parametrize(
    "bodies",
    [(), (pods(gpus=0),), (pods(replicas=0),), (pods(), SCALER), (pods(prefill={}),), (pods(), pods(gpus=1))],
    ids=["nothing", "cpu", "no-pod", "autoscaled", "disaggregated", "not-alike"],
)
def test_a_number_of_gpus_that_git_does_not_fix_is_not_guessed(load, bodies):
    assert load(*bodies) is None


def test_on_one_machine_nobody_knows_what_a_process_holds(load):
    assert load(pods(), scope="local") is None


@pytest.mark.parametrize(("busy", "idle"), [([0.75, 0.25], 0.5), ([0.75], None), ([0.75, None], None)])
def test_an_idle_share_is_told_only_where_dcgm_told_of_each_gpu(load, busy, idle):
    assert load(pods(gpus=1), engine={"gpus": [{"busy": each} for each in busy]})["idleShare"] == idle


def test_a_server_that_counts_no_tokens_has_no_economy(load, monkeypatch):
    def uncounted(path, slo):
        run = read_run(path, slo)
        part = run.parts[0]
        return replace(run, parts=(replace(part, rows=tuple(replace(row, output_tokens=None) for row in part.rows)),))

    monkeypatch.setattr(module, "read_run", uncounted)
    assert load(pods()) is None


def test_a_defect_of_what_only_informs_does_not_cost_the_load(load, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("none")

    monkeypatch.setattr(module, "made", broken)
    assert load(pods()) is None
