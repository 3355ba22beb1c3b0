"""The real steps: each asks one package its question and hands on the answer."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.repository import Repository
from leanrag.checks.run import check_repository
from leanrag.compare.facts import scenario_of
from leanrag.core.errors import InputError, LeanragError, StoppedError
from leanrag.core.outcome import Outcome, worst
from leanrag.core.result import JSON, Item, StepResult
from leanrag.diagnose.alone import COUNT
from leanrag.diagnose.alone import measure as measure_alone
from leanrag.diagnose.model import Alone
from leanrag.gate.causes import Failed, why
from leanrag.gate.decide import label
from leanrag.gate.discover import ModelTarget, Targets
from leanrag.gate.economy import entry
from leanrag.gate.plan import Context, Step
from leanrag.gate.shelf import LOAD
from leanrag.load.commands import judge_kept, needs
from leanrag.load.judge import Judgement
from leanrag.load.measure import Place, Service, measure
from leanrag.load.runs import read_run
from leanrag.rag.runner import STEP_SECONDS, run_smoke
from leanrag.slo.objectives import Slo
from leanrag.slo.spec import parse

NOT_MEASURED = "this version measures the latency of chat models only"
# What judging, the last look and publishing need of the gate's time.
JUDGE_SECONDS = 120.0


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
    return tuple(
        f"{model.name}: {label(one.metric, one.percentile)} {text}"
        for model in targets.measured
        if model.objectives
        for one, text in needs(slo_of(model))
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
        results = {model.name: _load(model, context, guidellm, began) for model in _measured(context)}
        items = [
            Item(name, r.outcome, r.reason, "The declared traffic was sent and its report can be read.", r.seconds)
            for name, r in results.items()
        ]
        items += _embeddings(context.plan.targets)
        facts: dict[str, JSON] = {
            "reports": _told(results, "report"),
            "engine": _told(results, "engine"),
            "files": _told(results, "files"),
            "unrecorded": _told(results, "unrecorded"),
            "tools": {"guidellm": str(next(iter(results.values())).facts.get("tool", "unknown"))},
        }
        if economies := _economies(results, context):
            facts["economy"] = economies
        outcome = worst(result.outcome for result in results.values())
        told = "; ".join(result.reason for result in results.values() if result.outcome is outcome)
        return StepResult("load", outcome, told, time.monotonic() - began, tuple(items), facts)

    return load


def _told(results: Mapping[str, StepResult], key: str) -> dict[str, JSON]:
    """Return one fact of each model, by its name."""
    return {name: result.facts[key] for name, result in results.items() if key in result.facts}


def _economies(results: Mapping[str, StepResult], context: Context) -> dict[str, JSON]:
    """Return what each model made of its GPUs; on one machine nobody knows what its process holds."""
    plan = context.plan
    found = {
        model.name: entry(model.held, results[model.name].facts, slo_of(model), plan.cluster.facts, plan.root)
        for model in _measured(context)
        if model.held and plan.scope == "cluster"
    }
    return {name: one for name, one in found.items() if one}


def _measured(context: Context) -> tuple[ModelTarget, ...]:
    found = tuple(model for model in context.plan.targets.measured if model.objectives)
    if not found:
        raise InputError("no chat model declares an objective, so there is no traffic to send")
    return found


def _load(model: ModelTarget, context: Context, guidellm: Path, began: float) -> StepResult:
    plan, slo, release = context.plan, slo_of(model), model.contract.release
    return measure(
        Service(model.address, model.name, model.token),
        slo,
        context.seed,
        Place(plan.out / LOAD / release, plan.out / "chunks" / release),
        guidellm,
        labels(model, context, slo),
        context.seconds_left - (time.monotonic() - began) - JUDGE_SECONDS,
        plan.around.exporters(model),
    )


def labels(model: ModelTarget, context: Context, slo: Slo) -> dict[str, str]:
    """Return what a report says of its run, so that two of them can be compared; what is not known is left out."""
    plan, version = context.plan, context.plan.ask(model).version
    products = {pool.product for pool in plan.cluster.facts.gpus.values()}
    known = {
        "verdict": plan.id,
        "cluster": plan.cluster.name,
        "scenario": scenario_of(slo.traffic, slo.shape),
        "gpu": products.pop() if len(products) == 1 else "",
        "engine": f"{model.contract.engine} {version}" if version else "",
    }
    return {name: value for name, value in known.items() if value}


def _embeddings(targets: Targets) -> Iterable[Item]:
    for model in targets.models:
        if model not in targets.measured:
            yield Item(model.name, Outcome.NOT_RUN, NOT_MEASURED)


def judging(context: Context) -> StepResult:
    """Decide every objective by the reports of the load step, and say why a model did not pass."""
    began = time.monotonic()
    reports = context.results["load"].facts.get("reports")
    paths = reports if isinstance(reports, dict) else {}
    answers = {model.name: _judge(model, paths.get(model.name), context, began) for model in _measured(context)}
    several = len(answers) > 1
    judged = {name: answer.judgement for name, answer in answers.items()}
    facts: dict[str, JSON] = {
        "objectives": [result.entry(name) for name, answer in judged.items() for result in answer.objectives],
        "distributions": [one.entry(name) for name, answer in judged.items() for one in answer.distributions],
        "evidence": [
            {"name": f"{name}: {i.name}" if several else i.name, "outcome": i.outcome.value, "reason": i.reason}
            for name, answer in judged.items()
            for i in answer.evidence
        ],
        "diagnoses": [dict(answer.cause) for answer in answers.values() if answer.cause],
    }
    outcome = worst(answer.outcome for answer in judged.values())
    told = "; ".join(f"{name}: {a.reason}" for name, a in judged.items() if a.outcome is outcome)
    items = tuple(Item(name, a.outcome, a.reason, "Its numbers meet its objectives.") for name, a in judged.items())
    return StepResult("judge", outcome, told, time.monotonic() - began, items, facts)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was judged of one model, and why it did not pass."""

    judgement: Judgement
    cause: Mapping[str, JSON] | None = None


