"""Every metric that Go source declares with Prometheus' client or with Kubernetes' wrapper of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from leanrag.core.errors import ToolError
from leanrag.engine.declared import Declared, unit_of
from leanrag.engine.gohelpers import Helper, helpers
from leanrag.engine.gosyntax import Call, Expr, Literal, Name, Reader, Spread, Sum, Text, Token, tokens

_MAKER = re.compile(r"New(Counter|Gauge|Histogram|Summary)(Vec|Func)?$|NewTiming(Histogram)(Vec)?$")
_CONSTANT = re.compile(r"New(?:Lazy)?ConstMetric$")
_VALUES = {"GaugeValue": "gauge", "CounterValue": "counter"}
_HELPER = re.compile(r"^add(Gauge|Counter)$")
_NOW = re.compile(r"Deprecated: Use (\w+)")
_CONTEXT = "\n;({"  # what a declaration stands behind, besides the words const, var and a comma


@dataclass(frozen=True, slots=True)
class _Package:
    """What names mean in one folder: the expressions that they stand for, and the types given to descriptions."""

    known: Mapping[str, list[Expr]]
    types: Mapping[str, str]
    imported: Mapping[str, list[Expr]]
    helpers: Mapping[str, Helper]


def metrics(files: Mapping[str, str], given: Mapping[str, str]) -> tuple[Declared, ...]:
    """Return every metric that files, by path, declare, sorted; a name that cannot be followed is a ToolError.

    `given` are the values of names that the files do not tell, such as a function's parameter.
    """
    read = {path: tokens(text) for path, text in files.items()}
    everywhere = _merged(_assigned(words) for words in read.values())
    everywhere |= {name: [Text(value)] for name, value in given.items()}
    types = _types(read.values())
    found: dict[str, Declared] = {}
    for folder in sorted({str(PurePosixPath(path).parent) for path in read}):
        inside = [words for path, words in read.items() if str(PurePosixPath(path).parent) == folder]
        helping = {name: each for words in inside for name, each in helpers(words).items()}
        package = _Package(_merged(map(_assigned, inside)), types | _types(inside), everywhere, helping)
        for words in inside:
            for metric in _of_file(words, package, folder):
                found[metric.name] = found[metric.name].beside(metric) if metric.name in found else metric
    return tuple(found[name] for name in sorted(found))


def _of_file(words: list[Token], package: _Package, folder: str) -> Iterator[Declared]:
    for at, word in enumerate(words[:-1]):
        if word.kind != "word" or words[at + 1].text != "(" or (at and words[at - 1].text == "func"):
            continue
        if not (word.text in package.helpers or word.text == "NewDesc" or _MAKER.match(word.text)):
            continue
        call = Reader(words, at).expression()
        if not isinstance(call, Call) or (package.helpers and call.arguments[:1] == (Name("opts"),)):
            continue  # the second is inside a helper
        made = _of_call(words, at, call, package)
        if made is None:
            raise ToolError(
                f"{folder}: the name of a metric cannot be followed: {_shown(words, at)}",
                hint="add the files that it stands in to `read`, or leave this file out",
            )
        yield made


def _of_call(words: list[Token], at: int, call: Call, package: _Package) -> Declared | None:
    if helper := package.helpers.get(words[at].text):
        given = _literal(call.arguments[0], package)
        options = Literal("", (*given.elements, *helper.elements)) if given else None
        labels = Literal("[]string", tuple(("", each) for each in (*helper.labels, *call.arguments[1:])))
        return _made(options, helper.kind, labels, package)
    if maker := _MAKER.match(words[at].text):
        options = _literal(call.arguments[0], package) if call.arguments else None
        has_labels = words[at].text.endswith("Vec") and len(call.arguments) > 1
        labelled = call.arguments[1] if has_labels else Literal("[]string", ())
        return _made(options, (maker[1] or maker[3]).lower(), labelled, package)
    return _described(words, at, call, package)


def _made(options: Literal | None, kind: str, labelled: Expr, package: _Package) -> Declared | None:
    if options is None:
        return None
    parts = [_text(options.get(key), package) for key in ("Namespace", "Subsystem", "Name")]
    if None in parts or not parts[2]:
        return None
    name = "_".join(part for part in parts if part)
    told = _help(options.get("Help"), package)
    return Declared(name, kind, unit_of(name, told), _texts(labelled, package), _deprecated(told))


def _described(words: list[Token], at: int, call: Call, package: _Package) -> Declared | None:
    name = _text(call.arguments[0], package) if call.arguments else None
    if not name:
        return None
    told = _help(call.arguments[1], package)
    given = call.arguments[2] if len(call.arguments) > 2 else None
    labels = () if isinstance(given, Name) and given.path == "nil" else _texts(given, package)
    kind = package.types.get(_target(words, at)) or package.types[""]
    return Declared(name, kind, unit_of(name, told), labels, _deprecated(told))


def _deprecated(told: str) -> str:
    found = _NOW.search(told)
    return found[1] if found else ""


def _target(words: list[Token], at: int) -> str:
    """Return the name that what is made here is given to: `x = prometheus.NewDesc(`, `x: prometheus.NewDesc(`."""
    while at > 0 and (words[at].kind == "word" or words[at].text == ".") and words[at - 1].text not in ("=", ":=", ":"):
        at -= 1
    return words[at - 2].text if at > 1 else ""


def _types(files: Iterable[list[Token]]) -> dict[str, str]:
    """Return what kind of metric each description becomes, by the name of its variable; "" for all others.

    Where helpers make the metrics, no variable is seen; but a folder that makes gauges only describes gauges.
    """
    found = {}
    for words in files:
        for at, word in enumerate(words):
            helper = _HELPER.match(word.text)
            if word.kind == "word" and (helper or _CONSTANT.search(word.text)):
                call = Reader(words, at).expression()
                given = call.arguments[:2] if isinstance(call, Call) else ()
                if len(given) == 2 and isinstance(given[0], Name):
                    kind = given[1].last if isinstance(given[1], Name) else ""
                    found[given[0].last] = helper[1].lower() if helper else _VALUES.get(kind, "")
    kinds = set(found.values())
    return found | {"": kinds.pop() if len(kinds) == 1 else ""}


def _assigned(words: list[Token]) -> dict[str, list[Expr]]:
    """Return every expression that a name is given in a file: `x = …`, `x := …`, `x string = …`."""
    found: dict[str, list[Expr]] = {}
    for at, word in enumerate(words):
        before = words[at - 1] if at else Token("end", "\n")
        if word.kind != "word" or not (before.text in _CONTEXT or before.text in ("const", "var")):
            continue
        behind = at + 1
        while behind < len(words) and (words[behind].kind == "word" or words[behind].text in ".[]"):
            behind += 1
        if behind < len(words) and words[behind].text in ("=", ":=") and words[at + 1].text not in ".[":
            found.setdefault(word.text, []).append(Reader(words, behind + 1).expression())
    return found


def _merged(parts: Iterable[Mapping[str, list[Expr]]]) -> dict[str, list[Expr]]:
    found: dict[str, list[Expr]] = {}
    for each in parts:
        for name, expressions in each.items():
            found.setdefault(name, []).extend(expressions)
    return found


def _meant(name: Name, package: _Package) -> list[Expr]:
    """Return what a name may stand for: one of this package, or one of another that was read beside it."""
    if "." not in name.path and name.last in package.known:
        return package.known[name.last]
    return [each for each in package.imported.get(name.last, []) if each != name]


def _literal(expr: Expr, package: _Package) -> Literal | None:
    if isinstance(expr, Literal):
        return expr
    found = _meant(expr, package) if isinstance(expr, Name) else []
    return found[0] if len(found) == 1 and isinstance(found[0], Literal) else None


def _text(expr: Expr | None, package: _Package, depth: int = 9) -> str | None:
    """Return a string's value; None: not known, or not the same everywhere."""
    match expr:
        case None:
            return ""
        case Text(value):
            return value
        case Sum(left, right):
            parts = [_text(left, package), _text(right, package)]
            return None if None in parts else "".join(map(str, parts))
        case Name() if depth:
            found = {_text(each, package, depth - 1) for each in _meant(expr, package)}
            return found.pop() if len(found) == 1 else None
        case Call(name, arguments) if name.last == "BuildFQName":
            words = [_text(each, package) for each in arguments]
            return None if None in words else "_".join(word for word in words if word)
        case Call(name, (only,)) if name.last == "string":
            return _text(only, package)
    return None


