"""Judge a folder inside one process: `inside.py FOLDER STORE` prints seconds, cold and warm, as JSON."""

import json
import sys
import time
from pathlib import Path

BEGAN = time.perf_counter()


def main() -> None:
    """Judge the same files without a store, then again and again with one."""
    from leanrag.checks.cache import Store
    from leanrag.checks.run import check_files
    from leanrag.core import yamlio

    folder, store = [Path(sys.argv[1])], Store(Path(sys.argv[2]))
    texts = [path.read_text() for path in sorted(folder[0].glob("*.yaml"))]
    imported = time.perf_counter()
    for text in texts:
        yamlio.load_all(text, "f")
    read = time.perf_counter()
    run = check_files(folder)
    cold = time.perf_counter()
    check_files(folder, store=store)
    warm = []
    for _ in range(5):
        began = time.perf_counter()
        again = check_files(folder, store=store)
        warm.append(time.perf_counter() - began)
        assert again.findings == run.findings
    found = {"read": read - imported, "cold": cold - read, "warm": sorted(warm)[2], "findings": len(run.findings)}
    print(json.dumps(found | {"begin": imported - BEGAN, "rules": sorted({each.rule for each in run.findings})}))


if __name__ == "__main__":
    main()
