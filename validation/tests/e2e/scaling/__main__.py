"""How Argo CD bears 10, 100 and 1,000 of our clusters: `make bench-scale`. It writes docs/scale.md.

Each size starts from nothing on a bench of its own (LEANRAG_SCALE_INSTANCE, default 5), so the stories' bench is left
alone. No pod runs: see generate.py for what the clusters are.
"""

import argparse
import os
import platform
import sys
from pathlib import Path

import psutil

from leanrag.bench.state import Wanted
from leanrag.bench.up import down, up
from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import LeanragError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say

from .measure import Figures, Scale
from .page import page

ROOT = Path(__file__).resolve().parents[4]
INSTANCE = int(os.environ.get("LEANRAG_SCALE_INSTANCE", "5"))


def main() -> int:
    """Measure each size, print the table and write the page; 1 when a size did not come to its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,100,1000", help="numbers of clusters")
    parser.add_argument("--resync", type=int, default=600, help="seconds between two looks at an unchanged Application")
    parser.add_argument("--patience", type=float, default=3600, help="seconds for one step of one size")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "scale.md")
    wanted = parser.parse_args()
    found = [_size(int(each), wanted.resync, wanted.patience) for each in wanted.sizes.split(",")]
    machine = f"{os.cpu_count()} CPUs, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.machine()}"
    text = page(found, machine, stamp(utc_now()), wanted.resync)
    write_atomic(wanted.out, text)
    print(text)
    return int(any(each.reached for each in found))


def _size(clusters: int, resync: int, patience: float) -> Figures:
    say(f"{clusters} clusters")
    down(INSTANCE)
    try:
        return Scale(up(Wanted(instance=INSTANCE, bare=True)), clusters, ROOT, resync, patience).measure()
    finally:
        down(INSTANCE)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LeanragError as error:
        say(f"error: {error.message}\nhint: {error.hint}")
        sys.exit(2)
