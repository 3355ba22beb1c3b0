"""PromQL as a tree: what a query asks for, and which labels each part of it has (parser: promql-parser)."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import promql_parser as promql

from leanrag.core.errors import InputError, ToolError

Labels = frozenset[str] | None
# How a selector's labels are found; None: nobody knows them.
Of = Callable[[promql.VectorSelector], Labels]
# promql-parser 0.12.0 ends the whole process at 100,000 brackets; queries of people have some hundred characters.
_LONGEST, _DEEPEST = 10_000, 200
_SETS = {"and", "unless"}
# Functions whose result has other labels than their vector.
_UNLABELLED = {"scalar", "vector", "time", "pi"}
_UNKNOWN = {"absent", "absent_over_time", "info", "histogram_quantiles"}
_RELABEL = {"label_replace", "label_join"}


def parse(text: str) -> promql.Expr:
    """Return the tree of a query; InputError for a text that is none, ToolError for one that nobody can follow."""
    if len(text) > _LONGEST:
        raise ToolError(f"is longer than {_LONGEST} characters", hint="split it: record a part of it")
    try:
        found = promql.parse(text)
    except (ValueError, OverflowError) as error:
        raise InputError(str(error), hint="correct it; promtool check rules tells where") from None
    if _deep(found):
        raise ToolError(f"is nested deeper than {_DEEPEST}", hint="split it: record a part of it")
    return found


def _deep(expr: Any) -> bool:
    level = [expr]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in inside(each)]
        if not level:
            return False
    return True


def walk(expr: Any) -> Iterator[Any]:
    """Yield an expression and everything inside it."""
    yield expr
    for inner in inside(expr):
        yield from walk(inner)


def inside(expr: Any) -> list[Any]:
    """Return the expressions that one is made of."""
    match expr:
        case promql.BinaryExpr():
            return [expr.lhs, expr.rhs]
        case promql.Call():
            return list(expr.args)
        case promql.AggregateExpr():
            return [expr.expr, *([expr.param] if isinstance(expr.param, promql.Expr) else [])]
        case promql.MatrixSelector():
            return [expr.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [expr.expr]
    return []


def selectors(expr: Any) -> Iterator[promql.VectorSelector]:
    """Yield every selector of a query."""
    return (each for each in walk(expr) if isinstance(each, promql.VectorSelector))


def name_of(selector: promql.VectorSelector) -> tuple[str, bool]:
    """Return the metric that a selector names, and whether it is a pattern; ("", False) when it names none."""
    if selector.name:
        return selector.name, False
    for each in selector.matchers.matchers:
        if each.name == "__name__" and each.op in (promql.MatchOp.Equal, promql.MatchOp.Re):
            return each.value, each.op == promql.MatchOp.Re
    return "", False


def compared(selector: promql.VectorSelector, label: str) -> str:
    """Return the value that a selector wants a label to have, or "" when it names none."""
    equal = (each for each in selector.matchers.matchers if each.op == promql.MatchOp.Equal)
    return next((each.value for each in equal if each.name == label), "")


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Say whether a pattern, which Prometheus anchors, matches one of the names; RE2 that Python cannot read does."""
    try:
        wanted = re.compile(pattern)
    except re.error:
        return True
    return any(wanted.fullmatch(name) for name in names)


def asked(selector: promql.VectorSelector) -> list[str]:
    """Return the labels that a selector compares with something; a series without one has the empty value."""
    every = [*selector.matchers.matchers, *(each for group in selector.matchers.or_matchers for each in group)]
    return [each.name for each in every if each.name != "__name__" and not _absent(each)]


def _absent(matcher: promql.Matcher) -> bool:
    return matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual) and not matcher.value


def labels(expr: Any, of: Of) -> Labels:
    """Return the labels that the result of an expression may have; None: not known."""
    match expr:
        case promql.VectorSelector():
            return of(expr)
        case promql.MatrixSelector():
            return of(expr.vector_selector)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return labels(expr.expr, of)
        case promql.AggregateExpr():
            return _of_aggregate(expr, of)
        case promql.BinaryExpr():
            return _of_binary(expr, of)
        case promql.Call():
            return _of_call(expr, of)
    return frozenset()


def _of_aggregate(expr: promql.AggregateExpr, of: Of) -> Labels:
    kind = str(expr.op)
    if kind == "count_values":
        return None
    inner = labels(expr.expr, of)
    if kind in {"topk", "bottomk", "limitk", "limit_ratio"}:
        return inner
    if expr.modifier is None:
        return frozenset()
    named = frozenset(expr.modifier.labels)
    if expr.modifier.type == promql.AggModifierType.By:
        return named
    return None if inner is None else inner - named


def _of_binary(expr: promql.BinaryExpr, of: Of) -> Labels:
    left, right = labels(expr.lhs, of), labels(expr.rhs, of)
    kind, modifier = str(expr.op), expr.modifier
    if left is None or kind in _SETS:
        return left
    if kind == "or":
        return None if right is None else left | right
    if modifier is None or modifier.matching is None:
        return None if right is None else left | right  # which of the two is a mere number is not always to be seen
    named = frozenset(modifier.matching.labels)
    if modifier.card != promql.VectorMatchCardinality.OneToOne:
        many = right if modifier.card == promql.VectorMatchCardinality.OneToMany else left
        return None if many is None else many | frozenset(modifier.group_labels or ())
    return named if modifier.matching.type == promql.LabelModifierType.Include else left - named


def _of_call(expr: promql.Call, of: Of) -> Labels:
    name = expr.func.name
    if name in _UNLABELLED:
        return frozenset()
    if name in _UNKNOWN:
        return None
    vectors = [each for each in expr.args if not isinstance(each, promql.NumberLiteral | promql.StringLiteral)]
    inner = labels(vectors[0], of) if vectors else frozenset()
    if inner is None:
        return None
    if name in _RELABEL:
        made = expr.args[1]
        return inner | ({made.val} if isinstance(made, promql.StringLiteral) else set())
    return inner - {"le"} if name == "histogram_quantile" else inner


def groupings(expr: Any) -> Iterator[tuple[str, list[str], list[Any]]]:
    """Yield every place where a query names labels of its parts: the word, the labels, and the parts to have them."""
    for each in walk(expr):
        modifier = getattr(each, "modifier", None)
        if isinstance(modifier, promql.AggModifier) and modifier.type == promql.AggModifierType.By:
            yield "groups by", list(modifier.labels), [each.expr]
        matching = getattr(modifier, "matching", None)
        if matching is not None and matching.type == promql.LabelModifierType.Include:
            yield "matches on", list(matching.labels), [each.lhs, each.rhs]
