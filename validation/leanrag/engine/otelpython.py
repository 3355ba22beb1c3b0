"""Every OpenTelemetry instrument that Python source makes, as Prometheus' metrics: name, type, unit and labels.

Names become what OpenTelemetry's exporter for Prometheus makes of them (opentelemetry-exporter-prometheus 0.66b1,
_mapping.py): each run of other characters is one underscore, and a unit is put behind a name that lacks it.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from leanrag.engine.declared import Declared, unit_of

_MAKERS = {
    "create_counter": "counter",
    "create_histogram": "histogram",
    "create_up_down_counter": "gauge",
    "create_gauge": "gauge",
}
_USES = ("add", "record", "set")
_OTHER = re.compile(r"[^a-zA-Z0-9:]+")
_UNITS = {"s": "seconds", "ms": "milliseconds", "By": "bytes"}
_Labels = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Made:
    """One instrument as it is made."""

    name: str
    type: str
    unit: str


def metrics(files: Iterable[str]) -> tuple[Declared, ...]:
    """Return every metric that the texts of Python files make, sorted; labels None where no use of it is seen."""
    trees = [ast.parse(text) for text in files]
    known = {name: value for tree in trees for name, value in _constants(tree)}
    made = {target: each for tree in trees for target, each in _instruments(tree, known)}
    uses: dict[str, list[_Labels]] = {}
    for tree in trees:
        for target, labels in _uses(tree, made):
            uses.setdefault(target, []).append(labels)
    found = (_declared(each, uses.get(target, [None])) for target, each in made.items())
    return tuple(sorted(found, key=lambda each: each.name))


def _declared(made: _Made, uses: list[_Labels]) -> Declared:
    name, unit = _OTHER.sub("_", made.name), _UNITS.get(made.unit, "")
    if unit and not name.removesuffix("_total").endswith(unit):
        name = f"{name}_{unit}"
    labels = None if None in uses else tuple(sorted({label for each in uses for label in each or ()}))
    return Declared(name, made.type, unit or unit_of(name), labels)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _text(node: ast.expr | None, known: Mapping[str, ast.expr]) -> str:
    """Return the value of a string constant, of a name of one, or of an f-string of such; "" for anything else."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name(id=name) if name in known:
            return _text(known[name], known)
        case ast.JoinedStr(values=parts):
            return "".join(_text(each, known) for each in parts)
        case ast.FormattedValue(value=inner):
            return _text(inner, known)
    return ""


def _instruments(tree: ast.Module, known: Mapping[str, ast.expr]) -> Iterator[tuple[str, _Made]]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and isinstance(target, ast.Name):
            given = {each.arg: each.value for each in value.keywords}
            name = given.get("name") or (value.args[0] if value.args else None)
            if value.func.attr in _MAKERS and (word := _text(name, known)):
                yield target.id, _Made(word, _MAKERS[value.func.attr], _text(given.get("unit"), known))


def _uses(tree: ast.Module, made: Mapping[str, _Made]) -> Iterator[tuple[str, _Labels]]:
    """Yield the labels of every observation of an instrument, with the instrument's name in the source."""
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        given = _given(scope)
        for node in ast.walk(scope):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr=verb)) if (
                    target in made and verb in _USES
                ):
                    named = next((each.value for each in node.keywords if each.arg == "attributes"), None)
                    yield target, _labels(named or (node.args[1] if len(node.args) > 1 else None), given)


def _given(scope: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _labels(node: ast.expr | None, given: Mapping[str, list[ast.expr]], depth: int = 5) -> _Labels:
    """Return the keys of a mapping of attributes: one written out, one that is named, or one that a function makes.

    Both servers make theirs with create_…_attributes(key=value), whose parameters are the attributes' names.
    """
    match node:
        case None | ast.Constant(value=None):
            return ()
        case ast.Dict(keys=keys, values=values):
            parts = [_key(key, value, given, depth) for key, value in zip(keys, values, strict=True)]
        case ast.Name(id=name) if name in given and depth:
            parts = [_labels(each, given, depth - 1) for each in given[name]]
        case ast.Call(func=ast.Name(id=name), keywords=words) if name.startswith("create_"):
            parts = [(str(each.arg),) for each in words]
        case _:
            return None
    return None if None in parts else tuple(dict.fromkeys(label for each in parts for label in each or ()))


def _key(key: ast.expr | None, value: ast.expr, given: Mapping[str, list[ast.expr]], depth: int) -> _Labels:
    if key is None:  # {**others}
        return _labels(value, given, depth)
    return (str(key.value),) if isinstance(key, ast.Constant) else None
