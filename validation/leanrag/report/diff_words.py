"""How a comparison of two revisions reads: values short, secrets never, one line a fact."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from leanrag.changes.model import AppChange, ClusterChange
from leanrag.changes.objects import ObjectChange
from leanrag.changes.paths import ABSENT, Difference, shown
from leanrag.changes.promises import Promise
from leanrag.changes.summary import Moved, Summary, repository
from leanrag.report.words import clean

SHORT = 90  # characters of a value
ONE_LINE = 150  # characters of "path: before → after"
TEXT_LINES = 40  # of one text that differs
PLACES = 3
SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_HASH = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")
_GIB = 2**30


def facts(found: Summary) -> Iterator[tuple[str, str]]:
    """Yield (what, sentence) of everything on top of a cluster's details, the most important first."""
    yield from (("refused", f"{where} {each.path} {each.why}; {each.fix}") for where, each in found.refused)
    yield from (("data deleted", where) for where in found.lost)
    yield from (("images", _moved(each)) for each in found.images)
    yield from (("operators", _moved(each)) for each in found.operators)
    yield from (("models", _moved(each)) for each in found.models)
    yield from _capacity(found)
    for app in dict.fromkeys(app for app, _ in found.promises):
        yield "SLO", f"{app}: " + "; ".join(_promise(each) for owner, each in found.promises if owner == app)
    yield from _objects(found)


def _objects(found: Summary) -> Iterator[tuple[str, str]]:
    restarts = [f"{where} ({_count(pods, 'pod')})" if pods else where for where, pods in found.restarts]
    named = (
        ("pods anew", restarts),
        ("changes hands", [f"{what}: {loses} → {gets}" for what, loses, gets in found.moved]),
        ("deleted", [each for each in found.deleted if each not in found.lost]),
        ("kept", list(found.kept)),
        ("until leanrag prune", list(found.until_prune)),
    )
    yield from ((what, _several(listed)) for what, listed in named if listed)


def _capacity(found: Summary) -> Iterator[tuple[str, str]]:
    """What workloads request, all their pods together, and how many pods they have."""
    for part, what in (("gpus", "GPUs"), ("cpu", "CPU"), ("memory", "memory"), ("replicas", "replicas")):
        rows = found.differing(part)
        if rows:
            change = sum((after - before for _, before, after in rows), Fraction(0))
            places = [f"{each.app} {_amount(old, part)} → {_amount(new, part)}" for each, old, new in rows]
            yield what, f"{_signed(change, part)}: {_several(places)}"


def _amount(amount: Fraction, part: str) -> str:
    number = amount / _GIB if part == "memory" else amount
    unit = {"memory": " GiB", "cpu": " cores"}.get(part, "")
    return f"{float(number):,.4g}{unit}"


def _signed(amount: Fraction, part: str) -> str:
    return ("+" if amount > 0 else "−") + _amount(abs(amount), part)


def _promise(each: Promise) -> str:
    change = each.after if each.before == "no promise" else f"{each.before} → {each.after}"
    return f"{each.what} {change}" + (" (looser)" if each.looser else "")


def _moved(each: Moved) -> str:
    places = _several(list(each.where))
    if each.before is None or each.after is None:
        return f"{'new' if each.before is None else 'gone'} {each.after or each.before}: {places}"
    same = repository(each.before) == repository(each.after) and "/" in each.after
    after = each.after.removeprefix(repository(each.after)) if same else each.after
    return f"{each.before} → {after}: {places}"


def _several(listed: list[str]) -> str:
    more = f" and {len(listed) - PLACES} more" if len(listed) > PLACES + 1 else ""
    return ", ".join(clean(each) for each in (listed[:PLACES] if more else listed)) + more


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def headline(cluster: ClusterChange) -> str:
    """Return one line for a cluster: how much differs, and what is special about it."""
    words = [f"{len(cluster.apps)} of {_count(cluster.total, 'Application')} differ"]
    words += {"added": ["new cluster"], "removed": ["cluster removed"]}.get(cluster.change, [])
    words += ["protected"] if cluster.protected else []
    if cluster.pin[0] != cluster.pin[1]:
        words.append(f"pin {cluster.pin[0][:12] or 'none'} → {cluster.pin[1][:12] or 'none'}")
    return ", ".join(words)


