"""Real controllers are set up from their own modules: nothing of one overwrites another's, and stand-ins are named."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from leanrag.bench import llmd, llmd_standins, ogx
from leanrag.core import yamlio


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A module with the webhooks that kubebuilder ships under the same names for everybody."""
    hook = {
        "name": "mpod.kb.io",
        "clientConfig": {"service": {"name": "webhook-service", "namespace": "system", "path": "/mutate--v1-pod"}},
        "rules": [{"resources": ["pods"]}],
    }
    body = {"kind": "MutatingWebhookConfiguration", "metadata": {"name": "mutating-webhook-configuration"}}
    (tmp_path / "config/webhook").mkdir(parents=True)
    (tmp_path / "config/webhook/manifests.yaml").write_text(yamlio.dump({**body, "webhooks": [hook]}))
    return tmp_path


def test_two_controllers_have_webhooks_of_their_own(source: Path) -> None:
    made = [each.webhooks(source, "10.97.6.11", b"ca")[0]["metadata"]["name"] for each in (llmd.GROUPS, ogx.OPERATOR)]
    assert made == ["lws-mutating-webhook-configuration", "ogx-operator-mutating-webhook-configuration"]


def test_only_pods_of_a_group_wait_for_its_controller(source: Path) -> None:
    (body,) = llmd.GROUPS.webhooks(source, "10.97.6.11", b"ca")
    (hook,) = llmd._only_groups(body)["webhooks"]
    assert hook["objectSelector"]["matchExpressions"][0]["key"] == "leaderworkerset.sigs.k8s.io/name"


def preset(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def test_a_preset_without_an_image_of_llm_d_stays_as_it_ships() -> None:
    shipped = preset("kserve-config-llm-template", {"template": {"containers": [{"name": "main", "image": "x:1"}]}})
    assert llmd_standins.preset(deepcopy(shipped)) == shipped


def test_the_sidecar_and_the_picker_are_replaced_and_the_tokenizer_goes() -> None:
    sidecar = {"name": "llm-d-routing-sidecar", "image": "x:1", "command": ["/app/pd-sidecar"]}
    body = llmd_standins.preset(
        preset("kserve-config-llm-decode-template", {"template": {"initContainers": [sidecar]}})
    )
    assert body["spec"]["template"]["initContainers"] == [{**sidecar, "image": llmd_standins.SIDECAR}]
    pod = {"containers": [{"name": "main", "image": "x:1"}, {"name": "tokenizer", "image": "y:1"}]}
    body = llmd_standins.preset(preset("kserve-config-llm-scheduler", {"router": {"scheduler": {"template": pod}}}))
    scheduler = body["spec"]["router"]["scheduler"]
    assert [each["image"] for each in scheduler["template"]["containers"]] == [llmd_standins.PICKER]
    assert scheduler["config"]["inline"]["kind"] == "EndpointPickerConfig"


def test_every_plugin_that_scores_is_one_that_is_loaded() -> None:
    config = llmd_standins.picking()
    loaded = {each["type"] for each in config["plugins"]}
    assert {each["pluginRef"] for each in config["schedulingProfiles"][0]["plugins"]} <= loaded
