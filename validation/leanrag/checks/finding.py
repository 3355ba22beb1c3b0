"""What a check says: a finding names the place, what is wrong there, and the way out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leanrag.catalog.nearest import nearest
from leanrag.core.result import JSON


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule's sentence is not true.

    `file` is relative to the repository, `line` and `column` count from 1 (0 = not known), `where` is the path inside
    the file or object, `app` the Application concerned ("" for the repository). `unknown` means: could not tell, so
    never a pass. `culprit` is the offending value, by which the overlay line that brought it is found. `allowed` is
    the reason by which the object exempts itself from the rule: shown, and not counted as broken. `holds` goes with
    `unknown`: the check itself does not wait for the answer, a promotion to this cluster does.
    """

    rule: str
    app: str
    file: str
    where: str
    message: str
    fix: str
    line: int = 0
    unknown: bool = False
    culprit: JSON = field(default=None, compare=False)
    column: int = field(default=0, compare=False)
    allowed: str = field(default="", compare=False)
    holds: bool = False

    def __str__(self) -> str:
        """Return the finding in one line: where, what, the way out, and the rule."""
        place = f"{self.app}: {self.where}" if self.app else f"{self.file}: {self.where}"
        return f"{place.rstrip(': ')}: {self.message}; {self.fix} [{self.rule}]"

    def place(self) -> str:
        """Return file, line and column as editors read them: what is not known is left out."""
        known = (self.file, self.line, self.column if self.line else 0)
        return ":".join(str(part) for part in known if part)

    def told(self) -> str:
        """Return what is wrong, without the file: the Application, the field, the message."""
        return ": ".join(part for part in (self.app, self.where, self.message) if part)


def number_of(count: int, thing: str) -> str:
    """Return a number of things in words: 1 file, 2 files."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as people write it: spec.template.spec.containers[0].image."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def suggestion(word: str, choices: Iterable[str], what: str = "key") -> str:
    """Return the way out of a word that is not among the choices: the nearest one, or the list."""
    known = sorted(choices)
    near = nearest(word, known)
    if near:
        return f"did you mean {near!r}?"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"{what}s here are: {shown}" if known else f"no {what} is possible here; remove it"


def at(document: Any, path: Sequence[str | int]) -> Any:
    """Return the value at a path of a document, or None."""
    for part in path:
        if isinstance(document, (dict, Mapping)):  # to ask for a dict first is quick
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            return None
    return document
