"""What leanrag check prints for people: findings by rule, each with its place and the way out, and a summary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from leanrag.checks.finding import Finding, number_of
from leanrag.checks.registry import ALL
from leanrag.checks.run import CheckRun

SHOWN, HELD_SHOWN = 20, 3
_LOOKED_AT = (
    ("clusters", "cluster"),
    ("apps", "Application"),
    ("charts", "chart"),
    ("files", "file"),
    ("objects", "object"),
    ("rules", "rule"),
    ("celEvaluated", "CEL rule"),
)
# A message may quote what somebody wrote: it stays one line, and gives the terminal no orders.
_CONTROLS = {**dict.fromkeys([*range(32), *range(127, 160)], "?"), 9: " ", 10: " ", 13: ""}
_RED, _GREEN, _YELLOW, _BOLD, _DIM = "31;1", "32;1", "33;1", "1", "2"
_OUTCOMES = {"PASS": _GREEN, "FAIL": _RED}


@dataclass(frozen=True, slots=True)
class View:
    """How people want it: in colour (on a terminal), and all findings or the first ones of each rule."""

    colour: bool = False
    all: bool = False

    def paint(self, style: str, words: str) -> str:
        """Return words in an ANSI style."""
        return f"\033[{style}m{words}\033[0m" if self.colour else words


def text(run: CheckRun, view: View) -> str:
    """Return findings grouped by rule, then what objects allow themselves, then one line with the outcome."""
    lines: list[str] = []
    for check in ALL:
        own = [finding for finding in run.findings if finding.rule == check.id and not finding.allowed]
        if own:
            lines += [_title(check.id, check.sentence, own, view), *_block(own, view), ""]
    allowed = [finding for finding in run.findings if finding.allowed]
    if allowed:
        lines += [f"allowed by leanrag.io/allow: {len(allowed)}", *map(_allowed, allowed), ""]
    return "\n".join([*lines, *_summary(run, view)]) + "\n"


def _title(rule: str, sentence: str, own: Sequence[Finding], view: View) -> str:
    unknown = sum(finding.unknown for finding in own)
    held = sum(finding.holds for finding in own)
    counts = {"not": len(own) - unknown, "unknown": unknown - held, "that hold a promotion": held}
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    style = _YELLOW if unknown == len(own) else _RED
    return f"{view.paint(style, rule)}  {view.paint(_BOLD, sentence)}: {', '.join(parts)}"


def _block(own: Sequence[Finding], view: View) -> Iterator[str]:
    # What only a promotion waits for is there on every run of a sound repository.
    shown = own if view.all else own[: HELD_SHOWN if all(finding.holds for finding in own) else SHOWN]
    for fix, group in groupby(shown, key=lambda finding: finding.fix):
        for finding in group:
            yield f"  {view.paint(_BOLD, _line(finding.place()))}: {_mark(finding)}{_line(finding.told())}"
        yield f"      {view.paint(_DIM, 'fix:')} {_line(fix)}"
    if len(own) > len(shown):
        yield f"  and {len(own) - len(shown)} more (--all)"


def _mark(finding: Finding) -> str:
    if not finding.unknown:
        return ""
    return "holds a promotion: " if finding.holds else "unknown: "


def _allowed(finding: Finding) -> str:
    return _line(f"  {finding.rule} {finding.place()}: {finding.told()}: {finding.allowed}")


def _line(words: str) -> str:
    return words.translate(_CONTROLS)


def _summary(run: CheckRun, view: View) -> Iterator[str]:
    rule = next((finding.rule for finding in run.findings if not finding.allowed and not finding.holds), "")
    if rule:
        yield f"why a rule is one, and the way out: leanrag check --explain {rule}"
    if run.counts.get("celTransition"):
        left = number_of(run.counts["celTransition"], "CEL rule")
        yield f"not evaluated: {left} on what was there before (--changed-since REV)"
    if run.counts.get("skipped"):
        yield f"not read: {number_of(run.counts['skipped'], 'file')} without a manifest"
    looked = ", ".join(number_of(run.counts[key], word) for key, word in _LOOKED_AT if run.counts.get(key))
    outcome = view.paint(_OUTCOMES.get(str(run.step.outcome), _YELLOW), str(run.step.outcome))
    yield f"{outcome}: {run.step.reason} ({looked}; {run.step.seconds:.1f} s)"
