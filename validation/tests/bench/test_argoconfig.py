"""What the bench gives Argo CD is a fresh install's settings with ours on top, as a cluster would hand them on."""

import base64
import json
from pathlib import Path

import pytest

from leanrag.bench import argoconfig
from leanrag.core import yamlio
from leanrag.core.errors import ToolError

OURS = Path(__file__).parents[3] / "bootstrap" / "argocd"
MANIFEST = """
spec: {template: {spec: {containers: [{name: c, env: [
  {name: TIMEOUT, valueFrom: {configMapKeyRef: {name: argocd-cmd-params-cm, key: controller.sync.timeout.seconds}}},
  {name: LOG, valueFrom: {configMapKeyRef: {name: argocd-cmd-params-cm, key: controller.log.level, optional: true}}},
  {name: OTHER, valueFrom: {configMapKeyRef: {name: argocd-cm, key: controller.sync.timeout.seconds}}},
  {name: FIXED, value: x}]}]}}}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path / "manifests" / "base"
    (base / "config").mkdir(parents=True)
    (base / "controller.yaml").write_text(MANIFEST)
    for name, kind in (("cm", "ConfigMap"), ("ssh-known-hosts-cm", "ConfigMap"), ("secret", "Secret")):
        data = "data: {brought: 'yes'}\n" if name == "cm" else ""
        text = f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: argocd-{name}, labels: {{a: b}}}}\n{data}"
        (base / "config" / f"argocd-{name}.yaml").write_text(text)
    monkeypatch.setattr(argoconfig, "module", lambda: tmp_path)
    return tmp_path


def test_our_settings_lie_on_top_of_a_fresh_install(install: Path, tmp_path: Path) -> None:
    objects = {each["metadata"]["name"]: each for each in argoconfig.settings("argocd", OURS, tmp_path)}
    committed = yamlio.read(OURS / "argocd-cm.yaml")["data"]
    assert objects["argocd-cm"]["data"] == {"brought": "yes", **committed}
    assert {"argocd-cmd-params-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd", "default"} <= set(objects)
    assert all(each["metadata"]["namespace"] == "argocd" for each in objects.values() if each["kind"] != "Namespace")


def test_the_session_key_outlives_a_restart_and_is_in_no_file_of_the_repository(install: Path, tmp_path: Path) -> None:
    def key() -> str:
        objects = argoconfig.settings("argocd", OURS, tmp_path)
        secret = next(each for each in objects if each["kind"] == "Secret")
        return str(secret["stringData"]["server.secretkey"])

    assert key() == key()
    assert (tmp_path / "server.secretkey").stat().st_mode & 0o077 == 0


def test_a_process_gets_the_parameters_that_its_manifest_names(install: Path) -> None:
    params = {"controller.sync.timeout.seconds": "10800", "server.insecure": "true"}
    assert argoconfig.parameters("controller.yaml", params) == {"TIMEOUT": "10800"}


def test_a_repository_is_known_by_a_secret(tmp_path: Path) -> None:
    (tmp_path / "username").write_text("reader")
    (tmp_path / "password").write_text("p")
    secret = argoconfig.repository_secret("argocd", "http://git/x.git", tmp_path)
    assert secret["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert secret["stringData"] == {"type": "git", "url": "http://git/x.git", "username": "reader", "password": "p"}


def kubeconfig(tmp_path: Path, data: str) -> Path:
    path = tmp_path / "spoke.conf"
    user = {"client-certificate-data": data, "client-key-data": data}
    cluster = {"server": "https://10.0.0.1:6444", "certificate-authority-data": data}
    path.write_text(json.dumps({"clusters": [{"cluster": cluster}], "users": [{"user": user}]}))
    return path


def test_another_cluster_is_known_by_a_secret(tmp_path: Path) -> None:
    given = base64.b64encode(b"pem").decode()
    secret = argoconfig.cluster_secret("argocd", "spoke", kubeconfig(tmp_path, given))
    assert secret["stringData"]["server"] == "https://10.0.0.1:6444"
    tls = json.loads(secret["stringData"]["config"])["tlsClientConfig"]
    assert tls == {"caData": given, "certData": given, "keyData": given}
    with pytest.raises(ToolError, match="caData is not base64"):
        argoconfig.cluster_secret("argocd", "spoke", kubeconfig(tmp_path, "~"))
