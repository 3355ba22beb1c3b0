"""Dashboards, alerts and autoscalers ask for metrics and labels that exist; else they are silent for ever."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql

from leanrag.checks import promql as tree
from leanrag.checks.finding import Finding, suggestion
from leanrag.checks.metric_world import Problem, World, world
from leanrag.checks.queries import Query, names, queries
from leanrag.checks.rules.engine import versions
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError, LeanragError, ToolError

_RATES = {"rate", "irate", "increase", "resets"}
_SLOPES = {"delta", "idelta", "deriv", "predict_linear"}
_COUNTED = ("_total", "_bucket", "_sum", "_count")
# A label that a scrape moves out of the way of its own.
_MOVED = "exported_"
_META = re.compile(r"[^\w:]")


def queries_ask_for_what_exists(scope: Scope) -> Iterator[Finding]:
    """MET001: a name or a label that no series has gives an empty answer, and no error anywhere."""
    asked, chosen = list(queries(scope)), list(names(scope))
    if not asked and not chosen:
        return
    there = world(scope, asked, versions(scope))
    for manifest, where, name in chosen:
        problem = _unmatched(name, there) if _META.search(name) else there.missing(name, manifest.app.name)
        if problem:
            yield scope.finding(
                "MET001", manifest, where, problem.message, problem.fix, unknown=problem.unknown, culprit=name
            )
    for query in asked:
        for problem in _problems(query, there):
            where, culprit = query.where, problem.culprit
            yield scope.finding(
                "MET001", query.manifest, where, problem.message, problem.fix, unknown=problem.unknown, culprit=culprit
            )


def queries_fit_their_types(scope: Scope) -> Iterator[Finding]:
    """MET002: the rate of a gauge and a quantile without `le` are numbers that mean nothing."""
    asked = list(queries(scope))
    if not asked:
        return
    there = world(scope, asked, ())
    for query in asked:
        for problem in _misuses(query, there):
            yield scope.finding("MET002", query.manifest, query.where, problem.message, problem.fix)


def _problems(query: Query, there: World) -> Iterator[Problem]:
    try:
        expr = tree.parse(query.text)
    except ToolError as error:
        yield Problem(f"not judged: {error.message}", error.hint, query.text, unknown=True)
        return
    except InputError as error:
        told = "holds a variable where it cannot be judged" if query.open else f"is no PromQL: {error.message}"
        yield Problem(told, error.hint, query.text, unknown=query.open)
        return
    app = query.manifest.app.name
    yield from dict.fromkeys([*_absent(expr, there, app), *_unlabelled(expr, there)])


def _absent(expr: Any, there: World, app: str) -> list[Problem]:
    """Return the metrics that are not there; in `old or new` it is enough that one is."""
    if isinstance(expr, promql.BinaryExpr) and str(expr.op) == "or":
        left, right = _absent(expr.lhs, there, app), _absent(expr.rhs, there, app)
        one = (not left and any(tree.selectors(expr.lhs))) or (not right and any(tree.selectors(expr.rhs)))
        return [each for each in (*left, *right) if not (one and each.absent)]
    if isinstance(expr, promql.VectorSelector):
        name, pattern = tree.name_of(expr)
        owner = there.serving.get(tree.compared(expr, "model_name"), app)
        problem = _unmatched(name, there) if pattern else there.missing(name, owner) if name else None
        return [problem] if problem else []
    return [problem for inner in tree.inside(expr) for problem in _absent(inner, there, app)]


def _unmatched(pattern: str, there: World) -> Problem | None:
    if tree.matches(pattern, there.names()):
        return None
    return Problem(f"no metric is called like {pattern!r}", "correct the pattern", pattern, absent=True)


def _unlabelled(expr: Any, there: World) -> Iterator[Problem]:
    for selector in tree.selectors(expr):
        have = there.labels(selector)
        for label in tree.asked(selector) if have is not None else ():
            if label not in (have or ()) and not label.startswith(_MOVED):
                message = f"{tree.name_of(selector)[0]!r} has no label {label!r}"
                yield Problem(message, _nearest(label, have or frozenset(), there), label)
    for word, labels, parts in tree.groupings(expr):
        for part in parts:
            have = tree.labels(part, there.labels)
            for label in labels if have is not None else ():
                if label not in (have or ()) and not label.startswith(_MOVED):
                    message = f"{word} {label!r}, which no series there has"
                    yield Problem(message, _nearest(label, have or frozenset(), there), label)


def _nearest(label: str, have: frozenset[str], there: World) -> str:
    """Return the way out: what a metric itself is labelled with is meant more often than what a scrape adds."""
    return suggestion(label, have - there.added or have, "label")


def _misuses(query: Query, there: World) -> Iterator[Problem]:
    try:
        expr = tree.parse(query.text)
    except LeanragError:
        return  # MET001 tells of it
    for call in tree.walk(expr):
        if isinstance(call, promql.Call):
            yield from _misused(call, there)


def _misused(call: promql.Call, there: World) -> Iterator[Problem]:
    name = call.func.name
    if name == "histogram_quantile":
        have = tree.labels(call.args[1], there.labels)
        if have is not None and "le" not in have:
            message = "has no 'le' where a quantile is taken, so there is no answer"
            yield Problem(message, "take the quantile of sum by (le) (rate(…_bucket[5m]))", name)
        return
    for selector in tree.selectors(call) if name in _RATES | _SLOPES else ():
        metric = tree.name_of(selector)[0]
        known = there.known(metric)
        counted = known is not None and known.type != "gauge" and metric.endswith(_COUNTED)
        if known and name in _RATES and known.type == "gauge":
            yield Problem(f"{name} of {metric!r}, which is a gauge", "use avg_over_time or deriv", metric)
        if known and name in _SLOPES and counted:
            yield Problem(f"{name} of {metric!r}, which only grows and restarts at 0", "use rate or increase", metric)
