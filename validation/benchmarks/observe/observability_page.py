"""docs/observability.md, written from what was found."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_HEAD = """# What dashboards and alerts were seen to show

Written by `make observe`. It starts the local stack (vLLM on CPU, OGX, milvus-lite), and a Prometheus that scrapes it
as the rendered ServiceMonitors say. It asks every query of every dashboard and rule, makes alerts fire for real causes,
and draws the dashboards from the answers. `python validation/benchmarks/observe --only PART` runs one part.
"""
_QUERIES = """A query counts when Prometheus answers with at least one number. *real*: of what runs here. *sample*: it
needs what is not here, and was asked of a sample: the metrics, types and labels that the exporter's source lists
([metrics.md](metrics.md)), and no other. A sample shows that names, labels and joins fit, not that a number is right.
Of an alert, the series that it compares are asked for, since the alert itself is silent while all is well. What a GPU
makes and costs is computed of the CPU engine, as if it were one GPU at a price of 2 an hour.
"""
_ALERTS = """Targets are scraped, and rules evaluated, every 5 s; on a cluster scrapes are 30 s apart. *At the earliest*
is the rule's `for`; scrape, evaluation and polling add up to {latency:.0f} s, and a window has to fill first.
"""
_BURNS = """A burn rate fires when a long and a short window hold a larger share of broken requests than its limit. Here
a crowd comes after a few people, and the Prometheus is minutes old, so that a window is as long as what it knows.
*Expected* is when that share of all that it holds is broken; what is recorded follows within a scrape and an
evaluation, 10 s. *Steady*: what the same errors take in steady traffic, with windows that are full (Google, The Site
Reliability Workbook, chapter 5).
"""
_NOT_RUN = """These alerts need what is not here, or time. They are **not run**: promtool holds each to series that fire
it, and to others that do not (`validation/tests/alerts`).
"""
_PICTURES = """Drawn by a page of our own from the same queries, photographed by Chromium; Grafana draws otherwise.
"""


def page(found: Mapping[str, Any], latency: float, expected: Mapping[str, tuple[str, Sequence[str]]]) -> str:
    """Return the page; a part that was not run says so. `expected`: of each cause what it is, and its own alerts."""
    sections = (
        ("Every query", _queries(found.get("queries"))),
        ("Alerts that fired for their cause", _fired(found.get("alerts"), latency, expected)),
        ("Silence", _silence(found.get("silence"))),
        ("Pictures", _pictures(found.get("pictures"))),
    )
    parts = [f"## {title}\n\n{text.strip() or 'Not run yet.'}\n" for title, text in sections]
    return "\n".join([_HEAD, *parts])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar in a cell stays in it."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _queries(found: Sequence[Mapping[str, Any]] | None) -> str:
    if not found:
        return ""
    places = list(dict.fromkeys(each["place"] for each in found))
    rows = [_place(place, [each for each in found if each["place"] == place]) for place in places]
    empty = [each for each in found if each["how"] == "empty"]
    told = f"{len(found)} queries, {len(empty)} empty.\n"
    head = ("dashboard or rules", "queries", "real", "sample", "empty", "the sample stands for")
    lines = [(each["place"], each["part"], f"`{each['text']}`", each["problem"]) for each in empty]
    faults = ["", table(("where", "panel or rule", "query", "why"), lines)] if empty else []
    return "\n".join([_QUERIES, told, table(head, rows), *faults])


def _place(place: str, found: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    counts = [sum(each["how"] == how for each in found) for how in ("real", "sample", "empty")]
    needs = sorted({each["needs"] for each in found if each["how"] == "sample"})
    return (place, str(len(found)), *map(str, counts), ", ".join(dict.fromkeys(", ".join(needs).split(", "))) or "-")


def _fired(found: Mapping[str, Any] | None, latency: float, expected: Mapping[str, tuple[str, Sequence[str]]]) -> str:
    if not found:
        return ""
    waits = found["waits"]
    rows = [
        (what, f"`{name}`", f"{waits.get(name, 0):.0f} s", f"{seconds:.0f} s")
        for each in found["fired"]
        for what, own in [expected[each["cause"]]]
        # What else fires meanwhile may be an earlier cause's.
        for name, seconds in sorted(each["alerts"].items(), key=lambda pair: float(pair[1]))
        if name in own
    ]
    missing = [f"- {expected[each['cause']][0]}: {each['missing']}" for each in found["fired"] if each["missing"]]
    head = ("cause", "alert", "at the earliest", "seen after")
    burns = [_burn(burn) for each in found["fired"] for burn in each["burns"]]
    parts = [_ALERTS.format(latency=latency), table(head, rows)]
    parts += [_BURNS, table(_BURN, burns)] if burns else []
    parts += ["Not seen:\n", *missing, ""] if missing else []
    others = found["elsewhere"]
    if others:
        parts += [_NOT_RUN, table(("alert", "needs"), [(f"`{name}`", what) for name, what in others.items()])]
    return "\n".join(parts)


_BURN = ("alert", "promise", "windows", "limit", "reached after", "expected", "steady", "before", "since", "broken")


def _burn(burn: Mapping[str, Any]) -> tuple[str, ...]:
    traffic = burn["traffic"]
    return (
        f"`{burn['alert']}`",
        f"{burn['model']} {burn['objective']}",
        burn["windows"],
        f"{burn['limit']:.0%}",
        f"{burn['seconds']:.0f} s",
        _ever(burn["expected"], 1, "s"),
        _ever(burn["steady"], 60, "min"),
        f"{traffic['before']:.0f} requests",
        f"{traffic['rate']:.1f} a second",
        f"{traffic['errors']:.0%}",
    )


def _ever(seconds: float, unit: float, name: str) -> str:
    return f"{seconds / unit:.0f} {name}" if math.isfinite(seconds) else "never"


def _silence(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    fired = [f"`{name}` after {seconds:.0f} s" for name, seconds in found["fired"].items()]
    told = "no alert fired" if not fired else "fired, and should not: " + ", ".join(fired)
    return (
        f"{found['seconds'] / 60:.0f} minutes of people asking, nothing broken, {found['alerts']} alerts that "
        f"could fire here: {told}.\n"
    )


def _pictures(found: Sequence[Mapping[str, Any]] | None) -> str:
    if not found:
        return ""
    parts = [_PICTURES]
    for each in found:
        parts.append(f"### {each['title']}\n")
        parts += [
            f'<picture><source media="(prefers-color-scheme: dark)" srcset="{each["dark"]}">'
            f'<img alt="{each["title"]}" src="{each["light"]}"></picture>\n',
            f"Narrow: [light]({each['narrow-light']}), [dark]({each['narrow-dark']}).\n",
        ]
    return "\n".join(parts)
