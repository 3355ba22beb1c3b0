"""Compare leanrag check with a real API server: `python validation/benchmarks/differential [--seed S]… [--write]`.

Takes every rendered object of every cluster and those of seeds.yaml, and mutants of them; `--write` writes
docs/differential.md. Exit 1 when our check takes what the API server refuses, or when a disagreement has no reason in
reasons.yaml. The bench's Kubernetes and Helm must be built (make tools).
"""

import argparse
import sys
import time
from pathlib import Path

from compare import distinct, judge, mutated, question, rendered, seeds
from page import disagreements, page

from leanrag.bench.accept_judge import clusters
from leanrag.bench.accept_memory import Memory
from leanrag.checks.schemas import schemas
from leanrag.core.errors import LeanragError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say
from leanrag.render.helm import KUBE_VERSION

PAGE = Path("docs") / "differential.md"


def main() -> int:
    """Run the comparison and say what came of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutants", type=int, default=1500)
    options.add_argument("--seed", type=int, action="append", help="may be repeated; 1 if not given")
    options.add_argument("--write", action="store_true")
    given = options.parse_args()
    started, known, memory = time.monotonic(), schemas(), Memory()
    sound = [*rendered(clusters(Path.cwd().resolve())), *seeds()]
    seeded = given.seed or [1]
    mutants = (mutated(sound, known, seed, given.mutants // len(seeded)) for seed in seeded)
    cases = distinct([*sound, *(each for one in mutants for each in one)])
    say(f"differential: {len(sound)} rendered objects, {len(cases) - len(sound)} mutants")
    answers = memory.answers([asked for case in cases if (asked := question(case, known))])
    found = judge(cases, known, answers)
    if given.write:
        write_atomic(PAGE, page(found, seeded, f"v{KUBE_VERSION}"))
    wrong = disagreements(found)
    for each in wrong:
        print(each)
    seconds = time.monotonic() - started
    print(f"{'FAIL' if wrong else 'PASS'}: {len(found)} objects, {len(wrong)} to explain; {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
