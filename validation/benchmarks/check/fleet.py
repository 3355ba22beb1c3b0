"""Many clusters, generated from ours: every chart on each of them, so that time and memory can be seen to grow."""

import json
import re
import shutil
from pathlib import Path

from clock import Part, fresh_cache, timed
from objects import LEANRAG
from repository import checkout

from leanrag.core.progress import say

_MODEL = Path("clusters") / "dev"  # the cluster whose environment has every chart


def fleet(folder: Path, root: Path, sizes: list[int]) -> Part:
    """Check so many clusters, one size after the other, each with nothing kept from before."""
    rows = []
    for size in sizes:
        say(f"bench-check: {size} clusters")
        place = folder / str(size)
        checkout(root, place)
        _clusters(place, size)
        with fresh_cache() as env:
            run = timed((LEANRAG, "check", "--root", place, "--format", "json"), env=env, look=True)
        said = json.loads(run.output)
        facts = said["counts"]
        apps = facts["apps"]
        per = (
            f"{run.wall:.1f}",
            f"{run.cpu:.1f}",
            f"{run.wall / apps:.4f}",
            f"{run.memory:,.0f}",
            str(len(said["findings"])),
        )
        rows.append((f"{facts['clusters']:,}", f"{apps:,}", f"{facts['objects']:,}", *per))
        shutil.rmtree(place)
    words = (
        "Copies of the cluster dev under other names and domains, so that nothing renders alike, with every chart that"
        " it has. Cold. Memory is that of all processes together, shared pages counted once (PSS, looked at five times"
        " a second)."
    )
    head = ("clusters", "Applications", "objects", "wall s", "CPU s", "s per Application", "MiB", "findings")
    return Part("Many clusters", words, head, tuple(rows))


def _clusters(place: Path, size: int) -> None:
    facts, release = ((place / _MODEL / f"{name}.yaml").read_text() for name in ("cluster", "release"))
    for gone in ("clusters", "overlays/staging", "overlays/prod", "overlays/local", "bootstrap/local"):
        shutil.rmtree(place / gone)
    for number in range(size):
        name = f"c{number:04d}"
        folder = place / "clusters" / name
        folder.mkdir(parents=True)
        renamed = re.sub(r"(?m)^  name: dev$", f"  name: {name}", facts).replace("apps.dev.", f"apps.{name}.")
        (folder / "cluster.yaml").write_text(renamed)
        served = release.replace("https://kubernetes.default.svc", f"https://api.{name}.example.com:6443")
        (folder / "release.yaml").write_text(served)
