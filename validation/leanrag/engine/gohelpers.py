"""Functions that make metrics for others: they add a namespace and labels to the options that they are given.

The shape that Milvus uses: `func newX(opts prometheus.GaugeOpts, extra ...string)` sets fields of `opts` and lets
another function put labels before `extra`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from leanrag.engine.gosyntax import Call, Expr, Reader, Spread, Token

_OPTIONS, _MORE = "opts", "extra"


@dataclass(frozen=True, slots=True)
class Helper:
    """What a function adds: elements of the options, and labels before those that it is given."""

    kind: str
    elements: tuple[tuple[str, Expr], ...]
    labels: tuple[Expr, ...]


def helpers(words: list[Token]) -> dict[str, Helper]:
    """Return the helpers of a file, by name."""
    bodies = dict(_functions(words))
    found = {}
    for name, body in bodies.items():
        if len(body) > 7 and body[3].text == _OPTIONS and body[6].text.endswith("Opts"):
            kind = body[6].text.removesuffix("Opts").lower()
            found[name] = Helper(kind, tuple(_elements(body)), tuple(_labels(body, bodies)))
    return found


def _functions(words: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Yield each function with its tokens, from `func` to the next one."""
    starts = [at for at, word in enumerate(words) if word.text == "func" and (not at or words[at - 1].text == "\n")]
    for start, end in pairwise([*starts, len(words)]):
        yield words[start + 1].text, words[start:end]


def _elements(body: list[Token]) -> Iterator[tuple[str, Expr]]:
    """Yield `opts.Namespace = …` and the like."""
    for at in range(len(body) - 4):
        if [word.text for word in body[at : at + 2]] == [_OPTIONS, "."] and body[at + 3].text == "=":
            yield body[at + 2].text, Reader(body, at + 4).expression()


def _labels(body: list[Token], bodies: dict[str, list[Token]]) -> Iterator[Expr]:
    """Yield what the function that is given `extra...` puts to a list before it."""
    given = ["(", _MORE, "..."]
    called = [body[at].text for at in range(len(body) - 3) if [word.text for word in body[at + 1 : at + 4]] == given]
    inner = bodies.get(called[0], []) if called else []
    for at, word in enumerate(inner):
        call = Reader(inner, at).expression() if word.text == "append" else None
        if isinstance(call, Call):
            yield from (each for each in call.arguments[1:] if not isinstance(each, Spread))
