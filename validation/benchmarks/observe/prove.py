"""Every query of every dashboard and rule, asked of a real Prometheus: data, data of a sample, or empty."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from alarms import Rule, present
from boards import Board
from elsewhere import Elsewhere
from prom import Found, numbers
from variables import BUILT_IN, Ask, put, resolve

from leanrag.core.errors import LeanragError

REAL, SAMPLE, EMPTY = "real", "sample", "empty"


class Asked(Protocol):
    """What can be asked: a Prometheus, or a test's stand-in for one."""

    def query(self, text: str) -> tuple[Found, ...]: ...


@dataclass(frozen=True, slots=True)
class Query:
    """One query as it is sent; `place` and `part` say whose it is, `marked` what its panel says that it needs.

    `wider` is asked where it finds nothing; "" where that is not enough.
    """

    place: str
    part: str
    text: str
    marked: str = ""
    wider: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a query: `how` is real, sample or empty; `series` is how many; `needs` what is not here."""

    place: str
    part: str
    text: str
    how: str
    series: int
    needs: str
    problem: str = ""
    marked: str = ""


def of_board(board: Board, ask: Ask) -> Iterator[Query]:
    """Yield a dashboard's queries with its variables in place; a variable without a value is an empty one."""
    known = resolve(board.variables, ask)
    for variable in board.variables:
        if variable.kind == "query" and not known[variable.name]:
            yield Query(board.title, f"variable {variable.name}", variable.query)
    for panel in board.asking:
        for target in panel.targets:
            if target.language == "prometheus":
                yield Query(board.title, panel.title, put(target.text, known), panel.needs)


def of_rules(rules: Iterable[Rule]) -> Iterator[Query]:
    """Yield what a rule needs to see: all that is recorded, and of an alert the series that it compares."""
    for rule in rules:
        texts = [(rule.text, "")] if rule.record else _seen(rule)
        yield from (Query(rule.origin, rule.name, text, wider=wider) for text, wider in texts)


def _seen(rule: Rule) -> list[tuple[str, str]]:
    try:
        return present(rule.text)
    except LeanragError:
        return [(rule.text, "")]  # Prometheus will say what is wrong with it


def proofs(queries: Iterable[Query], world: Elsewhere, real: Asked, sample: Asked) -> tuple[Proof, ...]:
    """Ask each query of what is here; only one that needs more is asked of the sample too."""
    return tuple(_proof(query, world, real, sample) for query in queries)


def _proof(query: Query, world: Elsewhere, real: Asked, sample: Asked) -> Proof:
    needs = ", ".join(sorted(world.needs(query.text)))
    where = {REAL: real, SAMPLE: sample} if needs else {REAL: real}
    problem = "no variable here has a value" if query.part.startswith("variable ") else "no series has a number"
    for how, asked in where.items():
        try:
            if found := _answer(asked, query):
                told = needs if how == SAMPLE else ""
                return Proof(query.place, query.part, query.text, how, len(found), told, marked=query.marked)
        except LeanragError as error:
            problem = error.message
    return Proof(query.place, query.part, query.text, EMPTY, 0, needs, problem, query.marked)


def _answer(asked: Asked, query: Query) -> tuple[Found, ...]:
    return numbers(asked.query(query.text)) or (numbers(asked.query(query.wider)) if query.wider else ())


def empty(found: Iterable[Proof]) -> list[Proof]:
    """Return the queries that found nothing."""
    return [each for each in found if each.how == EMPTY]


def unmarked(found: Iterable[Proof], boards: Iterable[Board]) -> list[Proof]:
    """Return what only a sample answers, on a dashboard whose panel does not say what it needs."""
    titles = {board.title for board in boards}
    return [each for each in found if each.how == SAMPLE and each.place in titles and not each.marked]


def static(text: str) -> str:
    """Return a query with only what Grafana itself defines in place: enough to read which metrics it names."""
    return put(text, {**BUILT_IN})


def summary(found: Iterable[Proof]) -> Mapping[str, int]:
    """Return how many queries had real data, had a sample's, and were empty."""
    every = [each.how for each in found]
    return {how: every.count(how) for how in (REAL, SAMPLE, EMPTY)}
