"""What one run of the gate is asked to do, and what a step gets and gives."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.catalog.model import Cluster
from leanrag.core.result import StepResult
from leanrag.gate.discover import ModelTarget, Targets
from leanrag.gate.probe import Engine
from leanrag.gate.revision import Revision


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: `scope` local or cluster, `mode` full, smoke or observe, `deadline` in seconds for all of it.

    `revision_now` and `ask` are the edges (Git, the engines) that the run asks before and after.
    """

    id: str
    root: Path
    cluster: Cluster
    scope: str
    mode: str
    targets: Targets
    out: Path
    deadline: float
    revision_now: Callable[[], Revision]
    ask: Callable[[ModelTarget], Engine]
    tools: Mapping[str, str] = field(default_factory=dict)
    reproduce: tuple[str, ...] = ()

    def seed(self, sha: str | None) -> int:
        """Return the seed of this run, 31 bits.

        It differs from run to run, because equal prompts would be answered from the engine's prefix cache.
        """
        digest = hashlib.sha256(f"{sha}:{self.id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True, slots=True)
class Context:
    """What a step gets: the plan, the seed, the results before it by name, and the seconds left."""

    plan: Plan
    seed: int
    results: Mapping[str, StepResult]
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a FAIL of one in `stopped_by` makes it pointless; one in `needs` must at least have been run.

    The result's facts `objectives`, `distributions`, `evidence`, `skipped`, `tools` and `reproduce` move to the
    verdict's own keys of those names, in the shapes of verdict.schema.json.
    """

    name: str
    run: Callable[[Context], StepResult]
    stopped_by: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
