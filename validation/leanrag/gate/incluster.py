"""What a run in a cluster has around it: Argo CD's Applications, the pods, a lease, newer commits, earlier verdicts."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from leanrag.catalog.model import Cluster
from leanrag.core.clock import utc_now
from leanrag.core.errors import LeanragError
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.result import JSON, Item, StepResult
from leanrag.evidence.keys import Keys, SigningKey, public_keys
from leanrag.evidence.store import read
from leanrag.gate.board import Board
from leanrag.gate.carry import Carried, Measure, carry
from leanrag.gate.converge import Expected, Seen, items, problems
from leanrag.gate.discover import ModelTarget
from leanrag.gate.fingerprint import fingerprint, running_images
from leanrag.gate.lease import Lease
from leanrag.gate.live import Eyes
from leanrag.gate.observed import Live, Pod
from leanrag.gate.plan import Context, Engines, Surroundings
from leanrag.gate.problem import Problem, told
from leanrag.gate.publish import Page, Published, publish
from leanrag.gate.source import Source
from leanrag.gate.stop import Stopper
from leanrag.gate.verdict import Verdict
from leanrag.gate.wait import Clock, Waited, wait
from leanrag.gate.watch import watching
from leanrag.load.exporters import NOBODY, Exporters, behind

# Somebody else's whole measurement may be in the way; a nightly run notices within seconds that it is superseded.
LEASE_SECONDS = 1800.0
LAST_LOOK_SECONDS = 60.0
# A pod is killed some time after SIGTERM (the chart's `graceSeconds`); an API server restarts in a minute or two.
HURRIED_SECONDS, PUBLISH_SECONDS = 30.0, 240.0
_SAME = "The verdict speaks of what ran all the time."
_HOURS = {"h": 1, "d": 24}


@dataclass(slots=True)
class InCluster(Surroundings):
    """One run in a cluster; without `key` its verdict is unsigned. `page` makes the report of a verdict.

    `gpu_metrics` is the address of the GPU exporters, "" for none.
    """

    cluster: Cluster
    mode: str
    trigger: str
    expected: Expected
    source: Source
    eyes: Eyes
    lease: Lease
    board: Board
    deadline: float
    gpu_metrics: str = ""
    key: SigningKey | None = None
    page: Page | None = None
    clock: Clock = field(default_factory=lambda: Clock(time.monotonic, time.sleep))
    seen: Seen = field(default_factory=Seen)
    first: Seen = field(default_factory=Seen)
    live: Live | None = None
    stopper: Stopper | None = None
    published: Published | None = None

    @contextmanager
    def guard(self, stopper: Stopper) -> Iterator[None]:
        """Watch for a newer commit and for the lease while the steps run; give the lease back at the end."""
        self.stopper = stopper
        try:
            with watching((self._superseded, self._lease_lost), stopper.stop):
                yield
        finally:
            with suppress(LeanragError):
                self.lease.release()

    def _superseded(self) -> str:
        self.source.fetch()
        newer = self.source.superseded()
        return f"superseded by {newer}, which this cluster should run by now" if newer else ""

    def _lease_lost(self) -> str:
        other = self.lease.renew() if self.lease.held else ""
        return f"{other} took over the lease {self.lease.name}: two measurements at once" if other else ""

    def converge(self, context: Context) -> StepResult:
        """Wait for the lease and then until everything that Git lists runs as Git says."""
        began = self.clock.now()
        if self.trigger != "postsync" and (newer := self._superseded()):
            return StepResult("converge", Outcome.INCONCLUSIVE, newer, self.clock.now() - began)
        limit = min(LEASE_SECONDS, context.seconds_left / 2)
        if other := self.lease.acquire(limit, self.clock, say):
            why = f"{other} measures these endpoints, still after {limit:.0f} s"
            return StepResult("converge", Outcome.INCONCLUSIVE, why, self.clock.now() - began)
        # Some of the time must be left for the verdict.
        waited = wait(self._look, min(self.deadline, max(context.seconds_left - 30, 1)), self.clock)
        self.first = self.seen
        return self._converged(waited, self.clock.now() - began)

    def _look(self) -> tuple[Problem, ...]:
        seen = self.eyes.look(self.expected)
        named = [each.revision for each in seen.applications]
        named += [each.operation.revision for each in seen.applications if each.operation]
        self.expected = replace(self.expected, accepted=self.source.accepted(named))
        self.seen = seen
        return problems(self.expected, seen)

    def _converged(self, waited: Waited, seconds: float) -> StepResult:
        parts = items(self.expected, self.seen, waited.left, waited.broken)
        count = len(self.expected.apps) + 1
        if waited.outcome is Outcome.PASS:
            why = f"{count} Applications run {self.expected.sha[:12]} with all their pods, after {seconds:.0f} s"
        elif waited.outcome is Outcome.FAIL:
            why = f"this will not mend by waiting: {told(waited.left)}"
        else:
            why = f"not within {self.deadline:.0f} s: {told(waited.left)}"
        facts: dict[str, JSON] = {
            "looks": waited.looks,
            "revisions": {each.name: each.revision for each in self.seen.applications},
        }
        return StepResult("converge", waited.outcome, why, seconds, tuple(parts), facts)

    def carry(self, engines: Engines) -> Carried | Measure:
        """Return the measurement of equal content that still speaks, or why there is none."""
        versions = {name: engine.version for name, engine in engines.items()}
        self.live = self.eyes.live(self.expected, self.seen, versions)
        if self.key is None:
            return Measure("without a signing key nothing can be repeated under it")
        if silent := [name for name, engine in engines.items() if engine.problem]:
            return Measure(f"{silent[0]} does not say what it is")
        return carry(
            (read(body, self._keys(self.key)) for body in self.board.verdicts()),
            cluster=self.cluster.name,
            content_hash=self.source.content(self.source.sha),
            fingerprint=fingerprint(self.live, self.live.operators),
            mode=self.mode,
            trigger=self.trigger,
            now=utc_now(),
            max_age=_age(self.cluster.facts.gate.carryOver.maxAge),
        )

    def exporters(self, model: ModelTarget) -> Exporters:
        """Return the exporters, for the GPUs of the pods that converge has seen; nobody for a model without a GPU."""
        if not self.gpu_metrics or model.held is None:
            return NOBODY
        works = tuple(each for each in self.expected.workloads if each.app == model.held.app.name)
        found = self.eyes.own(replace(self.expected, workloads=works), self.first)
        return behind(self.gpu_metrics, ((pod.namespace, pod.name) for pod in found))

    def _keys(self, own: SigningKey) -> Keys:
        return public_keys((own.public, *self.cluster.facts.gate.publicKeys))

    def last_look(self) -> list[Item]:
        """Ask whether what was tested still runs: nothing else wanted by Git, nothing moved, no pod replaced."""
        found = [self._newest(), self._still()]
        if found[-1].outcome is Outcome.PASS:
            found.append(_kept(self._own(self.first), self._own(self.seen)))
            found.append(_undisturbed(self.first, self.seen, self.expected.apps))
        return found

    def _newest(self) -> Item:
        unasked = self.source.fetch()
        newer = self.source.superseded()
        if newer:
            return Item("newest commit", Outcome.INCONCLUSIVE, f"superseded by {newer}", _SAME)
        # What Argo CD has not applied cannot have been measured, so Git's silence costs no verdict.
        why = (
            f"no newer one is known; Git was not asked: {unasked}" if unasked else "Git wants no other for this cluster"
        )
        return Item("newest commit", Outcome.PASS, why, _SAME)

    def _still(self) -> Item:
        waited = wait(self._look, LAST_LOOK_SECONDS, self.clock)
        if waited.outcome is Outcome.PASS:
            return Item("still converged", Outcome.PASS, "everything runs as Git says after the run, too", _SAME)
        return Item("still converged", Outcome.INCONCLUSIVE, told(waited.left), _SAME)

    def _own(self, seen: Seen) -> Sequence[Pod]:
        return self.eyes.own(self.expected, seen)

    def describe(self, verdict: Verdict) -> Verdict:
        """Add what was running, and what kind of run this was."""
        live = self.live or Live(self.seen.applications)
        subject = replace(verdict.subject, running=running_images(live), gpu=live.gpus or (), operators=live.operators)
        return replace(
            verdict,
            subject=subject,
            trigger=self.trigger,
            measured_at=verdict.measured_at or verdict.end,
            fingerprint=fingerprint(live, live.operators),
        )

    def publish(self, verdict: Verdict, out: Path) -> Verdict:
        """Sign and publish the verdict; `published` tells how that went."""
        hurried = self.stopper is not None and self.stopper.hurried
        seconds = HURRIED_SECONDS if hurried else PUBLISH_SECONDS
        self.published = publish(
            verdict, board=self.board, out=out, deadline=seconds, key=self.key, page=self.page, sleep=self.clock.sleep
        )
        return self.published.verdict


def _kept(before: Sequence[Pod], after: Sequence[Pod]) -> Item:
    """Compare the pods themselves: one that was replaced by its like has started with empty caches during the load."""
    old, new = ({pod.name: _what(pod) for pod in pods} for pods in (before, after))
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    if changed:
        why = f"pods were replaced, or restarted with another image, during the run: {', '.join(changed)}"
        return Item("the same pods", Outcome.INCONCLUSIVE, why, _SAME)
    return Item("the same pods", Outcome.PASS, f"{len(new)} pods, none replaced", _SAME)


def _what(pod: Pod) -> tuple[str, tuple[str, ...]]:
    return pod.uid, tuple(each.image_id for each in pod.containers)


def _undisturbed(before: Seen, after: Seen, apps: Iterable[str]) -> Item:
    """Compare operations: a sync in between, self-heal's too, changed something that may be as before by now."""
    old, new = ({each.name: each.operation for each in seen.applications} for seen in (before, after))
    synced = sorted(name for name in apps if new.get(name) != old.get(name))
    if synced:
        why = f"synced during the run: {', '.join(synced)}"
        return Item("no sync in between", Outcome.INCONCLUSIVE, why, _SAME)
    return Item("no sync in between", Outcome.PASS, "no Application of the cluster was synced during the run", _SAME)


def _age(text: str) -> timedelta:
    return timedelta(hours=int(text[:-1]) * _HOURS[text[-1]])
