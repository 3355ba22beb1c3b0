"""Run the gate: the steps in order, who was tested before and after, and one verdict, written whatever happens."""

import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.files import write_atomic
from leanrag.core.outcome import Outcome, worst
from leanrag.core.progress import say
from leanrag.core.result import Item, StepResult
from leanrag.gate.decide import STEPS, overall, reason, required_steps
from leanrag.gate.discover import ModelTarget
from leanrag.gate.lift import bare, check_facts, complete, lift
from leanrag.gate.plan import Context, Plan, Step
from leanrag.gate.probe import Engine, identity
from leanrag.gate.revision import Revision
from leanrag.gate.stop import Stopper, stoppable
from leanrag.gate.verdict import ModelSubject, Skipped, Subject, Verdict

FILE = "verdict.json"
LOCAL_ONLY = "local scope: there is no Argo CD whose Applications could converge"
NOT_THIS_MODE = "gate mode {mode}: no synthetic load on this cluster"
IMAGES_NOT_RUN = "local scope: processes run with the rendered arguments; the images are named but were not pulled"


@dataclass(frozen=True, slots=True)
class Sight:
    """What the edges showed at one moment."""

    revision: Revision
    engines: Mapping[str, Engine]


def run_gate(plan: Plan, steps: Sequence[Step]) -> Verdict:
    """Run the steps and return the verdict, which is then also at `plan.out/verdict.json`, whole.

    A step that raises becomes INCONCLUSIVE. SIGTERM, Ctrl-C and the deadline end the run early: children are killed,
    the step at work is INCONCLUSIVE, those after it NOT_RUN, and the verdict is written all the same.
    """
    start = utc_now()
    with stoppable(plan.deadline) as stopper:
        before = _look(plan, stopper)
        seed = plan.seed(before.revision.sha)
        results = _run_steps(plan, steps, seed, stopper)
        began = time.monotonic()
        checks = _last_look(plan, before, stopper)
        results.append(_verdict_step(checks, time.monotonic() - began))
        verdict = _verdict(plan, tuple(results), before, seed, start)
        # Still under our handlers, which now only take note: a second Ctrl-C cannot tear the file.
        write_atomic(plan.out / FILE, verdict.text())
    return verdict


def verdict_path(out: Path) -> Path:
    """Return where a run with this output folder writes its verdict."""
    return out / FILE


def _look(plan: Plan, stopper: Stopper) -> Sight:
    git, engines = Revision(None, True, None, "the run was stopped before Git was asked"), {}
    try:
        with stopper.interruptible():
            git = plan.revision_now()
            engines = {model.name: _ask(plan, model) for model in plan.targets.models}
    except StoppedError as error:
        engines = {model.name: Engine(problem=error.message) for model in plan.targets.models}
    return Sight(git, engines)


def _ask(plan: Plan, model: ModelTarget) -> Engine:
    try:
        return plan.ask(model)
    except StoppedError:
        raise
    except Exception as error:
        return Engine(problem=f"unexpected {type(error).__name__}: {error}")  # an engine's nonsense costs no verdict


def _run_steps(plan: Plan, steps: Iterable[Step], seed: int, stopper: Stopper) -> list[StepResult]:
    given = {step.name: step for step in steps}
    results: dict[str, StepResult] = {}
    for name in STEPS[:-1]:
        step = given.get(name)
        why_not = _why_not(name, step, plan, results, stopper)
        if step is None or why_not:
            results[name] = StepResult(name, Outcome.NOT_RUN, why_not, 0.0)
        else:
            say(f"{name} …")
            results[name] = _run_step(step, Context(plan, seed, dict(results), stopper.left), stopper)
        say(f"{name}: {results[name].outcome}: {results[name].reason}")
    return list(results.values())


def _why_not(name: str, step: Step | None, plan: Plan, results: Mapping[str, StepResult], stopper: Stopper) -> str:
    if name == "converge" and plan.scope == "local":
        return LOCAL_ONLY
    if name not in required_steps(plan.scope, plan.mode):
        return NOT_THIS_MODE.format(mode=plan.mode)
    if step is None:
        return f"this gate has no step {name}"
    if stopper.why or stopper.left <= 0:
        return stopper.why or "the deadline for the whole gate was reached"
    for earlier in step.stopped_by:
        if results[earlier].outcome is Outcome.FAIL:
            return f"{earlier} failed, so this could not change the verdict"
    for needed in step.needs:
        if results[needed].outcome is Outcome.NOT_RUN:
            return f"{needed} was not run"
    return ""


