"""What keeps a cluster from having converged: one sentence each, ordered by what causes what."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Cause(IntEnum):
    """Why, the cause before its consequences: an Application that is missing has no pods to complain about."""

    UNREACHABLE = 0
    PARENT_SYNC = 1
    MISSING = 2
    SYNC = 3
    OPERATION = 4
    CONFIG = 5
    POD = 6
    HEALTH = 7
    STALE = 8
    PARENT_HEALTH = 9


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing of an Application that is not as Git says. `broken`: as far as can be seen it will not mend itself."""

    cause: Cause
    app: str
    what: str
    where: str = ""
    broken: bool = False

    @property
    def who(self) -> str:
        """The Application, and the object of it where it is one object's problem."""
        return f"{self.app} {self.where}".strip()

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same while the problem lasts; its words may change (a count, a retry)."""
        return self.cause.name, self.who

    def __str__(self) -> str:
        return f"{self.who}: {self.what}"


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems, those that will not mend first, causes before consequences."""
    return tuple(sorted(problems, key=lambda each: (not each.broken, each.cause, each.who)))


def told(problems: Iterable[Problem]) -> str:
    """Return all problems in one sentence, the first cause first."""
    return "; ".join(str(problem) for problem in ordered(problems))
