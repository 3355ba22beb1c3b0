"""Releases of OpenShift AI, and the windows in which a key or a kind exists."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from leanrag.core.errors import ToolError

RELEASES = ("3.0", "3.1", "3.2", "3.3", "3.4", "3.5")
# A cluster without OpenShift AI has what the modules serve, and of our own trees the newest.
UPSTREAM = ""
ALL = (UPSTREAM, *RELEASES)
_WINDOW = re.compile(r"(?P<first>3\.\d)?(?P<dash>[-+])(?P<last>3\.\d)?")


@dataclass(frozen=True, slots=True)
class Window:
    """The releases from `first` to `last`, both included; an empty `last` is still open."""

    first: str = RELEASES[0]
    last: str = ""

    def holds(self, release: str) -> bool:
        """Say whether a release lies in the window; without OpenShift AI only what is still there counts."""
        if not release:
            return not self.last
        return self.first <= release and (not self.last or release <= self.last)

    def __str__(self) -> str:
        """Return the window in words."""
        if self.first == self.last:
            return f"{self.first} only"
        return f"{self.first} to {self.last}" if self.last else f"{self.first} and newer"


def window(text: str) -> Window:
    """Return the window of `3.2+`, `-3.1` or `3.3-3.4`; of an empty text the one that is always open."""
    found = _WINDOW.fullmatch(text)
    if not text:
        return Window()
    if not found or (found["dash"] == "+") is bool(found["last"]):
        raise ToolError(f"{text!r} is no window of releases", hint="write 3.2+, -3.1 or 3.3-3.4")
    return Window(found["first"] or RELEASES[0], found["last"] or "")


def spanned(releases: Iterable[str]) -> str:
    """Return releases in words: what follows one another is a span."""
    held = [each for each in RELEASES if each in set(releases)]
    spans: list[list[str]] = []
    for each in held:
        if spans and RELEASES.index(each) == RELEASES.index(spans[-1][-1]) + 1:
            spans[-1].append(each)
        else:
            spans.append([each])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans)