def _run_step(step: Step, context: Context, stopper: Stopper) -> StepResult:
    began = time.monotonic()
    try:
        with stopper.interruptible():
            result = check_facts(step.run(context))
        stopper.check()
        return replace(result, name=step.name)
    except LeanragError as error:
        why = stopper.why or error.message
    except Exception as error:
        # A defect of ours must not cost the verdict; it is no answer, and says where.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        why = stopper.why or f"unexpected {type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}"
    return StepResult(step.name, Outcome.INCONCLUSIVE, why, time.monotonic() - began)


def _last_look(plan: Plan, before: Sight, stopper: Stopper) -> list[Item]:
    """Ask the edges again, and compare: the verdict may only speak of what was there all the time."""
    if stopper.why:
        return [Item("the run came to its end", Outcome.INCONCLUSIVE, stopper.why)]
    after = _look(plan, stopper)
    if stopper.why:
        return [Item("the run came to its end", Outcome.INCONCLUSIVE, stopper.why)]
    checks = [identity(m, before.engines[m.name], after.engines[m.name]) for m in plan.targets.models]
    return [_same_revision(before.revision, after.revision), *_something_to_measure(plan), *checks]


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


def _verdict_step(checks: Sequence[Item], seconds: float) -> StepResult:
    outcome = worst(item.outcome for item in checks)
    first = next((f"{item.name}: {item.reason}" for item in checks if item.outcome is outcome), "")
    told = "what was tested is what was declared, before and after" if outcome is Outcome.PASS else first
    say(f"verdict: {outcome}: {told}")
    return StepResult("verdict", outcome, told, seconds, tuple(checks))


def _verdict(plan: Plan, results: tuple[StepResult, ...], before: Sight, seed: int, start: datetime) -> Verdict:
    required = required_steps(plan.scope, plan.mode)
    lifted = lift(results)
    objectives = lifted.objectives
    if "judge" in required:
        objectives = complete(objectives, plan.targets, _why_absent(results))
    outcome = overall(results, objectives, lifted.evidence, required)
    return Verdict(
        id=plan.id,
        scope=plan.scope,
        cluster=plan.cluster.name,
        environment=plan.cluster.environment,
        revision=before.revision.sha,
        dirty=before.revision.dirty,
        content_hash=before.revision.content_hash,
        mode=plan.mode,
        outcome=outcome,
        reason=reason(outcome, results, objectives, lifted.evidence, required),
        steps=tuple(bare(step) for step in results),
        objectives=objectives,
        distributions=lifted.distributions,
        evidence=lifted.evidence,
        skipped=(*lifted.skipped, *_left_out(plan, before.revision)),
        subject=_subject(plan, before),
        tools={**plan.tools, **(lifted.tools or {})},
        seed=seed,
        reproduce=(*plan.reproduce, *lifted.reproduce),
        start=stamp(start),
        end=stamp(utc_now()),
    )


def _why_absent(results: Sequence[StepResult]) -> str:
    by_name = {step.name: step for step in results}
    for name in ("load", "judge"):
        if (step := by_name[name]).outcome is not Outcome.PASS:
            return f"{name}: {step.reason}"
    return "the judge did not decide it"


def _left_out(plan: Plan, git: Revision) -> Iterable[Skipped]:
    if plan.scope == "local" and plan.targets.images:
        yield Skipped("container images", IMAGES_NOT_RUN)
    if git.note:
        yield Skipped("revision and content hash", git.note)


def _subject(plan: Plan, before: Sight) -> Subject:
    rag = plan.targets.rag
    models = tuple(
        ModelSubject(m.name, m.contract.task, m.contract.engine, before.engines[m.name].version)
        for m in plan.targets.models
    )
    return Subject(rag.api if rag else None, rag.vector_store if rag else None, models, plan.targets.images)
