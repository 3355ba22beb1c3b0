"""Rules that judge a whole cluster or its files: GPU001, GPU002, SLO002 and FOL001, with what each must not say."""

import contextlib
import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from leanrag.checks.files import Files
from leanrag.checks.finding import Finding
from leanrag.checks.registry import OBJECTS
from leanrag.checks.rules.follows import chains_end
from leanrag.checks.rules.hardware import pods_reach_a_pool, profiles_are_of_a_pool
from leanrag.checks.rules.objectives import gates_have_something_to_measure
from leanrag.checks.source import read_source
from leanrag.core import yamlio

from .cluster import promised, scope_of

L4 = {"product": "NVIDIA-L4", "perNode": 4, "taint": "nvidia.com/gpu:NoSchedule"}
SLICES = {"product": "NVIDIA-H100-80GB-HBM3", "perNode": 8, "mig": "3g.40gb", "taint": "dedicated=llm:NoSchedule"}
TOLERATED = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def pod(resource: str = "nvidia.com/gpu", count: int = 1, product: str = "NVIDIA-L4", **spec: Any) -> dict[str, Any]:
    container = {"name": "engine", "resources": {"limits": {resource: str(count)}}}
    selected = {"nodeSelector": {"nvidia.com/gpu.product": product}} if product else {}
    whole = {"tolerations": TOLERATED, **selected, **spec, "containers": [container]}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": whole}
    return {"kind": "Deployment", "metadata": {"name": "chat"}, "spec": {"template": template}}


def on_pools(body: dict[str, Any], **gpus: Any) -> list[str]:
    return [str(each.message) for each in pods_reach_a_pool(scope_of(body, gpus=gpus or {"l4": L4}))]


SOUND = [pod(), pod(count=4), pod(product=""), pod(tolerations=[{"operator": "Exists"}]), pod(count=0, tolerations=[])]


@pytest.mark.parametrize("body", SOUND, ids=["one", "a whole node", "any node", "tolerates everything", "none"])
def test_a_pod_that_its_pool_takes_has_no_finding(body: dict[str, Any]) -> None:
    assert on_pools(body) == []


def test_a_slice_of_a_cut_gpu_has_no_finding() -> None:
    tolerations = [{"key": "dedicated", "value": "llm"}]
    body = pod("nvidia.com/mig-3g.40gb", product="NVIDIA-H100-80GB-HBM3", tolerations=tolerations)
    assert on_pools(body, l4=L4, cut=SLICES) == []


def test_time_slices_are_on_nodes_of_another_label() -> None:
    shared = {**L4, "timeSlices": 2}
    assert on_pools(pod(product="NVIDIA-L4-SHARED"), l4=shared) == []
    assert on_pools(pod(product="NVIDIA-L4"), l4=shared) == [
        "selects nodes with NVIDIA-L4, and no pool with nvidia.com/gpu has it"
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (pod("nvidia.com/mig-1g.10gb"), "no pool of this cluster has nvidia.com/mig-1g.10gb"),
        (pod(product="NVIDIA-L40S"), "selects nodes with NVIDIA-L40S, and no pool with nvidia.com/gpu has it"),
        (pod(tolerations=[]), "does not tolerate the taint nvidia.com/gpu:NoSchedule of pool 'l4'"),
        (
            pod(tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}]),
            "does not tolerate the taint nvidia.com/gpu:NoSchedule of pool 'l4'",
        ),
        (pod(count=8), "asks for 8, and a node of pool 'l4' has 4"),
    ],
    ids=["no such slice", "another product", "no toleration", "another effect", "more than a node has"],
)
def test_a_pod_that_no_pool_takes_is_found(body: dict[str, Any], message: str) -> None:
    assert on_pools(body) == [message]


def test_a_cluster_without_gpus_is_told_for_a_pod_that_asks_for_one() -> None:
    [found] = pods_reach_a_pool(scope_of(pod()))
    assert (found.rule, found.message) == ("GPU001", "no pool of this cluster has nvidia.com/gpu")
    assert found.where == "Deployment/chat spec.template.spec.containers[0].resources.limits.nvidia.com/gpu"


