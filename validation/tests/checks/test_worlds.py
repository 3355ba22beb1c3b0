"""What a release or a platform does not have is found, and the sentence says who has it."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.finding import Finding
from leanrag.checks.objects import known_kind, strict_fields
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.checks.worlds import World
from leanrag.render.manifest import Manifest

APP = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", Path("charts/rag/thing"), Path("t.yaml"), ())
DSC = "datasciencecluster.opendatahub.io/v2"


def found(release: str, version: str, kind: str, spec: dict[str, Any], platform: str = "openshift") -> list[Finding]:
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    scope = Scope((Manifest(APP, "t.yaml", body),), schemas().of(World(release, platform)), apps=(APP,))
    return [*known_kind(scope), *strict_fields(scope)]


def test_a_key_that_came_later_is_refused_and_the_release_named() -> None:
    components = {"components": {"ogx": {"managementState": "Managed"}}}
    [finding] = found("3.4", DSC, "DataScienceCluster", components)
    assert "no field 'ogx' in DataScienceCluster of OpenShift AI 3.4; 3.5 has it" in str(finding)
    assert found("3.5", DSC, "DataScienceCluster", components) == []


def test_a_key_that_is_gone_is_refused() -> None:
    spec = {"monitoring": {"metrics": {"resources": {"cpulimit": "1"}}}}
    version = "dscinitialization.opendatahub.io/v2"
    assert found("3.1", version, "DSCInitialization", spec) == []
    [finding] = found("3.2", version, "DSCInitialization", spec)
    assert "3.0 to 3.1 has it" in str(finding)


def test_a_value_that_came_later_is_refused() -> None:
    spec = {"components": {"kueue": {"managementState": "Managed"}}}
    [finding] = found("3.3", DSC, "DataScienceCluster", spec)
    assert "'Managed' is not possible" in str(finding)


@pytest.mark.parametrize(
    ("release", "version", "kind", "spec"),
    [
        ("3.4", "ogx.io/v1beta1", "OGXServer", {"distribution": {"name": "starter"}}),
        ("3.3", "serving.kserve.io/v1alpha2", "LLMInferenceService", {"model": {"uri": "hf://a/b"}}),
    ],
)
def test_a_kind_that_came_later_is_no_unknown_but_wrong(
    release: str, version: str, kind: str, spec: dict[str, Any]
) -> None:
    [finding] = found(release, version, kind, spec)
    assert not finding.unknown
    assert f"OpenShift AI {release} has no {version} {kind}" in str(finding)
    assert found("3.5", version, kind, spec) == []


def test_kubernetes_has_no_kind_of_openshift() -> None:
    spec = {"to": {"kind": "Service", "name": "a"}}
    assert found("", "route.openshift.io/v1", "Route", spec) == []
    [finding] = found("", "route.openshift.io/v1", "Route", spec, platform="kubernetes")
    assert "plain Kubernetes has no route.openshift.io/v1 Route" in str(finding)


def test_a_field_that_one_minor_of_kubernetes_lacks_is_refused_and_the_minor_named() -> None:
    spec = {"containers": [{"name": "a", "image": "a:1", "restartPolicyRules": []}]}
    [finding] = found("", "v1", "Pod", spec)
    assert "no field 'restartPolicyRules' in Pod (Kubernetes 1.32)" in str(finding)


def test_a_field_that_no_minor_has_is_said_once() -> None:
    [finding] = found("", "v1", "Pod", {"containers": [{"name": "a", "image": "a:1"}], "hostIPCC": True})
    assert finding.message == "no field 'hostIPCC' in Pod"


def test_a_kind_that_one_minor_lacks_is_refused_and_the_minor_named() -> None:
    [finding, *_] = found("", "resource.k8s.io/v1", "ResourceClaim", {"devices": {}})
    assert finding.rule == "OBJ001"
    assert "Kubernetes 1.32 has no resource.k8s.io/v1 ResourceClaim" in str(finding)


def test_canary_of_an_inference_service_waits_for_3_5() -> None:
    version, spec = "serving.kserve.io/v1beta1", {"predictor": {"minReplicas": 1}, "canary": {}}
    assert [each.rule for each in found("3.4", version, "InferenceService", spec)] == ["OBJ002"]
