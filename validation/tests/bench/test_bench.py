"""What a bench is made of, as far as it can be seen without one: who listens where, and what `up` remembers."""

from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.bench import applying, control, dns, node, state, volumes
from leanrag.bench import up as life
from leanrag.bench.model import bench
from leanrag.bench.network import Network
from leanrag.bench.state import State, Wanted, exclusive
from leanrag.core.errors import InputError, ToolError

NETWORK = Network()


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    for module in (control, node, dns):
        monkeypatch.setattr(module, "tool", lambda name: Path("/programs") / name)


def test_etcd_which_asks_for_no_password_listens_on_loopback_only(tmp_path: Path) -> None:
    listening = [str(each) for each in control.etcd(NETWORK, tmp_path) if "listen" in str(each)]
    assert len(listening) == 2
    assert all("http://127.0.0.1:" in each for each in listening)


def test_the_api_server_listens_on_the_bridge_and_checks_kubelets(tmp_path: Path) -> None:
    argv = [str(each) for each in control.api_server(NETWORK, NETWORK.hub, tmp_path)]
    assert "--bind-address=10.97.0.1" in argv
    assert "--authorization-mode=Node,RBAC" in argv
    assert any(each.startswith("--kubelet-certificate-authority=") for each in argv)


def test_hub_and_spoke_share_etcd_but_no_key_and_no_authority(tmp_path: Path) -> None:
    hub, spoke = (control.api_server(NETWORK, each, tmp_path) for each in NETWORK.nodes)
    differing = {str(one).partition("=")[0] for one, other in zip(hub, spoke, strict=True) if one != other}
    assert {"--etcd-prefix", "--client-ca-file", "--service-account-signing-key-file"} <= differing


def test_kubelet_asks_who_calls_and_never_collects_images(tmp_path: Path) -> None:
    settings = node._kubelet(NETWORK, NETWORK.hub, tmp_path)
    assert settings["authentication"]["anonymous"] == {"enabled": False}
    assert settings["authorization"] == {"mode": "Webhook"}
    assert settings["imageGCHighThresholdPercent"] == 100


def test_the_service_of_dns_leads_to_this_machine() -> None:
    made = {each["kind"]: each for each in dns.objects(NETWORK, NETWORK.hub)}
    assert made["Service"]["spec"]["clusterIP"] == "10.96.0.10"
    assert "selector" not in made["Service"]["spec"]
    assert made["EndpointSlice"]["endpoints"][0]["addresses"] == ["10.97.0.1"]
    assert made["EndpointSlice"]["ports"][0]["port"] == made["Service"]["spec"]["ports"][0]["targetPort"]


def test_volumes_of_two_clusters_are_different_folders() -> None:
    made = bench(NETWORK, spoke=True)
    paths = [each["spec"]["hostPath"]["path"] for one in made.nodes for each in volumes.volumes(made, one)]
    assert len(set(paths)) == len(paths) == 2 * volumes.COUNT


def test_definitions_and_namespaces_come_before_what_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[str] = []
    monkeypatch.setattr(applying._Kinds, "path", lambda self, each: "")
    monkeypatch.setattr(applying, "_apply_one", lambda api, path, each: applied.append(each["kind"]))
    kinds = ("ConfigMap", "Namespace", "Widget", "CustomResourceDefinition")
    applying.apply(None, [{"kind": each} for each in kinds])
    assert applied == ["CustomResourceDefinition", "Namespace", "ConfigMap", "Widget"]


def test_a_kind_that_is_not_served_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "_PATIENCE", 0)
    monkeypatch.setattr(applying, "get", lambda api, path: {"resources": []})
    with pytest.raises(ToolError, match="does not know v1 Widget"):
        applying.apply(None, [{"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "w"}}])


def test_up_keeps_what_an_earlier_up_asked_for() -> None:
    before = State(Wanted(spoke=True, kserve=True), whole=True, since="2026-01-01T00:00:00Z")
    assert life._merged(Wanted(), before) == Wanted(spoke=True, kserve=True)
    assert life._merged(Wanted(spoke=True), None) == Wanted(spoke=True)
    assert life._merged(Wanted(), replace(before, wanted=Wanted(bare=True))) == Wanted()


def test_a_state_is_read_as_it_was_written_and_a_broken_one_counts_as_none(tmp_path: Path) -> None:
    written = State(Wanted(3, spoke=True), whole=False, since="2026-01-01T00:00:00Z")
    state.save(tmp_path, written)
    assert state.load(tmp_path) == written
    (tmp_path / "state.json").write_text("{")
    assert state.load(tmp_path) is None


def test_two_commands_do_not_work_on_one_bench(tmp_path: Path) -> None:
    refused = pytest.raises(InputError, match="another leanrag bench")
    with exclusive(tmp_path / "bench"), refused, exclusive(tmp_path / "bench"):
        pass


def test_a_bench_that_is_not_up_is_told() -> None:
    with pytest.raises(InputError, match="no bench is up"):
        life.running()
