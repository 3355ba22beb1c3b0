"""What stands behind each rule: why it is one, a broken example, the way out (explanations.yaml, beside this file)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from leanrag.core import yamlio


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule in words: `source` is where its reason can be read, `exempt` whether an object may leave it."""

    why: str
    broken: str
    instead: str
    source: str = ""
    exempt: bool = False


@cache
def explanations() -> Mapping[str, Explanation]:
    """Return every rule's explanation by its id."""
    data = yamlio.read(Path(__file__).with_name("explanations.yaml"))
    return {rule: Explanation(**written) for rule, written in data.items()}
