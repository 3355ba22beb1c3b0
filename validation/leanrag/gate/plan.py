"""What one run of the gate is asked to do, and what a step gets and gives."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.catalog.model import Cluster
from leanrag.core.files import write_atomic
from leanrag.core.result import Item, StepResult
from leanrag.evidence.store import VERDICT
from leanrag.gate.carry import Carried, Measure
from leanrag.gate.discover import ModelTarget, Targets
from leanrag.gate.probe import Engine
from leanrag.gate.revision import Revision
from leanrag.gate.stop import Stopper
from leanrag.gate.verdict import Verdict
from leanrag.load.exporters import NOBODY, Exporters

Engines = Mapping[str, Engine]


class Surroundings:
    """What a run has around it beside Git and the engines; by itself, as on one machine, nothing.

    gate/incluster.py has those of a cluster. Each method is called once a run, `exporters` once a model, in this order.
    """

    def guard(self, stopper: Stopper) -> AbstractContextManager[None]:
        """Return a context in which the steps run; it may stop the run through `stopper`."""
        return nullcontext()

    def carry(self, engines: Engines) -> Carried | Measure | None:
        """Return a measurement that need not be taken again, or why it must; None where that is no question."""
        return None

    def exporters(self, model: ModelTarget) -> Exporters:
        """Return who tells of the GPUs under a model while it is measured."""
        return NOBODY

    def last_look(self) -> list[Item]:
        """Return what else must hold at the end, compared with the beginning."""
        return []

    def describe(self, verdict: Verdict) -> Verdict:
        """Return the verdict with what only the surroundings know."""
        return verdict

    def publish(self, verdict: Verdict, out: Path) -> Verdict:
        """Make the verdict known, also at `out`/verdict.json, and return it as it was published."""
        write_atomic(out / VERDICT, verdict.text())
        return verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: `scope` local or cluster, `mode` full, smoke or observe, `deadline` in seconds for all of it.

    `revision_now` and `ask` are the edges (Git, the engines) that the run asks before and after. A `problem` leaves
    nothing to do but the check of the repository: the charts could not be rendered, say.
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
    around: Surroundings = field(default_factory=Surroundings)
    problem: str = ""
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
