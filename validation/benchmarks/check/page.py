"""docs/performance.md, from one run."""

from collections.abc import Iterable, Sequence

from clock import Machine, Part

from leanrag.core.clock import stamp, utc_now

_HEAD = """# How fast `leanrag check` is, and what speed does not cost

Written by `make bench-check` (`validation/benchmarks/check`); do not edit. One run on one machine: {cores} cores,
Python {python}, {at}; load of other programs when it began: {load:.1f}. Rows were taken in turn and show the run of
median wall time; the ratio is the median of pairs. Another machine has other seconds, and about these ratios.
"""


def page(parts: Iterable[Part], machine: Machine) -> str:
    """Return the page."""
    head = _HEAD.format(cores=machine.cores, python=machine.python, at=stamp(utc_now()), load=machine.load)
    return head + "".join(_part(each) for each in parts)


def _part(part: Part) -> str:
    lost = "".join(f"\n- **Lost:** {each}" for each in part.lost)
    return f"\n## {part.title}\n\n{part.words}\n\n{_table(part.head, part.rows)}{lost and lost + chr(10)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
