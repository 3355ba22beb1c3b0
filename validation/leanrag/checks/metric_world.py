"""Which metrics and labels one cluster has: of the registry, of its engines' versions, of its own recording rules."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import promql_parser as promql

from leanrag.checks import promql as tree
from leanrag.checks.contracts import published
from leanrag.checks.finding import at, suggestion
from leanrag.checks.queries import Query
from leanrag.checks.scope import Scope
from leanrag.core.errors import LeanragError
from leanrag.core.shapes import items, mapping
from leanrag.engine.registry import Family, Known, families, family, scraped

_VLLM = "vllm"
_MONITORS = ("ServiceMonitor", "PodMonitor")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one name or label of a query; `absent`: an alternative beside it makes up for it."""

    message: str
    fix: str
    culprit: str
    unknown: bool = False
    absent: bool = False


@dataclass(slots=True)
class World:
    """What exists on one cluster. `versions` are those of vLLM, by Application ("" for all); `serving` model → it.

    `open`: a monitor renames metrics; `whole`: everything that runs there is rendered.
    """

    versions: Mapping[str, tuple[str, ...]]
    serving: Mapping[str, str]
    records: Mapping[str, list[Query]]
    added: frozenset[str]
    open: bool
    whole: bool
    fields: Mapping[str, Known] = field(default_factory=dict)
    _seen: dict[str, tree.Labels] = field(default_factory=dict)

    def known(self, name: str) -> Known | None:
        """Return what is known of a series by its name on the wire."""
        found = family(name)
        return self.fields.get(name) or (found.wire.get(found.plain(name)) if found else None)

    def labels(self, selector: promql.VectorSelector) -> tree.Labels:
        """Return the labels of a selector's series with those of the scrape; None: not known."""
        name, pattern = tree.name_of(selector)
        if not name or pattern or self.open:
            return None
        if name in self.records:
            return self._recorded(name)
        known = self.known(name)
        found = family(name)
        own = known.labels_of(found.plain(name) if found else name) if known else None
        return None if own is None else own | self.added

    def _recorded(self, name: str) -> tree.Labels:
        """Labels of a recorded metric: those of every rule that makes it; a circle among rules has unknown ones."""
        if name not in self._seen:
            self._seen[name] = None
            made = [self._of_rule(rule) for rule in self.records[name]]
            every = [each for each in made if each is not None]
            self._seen[name] = frozenset().union(*every) if len(every) == len(made) else None
        return self._seen[name]

    def _of_rule(self, rule: Query) -> tree.Labels:
        try:
            found = tree.labels(tree.parse(rule.text), self.labels)
        except LeanragError:
            return None
        return None if found is None else found | rule.labels | {"prometheus", "prometheus_replica", "cluster"}

    def names(self) -> Iterator[str]:
        """Yield every name on the wire."""
        yield from self.records
        yield from self.fields
        for each in families():
            yield from each.wire

    def missing(self, name: str, app: str) -> Problem | None:
        """Return why a metric is not there, or None when it is.

        Of files without a cluster nobody says what else runs beside them, so a doubt is no finding there.
        """
        found = None if name in self.records or name in self.fields else self._missing(name, app)
        return None if found and found.unknown and not self.whole else found

    def _missing(self, name: str, app: str) -> Problem | None:
        found = family(name)
        if found is None or ":" in name.removeprefix(found.prefix if found.claims(name) else ""):
            what = "no rule here records" if ":" in name else "nobody here knows a metric"
            fix = "render the rule that records it" if ":" in name else "add it to leanrag/engine/families"
            return Problem(f"{what} {name!r}", fix, name, unknown=True, absent=True)
        plain = found.plain(name)
        known = found.wire.get(plain)
        problem = self._old(found, known, name, app) if known else self._no_metric(found, plain, name, app)
        return replace(problem, unknown=problem.unknown or self.open) if problem else None

    def _old(self, found: Family, known: Known, name: str, app: str) -> Problem | None:
        """Return a problem when no engine's version has a metric of vLLM."""
        versions = self._versions(found, app)
        if not versions or any(known.meant(version) for version in versions):
            return None
        unread = [version for version in versions if version not in found.versions]
        shown, having = ", ".join(versions), ", ".join(known.versions)
        message = f"vLLM {shown} has no metric {name!r} ({having} has it)"
        if unread:
            fix = f"pin its wheel: python -m leanrag.engine {unread[0]}"
            return Problem(f"whether vLLM {shown} has {name!r} is not known", fix, name, unknown=True, absent=True)
        now = found.gone.get(known.name)
        fix = f"it is {now} now" if now else "ask for one that it has, or take an image whose vLLM has it"
        return Problem(message, fix, name, absent=True)

    def _no_metric(self, found: Family, plain: str, name: str, app: str) -> Problem:
        if found.listed and not self.fields:
            message = f"whether {name!r} is exposed is not known: nothing here renders {found.listed}"
            return Problem(message, "render the list of fields (charts/platform/gpu)", name, unknown=True, absent=True)
        if declared := found.metrics.get(plain):
            series = declared.series()
            message = f"{name!r} is a {declared.type}, whose series are {', '.join(series[:3])}"
            return Problem(message, f"ask for {series[0]}", name)
        base = next((old for old in found.gone if plain.startswith(old)), "")
        if base:
            message = f"{self._whose(found, app)} has no metric {name!r}"
            return Problem(message, f"it is {found.gone[base]} now", name, absent=True)
        if found.listed:
            message = f"{name!r} is not in {found.listed}, so it is not exposed"
            return Problem(message, suggestion(name, self.fields, "metric"), name, absent=True)
        fix = suggestion(name, found.wire, "metric")
        return Problem(f"{self._whose(found, app)} has no metric {name!r}", fix, name, absent=True)

    def _versions(self, found: Family, app: str) -> tuple[str, ...]:
        return (self.versions.get(app) or self.versions.get("", ())) if found.name == _VLLM else ()

    def _whose(self, found: Family, app: str) -> str:
        versions = self._versions(found, app)
        return f"vLLM {', '.join(versions)}" if versions else f"the family {found.name}"


