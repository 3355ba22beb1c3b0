"""Measure the gate itself: `python validation/benchmarks/gate [--only PARTS] [--small] [--write]`.

Every part can be run alone and goes on where it was stopped: what was measured is kept in the cache, and the page is
written from all that is there. `--small` measures as little as shows that a part works, and keeps it apart.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import diagnoses
import end_to_end
import honesty
import prefix
import tables
from page import page
from records import Records

from leanrag.core.errors import InputError, LeanragError
from leanrag.core.files import cache_dir, write_atomic

PAGE, DRAWING = Path("docs") / "statistics.md", Path("docs") / "operating.svg"


@dataclass(frozen=True, slots=True)
class Part:
    """One section: what measures it, and what writes it from the records."""

    name: str
    title: str
    measure: Callable[[Records, bool], None]
    render: Callable[[Records, bool], str]


def guidellm() -> Path:
    """Return the program; LEANRAG_GUIDELLM names another one."""
    return Path(os.environ.get("LEANRAG_GUIDELLM") or cache_dir() / "venvs" / "guidellm" / "bin" / "guidellm")


def _gates(records: Records, small: bool) -> None:
    end_to_end.measure(records, guidellm(), end_to_end.SMALL_GATES if small else end_to_end.GATES)


def _honest(records: Records, small: bool) -> None:
    programs = honesty.Programs(guidellm(), cache_dir() / "venvs" / "vllm" / "bin" / "vllm")
    if small:
        honesty.measure(records, programs, honesty.SMALL_LEVELS, honesty.SMALL_ROUNDS)
    else:
        honesty.measure(records, programs, honesty.LEVELS, honesty.ROUNDS)


def _cached(records: Records, small: bool) -> None:
    plan, rounds = (prefix.SMALL, prefix.SMALL_ROUNDS) if small else (prefix.WHOLE, prefix.ROUNDS)
    prefix.measure(records, guidellm(), plan, rounds)


def _named(records: Records, small: bool) -> None:
    diagnoses.measure(records, guidellm(), diagnoses.SMALL if small else diagnoses.ALL)


PARTS = (
    Part("tables", tables.TITLE, tables.measure, tables.render),
    Part("end-to-end", end_to_end.TITLE, _gates, end_to_end.render),
    Part("honesty", honesty.TITLE, _honest, honesty.render),
    Part("prefix", prefix.TITLE, _cached, prefix.render),
    Part("diagnoses", diagnoses.TITLE, _named, diagnoses.render),
)


def main() -> int:
    """Measure what was asked for; print the page, and write it when told to."""
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(names), help="parts, with commas between; 'none' only writes")
    parser.add_argument("--small", action="store_true", help="the smallest run of each part")
    parser.add_argument("--fresh", action="store_true", help="forget what these parts have measured")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE} from all that was measured")
    given = parser.parse_args()
    asked = [] if given.only == "none" else given.only.split(",")
    if unknown := sorted(set(asked) - set(names)):
        raise InputError(f"no part {', '.join(unknown)}", hint=f"parts are {', '.join(names)}")
    for part in PARTS:
        records = Records.of(part.name, given.small)
        if part.name in asked:
            if given.fresh:
                records.forget()
            part.measure(records, given.small)
    text = page([(part.title, part.render(Records.of(part.name, given.small), given.small)) for part in PARTS])
    print(text)
    if given.write:
        write_atomic(PAGE, text)
        if curves := tables.drawing(Records.of("tables", given.small), given.small):
            write_atomic(DRAWING, curves)
    return 0


def _stop(number: int, frame: object) -> None:
    # Engines and servers that were started end with the measurement.
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main())
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
