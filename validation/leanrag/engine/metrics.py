"""Every metric that vLLM declares, with type and labels: the calls that make gauges, counters and histograms."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from leanrag.engine.source import Source

_MAKER = re.compile(r"(gauge|counter|histogram|summary)(_cls)?$", re.IGNORECASE)
_NAME = re.compile(r"vllm:[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as declared (a counter has `_total` on the wire); type "" and labels None: computed, so not known."""

    name: str
    type: str
    labels: tuple[str, ...] | None


def metrics(source: Source) -> tuple[Metric, ...]:
    """Return every metric, sorted by name: those that are made, and names that are only kept for making one."""
    made = {metric.name: metric for tree in source.metrics for metric in _of_module(tree)}
    kept = {name: Metric(name, "", None) for tree in source.metrics for name in _kept_names(tree)}
    found = {**kept, **made}
    return tuple(found[name] for name in sorted(found))


def _kept_names(tree: ast.Module) -> Iterator[str]:
    """Yield metric names that are assigned, singly or in lists: `LOAD = "vllm:…"`, `specs = [("vllm:…", "text")]`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from (word for word in _words(node.value) if _NAME.fullmatch(word))


def _words(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _words(each)


def _of_module(tree: ast.Module) -> Iterator[Metric]:
    everywhere = _lists(tree, {})
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.ClassDef | ast.Module):
            known = everywhere if scope is tree else _lists(scope, everywhere)
            for call in _own_calls(scope):
                metric = _metric(call, known)
                if metric:
                    yield metric


def _own_calls(scope: ast.FunctionDef | ast.ClassDef | ast.Module) -> Iterator[ast.Call]:
    """Yield the calls of a scope, not those of functions and classes inside it."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        pending += ast.iter_child_nodes(node)


def _metric(call: ast.Call, known: dict[str, tuple[str, ...]]) -> Metric | None:
    word = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    maker = _MAKER.search(str(word))
    given = {each.arg: each.value for each in call.keywords if each.arg}
    name = given.get("name") or (call.args[0] if call.args else None)
    if not maker or not isinstance(name, ast.Constant) or not _NAME.fullmatch(str(name.value)):
        return None
    labels = given.get("labelnames")
    return Metric(str(name.value), maker[1].lower(), _labels(labels, known) if labels else ())


def _lists(scope: ast.AST, outer: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the constant lists of strings that names hold in a scope, over those of the whole module."""
    found = dict(outer)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Attribute):
            target = node.targets[0]
            labels = _labels(node.value, found)
            if labels is not None:
                found[target.id if isinstance(target, ast.Name) else target.attr] = labels
    return found


def _labels(node: ast.expr, known: dict[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    if isinstance(node, ast.List | ast.Tuple):
        words = [each.value for each in node.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        return tuple(words) if len(words) == len(node.elts) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _labels(node.left, known), _labels(node.right, known)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.Name | ast.Attribute):
        return known.get(node.id if isinstance(node, ast.Name) else node.attr)
    return None
