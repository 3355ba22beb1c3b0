"""FIT001: a model that does not fit its cluster's GPUs is found, with the number and the ways out."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App, Cluster, ClusterFacts
from leanrag.checks.finding import Finding
from leanrag.checks.rules.fit import models_fit
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.core import yamlio
from leanrag.core.process import run
from leanrag.render.helm import stage
from leanrag.render.manifest import Manifest
from leanrag.render.tools import tool
from leanrag.size.served import engines
from leanrag.size.tables import FILE

ROOT = Path(__file__).resolve().parents[3]
L4 = {"l4": {"product": "NVIDIA-L4", "perNode": 4}}
IMAGE = "registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0"


def engine(*arguments: str, resource: str = "nvidia.com/gpu", count: int = 1) -> dict[str, Any]:
    """A Deployment that runs vLLM with these arguments on GPUs."""
    container = {
        "name": "engine",
        "image": IMAGE,
        "command": ["vllm", "serve"],
        "args": ["/models/thing", "--max-num-seqs=64", *arguments],
        "resources": {"limits": {resource: str(count)}},
    }
    template = {"spec": {"containers": [container]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "chat"}, "spec": {"template": template}}


def findings(root: Path, values: dict[str, Any], gpus: dict[str, Any], *bodies: dict[str, Any]) -> list[Finding]:
    (root / FILE).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / FILE, root / FILE)
    overlay = root / "overlays/dev/models/chat.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(yamlio.dump(values))
    facts = {"name": "dev", "environment": "dev", "platform": "openshift", "domain": "x", "registry": "y", "gpus": gpus}
    cluster = Cluster(ClusterFacts.model_validate(facts), root / "clusters/dev/cluster.yaml", {"cluster": facts})
    chart = root / "charts/serving/model"
    app = App("dev-model-chat", "dev", "serving", "model", "chat", "lr-serving", chart, overlay, (overlay,))
    manifests = tuple(Manifest(app, "charts/serving/model/templates/deployment.yaml", body) for body in bodies)
    scope = Scope(manifests, Schemas.__new__(Schemas), cluster=cluster, apps=(app,), root=root)
    return list(models_fit(scope))


def model(name: str, **more: Any) -> dict[str, Any]:
    return {"model": {"name": name, **more}}


def test_a_model_that_fits_has_no_finding(tmp_path: Path) -> None:
    assert findings(tmp_path, model("granite-3.1-8b-instruct"), L4, engine("--max-model-len=8192")) == []


def test_a_model_that_does_not_fit_is_found_with_its_number_and_ways_out(tmp_path: Path) -> None:
    [found] = findings(tmp_path, model("qwen3-14b"), L4, engine("--max-model-len=8192"))
    assert (found.rule, found.file, found.line) == ("FIT001", "overlays/dev/models/chat.yaml", 1)
    assert not found.unknown
    assert found.message.startswith("needs 29.4 GiB of each NVIDIA-L4, which gives 19.8 (90% of 22.03): weights 27.5")
    assert found.fix == "2 GPUs (tensor parallel 2) or weights in FP8"


def test_a_quantised_model_counts_as_quantised(tmp_path: Path) -> None:
    values = model("qwen3-14b", quantization="fp8")
    assert findings(tmp_path, values, L4, engine("--max-model-len=8192")) == []


def test_a_request_that_the_cache_cannot_hold_is_found(tmp_path: Path) -> None:
    [found] = findings(tmp_path, model("granite-3.1-8b-instruct"), L4, engine("--max-model-len", "131072"))
    assert "KV cache of one request of 131,072 tokens 20.0" in found.message
    assert "maxModelLen" in found.fix


def test_a_slice_has_the_memory_of_its_profile(tmp_path: Path) -> None:
    pool = {"h100": {"product": "NVIDIA-H100-80GB-HBM3", "mig": "1g.10gb"}}
    body = engine("--max-model-len=4096", resource="nvidia.com/mig-1g.10gb")
    [found] = findings(tmp_path, model("granite-3.1-8b-instruct"), pool, body)
    assert "which gives 8.6 (90% of 9.5)" in found.message and "(1g.10gb)" in found.message


def test_time_slices_may_not_promise_a_gpu_twice(tmp_path: Path) -> None:
    pool = {"l4": {"product": "NVIDIA-L4", "timeSlices": 2}}
    [found] = findings(tmp_path, model("granite-3.1-2b-instruct"), pool, engine("--max-model-len=4096"))
    assert found.message.startswith("2 pods share one NVIDIA-L4, and each takes 90%")
    assert "0.5 at most" in found.fix


def test_a_time_slice_that_takes_its_share_is_sound(tmp_path: Path) -> None:
    pool = {"l4": {"product": "NVIDIA-L4", "timeSlices": 2}}
    body = engine("--max-model-len=4096", "--gpu-memory-utilization=0.45")
    assert findings(tmp_path, model("granite-3.1-2b-instruct"), pool, body) == []


def test_an_engine_that_splits_over_gpus_it_has_not_is_found(tmp_path: Path) -> None:
    body = engine("--max-model-len=4096", "--tensor-parallel-size=4", count=2)
    [found] = findings(tmp_path, model("qwen3-14b"), L4, body)
    assert found.message == "the engine splits the model over 4 GPUs, but the pod has 2"


def test_an_unknown_shape_is_judged_by_its_size(tmp_path: Path) -> None:
    [found] = findings(tmp_path, model("our-own", sizeGiB=30), L4, engine("--max-model-len=4096"))
    assert not found.unknown and "30.0 GiB of weights" in found.message


def test_an_unknown_shape_and_size_is_unknown_never_a_pass(tmp_path: Path) -> None:
    [found] = findings(tmp_path, model("our-own"), L4, engine("--max-model-len=4096"))
    assert found.unknown and "model.architecture" in found.fix


def test_an_unknown_gpu_is_unknown_until_its_memory_is_written(tmp_path: Path) -> None:
    pool = {"new": {"product": "NVIDIA-Z1"}}
    [found] = findings(tmp_path, model("qwen3-8b"), pool, engine("--max-model-len=4096"))
    assert found.unknown and "memoryGiB" in found.fix


def test_memory_in_the_pool_makes_an_unknown_gpu_known(tmp_path: Path) -> None:
    pool = {"new": {"product": "NVIDIA-Z1", "memoryGiB": 40}}
    assert findings(tmp_path, model("qwen3-8b"), pool, engine("--max-model-len=4096")) == []


def test_kserve_keeps_arguments_and_gpus_in_two_objects(tmp_path: Path) -> None:
    body = engine("--max-model-len=8192")
    container = body["spec"]["template"]["spec"]["containers"][0]
    limits = container.pop("resources")
    runtime = {"kind": "ServingRuntime", "spec": {"containers": [container]}}
    service = {"kind": "InferenceService", "spec": {"predictor": {"model": {"resources": limits}}}}
    [found] = findings(tmp_path, model("qwen3-14b"), L4, runtime, service)
    assert "29.4 GiB" in found.message


def test_llm_d_says_its_split_outside_the_arguments(tmp_path: Path) -> None:
    template = engine("--max-model-len=4096", count=2)["spec"]["template"]["spec"]
    service = {"kind": "LLMInferenceService", "spec": {"parallelism": {"tensor": 2}, "template": template}}
    assert findings(tmp_path, model("qwen3-14b"), L4, service) == []


def llm_d(line: str, count: int) -> dict[str, Any]:
    """A container whose release says the command, and whose arguments are in its environment."""
    container = engine(count=count)["spec"]["template"]["spec"]["containers"][0]
    del container["command"], container["args"]
    return {"containers": [{**container, "name": "main", "env": [{"name": "VLLM_ADDITIONAL_ARGS", "value": line}]}]}


@pytest.mark.parametrize("length", [4096, 131072])
def test_a_model_of_llm_d_is_judged_by_the_arguments_in_its_environment(tmp_path: Path, length: int) -> None:
    template = llm_d(f"--max-model-len={length} --max-num-seqs=64 '--override={{\"a\": 1}}'", 1)
    service = {"kind": "LLMInferenceService", "spec": {"template": template, "worker": template}}
    found = findings(tmp_path, model("granite-3.1-8b-instruct"), L4, service)
    assert [each.message.rpartition(" of one request ")[2] for each in found] == (
        ["of 131,072 tokens 20.0"] if length > 4096 else []
    )


def test_either_half_of_a_disaggregated_model_that_does_not_fit_is_found(tmp_path: Path) -> None:
    decode, prefill = llm_d("--max-model-len=4096 --tensor-parallel-size=2", 2), llm_d("--max-model-len=4096", 1)
    service = {"kind": "LLMInferenceService", "spec": {"template": decode, "prefill": {"template": prefill}}}
    [found] = findings(tmp_path, model("qwen3-14b"), L4, service)
    assert "weights 27.5" in found.message


@pytest.mark.helm
def test_what_the_chart_renders_for_llm_d_is_an_engine() -> None:
    case = "charts/serving/model/ci/llm-d-disaggregated-34-values.yaml"
    with tempfile.TemporaryDirectory() as folder:
        chart = stage(ROOT / "charts/serving/model", ROOT / "charts/common", Path(folder) / "model")
        done = run([tool("helm"), "template", "ci", chart, "--values", ROOT / case], what="helm template")
    made = engines(body for body in yamlio.load_all(done.stdout, case) if body)
    assert [(each.count, each.arguments.number("tensor-parallel-size", 1)) for each in made] == [(4, 4), (2, 2)]


def test_a_model_without_a_gpu_is_not_judged(tmp_path: Path) -> None:
    body = engine("--max-model-len=8192")
    del body["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert findings(tmp_path, model("qwen3-32b"), L4, body) == []


@pytest.mark.helm
def test_every_model_of_this_repository_fits() -> None:
    from leanrag.catalog.repository import Repository
    from leanrag.checks.run import check_repository

    found = check_repository(Repository(ROOT)).findings
    assert [str(each) for each in found if each.rule in {"FIT001", "ENG001"}] == []
