"""vLLM's Python source in a published wheel, as syntax trees: nothing of it is imported or run."""

import ast
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.core.errors import ToolError

# Where arguments are declared (both names of the front end's file: it moved in 0.3x), and where their types are.
_ARGUMENTS = (
    "vllm/engine/arg_utils.py",
    "vllm/entrypoints/openai/cli_args.py",
    "vllm/entrypoints/launchers/cli_args.py",
)
_TYPES = ("vllm/config/", "vllm/config.py", "vllm/model_executor/layers/quantization/__init__.py", *_ARGUMENTS)
_METRIC = b'"vllm:'


@dataclass(frozen=True, slots=True)
class ClassSource:
    """A class: the annotations of its fields, and the names of its bases."""

    fields: Mapping[str, ast.expr]
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The trees that matter: where arguments are declared, classes and type aliases by name, modules with metrics."""

    arguments: tuple[ast.Module, ...]
    classes: Mapping[str, ClassSource]
    aliases: Mapping[str, ast.expr]
    metrics: tuple[ast.Module, ...]


def read_wheel(path: Path) -> Source:
    """Read a wheel; a file that is none of vLLM's is a ToolError."""
    try:
        with zipfile.ZipFile(path) as wheel:
            texts = {name: wheel.read(name) for name in wheel.namelist() if _wanted(name)}
    except (OSError, zipfile.BadZipFile) as error:
        raise ToolError(f"{path}: is no wheel: {error}", hint="remove it; it is fetched again") from None
    trees = {name: ast.parse(text) for name, text in sorted(texts.items()) if _parsed(name, text)}
    if not any(name in trees for name in _ARGUMENTS):
        raise ToolError(f"{path}: holds no argument parser of vLLM", hint="name a wheel of vLLM")
    types = [tree for name, tree in trees.items() if name.startswith(_TYPES)]
    return Source(
        arguments=tuple(trees[name] for name in _ARGUMENTS if name in trees),
        classes={name: found for tree in types for name, found in _classes(tree)},
        aliases={name: value for tree in types for name, value in _aliases(tree)},
        metrics=tuple(trees[name] for name, text in sorted(texts.items()) if name in trees and _METRIC in text),
    )


def _wanted(name: str) -> bool:
    return name.startswith("vllm/") and name.endswith(".py")


def _parsed(name: str, text: bytes) -> bool:
    return name in _ARGUMENTS or _METRIC in text or name.startswith(_TYPES)


def _classes(tree: ast.Module) -> Iterator[tuple[str, ClassSource]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            fields = {
                each.target.id: each.annotation
                for each in node.body
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            }
            yield node.name, ClassSource(fields, tuple(base.id for base in node.bases if isinstance(base, ast.Name)))


def _aliases(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield `Name = Literal[…]`, `Name: TypeAlias = …` and unions of such at module level."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Subscript | ast.BinOp | ast.Name):
            yield target.id, value
