"""A cgroup of the bench's own for each node's pods, on machines with cgroup v1 or v2, and its removal."""

import contextlib
import time
from pathlib import Path

_CONTROLLERS = "+cpu +cpuset +io +memory +pids"
MOUNTED = Path("/sys/fs/cgroup")


def hierarchies(mounted: Path = MOUNTED) -> tuple[Path, ...]:
    """Return the folders under which a cgroup must be made: one on v2, one for each controller on v1."""
    if (mounted / "cgroup.controllers").is_file():
        return (mounted,)
    named = {each.resolve() for each in mounted.iterdir() if (each / "cgroup.procs").is_file()}
    return tuple(sorted(named))


def make(name: str, mounted: Path = MOUNTED) -> None:
    """Make cgroup `name` ("lrbench0/hub") in every hierarchy, able to hold pods below it."""
    for hierarchy in hierarchies(mounted):
        parent = hierarchy
        for part in Path(name).parts:
            group = parent / part
            group.mkdir(exist_ok=True)
            _inherit(parent, group)
            parent = group
        _enable(parent)


def _inherit(parent: Path, group: Path) -> None:
    """Let a group use its parent's controllers (v2) or its processors and memory nodes (v1's cpuset is born empty)."""
    _enable(parent)
    for setting in ("cpuset.cpus", "cpuset.mems"):
        if not (parent / "cgroup.controllers").is_file() and (group / setting).is_file():
            (group / setting).write_text((parent / setting).read_text())


def _enable(group: Path) -> None:
    control = group / "cgroup.subtree_control"
    if (group / "cgroup.controllers").is_file() and control.is_file():
        offered = (group / "cgroup.controllers").read_text().split()
        wanted = " ".join(each for each in _CONTROLLERS.split() if each[1:] in offered)
        if wanted:
            control.write_text(wanted)


def remove(name: str, mounted: Path = MOUNTED, patience: float = 5.0) -> tuple[Path, ...]:
    """Remove cgroup `name` with all below it; return what could not be removed because processes live in it."""
    deadline = time.monotonic() + patience
    left = _remove_once(name, mounted)
    while left and time.monotonic() < deadline:  # the kernel empties a cgroup a moment after its last process
        time.sleep(0.1)
        left = _remove_once(name, mounted)
    return left


def _remove_once(name: str, mounted: Path) -> tuple[Path, ...]:
    left = []
    for hierarchy in hierarchies(mounted):
        top = hierarchy / name
        below = [each for each in top.rglob("*") if each.is_dir()] if top.is_dir() else []
        for group in (*sorted(below, reverse=True), top):
            with contextlib.suppress(OSError):
                group.rmdir()
        if top.exists():
            left.append(top)
    return tuple(left)
