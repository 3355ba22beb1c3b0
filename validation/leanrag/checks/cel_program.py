"""One CEL rule made ready for the Rust evaluator: compiled once, with Kubernetes' functions and an idea of its cost."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from leanrag.checks import cel_engine
from leanrag.checks.cel_functions import FUNCTIONS

MOST_STEPS = 5_000_000  # about a second; the API server gives a whole object a budget of its own
_LITERAL = re.compile(r"""[rR]?(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3})|[rR]"[^"\n]*"|[rR]'[^'\n]*'"""
                      r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""")  # fmt: skip
_HELD = re.compile(r"\x00([0-9]+)\x00")
_RECEIVER = r"((?:\x00[0-9]+\x00|[A-Za-z_]\w*)(?:\.[A-Za-z_]\w*(?![\w(])|\[[^\[\]?]*\])*)"
_OPTIONAL = re.compile(rf"{_RECEIVER}(?:\.\?([A-Za-z_]\w*)|\[\?([^\[\]]*)\])((?:\.[A-Za-z_]\w*(?![\w(]))*)")
_MACRO = re.compile(r"\.(?:all|exists|exists_one|existsOne|map|filter)\s*\($")
_SELF = re.compile(r"(?<![\w.])self\b(?:\.([A-Za-z_]\w*)(?![\w(]))?")
_HAS = re.compile(r"(?<![\w.])has\(\s*self\.([A-Za-z_]\w*)\s*\)")


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled rule; `problem` says why it could not be, `depth` how deep its loops are nested."""

    run: Callable[[Any], Any] | None
    functions: Mapping[str, Callable[..., Any]]
    problem: str = ""
    depth: int = 0


@cache
def program(rule: str, wide: bool = False) -> Program:
    """Compile a rule; `wide` counts the characters of strings, where the evaluator counts their bytes."""
    try:
        made = cel_engine.compile(_adapted(rule, wide))
    except ValueError as error:
        return Program(None, {}, " ".join(str(error).split()))
    used = set(made.functions())  # of math.greatest it names greatest
    functions = {name: each for name, each in FUNCTIONS.items() if name.rpartition(".")[2] in used}
    return Program(made.execute, functions, "", nested(rule))


def _adapted(rule: str, wide: bool) -> str:
    """Return a rule with our own duration and size, and `a.?b`, which the parser lacks, as a call."""
    held: list[str] = []

    def hold(text: str) -> str:
        held.append(text)
        return f"\x00{len(held) - 1}\x00"

    def optional(found: re.Match[str]) -> str:
        receiver, name, key, more = found.groups()
        call = hold(f"optionalField({receiver}, {hold(chr(34) + name + chr(34)) if name else key})")
        for each in more.split(".")[1:]:  # a field of an optional value is optional, too
            call = hold(f"optionalField({call}, {hold(chr(34) + each + chr(34))})")
        return call

    text = _LITERAL.sub(lambda found: hold(found[0]), rule)
    text = re.sub(r"(?<![\w.])duration(?=\s*\()", "goDuration", text)
    text = re.sub(r"(?<!\w)size(?=\s*\()", "codePoints", text) if wide else text
    while ".?" in text or "[?" in text:
        text, count = _OPTIONAL.subn(optional, text)
        if not count:
            break  # the parser says what it does not know
    while _HELD.search(text):
        text = _HELD.sub(lambda found: held[int(found[1])], text)
    return text


def nested(rule: str) -> int:
    """Return how many loops of a rule stand inside one another."""
    text, open_, deepest = _LITERAL.sub("''", rule), [], 0
    for index, each in enumerate(text):
        if each == "(":
            open_.append(bool(_MACRO.search(text[: index + 1][-20:])))
            deepest = max(deepest, sum(open_))
        elif each == ")" and open_:
            open_.pop()
    return deepest


def counts_sizes(rule: str) -> bool:
    """Say whether a rule asks for the size of something."""
    return "size" in rule


def looked_at(rules: tuple[str, ...]) -> Mapping[str, bool] | None:
    """Return the fields of self that rules read, True for those of which only has() is asked; None: all of it."""
    found: dict[str, bool] = {}
    for rule in rules:
        text = _LITERAL.sub("''", rule)
        for name in _HAS.findall(text):
            found.setdefault(name, True)
        for name in _SELF.findall(_HAS.sub("", text)):
            if not name:
                return None
            found[name] = False
    return found
