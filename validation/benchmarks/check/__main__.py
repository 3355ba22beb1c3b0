"""Measure `leanrag check`: `python validation/benchmarks/check [--write]`. It writes docs/performance.md by the run.

All rows of one run are of one machine, taken in turn; quote ratios, not seconds. A busy machine makes all rows slower.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from clock import Machine
from fleet import fleet
from matrix import matrix
from objects import objects
from page import page
from repository import repository
from rival import Rival

from leanrag.core.errors import LeanragError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say

PAGE = Path("docs") / "performance.md"


def main() -> int:
    """Measure what was asked for; 1 when a fault of the matrix was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=2000, help="realistic objects")
    parser.add_argument("--clusters", default="10,100,300,1000", help="sizes of the generated fleet")
    parser.add_argument("--runs", type=int, default=5, help="runs of each row; the median is shown")
    parser.add_argument("--only", default="objects,matrix,repository,fleet", help="parts, with commas between")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    given = parser.parse_args()
    root, parts, found = Path.cwd().resolve(), given.only.split(","), []
    machine = Machine.now()
    with tempfile.TemporaryDirectory(prefix="leanrag-bench-check-") as name:
        folder = Path(name)
        say("bench-check: schemas for kubeconform")
        rival = Rival.prepared(folder / "kubeconform-schemas")
        if "objects" in parts:
            found.append(objects(folder / "objects", rival, given.objects, given.runs))
        if "matrix" in parts:
            found.append(matrix(folder / "matrix", rival, root))
        if "repository" in parts:
            found.append(repository(folder / "repository", rival, root, given.runs))
        if "fleet" in parts:
            found.append(fleet(folder / "fleet", root, [int(size) for size in given.clusters.split(",")]))
    text = page(found, machine)
    print(text)
    if given.write:
        write_atomic(PAGE, text)
    return int(any(part.lost for part in found))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
