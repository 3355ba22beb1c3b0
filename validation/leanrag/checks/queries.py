"""Every PromQL query that a cluster's objects hold: in rules, autoscalers and dashboards, each with its place."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.checks.finding import at, dotted
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_Path = tuple[str | int, ...]
# What Grafana puts in the place of a variable is not known: a duration in brackets, else a number.
_IN_BRACKETS = re.compile(r"\[\s*\$(?:\{\w+(?::\w+)?\}|\w+)\s*(:[^\]]*)?\]")
_QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)""")
_VARIABLE = re.compile(r"\$\{\w+(:\w+)?\}|\$\w+|\[\[\w+\]\]")
_VALUES = re.compile(r"\s*label_values\s*\(\s*(?:(?P<metric>.*\S)\s*,)?\s*(?P<label>\w+)\s*\)\s*$", re.DOTALL)
_RESULT = re.compile(r"\s*query_result\s*\((?P<query>.*)\)\s*$", re.DOTALL)
_LANGUAGES = ("prometheus", "", None)
# Labels of ConfigMaps that Grafana's sidecars read, or OpenShift's console.
_BOARDS = frozenset({"grafana_dashboard", "console.openshift.io/dashboard"})


@dataclass(frozen=True, slots=True)
class Query:
    """One query: its object, the path of its text there, and PromQL that can be parsed.

    `records` is the metric that a recording rule makes of it, with `labels` of its own; `open`: a variable stood where
    its value decides what is asked for.
    """

    manifest: Manifest
    path: _Path
    text: str
    records: str = ""
    labels: frozenset[str] = frozenset()
    open: bool = False

    @property
    def where(self) -> str:
        """The place inside the object, as people write it."""
        return dotted(self.path)


def queries(scope: Scope) -> Iterator[Query]:
    """Yield every query of rules, ScaledObjects, and dashboards of Grafana, Perses and OpenShift's console."""
    for manifest in scope.manifests:
        match manifest.kind:
            case "PrometheusRule":
                yield from _rules(manifest)
            case "ScaledObject" | "ScaledJob":
                yield from _triggers(manifest)
            case "GrafanaDashboard":
                yield from _json(manifest, ("spec", "json"))
            case "PersesDashboard":
                yield from _panels(manifest, ("spec",), manifest.body.get("spec"))
            case "ConfigMap" if not _BOARDS.isdisjoint(mapping(at(manifest.body, ("metadata", "labels")))):
                for key in mapping(manifest.body.get("data")):
                    yield from _json(manifest, ("data", str(key)))


def names(scope: Scope) -> Iterator[tuple[Manifest, str, str]]:
    """Yield every metric that a monitor keeps, drops or renames by name: its object, the place, and name or pattern."""
    for manifest in scope.of_kind("ServiceMonitor", "PodMonitor"):
        for key in ("endpoints", "podMetricsEndpoints"):
            for number, endpoint in enumerate(items(at(manifest.body, ("spec", key)))):
                for index, step in enumerate(map(mapping, items(mapping(endpoint).get("metricRelabelings")))):
                    if step.get("sourceLabels") == ["__name__"] and step.get("regex"):
                        where = dotted(("spec", key, number, "metricRelabelings", index, "regex"))
                        yield from ((manifest, where, each) for each in _alternatives(str(step["regex"])))


def _alternatives(pattern: str) -> list[str]:
    """Return what a pattern chooses between; one that nests its choices is left whole."""
    bare = pattern[1:-1] if pattern.startswith("(") and pattern.endswith(")") else pattern
    return [pattern] if re.search(r"[()\[\]]", bare) else bare.split("|")


def _rules(manifest: Manifest) -> Iterator[Query]:
    for number, group in enumerate(items(at(manifest.body, ("spec", "groups")))):
        for index, rule in enumerate(items(mapping(group).get("rules"))):
            text, path = mapping(rule).get("expr"), ("spec", "groups", number, "rules", index, "expr")
            if isinstance(text, str | int):
                labels = frozenset(map(str, mapping(mapping(rule).get("labels"))))
                yield Query(manifest, path, str(text), str(mapping(rule).get("record") or ""), labels)


def _triggers(manifest: Manifest) -> Iterator[Query]:
    for index, trigger in enumerate(items(at(manifest.body, ("spec", "triggers")))):
        text = at(trigger, ("metadata", "query"))
        if mapping(trigger).get("type") == "prometheus" and isinstance(text, str):
            yield Query(manifest, ("spec", "triggers", index, "metadata", "query"), text)


def _json(manifest: Manifest, path: _Path) -> Iterator[Query]:
    try:
        body = json.loads(str(at(manifest.body, path)))
    except (ValueError, RecursionError):
        return
    yield from _panels(manifest, path, body)


def _panels(manifest: Manifest, path: _Path, node: Any, language: Any = None) -> Iterator[Query]:
    """Walk a dashboard: a panel's datasource counts for its targets, unless they name another."""
    if isinstance(node, Mapping):
        source = node.get("datasource")
        language = source.get("type", language) if isinstance(source, Mapping) else language
        text = _query(node) if language in _LANGUAGES else None
        if text:
            yield Query(manifest, path, *_parsable(text))
    for key, each in node.items() if isinstance(node, Mapping) else enumerate(items(node)):
        yield from _panels(manifest, (*path, key), each, language)


def _query(node: Mapping[str, Any]) -> str | None:
    """Return the query of a target, of a Perses plugin, or of a variable of type query."""
    if isinstance(node.get("expr"), str):
        return str(node["expr"])
    if str(node.get("kind", "")).startswith("Prometheus") and isinstance(at(node, ("spec", "query")), str):
        return str(node["spec"]["query"])
    text = node.get("query")
    text = text.get("query") if isinstance(text, Mapping) else text
    if node.get("type") != "query" or not isinstance(text, str):
        return None
    if found := _VALUES.match(text):
        return f"count by ({found['label']}) ({found['metric']})" if found["metric"] else None
    found = _RESULT.match(text)
    return found["query"] if found else None


def _parsable(text: str) -> tuple[str, str, frozenset[str], bool]:
    """Return a text without Grafana's variables, as the fields of a Query; inside quotes they are only text."""
    text = _IN_BRACKETS.sub(lambda found: "[5m:1m]" if found[1] else "[5m]", text)
    parts = _QUOTED.split(text)
    changed = [part if index % 2 else _VARIABLE.sub("1", part) for index, part in enumerate(parts)]
    return "".join(changed), "", frozenset(), changed != parts
