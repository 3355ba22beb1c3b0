"""What every step of the gate hands on: an outcome, one sentence, and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, Union

from leanrag.core.outcome import Outcome

# A recursive alias of what json.dumps accepts; Mapping and Sequence would not survive a round trip.
JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a step: a smoke case, an evidence check, a group of findings.

    `reason` says what was expected and what was seen; `proves` the true sentence behind it; `seconds` is wall time.
    """

    name: str
    outcome: Outcome
    reason: str
    proves: str = ""
    seconds: float = 0.0
    facts: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of one step of the gate: `reason` is one sentence, `facts` are figures for the verdict."""

    name: str
    outcome: Outcome
    reason: str
    seconds: float
    items: tuple[Item, ...] = ()
    facts: Mapping[str, JSON] = field(default_factory=dict)
