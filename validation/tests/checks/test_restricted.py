"""The restricted profile of Pod Security, control by control (pod-security-admission v0.34.4, policy/check_*.go)."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.rules.restricted import restricted
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.checks.worlds import World
from leanrag.render.manifest import Manifest

HERE = Path("charts/rag/thing")
CONTAINER = {
    "name": "thing",
    "image": "registry.example.org/thing:1.2.3",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
SECURE = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "thing", "annotations": {}},
    "spec": {"securityContext": SECURE, "containers": [CONTAINER], "volumes": []},
}


def where(body: dict[str, Any], platform: str = "openshift") -> list[str]:
    app = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", HERE, HERE, ())
    scope = Scope((Manifest(app, "thing.yaml", body),), schemas().of(World(platform=platform)))
    return [each.where.removeprefix("Pod/thing ") for each in restricted(scope)]


def pod(**spec: Any) -> dict[str, Any]:
    body = deepcopy(POD)
    for key, value in spec.items():
        held = body["spec"].get(key)
        body["spec"][key] = {**held, **value} if isinstance(held, dict) else value
    return body


def with_context(**context: Any) -> dict[str, Any]:
    return pod(containers=[{**CONTAINER, "securityContext": {**CONTAINER["securityContext"], **context}}])


def test_a_pod_that_keeps_to_all_controls_is_silent() -> None:
    assert where(POD) == []


@pytest.mark.parametrize(
    "volume",
    [
        {"configMap": {"name": "a"}},
        {"csi": {"driver": "a"}},
        {"downwardAPI": {}},
        {"emptyDir": {}},
        {"ephemeral": {}},
        {"image": {"reference": "a/b:1.0"}},
        {"persistentVolumeClaim": {"claimName": "a"}},
        {"projected": {"sources": []}},
        {"secret": {"secretName": "a"}},
    ],
    ids=lambda volume: next(iter(volume)),
)
def test_volumes_of_the_profile_are_silent(volume: dict[str, Any]) -> None:
    assert where(pod(volumes=[{"name": "data", **volume}])) == []


@pytest.mark.parametrize("kind", ["hostPath", "nfs", "iscsi", "gitRepo", "cephfs", "awsElasticBlockStore"])
def test_any_other_volume_is_found(kind: str) -> None:
    assert where(pod(volumes=[{"name": "data", kind: {}}])) == [f"spec.volumes[0].{kind}"]


CONTEXTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("runAsNonRoot", {"runAsNonRoot": False}),
    ("allowPrivilegeEscalation", {"allowPrivilegeEscalation": True}),
    ("privileged", {"privileged": True}),
    ("capabilities.drop", {"capabilities": {"drop": ["NET_RAW"]}}),
    ("capabilities.add", {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}),
    ("seccompProfile", {"seccompProfile": {"type": "Unconfined"}}),
    ("appArmorProfile", {"appArmorProfile": {"type": "Unconfined"}}),
    ("seLinuxOptions", {"seLinuxOptions": {"type": "spc_t"}}),
    ("seLinuxOptions", {"seLinuxOptions": {"user": "system_u"}}),
    ("procMount", {"procMount": "Unmasked"}),
    ("windowsOptions.hostProcess", {"windowsOptions": {"hostProcess": True}}),
    ("runAsUser", {"runAsUser": 0}),
)


@pytest.mark.parametrize(("field", "context"), CONTEXTS, ids=[f"{i}-{each[0]}" for i, each in enumerate(CONTEXTS)])
def test_a_container_that_leaves_a_control_is_found(field: str, context: dict[str, Any]) -> None:
    assert where(with_context(**context)) == [f"spec.containers[0].securityContext.{field}"]


@pytest.mark.parametrize(
    "context",
    [
        {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
        {"seLinuxOptions": {"type": "container_t", "level": "s0:c1"}},
        {"appArmorProfile": {"type": "Localhost", "localhostProfile": "a"}},
        {"procMount": "Default"},
    ],
)
def test_what_a_control_allows_is_silent(context: dict[str, Any]) -> None:
    assert where(with_context(**context)) == []


@pytest.mark.parametrize("key", ["hostNetwork", "hostPID", "hostIPC"])
def test_a_namespace_of_the_node_is_found(key: str) -> None:
    assert where(pod(**{key: True})) == [f"spec.{key}"]


def test_a_port_of_the_node_is_found() -> None:
    ports = [{"containerPort": 80, "hostPort": 80}]
    assert where(pod(containers=[{**CONTAINER, "ports": ports}])) == ["spec.containers[0].ports[0].hostPort"]


@pytest.mark.parametrize("path", ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.preStop"])
def test_a_kubelet_that_asks_another_host_is_found(path: str) -> None:
    asked: dict[str, Any] = {"httpGet": {"port": 80, "host": "10.0.0.1"}}
    key, _, moment = path.partition(".")
    container = {**CONTAINER, key: {moment: asked} if moment else asked}
    assert where(pod(containers=[container])) == [f"spec.containers[0].{path}.httpGet.host"]


@pytest.mark.parametrize(("name", "found"), [("kernel.msgmax", True), ("net.ipv4.tcp_rmem", False)])
def test_only_safe_sysctls_are_silent(name: str, found: bool) -> None:
    body = pod(securityContext={"sysctls": [{"name": name, "value": "1"}]})
    assert where(body) == (["spec.securityContext.sysctls[0]"] if found else [])


@pytest.mark.parametrize(
    ("profile", "found"), [("unconfined", True), ("runtime/default", False), ("localhost/a", False)]
)
def test_the_old_annotation_of_apparmor_is_judged(profile: str, found: bool) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/thing"
    body = {**POD, "metadata": {"name": "thing", "annotations": {key: profile}}}
    assert where(body) == ([f"metadata.annotations.{key}"] if found else [])


@pytest.mark.parametrize("key", ["initContainers", "ephemeralContainers"])
def test_containers_beside_the_first_ones_are_judged(key: str) -> None:
    assert where(pod(**{key: [{**CONTAINER, "securityContext": {**CONTAINER["securityContext"], "privileged": True}}]}))


def test_a_pod_of_windows_is_asked_for_what_it_can_have() -> None:
    assert where(pod(os={"name": "windows"}, containers=[{"name": "thing"}])) == []


@pytest.mark.parametrize(("platform", "found"), [("openshift", True), ("kubernetes", False)])
def test_a_fixed_user_is_found_where_the_platform_gives_one(platform: str, found: bool) -> None:
    fixed = ["spec.containers[0].securityContext.runAsUser"] if found else []
    assert where(with_context(runAsUser=1000), platform) == fixed


def test_a_model_on_a_runtime_is_judged_in_the_runtime() -> None:
    body = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "thing"},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "vLLM"}, "runtime": "chat"}}},
    }
    assert where(body) == []
    del body["spec"]["predictor"]["model"]["runtime"]  # type: ignore[index]
    assert where(body)
