"""What a run of the checks says, and the Pod that it says it of."""

from leanrag.checks.run import CheckRun

POD = """apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  containers:
    - {name: a, image: "registry.example.org/a:%s"}
"""


def said(run: CheckRun) -> list[object]:
    """Everything that a run says, but how long it took."""
    return [run.step.outcome, run.step.reason, run.counts, run.step.items, *map(repr, run.findings)]


def never(*_: object) -> None:
    raise AssertionError("nothing had to be judged")
