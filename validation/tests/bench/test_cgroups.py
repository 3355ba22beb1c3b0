"""Cgroups of the bench's own, on a machine with version 1 and on one with version 2 (imitated in a folder)."""

from pathlib import Path

import pytest

from leanrag.bench import cgroups


@pytest.fixture
def version1(tmp_path: Path) -> Path:
    for name in ("cpuset", "memory"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpu").symlink_to(tmp_path / "memory")
    return tmp_path


@pytest.fixture
def version2(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return tmp_path


def test_version_1_has_a_group_in_every_hierarchy_and_counts_an_alias_once(version1: Path) -> None:
    cgroups.make("lrbench0/hub", version1)
    assert cgroups.hierarchies(version1) == (version1 / "cpuset", version1 / "memory")
    assert (version1 / "cpuset/lrbench0/hub").is_dir()
    assert (version1 / "memory/lrbench0/hub").is_dir()


def test_version_2_has_one_group_and_hands_down_the_controllers_that_there_are(version2: Path) -> None:
    cgroups.make("lrbench0/hub", version2)
    assert (version2 / "lrbench0/hub").is_dir()
    assert (version2 / "cgroup.subtree_control").read_text() == "+cpu +memory"


def test_remove_takes_what_lies_below(version2: Path) -> None:
    cgroups.make("lrbench0/hub", version2)
    (version2 / "lrbench0/hub/kubepods/pod1").mkdir(parents=True)
    assert cgroups.remove("lrbench0", version2, patience=0) == ()
    assert not (version2 / "lrbench0").exists()


def test_remove_names_a_group_in_use(version2: Path) -> None:
    cgroups.make("lrbench0/hub", version2)
    (version2 / "lrbench0/hub/task").touch()  # rmdir refuses this folder, as the kernel does one with processes
    assert cgroups.remove("lrbench0", version2, patience=0) == (version2 / "lrbench0",)


def test_another_bench_keeps_its_group(version2: Path) -> None:
    for name in ("lrbench0/hub", "lrbench1/hub"):
        cgroups.make(name, version2)
    cgroups.remove("lrbench0", version2, patience=0)
    assert (version2 / "lrbench1/hub").is_dir()
