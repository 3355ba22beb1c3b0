"""The program that the stories and the drill run, as an operator would."""

import sys
from pathlib import Path

LEANRAG = Path(sys.executable).with_name("leanrag")