def _judge(model: ModelTarget, report: JSON, context: Context, began: float) -> _Answer:
    if not isinstance(report, str):
        return _Answer(Judgement(Outcome.INCONCLUSIVE, "the load step left no report", (), (), ()))
    path, slo = Path(report), slo_of(model)
    try:
        run = read_run(path, slo)
        found = judge_kept(run, slo, model.name)
    except StoppedError:
        raise
    except LeanragError as error:
        return _Answer(Judgement(Outcome.INCONCLUSIVE, error.message, (), (), ()))
    if found.outcome is Outcome.PASS:
        return _Answer(found)
    asking = _lone(model, slo, context, context.seconds_left - (time.monotonic() - began))
    return _Answer(
        found, why(Failed(run, slo, context.seed, model.name, _overlay(model, context), asking), path.parent)
    )


def _lone(model: ModelTarget, slo: Slo, context: Context, left: float) -> Callable[[], Alone] | None:
    """Return what measures a few requests one by one, where there is time (`left`, seconds) for even the slowest."""
    longest = (COUNT + 1) * slo.traffic.timeout_seconds
    # Two more timeouts: the last one is given up when what it waits for is.
    if left < longest + 2 * slo.traffic.timeout_seconds + JUDGE_SECONDS:
        return None
    # Not the prompts of the run: those the engine may know by now.
    seed = context.seed ^ 1
    return lambda: measure_alone(model.address, model.name, slo.traffic, seed, model.token, seconds=longest)


def _overlay(model: ModelTarget, context: Context) -> Path:
    """Return the file whose values a diagnosis may advise to change."""
    plan = context.plan
    return plan.root / "overlays" / plan.cluster.environment / "models" / f"{model.contract.release}.yaml"
