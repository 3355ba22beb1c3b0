"""Who was tested, before and after: the commit, and what each engine says of itself."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leanrag.core.errors import StoppedError
from leanrag.core.outcome import Outcome, worst
from leanrag.core.progress import say
from leanrag.core.result import Item, StepResult
from leanrag.gate.decide import required_steps
from leanrag.gate.discover import ModelTarget
from leanrag.gate.plan import Plan
from leanrag.gate.probe import Engine, identity
from leanrag.gate.revision import Revision
from leanrag.gate.stop import Stopper


@dataclass(frozen=True, slots=True)
class Sight:
    """What the edges showed at one moment."""

    revision: Revision
    engines: Mapping[str, Engine]


def commit(plan: Plan, stopper: Stopper) -> Revision:
    """Return the commit that Git names now."""
    try:
        with stopper.interruptible():
            return plan.revision_now()
    except StoppedError:
        return Revision(None, True, None, "the run was stopped before Git was asked")


def engines(plan: Plan, stopper: Stopper) -> Mapping[str, Engine]:
    """Return what every engine says of itself now; one that cannot be asked is a problem in words."""
    try:
        with stopper.interruptible():
            return {model.name: _ask(plan, model) for model in plan.targets.models}
    except StoppedError as error:
        return unasked(plan, error.message)


def unasked(plan: Plan, why: str) -> Mapping[str, Engine]:
    """Return that no engine was asked."""
    return {model.name: Engine(problem=why) for model in plan.targets.models}


def _ask(plan: Plan, model: ModelTarget) -> Engine:
    try:
        return plan.ask(model)
    except StoppedError:
        raise
    except Exception as error:
        return Engine(problem=f"unexpected {type(error).__name__}: {error}")  # an engine's nonsense costs no verdict


def verdict_step(plan: Plan, before: Sight, stopper: Stopper, why_not: str) -> StepResult:
    """Ask the edges again, and compare: the verdict may only speak of what was there all the time."""
    began = time.monotonic()
    if why_not and not stopper.why:
        say(f"verdict: {Outcome.NOT_RUN}: {why_not}")
        return StepResult("verdict", Outcome.NOT_RUN, why_not, 0.0)
    checks = _last_look(plan, before, stopper)
    outcome = worst(item.outcome for item in checks)
    first = next((f"{item.name}: {item.reason}" for item in checks if item.outcome is outcome), "")
    told = "what was tested is what was declared, before and after" if outcome is Outcome.PASS else first
    say(f"verdict: {outcome}: {told}")
    return StepResult("verdict", outcome, told, time.monotonic() - began, tuple(checks))


def _last_look(plan: Plan, before: Sight, stopper: Stopper) -> list[Item]:
    if stopper.why:
        return [_ended(stopper.why)]
    after = Sight(commit(plan, stopper), engines(plan, stopper))
    around = _around(plan, stopper)
    if stopper.why:
        return [_ended(stopper.why)]
    asked = [identity(m, before.engines[m.name], after.engines[m.name]) for m in plan.targets.models]
    return [_same_revision(before.revision, after.revision), *around, *_something_to_measure(plan), *asked]


def _around(plan: Plan, stopper: Stopper) -> Sequence[Item]:
    try:
        with stopper.interruptible():
            return plan.around.last_look()
    except StoppedError as error:
        return [_ended(error.message)]
    except Exception as error:
        return [_ended(f"unexpected {type(error).__name__}: {error}")]


def _ended(why: str) -> Item:
    return Item("the run came to its end", Outcome.INCONCLUSIVE, why)


def _same_revision(before: Revision, after: Revision) -> Item:
    proves = "The verdict belongs to one commit."
    seen = before.sha[:12] if before.sha else f"none ({before.note})"
    if (before.sha, before.content_hash) == (after.sha, after.content_hash):
        return Item("revision", Outcome.PASS, f"{seen} before and after the run", proves)
    moved = f"changed from {seen} to {after.sha[:12] if after.sha else 'none'} during the run"
    return Item("revision", Outcome.INCONCLUSIVE, moved, proves)


def _something_to_measure(plan: Plan) -> Iterable[Item]:
    if "judge" not in required_steps(plan.scope, plan.mode):
        return
    count = sum(len(model.objectives) for model in plan.targets.measured)
    proves = "A cluster cannot pass by having nothing to test."
    if count:
        yield Item("objectives declared", Outcome.PASS, f"Git declares {count} objectives to measure", proves)
    else:
        yield Item("objectives declared", Outcome.INCONCLUSIVE, "Git declares no objective for a chat model", proves)