def world(scope: Scope, asked: Iterable[Query], engines: Iterable[tuple[str, str]]) -> World:
    """Return what exists on a cluster: `engines` are its vLLM servers, Application and version ("" when not known)."""
    versions: dict[str, set[str]] = {}
    for app, version in engines:
        for key in (app, ""):
            versions.setdefault(key, set()).update({version} - {""})
    records: dict[str, list[Query]] = {}
    for query in asked:
        if query.records:
            records.setdefault(query.records, []).append(query)
    added, opened = _scraped(scope)
    in_order = {app: tuple(sorted(each)) for app, each in versions.items()}
    serving = {str(each.body.get("model")): each.manifest.app.name for each in published(scope, "model.json")}
    return World(in_order, serving, records, scraped() | added, opened, scope.cluster is not None, dict(_fields(scope)))


def _scraped(scope: Scope) -> tuple[frozenset[str], bool]:
    """Return the labels that rendered monitors add, and whether one renames metrics or maps labels as it likes."""
    added, opened = set(), False
    for manifest in scope.of_kind(*_MONITORS):
        spec = mapping(manifest.body.get("spec"))
        for key in ("targetLabels", "podTargetLabels"):
            added |= {re.sub(r"\W", "_", str(each)) for each in items(spec.get(key))}
        for endpoint in (*items(spec.get("endpoints")), *items(spec.get("podMetricsEndpoints"))):
            for key in ("relabelings", "metricRelabelings"):
                for step in map(mapping, items(at(endpoint, (key,)))):
                    target = str(step.get("targetLabel") or "")
                    opened = opened or target == "__name__" or str(step.get("action")).lower() == "labelmap"
                    added |= {target} - {""}
    return frozenset(added), opened


def _fields(scope: Scope) -> Iterator[tuple[str, Known]]:
    """Yield what a rendered list makes an exporter expose: `name, type, text` a line; a `label` is on all of them."""
    for found in families():
        texts = [
            str(mapping(manifest.body.get("data"))[found.listed])
            for manifest in scope.of_kind("ConfigMap")
            if found.listed and found.listed in mapping(manifest.body.get("data"))
        ]
        lines = [[word.strip() for word in line.split(",")[:2]] for text in texts for line in text.splitlines()]
        rows = [line for line in lines if len(line) > 1 and line[0].startswith(found.prefix)]
        labels = found.labels | {name for name, kind in rows if kind == "label"}
        for name, kind in rows:
            if kind != "label":
                # The exporter writes the name as it is, also of a counter.
                yield name, Known(name, "gauge" if kind == "gauge" else "", "", labels)
