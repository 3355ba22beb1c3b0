"""The little of Go's syntax that declarations of metrics are made of: strings, names, calls and composite literals.

No parser of Go is there for Python. What this one does not follow it gives back as Opaque, never as a guess.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r]+|//[^\n]*|/\*.*?\*/)
  | (?P<end>\n|;)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<rune>'(?:[^'\\\n]|\\.)*')
  | (?P<word>[A-Za-z_]\w*|[0-9][\w.]*)
  | (?P<mark>:=|\.\.\.|[^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `kind`: end, text, rune, word or mark."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal's value."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name, with what qualifies it: `prometheus.GaugeValue`."""

    path: str

    @property
    def last(self) -> str:
        """The name without its package."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Sum:
    """Two strings put together."""

    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the name of what is called, and its arguments; `x...` is Spread."""

    name: Name
    arguments: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """A list given as the rest of the arguments."""

    of: "Expr"


@dataclass(frozen=True, slots=True)
class Literal:
    """A composite literal: its type as written, and its elements with their keys ("" where none is written)."""

    type: str
    elements: tuple[tuple[str, "Expr"], ...]

    def get(self, key: str) -> "Expr | None":
        """Return the element of a key."""
        return dict(self.elements).get(key)


@dataclass(frozen=True, slots=True)
class Opaque:
    """Anything else."""


Expr = Text | Name | Sum | Call | Spread | Literal | Opaque


def tokens(text: str) -> list[Token]:
    """Return the tokens of a file, without blanks and comments; a line's end is one."""
    found = (each for each in _TOKEN.finditer(text) if each.lastgroup != "blank")
    return [Token(str(each.lastgroup), each[0]) for each in found]


class Reader:
    """A place in a file's tokens, and what is read from there on."""

    def __init__(self, words: list[Token], at: int = 0) -> None:
        self.words, self.at = words, at

    def peek(self) -> str:
        """Return the next token's text, "" at the end of the file."""
        return self.words[self.at].text if self.at < len(self.words) else ""

    def take(self, mark: str) -> bool:
        """Go past a token when it is the next one."""
        found = self.peek() == mark
        self.at += found
        return found

    def expression(self) -> Expr:
        """Read an expression, to the comma, bracket or line's end behind it."""
        left = self._operand()
        while self.take("+"):
            self._lines()
            left = Sum(left, self._operand())
        if self.peek() and self.peek() not in ",)]};\n:...":
            self._skip()
            return Opaque()
        return left

    def _lines(self) -> None:
        while self.peek() == "\n":
            self.at += 1

    def _operand(self) -> Expr:
        self.take("&")
        word = self.words[self.at] if self.at < len(self.words) else Token("end", "")
        if word.kind == "text":
            self.at += 1
            return Text(word.text[1:-1] if word.text[0] == "`" else ast.literal_eval(word.text))
        if word.text == "[":
            return self._composite(self._type())
        if word.text == "(":
            self.at += 1
            inner = self.expression()
            return inner if self.take(")") else self._skip()
        if word.kind == "word" and word.text not in ("func", "map", "struct", "interface"):
            return self._named()
        return self._skip()

    def _type(self) -> str:
        """Read the type of a slice or an array: `[]string`."""
        start = self.at
        while self.peek() not in ("{", "", "\n", ",", ")"):
            self.at += 1
        return "".join(word.text for word in self.words[start : self.at])

    def _named(self) -> Expr:
        """Read a name and what is done with it; of a chain of calls the last one counts."""
        path = self.words[self.at].text
        self.at += 1
        found: Expr = Name(path)
        while True:
            if self.take("."):
                path = f"{path}.{self.peek()}"
                self.at += 1
                found = Name(path)
            elif self.peek() == "(":
                found = Call(Name(path), self._arguments())
            elif self.peek() == "{" and isinstance(found, Name):
                found = self._composite(path)
            elif self.peek() == "[":
                self._balanced()
                found = Opaque()
            else:
                return found

    def _arguments(self) -> tuple[Expr, ...]:
        return tuple(each for _, each in self._elements(")"))

    def _composite(self, kind: str) -> Expr:
        return Literal(kind, tuple(self._elements("}"))) if self.peek() == "{" else self._skip()

    def _elements(self, end: str) -> Iterator[tuple[str, Expr]]:
        self.at += 1
        while self.peek() and not self.take(end):
            if self.peek() in (",", "\n"):
                self.at += 1
                continue
            start, key = self.at, ""
            found: Expr = self._bare() if self.peek() == "{" else self.expression()
            if self.take(":"):
                key = found.last if isinstance(found, Name) else found.value if isinstance(found, Text) else ""
                self._lines()
                found = self._bare() if self.peek() == "{" else self.expression()
            yield key, Spread(found) if self.take("...") else found
            self.at += self.at == start  # never stand still

    def _bare(self) -> Expr:
        """Read an element of a composite literal whose type is that of its list."""
        return self._composite("")

    def _skip(self) -> Opaque:
        """Go past what is not followed, to the end of this element."""
        while self.peek() and self.peek() not in (",", "\n", ";", *_CLOSE):
            if self.peek() in _OPEN:
                self._balanced()
            else:
                self.at += 1
        return Opaque()

    def _balanced(self) -> None:
        depth = 0
        while self.peek():
            depth += (self.peek() in _OPEN) - (self.peek() in _CLOSE)
            self.at += 1
            if not depth:
                return
