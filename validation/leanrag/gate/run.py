"""Run the gate: the steps in order, who was tested before and after, and one verdict, written whatever happens."""

import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import LeanragError
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.result import StepResult
from leanrag.evidence.store import VERDICT
from leanrag.gate import carry, sight
from leanrag.gate.decide import STEPS, overall, reason, required_steps
from leanrag.gate.lift import bare, check_facts, complete, lift
from leanrag.gate.plan import Context, Engines, Plan, Step
from leanrag.gate.sight import Sight
from leanrag.gate.stop import Stopper, stoppable
from leanrag.gate.verdict import ModelSubject, Skipped, Subject, Verdict

LOCAL_ONLY = "local scope: there is no Argo CD whose Applications could converge"
NOT_CONVERGED = "the cluster has not converged on this commit"
NOT_THIS_MODE = "gate mode {mode}: no synthetic load on this cluster"
IMAGES_NOT_RUN = "local scope: processes run with the rendered arguments; the images are named but were not pulled"
PREPARING, MEASURING = STEPS[:2], STEPS[2:-1]


@dataclass(slots=True)
class _Run:
    """One run while it goes on."""

    plan: Plan
    steps: Mapping[str, Step]
    stopper: Stopper
    seed: int
    results: dict[str, StepResult] = field(default_factory=dict)

    @property
    def unready(self) -> str:
        """Why nothing may be measured: numbers of a cluster that runs something else would be worth nothing."""
        converge = self.results.get("converge")
        if self.plan.scope == "local" or converge is None or converge.outcome is Outcome.PASS:
            return ""
        return NOT_CONVERGED


def run_gate(plan: Plan, steps: Sequence[Step]) -> Verdict:
    """Run the steps and return the verdict, which is then also at `plan.out/verdict.json`, whole.

    A step that raises becomes INCONCLUSIVE. SIGTERM, Ctrl-C and the deadline end the run early: children are killed,
    the step at work is INCONCLUSIVE, those after it NOT_RUN, and the verdict is written all the same.
    """
    start = utc_now()
    with stoppable(plan.deadline) as stopper:
        revision = sight.commit(plan, stopper)
        run = _Run(plan, {step.name: step for step in steps}, stopper, plan.seed(revision.sha))
        with plan.around.guard(stopper):
            _run_steps(run, PREPARING)
            before = Sight(revision, _engines(run))
            carried = _carried(run, before)
            run.results |= carried.results if carried else {}
            _run_steps(run, MEASURING)
            run.results["verdict"] = sight.verdict_step(plan, before, stopper, run.unready)
        verdict = _verdict(run, before, start)
        verdict = plan.around.describe(carry.carried(verdict, carried) if carried else verdict)
        # Still under our handlers, which now only take note: a second Ctrl-C cannot tear the file.
        return plan.around.publish(verdict, plan.out)


def verdict_path(out: Path) -> Path:
    """Return where a run with this output folder writes its verdict."""
    return out / VERDICT


def _engines(run: _Run) -> Engines:
    if run.plan.problem or run.unready:
        return sight.unasked(run.plan, run.plan.problem or run.unready)
    return sight.engines(run.plan, run.stopper)


def _carried(run: _Run, before: Sight) -> carry.Carried | None:
    """Return a measurement to repeat; where anything is unclear the gate measures."""
    required = required_steps(run.plan.scope, run.plan.mode)
    ready = all(run.results[name].outcome is Outcome.PASS for name in PREPARING if name in required)
    if not ready or run.stopper.why:
        return None
    try:
        with run.stopper.interruptible():
            found = run.plan.around.carry(before.engines)
    except LeanragError as error:
        found = carry.Measure(error.message)
    if isinstance(found, carry.Carried):
        say(f"carried: {found.outcome}: {found.reason}")
        return found
    if found:
        say(f"measured: {found.why}")
    return None


def _run_steps(run: _Run, names: Iterable[str]) -> None:
    for name in names:
        if name in run.results:
            continue  # carried
        step = run.steps.get(name)
        why_not = _why_not(name, step, run)
        if step is None or why_not:
            run.results[name] = StepResult(name, Outcome.NOT_RUN, why_not, 0.0)
        else:
            say(f"{name} …")
            context = Context(run.plan, run.seed, dict(run.results), run.stopper.left)
            run.results[name] = _run_step(step, context, run.stopper)
        say(f"{name}: {run.results[name].outcome}: {run.results[name].reason}")


def _why_not(name: str, step: Step | None, run: _Run) -> str:
    plan, stopper = run.plan, run.stopper
    if name == "converge" and plan.scope == "local":
        return LOCAL_ONLY
    if name not in required_steps(plan.scope, plan.mode):
        return NOT_THIS_MODE.format(mode=plan.mode)
    if plan.problem and name != "check":
        return plan.problem
    if step is None:
        return f"this gate has no step {name}"
    if stopper.why or stopper.left <= 0:
        return stopper.why or "the deadline for the whole gate was reached"
    return _pointless(name, step, run)


def _pointless(name: str, step: Step, run: _Run) -> str:
    if name in MEASURING and run.unready:
        return run.unready
    for earlier in step.stopped_by:
        if run.results[earlier].outcome is Outcome.FAIL:
            return f"{earlier} failed, so this could not change the verdict"
    for needed in step.needs:
        if run.results[needed].outcome is Outcome.NOT_RUN:
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


def _verdict(run: _Run, before: Sight, start: datetime) -> Verdict:
    plan = run.plan
    results = tuple(run.results[name] for name in STEPS)
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
        reason=reason(outcome, results, objectives, lifted.evidence, required, lifted.diagnoses),
        steps=tuple(bare(step) for step in results),
        objectives=objectives,
        distributions=lifted.distributions,
        evidence=lifted.evidence,
        diagnoses=lifted.diagnoses,
        skipped=(*lifted.skipped, *_left_out(plan, before)),
        subject=_subject(plan, before),
        tools={**plan.tools, **(lifted.tools or {})},
        seed=run.seed,
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


def _left_out(plan: Plan, before: Sight) -> Iterable[Skipped]:
    if plan.scope == "local" and plan.targets.images:
        yield Skipped("container images", IMAGES_NOT_RUN)
    if before.revision.note:
        yield Skipped("revision and content hash", before.revision.note)


def _subject(plan: Plan, before: Sight) -> Subject:
    rag = plan.targets.rag
    models = tuple(
        ModelSubject(m.name, m.contract.task, m.contract.engine, before.engines[m.name].version)
        for m in plan.targets.models
    )
    return Subject(rag.api if rag else None, rag.vector_store if rag else None, models, plan.targets.images)
