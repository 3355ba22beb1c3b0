"""What a rule is: an id, a true sentence, and the function that finds where it is not true."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leanrag.checks.finding import Finding

if TYPE_CHECKING:
    from leanrag.checks.files import Files
    from leanrag.checks.scope import Scope


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: `sentence` is what is true of a clean repository."""

    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class FileCheck(Check):
    """A rule on the files as written."""

    find: Callable[["Files"], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class ObjectCheck(Check):
    """A rule on everything that one cluster renders; `plain` rules also fit manifest files without a repository.

    An `alone` rule follows from one object and its world: it is called with a scope of that object only, without
    cluster or Applications, and what it finds is kept for every object of the same content.
    """

    find: Callable[["Scope"], Iterator[Finding]]
    plain: bool = True
    alone: bool = False