def counts(app: AppChange) -> str:
    """Return one line for an Application: how many objects are added, removed, changed."""
    loud = [each.change for each in app.objects if not each.noise]
    told = [f"{loud.count(word)} {word}" for word in SIGNS if word in loud]
    quiet = len(app.objects) - len(loud)
    told += [f"{_count(quiet, 'object')} with another chart version only"] if quiet else []
    state = {"added": "new Application", "removed": "Application removed"}.get(app.change, "")
    return ", ".join([state] * bool(state) + told) or "nothing to show"


def details(app: AppChange) -> Iterator[tuple[str, str]]:
    """Yield (sign, line) for every object of an Application: "+" and "-" as in a diff, "~" changed, "" what follows."""
    for each in app.objects:
        if not each.noise:
            after = f": {each.fate}" if each.fate else ""
            yield SIGNS[each.change], f"{_label(each)} ({each.manifest.template}){after}"
            for refusal in each.refused:
                yield "!", f"  {refusal.path} {refusal.why}; {refusal.fix}"
            for difference in each.differences:
                yield from _difference(each, difference)


def _label(each: ObjectChange) -> str:
    place = each.manifest.namespace
    return each.label if place == each.manifest.app.namespace else f"{each.label} in {place}"


def _difference(change: ObjectChange, found: Difference) -> Iterator[tuple[str, str]]:
    path = shown(found.path)
    if change.manifest.kind == "Secret" and found.path[0] in ("data", "stringData"):
        yield "~", f"  {path}: differs (not shown)"
    elif all(isinstance(each, list) for each in (found.before, found.after)):
        yield from _list(path, found)
    elif any("\n" in each for each in (found.before, found.after) if isinstance(each, str)):
        yield from _text(path, found)
    else:
        yield from _scalar(path, found)


def _scalar(path: str, found: Difference) -> Iterator[tuple[str, str]]:
    before, after = value(found.before), value(found.after)
    line = f"  {path}: {before} → {after}"
    if found.before is ABSENT or found.after is ABSENT:
        sign, only = ("+", after) if found.before is ABSENT else ("-", before)
        yield sign, f"  {path}: {only}"
    elif len(line) <= ONE_LINE:
        yield "~", line
    else:
        yield from (("-", f"  {path}: {before}"), ("+", f"  {path}: {after}"))


def _list(path: str, found: Difference) -> Iterator[tuple[str, str]]:
    """Show the items that went and came; in the same order, an order that changed is said as such."""
    gone, came = list(found.before), list(found.after)
    for each in list(gone):
        if each in came:
            gone.remove(each)
            came.remove(each)
    if not gone and not came:
        yield "~", f"  {path.removesuffix('.order')}: in another order"
    yield from (("-", f"  {path}: {value(each)}") for each in gone)
    yield from (("+", f"  {path}: {value(each)}") for each in came)


def _text(path: str, found: Difference) -> Iterator[tuple[str, str]]:
    if found.before is ABSENT or found.after is ABSENT:
        sign, only = ("+", found.after) if found.before is ABSENT else ("-", found.before)
        yield sign, f"  {path}: a text of {_count(len(str(only).splitlines()), 'line')}"
        return
    yield "~", f"  {path}:"
    lines = difflib.unified_diff(str(found.before).splitlines(), str(found.after).splitlines(), n=1, lineterm="")
    listed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    yield from ((line[:1].strip(), f"    {_cut(_plain(line[1:]))}") for line in listed[:TEXT_LINES])
    if len(listed) > TEXT_LINES:
        yield "", f"    … {len(listed) - TEXT_LINES} lines more"


def value(given: Any) -> str:
    """Return a value in a few words: hashes by their first twelve digits, long things cut, control characters gone."""
    if given is ABSENT:
        return "–"
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, default=str)
    return _cut(_HASH.sub(r"\1…", clean(text))) or '""'


def _plain(line: str) -> str:
    """Keep a line's indentation, and nothing that could control a terminal."""
    return line[: len(line) - len(line.lstrip(" "))] + clean(line)


def _cut(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def alike(lines: Iterable[tuple[str, str]], name: str) -> str:
    """Return a key that is equal for Applications of several clusters whose details read the same."""
    return json.dumps([[sign, line.replace(name, "")] for sign, line in lines])
