"""`make drill`: break more than fifty things, one at a time; none may promote. Ends with exit 1 when anything did.

python validation/tests/e2e/drill [--short] [--only E03,G01] [--level evidence,git] [--kubeconfig FILE] [--keep]
"""

import sys
from pathlib import Path

if __package__ in (None, ""):  # started by its folder's name: the repository's root is where its imports begin
    sys.path[0] = str(Path(__file__).resolve().parents[4])
    from validation.tests.e2e.drill.play import main
else:
    from .play import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
