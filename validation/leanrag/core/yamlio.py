"""YAML as Kubernetes reads it: sigs.k8s.io/yaml v1.6.0 over go.yaml.in/yaml/v2. No Python parser does by default.

Differences from PyYAML: `y`/`n` are booleans, `0o17` is octal, `1e3` a number, `22:22` and dates stay strings,
`.nan` and `.inf` are errors, keys become strings, and a repeated key is an error with its place.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from leanrag.core.errors import YamlError
from leanrag.core.files import read_text

_STR, _BOOL, _INT, _FLOAT, _NULL, _MERGE = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "bool", "int", "float", "null", "merge")
)
_BOOLS = {"y": True, "yes": True, "true": True, "on": True, "n": False, "no": False, "false": False, "off": False}
_EXACT_FLOAT = 2**53
MAX_BYTES = 8 * 1024 * 1024
MAX_ALIASES = 200


class K8sLoader(yaml.CSafeLoader):
    """PyYAML's C parser with the scalar rules of Kubernetes and no repeated keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class's name and shape


def _pattern(tag: str, expression: str, first: str) -> None:
    K8sLoader.add_implicit_resolver(tag, re.compile(f"^(?:{expression})$"), list(first))


_pattern(_BOOL, "y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO")
_pattern(_INT, r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789")
_pattern(_FLOAT, r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")
_pattern(_FLOAT, r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+.")
_pattern(_NULL, "~|null|Null|NULL|", "~nN\0")
K8sLoader.add_implicit_resolver(_NULL, re.compile("^$"), [""])
_pattern(_MERGE, "<<", "<")


def _refuse(node: Any, problem: str) -> YamlError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)  # type: ignore[return-value]


def _bool(loader: K8sLoader, node: yaml.ScalarNode) -> bool:
    return _BOOLS[node.value.lower()]


def _int(loader: K8sLoader, node: yaml.ScalarNode) -> Any:
    plain = node.value.replace("_", "")
    sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.lstrip("+"))
    octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
    try:
        return sign * int(f"0o{digits}" if octal else digits, 0)
    except ValueError:
        return _number(sign * float(digits)) if digits.isdigit() else node.value


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < _EXACT_FLOAT else value


def _float(loader: K8sLoader, node: yaml.ScalarNode) -> Any:
    if node.value.lower().lstrip("+-") in {".inf", ".nan"}:
        raise _refuse(node, f"{node.value} is not a number in Kubernetes")
    return _number(float(node.value))


def _mapping(loader: K8sLoader, node: yaml.MappingNode) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            continue
        key = _key(loader, key_node)
        if key in seen:
            raise _refuse(key_node, f"key {key!r} is repeated (first at line {seen[key].start_mark.line + 1})")
        seen[key] = key_node
    loader.flatten_mapping(node)
    return {_key(loader, key_node): loader.construct_object(value, deep=True) for key_node, value in node.value}


def _key(loader: K8sLoader, node: Any) -> str:
    key: Hashable = loader.construct_object(node, deep=True)
    if isinstance(key, bool):
        return str(key).lower()
    if key is None or isinstance(key, dict | list):
        raise _refuse(node, "a key must be a plain word")
    return str(key)


for _tag, _constructor in ((_BOOL, _bool), (_INT, _int), (_FLOAT, _float)):
    K8sLoader.add_constructor(_tag, _constructor)
K8sLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_all(text: str, source: str) -> tuple[Any, ...]:
    """Return every document of a YAML text; `source` names it in errors (file:line:column)."""
    if len(text) > MAX_BYTES:
        raise YamlError(f"{source}: {len(text)} bytes, more than {MAX_BYTES}", hint="split the file")
    loader = K8sLoader(text)
    try:
        _refuse_alias_bomb(text)
        documents = []
        while loader.check_data():  # type: ignore[no-untyped-call]
            documents.append(loader.get_data())
        return tuple(documents)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise YamlError(f"{source}{place}: {error.problem or error.context}", hint="correct the YAML there") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(f"{source}: {error}", hint="correct the YAML there") from None
    finally:
        loader.dispose()


def _refuse_alias_bomb(text: str) -> None:
    """Nine aliases of nine aliases seven deep parse at once and never end being walked, so count them first."""
    if "*" not in text or "&" not in text:
        return
    aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=K8sLoader))
    if aliases > MAX_ALIASES:
        raise yaml.YAMLError(f"{aliases} aliases, more than {MAX_ALIASES}")


def load(text: str, source: str) -> Any:
    """Return the only document of a YAML text, or None when it is empty."""
    documents = load_all(text, source)
    if len(documents) > 1:
        raise YamlError(f"{source}: {len(documents)} documents where one is expected", hint="split the file")
    return documents[0] if documents else None


def read(path: Path) -> Any:
    """Return the only document of a YAML file."""
    return load(read_text(path), str(path))


def dump(value: Any) -> str:
    """Return YAML that reads back equal: keys in their order, block style, no aliases."""
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Quote what Kubernetes would read as something else ("y", "1e3"), which PyYAML's own rules leave bare."""
    resolvers = K8sLoader.yaml_implicit_resolvers.get(value[:1], [])
    if any(pattern.match(value) for _, pattern in resolvers):
        return dumper.represent_scalar(_STR, value, style="'")
    return dumper.represent_scalar(_STR, value, style="|" if "\n" in value else None)


_Plain.add_representer(str, _text)
