"""docs/metrics.md: every metric of the registry, where it is served, and where a stand-in is not what it stands for."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from leanrag.core.files import write_atomic
from leanrag.engine.registry import Family, Known, everything
from leanrag.render.tools import tools_dir

_HEAD = """\
<!-- Written by `python -m leanrag.engine --registry` from validation/leanrag/engine/families. Do not edit. -->

# Metrics

What a query may ask for. `leanrag check` holds every PromQL query, and every name that a monitor keeps or drops, to
this list: a name that a family claims and does not have is a finding (MET001), and one that nobody here knows is
UNKNOWN. How a family is read anew from its source, or a version added: `python -m leanrag.engine --read FAMILY`.

Names are as declared. On the wire, a client for Python and OpenTelemetry's exporter put `_total` behind every counter;
a client for Go writes it as it is declared. A histogram has `_bucket`, `_sum` and `_count`. An empty cell under labels
is "none"; `?` is "not known", and then no query is judged by them. A scrape adds those of the family prometheus.
"""
_WRITTEN = {"python": "counters with `_total`", "go": "as declared", "otel": "counters with `_total`"}


def path() -> Path:
    """Return where the list is kept in this checkout."""
    return tools_dir().parent.parent / "docs" / "metrics.md"


def write() -> None:
    """Write the list."""
    write_atomic(path(), text(everything()))


def text(families: Iterable[Family]) -> str:
    """Return the list as Markdown."""
    every = tuple(families)
    parts = [_HEAD, "## Families", *_summary(every), "## Where they are served", *_served(every)]
    for each in every:
        real = next((other for other in every if other.name == each.standin), None)
        parts += [f"## What {each.name} has otherwise than {real.name}", *_otherwise(each, real)] if real else []
    for each in every:
        parts += [f"## {each.name}", *_family(each)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _table(head: str, rows: Iterable[str]) -> str:
    columns = head.count("|") - 1
    return "\n".join([head, "|" + "---|" * columns, *rows])


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _summary(families: Iterable[Family]) -> Iterator[str]:
    rows = (
        _row(
            f"[{each.name}](#{each.name})",
            str(len(each.metrics)) if not each.listed else f"those in {each.listed}",
            ", ".join(each.versions),
            _words(filter(None, (each.prefix, *each.also, *each.renamed))) if not each.standin else "",
            _WRITTEN[next((metric.client for metric in each.metrics.values()), "python")],
            each.source,
        )
        for each in families
    )
    yield _table("| family | metrics | versions read | claims all of | on the wire | source |", rows)


def _served(families: Iterable[Family]) -> Iterator[str]:
    yield "Ports are those of the sources named, not of every installation; a Service is there where a source has one."
    rows = (
        _row(
            each.name,
            component,
            f"{at.port} {at.number}".strip(),
            f"{at.scheme} {at.path}",
            at.service,
            at.note,
            at.source,
        )
        for each in families
        for component, at in each.served.items()
    )
    yield _table("| family | component | port | scheme, path | Service | note | source |", rows)


def _family(family: Family) -> Iterator[str]:
    if family.labels:
        yield f"Every metric has {_words(sorted(family.labels))}, besides its own."
    if family.gone:
        yield "Gone: " + "; ".join(f"`{old}` is `{new}`" for old, new in family.gone.items()) + "."
    components = len(family.served) > 1 and any(metric.at for metric in family.metrics.values())
    head = "| name | type | labels | unit | versions |" + (" served by |" if components else "")
    if family.metrics:
        yield _table(head, (_metric(each, family, components=components) for each in family.metrics.values()))


def _metric(metric: Known, family: Family, *, components: bool) -> str:
    labels = "?" if metric.labels is None else _words(sorted(metric.labels - family.labels))
    name = f"`{metric.name}`" + (f", now `{metric.now}`" if metric.now else "")
    at = [", ".join(metric.at) or "all"] if components else []
    return _row(name, metric.type or "?", labels, metric.unit, ", ".join(metric.versions) or "all", *at)


def _otherwise(standin: Family, real: Family) -> Iterator[str]:
    """Tell each series that only the stand-in has, and each that has other labels there than in the real one."""
    yield "A query that finds data there may find none here, and the other way round."
    version = real.versions[-1]
    there = {name: metric for name, metric in real.wire.items() if metric.meant(version)}
    rows = [
        _row(f"`{name}`", f"{real.name} {version} has no such series") for name in standin.wire if name not in there
    ]
    for name, metric in standin.wire.items():
        if name in there and name.endswith(metric.series()[0]) and metric.labels != there[name].labels:
            rows.append(_row(f"`{name}`", _labels_differ(metric, there[name])))
    yield _table("| series | difference |", rows)
    missing = sorted({metric.name for metric in there.values() if metric.series()[0] not in standin.wire})
    yield f"{len(missing)} metrics of {real.name} {version} are not there, among them {_words(missing[:12])}."


def _labels_differ(there: Known, here: Known) -> str:
    if there.labels is None or here.labels is None:
        return f"labels {_words(sorted(there.labels or ()))}; those of the real one are not known"
    more, less = sorted(there.labels - here.labels), sorted(here.labels - there.labels)
    return "; ".join([f"has {_words(more)}"] * bool(more) + [f"lacks {_words(less)}"] * bool(less))
