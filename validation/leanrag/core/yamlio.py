"""YAML as Kubernetes reads it: sigs.k8s.io/yaml v1.6.0 over go.yaml.in/yaml/v2. No Python parser does by default.

Differences from PyYAML: `y`/`n` are booleans, `0o17` is octal, `1e3` a number, `22:22` and dates stay strings,
`.nan` and `.inf` are errors, keys become strings, and a repeated key is an error with its place.

`yamlfast` reads what is plain; `yamltree` all else, exactly, and every error. A golden table made with Kubernetes'
own library (bootstrap/tools/yaml-golden) holds both to it. kubectl and Argo CD split a stream at lines of `---` and
read the first document of each part; what they would drop or refuse on the way is refused here.
"""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from leanrag.core import yamlfast, yamlscalar
from leanrag.core.errors import YamlError
from leanrag.core.files import read_text
from leanrag.core.yamltree import K8sLoader, Redefining

__all__ = ["MAX_BYTES", "K8sLoader", "dump", "load", "load_all", "read"]

MAX_BYTES = 8 * 1024 * 1024


def load_all(text: str, source: str) -> tuple[Any, ...]:
    """Return every document of a YAML text; `source` names it in errors (file:line:column)."""
    if len(text) > MAX_BYTES:
        raise YamlError(f"{source}: {len(text)} characters, more than {MAX_BYTES}", hint="split the file")
    with _uncollected():
        documents = yamlfast.load(text)
        return tuple(documents) if documents is not None else exact(text, source)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector away: it would walk the new objects again and again, and find nothing."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()


def exact(text: str, source: str) -> tuple[Any, ...]:
    """Return what `load_all` does, without its fast path."""
    try:
        return _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise YamlError(f"{source}{place}: {error.problem or error.context}", hint="correct the YAML there") from None
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise YamlError(f"{source}: {error}", hint="correct the YAML there") from None


def _composed(text: str) -> tuple[Any, ...]:
    try:
        return _documents(K8sLoader(text))
    except yaml.composer.ComposerError as error:
        if "duplicate anchor" not in f"{error.context} {error.problem}":
            raise
        return _documents(Redefining(text))


def _documents(loader: K8sLoader) -> tuple[Any, ...]:
    documents = []
    try:
        while loader.check_data():  # type: ignore[no-untyped-call]
            documents.append(loader.get_data())
        return tuple(documents)
    finally:
        loader.dispose()


def load(text: str, source: str) -> Any:
    """Return the only document of a YAML text, or None when it is empty."""
    documents = load_all(text, source)
    if len(documents) > 1:
        raise YamlError(f"{source}: {len(documents)} documents where one is expected", hint="split the file")
    return documents[0] if documents else None


def read(path: Path) -> Any:
    """Return the only document of a YAML file."""
    return load(read_text(path), str(path))


# What PyYAML would leave bare, and a reader would take for a line break or refuse.
_ESCAPED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_STR = f"{yamlscalar.YAML}str"


def dump(value: Any) -> str:
    """Return YAML that reads back equal: keys in their order, block style, no aliases."""
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Quote what Kubernetes would read as something else ("y", "1e3"), which PyYAML's own rules leave bare."""
    if not isinstance(yamlscalar.plain(value), str) or value == "<<":
        return dumper.represent_scalar(_STR, value, style="'")
    if _ESCAPED.search(value):
        return dumper.represent_scalar(_STR, value, style='"')
    return dumper.represent_scalar(_STR, value, style="|" if "\n" in value else None)


_Plain.add_representer(str, _text)
