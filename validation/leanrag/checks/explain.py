"""Rules in words: `leanrag check --explain ID`; docs/rules.md is made by `python -m leanrag.checks.explain --write`."""

import argparse
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from leanrag.catalog.nearest import nearest
from leanrag.checks.exemptions import ANNOTATION
from leanrag.checks.explanations import Explanation, explanations
from leanrag.checks.registry import ALL
from leanrag.checks.rule import Check
from leanrag.checks.text import View
from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic

PAGE = Path("docs") / "rules.md"
_WIDTH = 100
_HEAD = f"""# Rules

What `leanrag check` holds a repository to. Made from the rules themselves by `make docs`; the same words in a terminal:
`leanrag check --explain ID`.

A rule that states a policy can be left by one object, with the reason beside it; every run lists who leaves what:

```yaml
metadata:
  annotations:
    {ANNOTATION}: "POD001: reads the GPU's health from the node's disk"
```

What the API server refuses, and secrets, have no exemptions.
"""


def explained(rule: str, view: View) -> str:
    """Return a rule in words; for an unknown id an InputError with the nearest one."""
    known = {check.id: check for check in ALL}
    check = known.get(rule.upper())
    if check is None:
        near = nearest(rule.upper(), known)
        hint = f"did you mean {near}?" if near else "rules are: " + ", ".join(known)
        raise InputError(f"no rule {rule!r}", hint=hint)
    return "\n".join(_lines(check, explanations()[check.id], view))


def _lines(check: Check, words: Explanation, view: View) -> Iterator[str]:
    yield f"{view.paint('1', check.id)}  {view.paint('1', check.sentence)}"
    yield ""
    yield _filled(words.why)
    if words.source:
        yield _filled(f"Source: {words.source}")
    for title, text in (("broken:", words.broken), ("the way out:", _filled(words.instead))):
        yield from ("", view.paint("1", title), textwrap.indent(text.rstrip(), "  "))
    yield from ("", view.paint("1", "to leave it:"), f"  {_leave(check.id, words)}")


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, break_on_hyphens=False)


def _leave(rule: str, words: Explanation) -> str:
    return f'annotate the object: {ANNOTATION}: "{rule}: reason"' if words.exempt else "not possible"


def page() -> str:
    """Return docs/rules.md."""
    known = explanations()
    return "\n".join([_HEAD, *(_section(check, known[check.id]) for check in ALL)]).rstrip() + "\n"


def _section(check: Check, words: Explanation) -> str:
    source = f" ({words.source.rstrip('.')})" if words.source else ""
    why = " ".join(words.why.split()).removesuffix(".") + f"{source}."
    leave = "An object may leave it." if words.exempt else ""
    end = " ".join(part for part in (" ".join(words.instead.split()), leave) if part)
    return f"## {check.id}: {check.sentence}\n\n{why}\n\n```yaml\n{words.broken.rstrip()}\n```\n\n{end}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write docs/rules.md with --write, else say whether it is what the rules say: 0, or 1 when it is old."""
    parser = argparse.ArgumentParser(description="docs/rules.md from the rules")
    parser.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("--root", type=Path, default=Path())
    given = parser.parse_args(arguments)
    path = given.root / PAGE
    text = page()
    if given.write:
        write_atomic(path, text)
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE} is not what the rules say; run: python -m leanrag.checks.explain --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
