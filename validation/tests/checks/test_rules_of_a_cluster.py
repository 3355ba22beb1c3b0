"""Rules that need a cluster: its images.lock, Argo CD's own timeout, and what a model's overlay says of spare GPUs."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App, Cluster, ClusterFacts
from leanrag.checks.finding import Finding
from leanrag.checks.rules.images import images, locked
from leanrag.checks.rules.loading import engines_have_time_to_load
from leanrag.checks.rules.rollouts import (
    deadlines_are_nested,
    retries_end_before_the_sync,
    updates_need_no_spare_gpu,
)
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.render.manifest import Manifest
from leanrag.size.tables import FILE

ROOT = Path(__file__).parents[3]
IMAGE = "quay.io/org/thing:1.2.3"
DIGEST = "sha256:" + "a" * 64
LOCK = """version: 1
cluster: prod
images:
  {image}: {entry}
"""


def cluster(root: Path, protected: bool = True) -> Cluster:
    facts = ClusterFacts(
        name="prod",
        environment="prod",
        platform="openshift",
        domain="example.org",
        registry="registry.example.org",
        protected=protected,
    )
    return Cluster(facts, root / "clusters" / "prod" / "cluster.yaml", {})


def app(root: Path, chart: str = "thing", layer: str = "rag") -> App:
    folder = root / "charts" / layer / chart
    return App(f"prod-{chart}", "prod", layer, chart, chart, f"lr-{layer}", folder, folder, ())


def scope(root: Path, *bodies: dict[str, Any], owner: App | None = None, protected: bool = True) -> Scope:
    owner = owner or app(root)
    manifests = tuple(Manifest(owner, "charts/rag/thing/templates/thing.yaml", body) for body in bodies)
    return Scope(manifests, schemas(), cluster(root, protected), (owner,), root=root)


def workload(image: str = IMAGE, **spec: Any) -> dict[str, Any]:
    container = {"name": "thing", "image": image, "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    pod = {"metadata": {"labels": {"app": "thing"}}, "spec": {"containers": [container]}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "thing"}}
    return {**body, "spec": {"template": pod, **spec}}


def lock(root: Path, image: str, entry: str) -> None:
    path = root / "clusters" / "prod" / "images.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LOCK.format(image=image, entry=entry))


def resolved(digest: str = DIGEST) -> str:
    media = "application/vnd.oci.image.index.v1+json"
    told = 'resolved: "2026-11-21T13:05:00Z", registry: "https://quay.io"'
    return f"{{digest: {digest}, mediaType: {media}, {told}}}"


def found(where: Scope) -> list[Finding]:
    return list(locked(where))


def test_an_image_that_nobody_locked_holds_a_promotion_and_not_the_check(tmp_path: Path) -> None:
    [finding] = found(scope(tmp_path, workload()))
    assert (finding.unknown, finding.holds) == (True, True)
    assert "there is no such file" in finding.message
    assert finding.fix == "run: leanrag images lock --cluster prod"


def test_an_image_that_no_registry_could_resolve_is_shown_with_the_reason(tmp_path: Path) -> None:
    lock(tmp_path, IMAGE, '{unresolved: "https://quay.io: no such host"}')
    [finding] = found(scope(tmp_path, workload()))
    assert finding.holds
    assert "no such host" in finding.message


def test_an_image_that_the_lock_lacks_is_shown(tmp_path: Path) -> None:
    lock(tmp_path, "quay.io/org/other:1.0.0", resolved())
    [finding] = found(scope(tmp_path, workload()))
    assert "it is not there" in finding.message


@pytest.mark.parametrize("image", [IMAGE, f"{IMAGE}@{DIGEST}"])
def test_an_image_with_a_digest_is_silent(tmp_path: Path, image: str) -> None:
    lock(tmp_path, f'"{image}"', resolved())
    assert found(scope(tmp_path, workload(image))) == []


def test_a_digest_in_the_image_itself_needs_no_lock(tmp_path: Path) -> None:
    assert found(scope(tmp_path, workload(f"{IMAGE}@{DIGEST}"))) == []


def test_another_digest_than_the_locked_one_is_a_finding(tmp_path: Path) -> None:
    other = "sha256:" + "b" * 64
    lock(tmp_path, f'"{IMAGE}@{DIGEST}"', resolved(other))
    [finding] = found(scope(tmp_path, workload(f"{IMAGE}@{DIGEST}")))
    assert not finding.unknown
    assert other in finding.message


def test_a_lock_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    lock(tmp_path, IMAGE, "{digest: short}")
    [finding] = found(scope(tmp_path, workload()))
    assert (finding.file, finding.unknown) == ("clusters/prod/images.lock", False)


def test_an_open_cluster_needs_no_lock(tmp_path: Path) -> None:
    assert found(scope(tmp_path, workload(), protected=False)) == []


def argocd(root: Path, seconds: int) -> None:
    path = root / "bootstrap" / "argocd" / "argocd-cmd-params-cm.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f'kind: ConfigMap\ndata: {{controller.sync.timeout.seconds: "{seconds}"}}\n')


def hook(deadline: int) -> dict[str, Any]:
    metadata = {"name": "gate", "annotations": {"argocd.argoproj.io/hook": "PostSync"}}
    return {"kind": "Job", "metadata": metadata, "spec": {"activeDeadlineSeconds": deadline}}


@pytest.mark.parametrize(("deadline", "count"), [(3600, 0), (10800, 1)])
def test_a_hook_ends_before_argo_cd_ends_its_sync(tmp_path: Path, deadline: int, count: int) -> None:
    argocd(tmp_path, 10800)
    assert len(list(deadlines_are_nested(scope(tmp_path, hook(deadline))))) == count


def application(limit: int) -> dict[str, Any]:
    backoff = {"duration": "30s", "factor": 2, "maxDuration": "5m"}
    policy = {"retry": {"limit": limit, "backoff": backoff}}
    return {"kind": "Application", "metadata": {"name": "thing"}, "spec": {"syncPolicy": policy}}


@pytest.mark.parametrize(("limit", "count"), [(28, 0), (60, 1)])
def test_retries_end_before_argo_cd_ends_the_sync(tmp_path: Path, limit: int, count: int) -> None:
    argocd(tmp_path, 10800)
    assert len(list(retries_end_before_the_sync(scope(tmp_path, application(limit))))) == count


def test_without_argo_cds_settings_nothing_is_said_of_them(tmp_path: Path) -> None:
    where = scope(tmp_path, hook(10**6), application(10**4))
    assert list(deadlines_are_nested(where)) + list(retries_end_before_the_sync(where)) == []


@pytest.mark.parametrize(("spare", "count"), [("true", 0), ("false", 1)])
def test_a_model_surges_only_where_its_overlay_says_that_gpus_are_spare(tmp_path: Path, spare: str, count: int) -> None:
    overlay = tmp_path / "chat.yaml"
    overlay.write_text(f"capacity: {{gpus: 1, spareGpu: {spare}}}\n")
    owner = replace(app(tmp_path, "model", "serving"), value_files=(overlay,))
    surging = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert len(list(updates_need_no_spare_gpu(scope(tmp_path, workload(strategy=surging), owner=owner)))) == count


@pytest.mark.parametrize(
    ("strategy", "replicas", "count"),
    [
        ({}, 1, 1),
        ({}, 4, 0),  # a quarter of four may go first
        ({"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}, 4, 1),
        ({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}, 1, 0),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, 1, 0),
        ({"type": "Recreate"}, 1, 0),
    ],
)
def test_an_update_that_takes_nothing_away_first_is_found(
    tmp_path: Path, strategy: dict[str, Any], replicas: int, count: int
) -> None:
    where = scope(tmp_path, workload(strategy=strategy, replicas=replicas))
    assert len(list(updates_need_no_spare_gpu(where))) == count


def engine(failures: int) -> dict[str, Any]:
    body = workload("registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0")
    container = body["spec"]["template"]["spec"]["containers"][0]
    container |= {"command": ["vllm", "serve"], "args": ["/mnt/models", "--max-model-len=8192"]}
    container["startupProbe"] = {"periodSeconds": 10, "failureThreshold": failures}
    return body


@pytest.mark.parametrize(("failures", "count"), [(49, 0), (6, 1)])
def test_a_start_that_is_ended_before_the_weights_are_read_is_found(tmp_path: Path, failures: int, count: int) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / FILE, tmp_path / FILE)
    overlay = tmp_path / "chat.yaml"
    overlay.write_text("model: {name: granite, architecture: granite-3.1-8b}\ncapacity: {gpus: 1, gpu: l40s}\n")
    owner = replace(app(tmp_path, "model", "serving"), value_files=(overlay,))
    where = scope(tmp_path, engine(failures), owner=owner)
    facts = {**cluster(tmp_path).facts.model_dump(), "gpus": {"l40s": {"product": "NVIDIA-L40S", "perNode": 4}}}
    pooled = replace(cluster(tmp_path), facts=ClusterFacts.model_validate(facts))
    found = list(engines_have_time_to_load(replace(where, cluster=pooled)))
    # 15.2 GiB at 125 MiB/s.
    assert [each.message.split(",")[0] for each in found] == ["allows 60 s"] * count
    assert all("125 s" in each.message for each in found)


def test_an_adapter_from_a_registry_is_an_image_too() -> None:
    model = {
        "uri": "oci://r.example/base:1.0",
        "lora": {"adapters": [{"uri": "hf://a/b"}, {"uri": "oci://r.example/ad"}]},
    }
    body = {"kind": "LLMInferenceService", "metadata": {"name": "m"}, "spec": {"model": model}}
    owner = app(Path())
    assert list(images(Manifest(owner, "m.yaml", body))) == [
        ("spec.model.uri", "r.example/base:1.0"),
        ("spec.model.lora.adapters[1].uri", "r.example/ad"),
    ]
