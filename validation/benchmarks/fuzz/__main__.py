"""Fuzz the reader and the check: `python validation/benchmarks/fuzz [--minutes N] [--only texts,objects,overlays]`.

hypothesis changes known texts; atheris, where it is installed (`pip install 'atheris>=3,<4'`), looks for untaken ways.
Each target has an equal share of the time. Exit 1 with the smallest text that crashes, hangs, or is read otherwise by
Kubernetes.
"""

import argparse
import faulthandler
import subprocess
import sys
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from mutate import texts
from targets import Target, targets

SLOW = 30  # seconds for one text
_BATCH = {"texts": 500, "objects": 100, "overlays": 20}


def main() -> int:
    """Fuzz every target with every engine that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of fuzzing, all targets and engines together")
    parser.add_argument("--only", default="texts,objects,overlays", help="targets, with commas between")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of hypothesis")
    wanted = parser.parse_args()
    chosen = [each for each in targets() if each.name in wanted.only.split(",")]
    engines = [_changed, *([_guided] if find_spec("atheris") else [])]
    share = wanted.minutes * 60 / len(chosen) / len(engines)
    if len(engines) == 1:
        print("atheris is not installed: hypothesis alone")
    broken = [engine(target, share, wanted.seed) for target in chosen for engine in engines]
    print("FAIL" if any(broken) else "PASS: no crash, no hang, no traceback")
    return int(any(broken))


def _changed(target: Target, seconds: float, first: int) -> bool:
    """Fuzz with hypothesis until the time is over; True when it found something."""
    count, slowest, end, number = 0, 0.0, time.monotonic() + seconds, first

    def judged(text: str) -> None:
        nonlocal count, slowest
        began = time.monotonic()
        faulthandler.dump_traceback_later(SLOW, exit=True)
        target.run(text)
        faulthandler.cancel_dump_traceback_later()
        count, slowest = count + 1, max(slowest, time.monotonic() - began)

    limits = settings(
        max_examples=_BATCH[target.name],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        while time.monotonic() < end:
            seed(number)(limits(given(texts(target))(judged)))()
            number += 1
    except Exception:
        print(f"{target.name}: hypothesis, seed {number}\n{traceback.format_exc()}")
        return True
    finally:
        faulthandler.cancel_dump_traceback_later()
    print(
        f"{target.name}: hypothesis, seeds {first} to {number - 1}: {count:,} texts, the slowest {slowest:.2f} s",
        flush=True,
    )
    return False


def _guided(target: Target, seconds: float, first: int) -> bool:
    """Fuzz with atheris in a process of its own, since it ends the process."""
    argv = (sys.executable, Path(__file__).with_name("guided.py"), target.name, str(max(1, int(seconds))))
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=seconds + 600)
    said = (done.stdout + done.stderr).splitlines()
    stats = [line.split(":", 2)[-1].strip() for line in said if line.startswith("stat::number_of_executed_units")]
    print(f"{target.name}: atheris: {stats[0] if stats else '?'} texts, exit {done.returncode}", flush=True)
    if done.returncode:
        print("\n".join(said[-60:]))
    return bool(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
