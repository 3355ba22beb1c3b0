"""Rules as data: every alert and recording rule of the rendered charts, and the file that Prometheus reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from leanrag.checks import promql as tree
from leanrag.core import yamlio
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_ABSENT = {"absent", "absent_over_time"}
_GROUP = ("name", "interval", "limit")  # what Prometheus itself knows of a group


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: it has either an alert's name or that of what it records."""

    alert: str
    record: str
    text: str
    wait: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    origin: str

    @property
    def name(self) -> str:
        """What it is called."""
        return self.alert or self.record


def rules(manifests: Iterable[Manifest]) -> tuple[Rule, ...]:
    """Return the rules of every PrometheusRule, in order."""
    return tuple(rule for each in manifests if each.kind == "PrometheusRule" for rule in _rules(each))


def _rules(manifest: Manifest) -> Iterator[Rule]:
    for group in _groups(manifest):
        for body in map(mapping, items(group.get("rules"))):
            yield Rule(
                alert=str(body.get("alert") or ""),
                record=str(body.get("record") or ""),
                text=str(body.get("expr")),
                wait=str(body.get("for") or "0s"),
                labels=mapping(body.get("labels")),
                annotations=mapping(body.get("annotations")),
                origin=f"{manifest.app.chart}/{manifest.name}",
            )


def _groups(manifest: Manifest) -> list[Mapping[str, Any]]:
    return [mapping(each) for each in items(mapping(manifest.body.get("spec")).get("groups"))]


def files(manifests: Iterable[Manifest]) -> dict[str, str]:
    """Return the rule files of Prometheus, one an object: only what Prometheus itself knows of a group."""
    found = {}
    for each in manifests:
        if each.kind == "PrometheusRule":
            groups = [{key: group[key] for key in (*_GROUP, "rules") if key in group} for group in _groups(each)]
            found[f"{each.app.name}-{each.name}.yaml"] = yamlio.dump({"groups": groups})
    return found


def present(text: str) -> list[tuple[str, str]]:
    """Return what an alert must find while all is well, those in absent() left out: each selector, and a wider one.

    The wider one holds of labels that tell a state ("error") only that they are there: many a series begins with the
    first request that it counts.
    """
    return sorted({(_plain(each), _plain(each, wide=True)) for each in _outside(tree.parse(text))})


def _outside(expr: Any) -> Iterator[promql.VectorSelector]:
    if isinstance(expr, promql.Call) and expr.func.name in _ABSENT:
        return
    if isinstance(expr, promql.BinaryExpr) and str(expr.op) == "or" and _number(expr.rhs):
        return  # `… or vector(0)` says itself what is meant when there is none
    if isinstance(expr, promql.VectorSelector):
        yield expr
    for inner in tree.inside(expr):
        yield from _outside(inner)


def _number(expr: Any) -> bool:
    return isinstance(expr, promql.Call) and expr.func.name == "vector"


# Labels that tell whose a series is.
_WHOSE = {"namespace", "job", "service", "pod", "cluster", "model_name", "model", "objective", "__name__"}


def _plain(selector: promql.VectorSelector, wide: bool = False) -> str:
    """Return a selector without its offset: what was there a week ago is not asked for here."""
    pairs = [
        f'{each.name}!=""' if wide and each.name not in _WHOSE else f"{each.name}{_SIGN[str(each.op)]}{_text(each)}"
        for each in selector.matchers.matchers
    ]
    return (selector.name or "") + ("{" + ",".join(pairs) + "}" if pairs else "")


_SIGN = {
    str(promql.MatchOp.Equal): "=",
    str(promql.MatchOp.NotEqual): "!=",
    str(promql.MatchOp.Re): "=~",
    str(promql.MatchOp.NotRe): "!~",
}


def _text(matcher: promql.Matcher) -> str:
    return '"' + matcher.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
