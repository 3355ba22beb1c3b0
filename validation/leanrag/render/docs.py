"""Write the generated part of every chart's README: `python -m leanrag.render.docs [--write]`.

The prose lives once, in `values.yaml` as `# --` comments; types and ranges live once, in `values.schema.json`. What
stands above the marker line of a README is written by hand and kept.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from leanrag.core import yamlio
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.files import read_text, write_atomic
from leanrag.render.unittest import charts

MARKER = "<!-- Generated from values.yaml, values.schema.json and ci/ by `make docs`; write above this line only. -->"
_LONGEST_DEFAULT = 60


@dataclass(frozen=True, slots=True)
class Value:
    """One key of values.yaml, its `# --` text (empty: there is none), its default, and whether keys follow below it."""

    path: tuple[str, ...]
    text: str
    default: Any
    is_map: bool

    @property
    def key(self) -> str:
        """The key as users write it with `--set`."""
        return ".".join(self.path)


def chart_readme(chart: Path) -> str:
    """Return the whole README of a chart: its head as it stands, and the generated rest."""
    about = yamlio.read(chart / "Chart.yaml")
    parts = [_head(chart, about).rstrip(), MARKER, _values(chart), _cases(chart)]
    return "\n\n".join(part for part in parts if part) + "\n"


def undocumented(chart: Path) -> tuple[str, ...]:
    """Return the keys of values.yaml that nobody explains: neither they nor a map around them has a `# --` line."""
    found = values(chart / "values.yaml")
    explained = {value.path for value in found if value.text}
    return tuple(
        value.key
        for value in found
        if not value.is_map and not any(value.path[:length] in explained for length in range(1, len(value.path) + 1))
    )


def values(path: Path) -> tuple[Value, ...]:
    """Return every key of a values file in its order; a file that is not a map is an InputError."""
    text = read_text(path)
    defaults = yamlio.load(text, str(path))
    if defaults is None:
        return ()
    if not isinstance(defaults, dict):
        raise InputError(f"{path}: not a map", hint="write `key: value` lines")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    # A map for yamlio is one for PyYAML: they differ in scalars only.
    return tuple(_walk(root, defaults, (), text.splitlines())) if isinstance(root, yaml.MappingNode) else ()


def _walk(
    node: yaml.MappingNode, defaults: Mapping[str, Any], above: tuple[str, ...], lines: list[str]
) -> Iterator[Value]:
    for (key, child), name in zip(node.value, defaults, strict=True):
        path, default = (*above, name), defaults[name]
        follows = isinstance(child, yaml.MappingNode) and bool(child.value)
        yield Value(path, _comment(key.start_mark, lines), default, follows)
        if follows:
            yield from _walk(child, default, path, lines)


def _comment(mark: Any, lines: list[str]) -> str:
    """Return the text of the comment block right above a key, from its `# --` on."""
    if lines[mark.line][: mark.column].strip():
        return ""  # a key inside {…}: the comment above belongs to the first key of the line
    block: list[str] = []
    for line in reversed(lines[: mark.line]):
        bare = line.strip()
        if not bare.startswith("#"):
            break
        block.insert(0, bare.removeprefix("#").strip())
        if bare.startswith("# --"):
            return " ".join(block).removeprefix("--").strip()
    return ""


def _head(chart: Path, about: Mapping[str, Any]) -> str:
    readme = chart / "README.md"
    if readme.is_file():
        return read_text(readme).partition(MARKER)[0]
    return f"# {about['name']}\n\n{about.get('description', '')}\n"


def _values(chart: Path) -> str:
    if not (chart / "values.yaml").is_file():
        return ""
    schema_file = chart / "values.schema.json"
    schema = json.loads(read_text(schema_file)) if schema_file.is_file() else {}
    rows = [_row(value, schema) for value in values(chart / "values.yaml") if value.text]
    if not rows:
        return ""
    return "\n".join(["## Values", "", "| key | allowed | default | meaning |", "|---|---|---|---|", *rows])


def _row(value: Value, schema: Mapping[str, Any]) -> str:
    # A map whose keys have rows of their own would only repeat them.
    shown = "" if value.is_map else json.dumps(value.default, ensure_ascii=False)
    default = f"`{shown}`" if 0 < len(shown) <= _LONGEST_DEFAULT else ("see values.yaml" if shown else "")
    cells = (f"`{value.key}`", _allowed(_find(schema, value.path)), default, value.text)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _find(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    node = schema
    for name in path:
        node = _resolve(_resolve(node, schema).get("properties", {}).get(name, {}), schema)
    return node


def _resolve(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = node
    while "$ref" in found:
        target: Any = schema
        for part in found["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        found = target
    return found  # type: ignore[no-any-return]


def _allowed(node: Mapping[str, Any]) -> str:
    """Return what a schema allows, in words that fit a table cell."""
    if "enum" in node:
        named = [f"`{option}`" if option != "" else "empty" for option in node["enum"]]
        return ", ".join(named) if len(named) <= 8 else f"one of {len(named)}, see values.schema.json"
    kinds = node.get("type", "")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    bounds = [
        f"{sign} {node[word]}"
        for word, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
        if word in node
    ]
    return " ".join([kind, ", ".join(bounds)]).strip()


def _cases(chart: Path) -> str:
    cases = sorted((chart / "ci").glob("*-values.yaml"))
    tested = [read_text(case).partition("\n")[0].removeprefix("# Test ").strip() for case in cases]
    lines = [f"* `{case.name}`: {sentence}" for case, sentence in zip(cases, tested, strict=True)]
    return "\n".join(["## Cases", "", "Each is rendered by `make charts`, which tests:", "", *lines]) if lines else ""


def main(arguments: Iterable[str]) -> int:
    """Print the charts whose README is not what is generated, or write them; exit 1 when one differs."""
    write = "--write" in set(arguments)
    stale = [chart for chart in charts(Path.cwd()) if not _is_current(chart)]
    for chart in stale:
        if write:
            write_atomic(chart / "README.md", chart_readme(chart))
        print(f"{'written' if write else 'stale  '} {chart / 'README.md'}")
    return 1 if stale and not write else 0


def _is_current(chart: Path) -> bool:
    readme = chart / "README.md"
    return readme.is_file() and read_text(readme) == chart_readme(chart)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
