"""What a machine lacks is said at once, in one sentence, before anything is started."""

import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from leanrag.bench import requirements
from leanrag.bench.model import Bench, bench
from leanrag.bench.network import Network
from leanrag.core.errors import InputError


@pytest.fixture
def here(tmp_path: Path) -> Bench:
    return replace(bench(Network(), spoke=False), state=tmp_path)


def test_without_linux_and_root_both_are_said(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.sys, "platform", "darwin")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 501)
    with pytest.raises(InputError) as refused:
        requirements.require(here)
    assert "needs Linux, and this is darwin" in refused.value.message
    assert "needs root" in refused.value.message
    assert "CLUSTER=current" in refused.value.hint


def test_every_other_obstacle_is_said_together(here: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirements.sys, "platform", "linux")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: None)
    monkeypatch.setattr(requirements, "missing", lambda: ("containerd", "runc"))
    monkeypatch.setattr(requirements.cgroups, "MOUNTED", tmp_path / "none")
    monkeypatch.setattr(requirements.links, "overlapping", lambda ranges, ours: ("10.97.0.0/24 is taken",))
    with pytest.raises(InputError) as refused:
        requirements.require(here)
    for words in ("packages are missing: containerd, runc", "no cgroups are mounted", "10.97.0.0/24 is taken"):
        assert words in refused.value.message


def test_each_missing_program_is_named_by_its_package(tmp_path: Path) -> None:
    there = {"ctr", "containerd", "git", "ip", "mount", "nsenter", "unshare", "redis-server"}
    found = requirements.missing(lambda name: f"/bin/{name}" if name in there else None, cni=tmp_path)
    assert found == ("conntrack", "nftables", "runc")


def test_missing_cni_plugins_are_a_package_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "cni_folder", lambda: None)
    assert requirements.missing(lambda name: f"/bin/{name}") == ("containernetworking-plugins",)


def test_a_port_that_another_program_holds_is_named_with_who_needs_it(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        assert requirements._held(port)
        monkeypatch.setattr(Network, "etcd_port", port)
        assert f"another program listens on port {port}, which etcd needs" in requirements._ports(here)
    assert not requirements._held(port)


@pytest.mark.parametrize("folder", ["/var/lib/ci/state/bench", "/run/state/bench", "/root/" + "x" * 100])
def test_a_state_folder_that_a_node_could_not_use_is_refused(folder: str) -> None:
    assert requirements._folder(Path(folder))


def test_a_disk_too_full_for_a_node_is_said_before_anything_starts(
    here: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(requirements, "containerd_root", lambda network, node: tmp_path)
    monkeypatch.setattr(requirements.shutil, "disk_usage", lambda path: SimpleNamespace(free=2 * 2**30))
    (problem,) = requirements._disk(here)
    assert "2.0 GiB are free" in problem
    assert "3 are needed" in problem
    monkeypatch.setattr(requirements.shutil, "disk_usage", lambda path: SimpleNamespace(free=4 * 2**30))
    assert requirements._disk(here) == []
    monkeypatch.setattr(requirements, "containerd_root", lambda network, node: tmp_path / "none")
    assert "16 are needed" in requirements._disk(here)[0]