def test_slices_do_not_add_up() -> None:
    body = pod("nvidia.com/mig-3g.40gb", 2, "", tolerations=[{"operator": "Exists"}])
    assert on_pools(body, cut=SLICES) == ["asks for 2 parts of GPUs, which do not add up to a larger one"]


def profile(resource: str = "nvidia.com/gpu", scheduling: dict[str, Any] | None = None) -> dict[str, Any]:
    node = {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"}, "tolerations": TOLERATED}
    identifiers = [
        {"identifier": "cpu", "resourceType": "CPU", "minCount": 1},
        {"identifier": resource, "resourceType": "Accelerator", "minCount": 1},
    ]
    spec = {"identifiers": identifiers, "scheduling": scheduling or {"type": "Node", "node": node}}
    return {"kind": "HardwareProfile", "metadata": {"name": "l4"}, "spec": spec}


def on_profiles(*bodies: dict[str, Any]) -> list[Finding]:
    return list(profiles_are_of_a_pool(scope_of(*bodies, gpus={"l4": L4})))


def test_a_profile_of_a_pool_has_no_finding() -> None:
    assert on_profiles(profile()) == []
    assert on_profiles(profile(scheduling={"type": "Queue", "kueue": {"localQueueName": "x"}})) == []


def test_a_profile_that_no_pool_has_is_found() -> None:
    [resource] = on_profiles(profile("nvidia.com/mig-3g.40gb"))
    assert (resource.rule, resource.message) == ("GPU002", "no pool of this cluster has nvidia.com/mig-3g.40gb")
    [untolerated] = on_profiles(profile(scheduling={"type": "Node", "node": {}}))
    assert "does not tolerate the taint" in untolerated.message


def service(named: str, **predictor: Any) -> dict[str, Any]:
    annotations = {"opendatahub.io/hardware-profile-name": named}
    metadata = {"name": "chat", "annotations": annotations}
    return {"kind": "InferenceService", "metadata": metadata, "spec": {"predictor": {"model": {}, **predictor}}}


def test_a_workload_takes_its_placement_from_a_profile_that_exists_or_says_it_itself() -> None:
    assert on_profiles(profile(), service("l4")) == []
    [absent] = on_profiles(profile(), service("l40"))
    assert absent.message == "no HardwareProfile 'l40' is deployed on this cluster" and "'l4'" in absent.fix
    [both] = on_profiles(profile(), service("l4", tolerations=TOLERATED))
    assert both.message == "takes its placement from the profile 'l4' and says one of its own, too"


def gate(whole: int = 3600, converge: int = 1800) -> dict[str, Any]:
    args = ["gate", "run", f"--converge-deadline={converge}", f"--deadline={whole}"]
    spec = {"template": {"spec": {"containers": [{"name": "gate", "args": args}]}}}
    return {"kind": "Job", "metadata": {"name": "gate"}, "spec": spec}


def test_a_gate_with_a_model_and_time_has_no_finding() -> None:
    assert list(gates_have_something_to_measure(scope_of(gate(), promised(), promised("embedding")))) == []


def test_a_gate_that_says_no_time_has_enough_of_it() -> None:
    job = gate()
    job["spec"]["template"]["spec"]["containers"][0]["args"] = ["gate", "run", "--deadline=soon"]
    assert list(gates_have_something_to_measure(scope_of(job, promised(seconds=100_000)))) == []


def test_a_gate_that_asks_smoke_questions_measures_nothing_and_needs_nothing() -> None:
    assert list(gates_have_something_to_measure(scope_of(gate(), mode="smoke"))) == []


def test_a_gate_without_a_model_to_measure_is_found() -> None:
    [found] = gates_have_something_to_measure(scope_of(gate(), promised("embedding")))
    assert found.message == "gate.mode full measures chat models, and none here publishes objectives"


def test_traffic_that_does_not_fit_into_the_gates_time_is_found() -> None:
    [found] = gates_have_something_to_measure(scope_of(gate(), promised(seconds=1000), promised(seconds=900)))
    assert found.message == "converging may take 30 min and the traffic of 2 models 32 min, and the gate has 60 min"


def chains(root: Path, **releases: dict[str, Any]) -> dict[str, str]:
    """Write these clusters' releases (None: no release.yaml) and return what FOL001 says of each."""
    clusters, written = {}, {}
    for name, release in releases.items():
        folder = root / "clusters" / name
        folder.mkdir(parents=True)
        (folder / "cluster.yaml").write_text("cluster: {}\n")
        clusters[Path("clusters") / name / "cluster.yaml"] = read_source(folder / "cluster.yaml")
        if release:
            (folder / "release.yaml").write_text(yamlio.dump({"release": release}))
            written[Path("clusters") / name / "release.yaml"] = read_source(folder / "release.yaml")
    found = chains_end(Files(root, clusters, written, {}, {}))
    return {Path(each.file).parent.name: each.message for each in found}


MAIN, SHA = {"revision": "main"}, "0" * 40


def test_chains_that_end_at_main_have_no_finding(tmp_path: Path) -> None:
    staging = {"follows": "dev", "revision": SHA}
    assert chains(tmp_path, dev=MAIN, staging=staging, prod={"follows": "staging"}, hand={"revision": SHA}) == {}


def test_a_circle_is_found_in_every_cluster_that_waits_behind_it(tmp_path: Path) -> None:
    found = chains(tmp_path, a={"follows": "b"}, b={"follows": "a"}, c={"follows": "a"})
    assert found == {
        "a": "a → b → a is a circle, so no commit ever enters it",
        "b": "b → a → b is a circle, so no commit ever enters it",
        "c": "c → a → b → a is a circle, so no commit ever enters it",
    }


def test_a_chain_that_ends_elsewhere_than_main_is_found(tmp_path: Path) -> None:
    found = chains(tmp_path, a={"follows": "b"}, b={"revision": SHA}, c={"follows": "d"}, d={})
    assert set(found) == {"a", "c"}
    assert found["a"].startswith("a → b: b follows nobody and is not on main")
    assert found["c"] == "c → d: d has no release.yaml, so it runs nothing and no verdict ever comes"


def test_following_while_on_main_is_found(tmp_path: Path) -> None:
    found = chains(tmp_path, dev=MAIN, b={"follows": "dev", "revision": "main"})
    assert found == {"b": "b tracks main and follows dev, too"}


def test_a_cluster_that_does_not_exist_and_oneself_are_told_by_rel001_alone(tmp_path: Path) -> None:
    assert chains(tmp_path, a={"follows": "nobody"}, b={"follows": "b"}) == {}


HERE = Path(__file__).parent
PUBLISHED = sorted((*HERE.glob("broken/[CGMRS]*.yaml"), *HERE.glob("sound/*.yaml")))
JUNK: list[Any] = [None, [], {}, "", "nan", "²", 0, -1, 1.5, True, "x", [[]], {"a": None}, 10**30, float("inf")]


def spoilt(document: Any, chance: random.Random) -> Any:
    """Return a document with something else at one place in it."""
    if not isinstance(document, dict | list) or not document or chance.random() < 0.2:
        return chance.choice(JUNK)
    made = copy.copy(document)
    key = chance.choice(list(document)) if isinstance(document, dict) else chance.randrange(len(document))
    made[key] = spoilt(document[key], chance)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_no_shape_of_what_is_published_breaks_a_rule(seed: int) -> None:
    chance = random.Random(seed)
    whole = [list(yamlio.load_all(path.read_text(), path.name)) for path in PUBLISHED]
    for _ in range(100):
        bodies = [*copy.deepcopy(chance.choice(whole)), pod(), profile(), service("l4"), gate(), promised()]
        for body in bodies:
            for key, text in (body.get("data") or {}).items() if body["kind"] == "ConfigMap" else ():
                with contextlib.suppress(ValueError):
                    body["data"][key] = json.dumps(spoilt(json.loads(text), chance))
        scope = scope_of(*bodies, gpus={"l4": L4, "cut": SLICES})
        for check in OBJECTS:
            if check.id[:3] in {"CTX", "GPU", "MET", "RAG", "RTE", "SCL", "SLO", "SRV"}:
                assert all(str(finding) for finding in check.find(scope)), check.id
