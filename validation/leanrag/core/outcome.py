"""The four outcomes of everything that is asked, and the exit codes that scripts rely on."""

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """PASS and FAIL are answers; INCONCLUSIVE and NOT_RUN are not. Only PASS promotes."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_RUN = "NOT_RUN"

    @property
    def exit_code(self) -> int:
        """0 = yes, 1 = no, 2 = no answer."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1}.get(self, 2)


_WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_RUN, Outcome.PASS)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome of a whole from its required parts; nothing at all is NOT_RUN, never PASS."""
    seen = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in seen), Outcome.NOT_RUN)
