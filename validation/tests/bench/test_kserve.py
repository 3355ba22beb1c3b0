"""KServe on the bench is set up from its own source: nothing of it is left out, and its webhooks are really called."""

import base64
import json
from pathlib import Path

import pytest

from leanrag.bench import kserve
from leanrag.core import yamlio
from leanrag.core.errors import ToolError

HOOK = {
    "name": "inferenceservice.kserve-webhook-server.validator",
    "failurePolicy": "Fail",
    "clientConfig": {"service": {"name": "$(webhookServiceName)", "namespace": "x", "path": "/validate"}},
}
INGRESS = {"ingressGateway": "knative-serving/knative-ingress-gateway", "disableIngressCreation": False}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A module as KServe's is laid out."""
    config = {
        "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
        "data": {"_example": "# long", "deploy": "{}", "ingress": json.dumps(INGRESS), "agent": "{}"},
    }
    hooks = {"metadata": {"name": "inferenceservice.serving.kserve.io", "creationTimestamp": None}, "webhooks": [HOOK]}
    for path, body in {
        "config/configmap/inferenceservice.yaml": {"kind": "ConfigMap", **config},
        "config/webhook/manifests.yaml": {"kind": "ValidatingWebhookConfiguration", **hooks},
    }.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True)
        target.write_text(yamlio.dump(body))
    return tmp_path


def test_webhooks_are_called_where_the_manager_listens_and_still_refuse(source: Path) -> None:
    (found,) = kserve.MANAGER.webhooks(source, "10.97.0.11", b"ca")
    (hook,) = found["webhooks"]
    assert hook["clientConfig"] == {
        "url": f"https://10.97.0.11:{kserve.MANAGER.hooks}/validate",
        "caBundle": base64.b64encode(b"ca").decode(),
    }
    assert hook["failurePolicy"] == "Fail"
    assert "creationTimestamp" not in found["metadata"]


def test_settings_are_the_shipped_ones_without_mesh_and_examples(source: Path) -> None:
    data = kserve.settings(source)["data"]
    assert set(data) == {"deploy", "ingress", "agent"}
    assert json.loads(data["deploy"])["defaultDeploymentMode"] == "Standard"
    ingress = json.loads(data["ingress"])
    assert ingress["disableIngressCreation"] is True and ingress["ingressGateway"] == INGRESS["ingressGateway"]


def test_a_module_without_webhooks_is_an_error_and_no_bench_without_them(tmp_path: Path) -> None:
    with pytest.raises(ToolError):
        kserve.MANAGER.webhooks(tmp_path, "10.97.0.11", b"ca")