def _help(expr: Expr | None, package: _Package) -> str:
    """Return a help text, also out of the call that decorates it."""
    if isinstance(expr, Call):
        return next((told for each in expr.arguments if (told := _help(each, package))), "")
    return _text(expr, package) or ""


def _texts(expr: Expr | None, package: _Package, depth: int = 9) -> tuple[str, ...] | None:
    """Return a list of strings; None: not known."""
    if isinstance(expr, Name) and depth:
        found = {_texts(each, package, depth - 1) for each in _meant(expr, package)}
        return found.pop() if len(found) == 1 else None
    if isinstance(expr, Call) and expr.name.path == "append" and expr.arguments:
        parts = [_texts(expr.arguments[0], package), *(_item(each, package) for each in expr.arguments[1:])]
    elif isinstance(expr, Literal) and expr.type == "[]string":
        parts = [_item(each, package) for _, each in expr.elements]
    else:
        return None
    return None if None in parts else tuple(word for part in parts for word in part or ())


def _item(expr: Expr, package: _Package) -> tuple[str, ...] | None:
    if isinstance(expr, Spread):
        return _texts(expr.of, package)
    word = _text(expr, package)
    return None if word is None else (word,)


def _shown(words: list[Token], at: int) -> str:
    return " ".join(word.text for word in words[at : at + 20] if word.text != "\n")
