"""Every argument of `vllm serve` with its kind and choices, from the calls of add_argument in its source.

vLLM declares most arguments by the fields of its configuration classes (`get_kwargs(ModelConfig)["max_model_len"]`), so
the kind follows from a field's annotation, by the same rules as in vllm/engine/arg_utils.py, _compute_kwargs.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from leanrag.engine.source import ClassSource, Source

SWITCH, BOOL, INT, FLOAT, TEXT = "switch", "bool", "int", "float", "text"
_FRONTEND = "FrontendArgs"
_OPTIONAL_ACTION, _SWITCHES = "BooleanOptionalAction", {"store_true", "store_false", "store_const"}


@dataclass(frozen=True, slots=True)
class Flag:
    """One argument: its name with dashes, its kind (`bool` also has --no-name, `switch` has not), and its choices."""

    name: str
    kind: str
    choices: tuple[str, ...] = ()


def flags(source: Source) -> tuple[Flag, ...]:
    """Return every long argument, sorted by name."""
    found = {flag.name: flag for tree in source.arguments for flag in _Reader(source).read(tree)}
    return tuple(found[name] for name in sorted(found))


class _Reader:
    """Reads one module: which variable holds the arguments of which class, and what add_argument makes of them."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, tree: ast.Module) -> Iterator[Flag]:
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                held = self._held(function)
                for call in _calls(function, "add_argument"):
                    yield from self._declared(call, held)
                if any(_loops(function, name) for name in held):
                    yield from self._looped(function, held)
                yield from _extra_names(function)

    def _held(self, function: ast.FunctionDef) -> dict[str, str]:
        """Return variable → class for every `x = get_kwargs(C)`, also inside a call; `cls` is the server's class."""
        held = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                for call in _calls(node.value, "get_kwargs"):
                    argument = call.args[0] if call.args else None
                    name = argument.id if isinstance(argument, ast.Name) else ""
                    held[node.targets[0].id] = _FRONTEND if name == "cls" else name
        return held

    def _declared(self, call: ast.Call, held: dict[str, str]) -> Iterator[Flag]:
        names = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        long = [name.removeprefix("--") for name in names if name.startswith("--")]
        given = [each.value for each in call.keywords if each.arg is None]
        field = next((_field(each, held) for each in given if _field(each, held)), None)
        for name in long:
            kind, choices = self._of_field(*field) if field else _of_keywords(call)
            yield Flag(name.replace("_", "-"), kind, choices)

    def _looped(self, function: ast.FunctionDef, held: dict[str, str]) -> Iterator[Flag]:
        """`for key, value in x.items(): group.add_argument(f"--{key…}", **value)` declares every field of a class."""
        for variable, name in held.items():
            if _loops(function, variable):
                for field in self._fields(name):
                    yield Flag(field.replace("_", "-"), *self._of_field(name, field))

    def _fields(self, name: str) -> dict[str, ast.expr]:
        own = self._source.classes.get(name, ClassSource({}, ()))
        inherited = {field: value for base in own.bases for field, value in self._fields(base).items()}
        return {**inherited, **own.fields}

    def _of_field(self, name: str, field: str) -> tuple[str, tuple[str, ...]]:
        annotation = self._fields(name).get(field)
        words, options = self._types(annotation) if annotation else (set(), [])
        if {"bool", "str"} <= words or (not words and not options):
            return TEXT, ()
        if "bool" in words:
            return BOOL, ()
        if options:
            return TEXT, () if "str" in words else tuple(options)
        if words & {"tuple", "list", "set", "dict", "List", "Dict", "Tuple"}:
            return TEXT, ()
        return (INT if "int" in words else FLOAT if "float" in words else TEXT), ()

    def _types(self, node: ast.expr, depth: int = 0) -> tuple[set[str], list[str]]:
        """Return the type names and the literal choices of an annotation; aliases are followed."""
        if depth > 8:
            return set(), []
        if isinstance(node, ast.BinOp):
            return _both(self._types(node.left, depth), self._types(node.right, depth))
        if isinstance(node, ast.Subscript):
            return self._subscript(node, depth)
        if isinstance(node, ast.Name) and node.id in self._source.aliases:
            return self._types(self._source.aliases[node.id], depth + 1)
        return {_word(node)} - {""}, []

    def _subscript(self, node: ast.Subscript, depth: int) -> tuple[set[str], list[str]]:
        word = _word(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if word == "Literal":
            return _joined([self._literal(each, depth) for each in inner])
        if word in {"Optional", "Union"}:
            return _joined([self._types(each, depth) for each in inner])
        if word in {"Annotated", "SkipValidation", "ClassVar"}:
            return self._types(inner[0], depth)
        return {word}, []

    def _literal(self, node: ast.expr, depth: int) -> tuple[set[str], list[str]]:
        """Return one part of a Literal; what is not a constant or a known alias leaves the choices open."""
        if isinstance(node, ast.Constant):
            return set(), [] if node.value is None else [str(node.value)]
        words, options = self._types(node, depth)
        return (words, options) if options else ({"str"}, [])


def _calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and _word(each.func) == name:
            yield each


def _word(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _field(node: ast.expr, held: dict[str, str]) -> tuple[str, str] | None:
    """Return class and field of `variable["field"]`, also inside `{**variable["field"], "default": None}`."""
    for each in ast.walk(node):
        if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Constant):
            name = held.get(_word(each.value))
            if name:
                return name, str(each.slice.value)
    return None


def _loops(function: ast.FunctionDef, variable: str) -> bool:
    """Say whether a function adds an argument for every item of a variable."""
    for node in ast.walk(function):
        if isinstance(node, ast.For) and any(_calls(node, "add_argument")):
            names = {each.id for each in ast.walk(node.iter) if isinstance(each, ast.Name)}
            if variable in names:
                return True
    return False


def _of_keywords(call: ast.Call) -> tuple[str, tuple[str, ...]]:
    given = {each.arg: each.value for each in call.keywords if each.arg}
    action = given.get("action")
    if isinstance(action, ast.Constant) and action.value in _SWITCHES:
        return SWITCH, ()
    if action is not None and _word(action) == _OPTIONAL_ACTION:
        return BOOL, ()
    choices = given.get("choices")
    options = choices.elts if isinstance(choices, ast.List | ast.Tuple) else []
    kind = {"int": INT, "float": FLOAT}.get(_word(given["type"]) if "type" in given else "", TEXT)
    return kind, tuple(str(each.value) for each in options if isinstance(each, ast.Constant))


def _extra_names(function: ast.FunctionDef) -> Iterator[Flag]:
    """`kwargs["x"]["flags"] = ["--other", "-o"]` gives an argument further names."""
    for node in ast.walk(function):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if (
            isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and target.slice.value == "flags"
        ):
            for each in ast.walk(node.value) if isinstance(node, ast.Assign) else ():
                if isinstance(each, ast.Constant) and str(each.value).startswith("--"):
                    yield Flag(str(each.value).removeprefix("--"), TEXT)


def _both(one: tuple[set[str], list[str]], other: tuple[set[str], list[str]]) -> tuple[set[str], list[str]]:
    return one[0] | other[0], [*one[1], *other[1]]


def _joined(parts: list[tuple[set[str], list[str]]]) -> tuple[set[str], list[str]]:
    words = {word for part in parts for word in part[0]}
    return words, [option for part in parts for option in part[1]]
