"""The benchmark's folder is no package: its modules, whose names are nobody else's, are imported from there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "observe"))
