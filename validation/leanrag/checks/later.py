"""Rules by name, imported when they are first called: an answer from the cache needs their sentences only.

`from leanrag.checks.later import images` gives a stand-in whose every attribute is a function that imports
leanrag.checks.rules.images and calls the function of that name there.
"""

import sys
from functools import partial
from importlib import import_module
from typing import Any

# Modules of rules that lie beside the folder rules/.
_BESIDE = {"cel_rules", "declarations", "files", "objects"}


class Module:
    """A module that is not imported yet."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        """Return a function that imports the module and calls the one of this name."""
        if name.startswith("__"):
            raise AttributeError(name)
        return partial(_call, self._path, name)


def _call(path: str, name: str, seen: Any) -> Any:
    return getattr(sys.modules.get(path) or import_module(path), name)(seen)


def __getattr__(name: str) -> Module:
    """Return the stand-in of a module of rules."""
    if name.startswith("__"):
        raise AttributeError(name)
    return Module(f"leanrag.checks.{name}" if name in _BESIDE else f"leanrag.checks.rules.{name}")
