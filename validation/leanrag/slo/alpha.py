"""How the promises of one gate share its errors.

The gate passes only when every promise does. A service that breaks one of them passes only when the test of that very
promise errs, however many others there are: the chance of a false pass is not to be divided (intersection-union test:
Berger, Technometrics 24, 1982). One FAIL is enough to block, so the chances of a false block add up: they are.
"""

from dataclasses import dataclass

from leanrag.slo.objectives import ShareAlpha


@dataclass(frozen=True, slots=True)
class Levels:
    """The errors that one promise may make: passing a service that breaks it, failing one that keeps it."""

    false_pass: float
    false_block: float


def levels(confidence: float, promises: int, method: ShareAlpha) -> Levels:
    """Return the errors of each of so many promises, so that the gate's are at most 1 - confidence.

    With "none" the false block is each promise's own, and the gate's up to their sum. Before anything is seen holm is
    bonferroni: the first FAIL needs its full strength, and the first one decides the gate.
    """
    error = round(1.0 - confidence, 12)
    return Levels(error, error if method == "none" else error / max(1, promises))
