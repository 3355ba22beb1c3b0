"""The real steps: each asks one package its question and hands on the answer."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from leanrag.catalog.repository import Repository
from leanrag.checks.run import check_repository
from leanrag.core.errors import InputError, LeanragError, StoppedError
from leanrag.core.outcome import Outcome, worst
from leanrag.core.result import JSON, Item, StepResult
from leanrag.gate.decide import label
from leanrag.gate.discover import ModelTarget, Targets
from leanrag.gate.plan import Context, Step
from leanrag.load.commands import judge_report
from leanrag.load.judge import Judgement
from leanrag.load.runner import run_load
from leanrag.rag.runner import STEP_SECONDS, run_smoke
from leanrag.slo.binomial import required
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY
from leanrag.slo.spec import parse

NOT_MEASURED = "this version measures the latency of chat models only"


def steps(repository: Repository, guidellm: Path) -> tuple[Step, ...]:
    """Return the steps of a run in this repository; `guidellm` is the program of its own environment."""
    return (
        Step("check", lambda context: check_repository(repository, (context.plan.cluster.name,)).step),
        Step("smoke", smoke),
        Step("load", loading(guidellm), stopped_by=("check", "smoke")),
        Step("judge", judging, needs=("load",)),
    )


def slo_of(target: ModelTarget) -> Slo:
    """Return a model's objectives and traffic; an `slo:` block that cannot be used is an InputError."""
    return parse(target.contract.slo, f"model {target.name}: slo")


def announce(targets: Targets) -> tuple[str, ...]:
    """Return, before a request is sent, what each objective needs to be decided: one line an objective."""
    return tuple(line for model in targets.measured if model.objectives for line in _needs(model.name, slo_of(model)))


def _needs(model: str, slo: Slo) -> Iterable[str]:
    for one in slo.objectives:
        if one.metric == "throughput":  # judged by parts of the run, not by requests
            continue
        need = required(one.allowed, one.confidence)
        name = label(one.metric, one.percentile)
        yield (
            f"{model}: {name} needs at least {need:,} requests for a PASS at {one.confidence * 100:g} % confidence, "
            f"when none breaks it; {slo.traffic.requests:,} will count"
        )


def smoke(context: Context) -> StepResult:
    """Ask the RAG API its known questions."""
    target = context.plan.targets.rag
    if target is None:
        why = "no chart of this cluster publishes a RAG contract (a ConfigMap with leanrag.io/rag)"
        return StepResult("smoke", Outcome.INCONCLUSIVE, why, 0.0)
    return run_smoke(target, deadline=min(STEP_SECONDS, context.seconds_left))


def loading(guidellm: Path) -> Callable[[Context], StepResult]:
    """Return the load step: the declared traffic for each measured model, one after the other."""

    def load(context: Context) -> StepResult:
        began = time.monotonic()
        results = {model.name: _load(model, context, guidellm) for model in _measured(context)}
        items = [
            Item(name, r.outcome, r.reason, "The declared traffic was sent and its report can be read.", r.seconds)
            for name, r in results.items()
        ]
        items += _embeddings(context.plan.targets)
        facts: dict[str, JSON] = {
            "reports": {name: r.facts["report"] for name, r in results.items() if "report" in r.facts},
            "tools": {"guidellm": str(next(iter(results.values())).facts.get("tool", "unknown"))},
        }
        outcome = worst(result.outcome for result in results.values())
        told = "; ".join(result.reason for result in results.values() if result.outcome is outcome)
        return StepResult("load", outcome, told, time.monotonic() - began, tuple(items), facts)

    return load


def _measured(context: Context) -> tuple[ModelTarget, ...]:
    found = tuple(model for model in context.plan.targets.measured if model.objectives)
    if not found:
        raise InputError("no chat model declares an objective, so there is no traffic to send")
    return found


def _load(model: ModelTarget, context: Context, guidellm: Path) -> StepResult:
    plan, slo = context.plan, slo_of(model)
    return run_load(
        model.address,
        model.name,
        slo.traffic,
        context.seed,
        plan.out / "load" / model.contract.release,
        guidellm,
        api_key=model.token,
        labels={"verdict": plan.id, "cluster": plan.cluster.name},
        shape=slo.shape or STEADY,
    )


def _embeddings(targets: Targets) -> Iterable[Item]:
    for model in targets.models:
        if model not in targets.measured:
            yield Item(model.name, Outcome.NOT_RUN, NOT_MEASURED)


def judging(context: Context) -> StepResult:
    """Decide every objective by the reports of the load step."""
    began = time.monotonic()
    reports = context.results["load"].facts.get("reports")
    paths = reports if isinstance(reports, dict) else {}
    answers = {model.name: _judge(model, paths.get(model.name)) for model in _measured(context)}
    several = len(answers) > 1
    facts: dict[str, JSON] = {
        "objectives": [result.entry(name) for name, answer in answers.items() for result in answer.objectives],
        "distributions": [one.entry(name) for name, answer in answers.items() for one in answer.distributions],
        "evidence": [
            {"name": f"{name}: {i.name}" if several else i.name, "outcome": i.outcome.value, "reason": i.reason}
            for name, answer in answers.items()
            for i in answer.evidence
        ],
    }
    outcome = worst(answer.outcome for answer in answers.values())
    told = "; ".join(f"{name}: {a.reason}" for name, a in answers.items() if a.outcome is outcome)
    items = tuple(Item(name, a.outcome, a.reason, "Its numbers meet its objectives.") for name, a in answers.items())
    return StepResult("judge", outcome, told, time.monotonic() - began, items, facts)


def _judge(model: ModelTarget, report: JSON) -> Judgement:
    if not isinstance(report, str):
        return Judgement(Outcome.INCONCLUSIVE, "the load step left no report", (), (), ())
    try:
        return judge_report(Path(report), slo_of(model), model.name)
    except StoppedError:
        raise
    except LeanragError as error:
        return Judgement(Outcome.INCONCLUSIVE, error.message, (), (), ())
