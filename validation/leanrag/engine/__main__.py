"""`python -m leanrag.engine VERSION`: pin the wheel of another version of vLLM, and read it; `--registry`: metrics."""

import sys

from leanrag.core.errors import LeanragError
from leanrag.core.progress import say
from leanrag.engine import family_file
from leanrag.engine.lists import engine
from leanrag.engine.wheels import PINS, pin


def main(arguments: list[str]) -> int:
    """Pin each version named, then write the metrics of all; exit 2 with one sentence when that is not possible."""
    try:
        for version in arguments:
            if version == "--registry":
                continue
            made = pin(version)
            known = engine(version)
            say(f"vLLM {version}: {made.megabytes} MB, {len(known.flags)} arguments, {len(known.metrics)} metrics")
            say(f"pinned in {PINS}")
        family_file.write()
        say(f"written: {family_file.PATH}")
    except LeanragError as error:
        say(f"error: {error.message}")
        say(f"hint: {error.hint}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
