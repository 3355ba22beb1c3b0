"""What a comparison may say, of one figure and of two sides."""

from collections.abc import Iterable
from enum import StrEnum

from leanrag.core.outcome import Outcome


class Answer(StrEnum):
    """BETTER and WORSE are shown beyond chance, INDISTINGUISHABLE is within the margin; the rest is none."""

    BETTER = "better"
    INDISTINGUISHABLE = "indistinguishable"
    WORSE = "worse"
    UNDECIDED = "undecided"
    NOT_COMPARABLE = "not comparable"

    @property
    def outcome(self) -> Outcome:
        """PASS: the candidate is not worse; FAIL: it is; INCONCLUSIVE: nobody knows."""
        if self is Answer.WORSE:
            return Outcome.FAIL
        return Outcome.PASS if self in (Answer.BETTER, Answer.INDISTINGUISHABLE) else Outcome.INCONCLUSIVE


_FIRST = (Answer.NOT_COMPARABLE, Answer.WORSE, Answer.UNDECIDED, Answer.BETTER, Answer.INDISTINGUISHABLE)


def overall(answers: Iterable[Answer]) -> Answer:
    """Return the answer of the whole: one figure that is worse makes it worse; nothing at all is undecided."""
    seen = set(answers)
    return next((answer for answer in _FIRST if answer in seen), Answer.UNDECIDED)
