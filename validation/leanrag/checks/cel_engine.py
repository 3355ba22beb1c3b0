"""The CEL evaluator (common-expression-language, in Rust), without what its package would import beside it."""

import logging
import sys
from types import ModuleType

# The package imports its command line, with typer and prompt_toolkit: 0.3 s that no check needs.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
from cel import Context, OptionalValue, compile  # noqa: A004, E402 - after the line above
from cel.stdlib import STDLIB_FUNCTIONS  # noqa: E402 - after the line above

# It logs what one of our functions raises; the finding says it.
logging.getLogger("cel").setLevel(logging.CRITICAL + 1)

__all__ = ["STDLIB_FUNCTIONS", "Context", "OptionalValue", "compile"]
