"""docs/statistics.md, written from what was measured."""

from collections.abc import Sequence

_HEAD = """# How often the gate is wrong

Written by `make bench-gate`; each part can be run alone (`python validation/benchmarks/gate --only PART`) and goes on
where it was stopped. What a part says was measured on one machine; error rates and shares carry over, times do not.
"""


def page(sections: Sequence[tuple[str, str]]) -> str:
    """Return the page; an empty section was not measured, and says so."""
    parts = [f"## {title}\n\n{text.strip() or 'Not measured yet.'}\n" for title, text in sections]
    return "\n".join([_HEAD, *parts])
