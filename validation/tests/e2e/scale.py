"""How Argo CD bears 10, 100 and 1,000 of our clusters: `make bench-scale`. See scaling/."""

import runpy
import sys
from pathlib import Path

# Not this folder, whose secrets.py would stand in for Python's own.
sys.path[0] = str(Path(__file__).resolve().parents[3])
runpy.run_module("validation.tests.e2e.scaling", run_name="__main__")
