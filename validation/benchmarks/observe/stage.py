"""What is proven, on what: the local stack with OGX, a Prometheus that scrapes it, and one that has the sample too."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from alarms import Rule, files, rules
from boards import Board, boards
from elsewhere import Elsewhere, listed
from prom import Prometheus
from prove import static
from sample import Sampled, exposition, sampled
from scraping import Scrape, config, monitored
from serving import Text, served

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core.result import JSON
from leanrag.engine.registry import families
from leanrag.evidence.metrics import openmetrics
from leanrag.local import stack
from leanrag.render.helm import render, render_cluster
from leanrag.render.manifest import Manifest

BOARDS = Path("charts/observe/dashboards/files")
# Charts that the local cluster does not deploy, of a cluster that does: alerts, and the list of DCGM's fields.
_FROM = "dev"
_CLUSTERS = ("dev", "staging", "prod", stack.CLUSTER)
_CHARTS: Mapping[str, Mapping[str, JSON]] = {
    "alerts": {
        "gpu": {"watch": "on"},
        "certificates": {"watch": "on"},
        "gate": {"clusters": {each: each == stack.CLUSTER for each in _CLUSTERS}},
        "expiries": {"example": "2099-12-31"},
    },
    "gpu": {},
    # What a GPU makes and costs is of models with GPUs: the rules of one, for the model that runs here.
    "model": {
        "model": {"name": "tiny-llama"},
        "cluster": {"gpus": {"l4": {"pricePerHour": 2}}},
    },
}
_EFFICIENCY = "-efficiency"
# A promise that the local overlay does not make, so that every limit is drawn.
_CHAT: Mapping[str, JSON] = {"slo": {"objectives": {"queue": {"limit": 2000, "percentile": 95, "unit": "ms"}}}}
_RAG: Mapping[str, JSON] = {
    "api": "ogx",  # Llama Stack 0.7.3 serves no metrics
    "telemetry": {"enabled": True, "serviceMonitor": {"enabled": True}},
}
GATE = "leanrag-gate"
_DCGM = {"namespace": "nvidia-gpu-operator", "pod": "nvidia-dcgm-exporter-0"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is proven, before anything runs."""

    repository: Repository
    local: tuple[Manifest, ...]
    rules: tuple[Rule, ...]
    rule_files: Mapping[str, str]
    boards: tuple[Board, ...]
    world: Elsewhere

    @property
    def workloads(self) -> tuple[Manifest, ...]:
        """What runs as processes: all but the gate."""
        return tuple(each for each in self.local if each.app.layer != "gate")

    @property
    def elsewhere(self) -> dict[str, str]:
        """What alerts need that is not here; one of several rules is enough to leave an alert out."""
        needs: dict[str, set[str]] = {}
        for rule in self.rules:
            if rule.alert:
                needs.setdefault(rule.alert, set()).update(self.world.needs(rule.text))
        return {name: ", ".join(sorted(what)) for name, what in sorted(needs.items()) if what}

    @property
    def possible(self) -> list[str]:
        """The alerts that can fire here: what they need is here."""
        return sorted({rule.alert for rule in self.rules if rule.alert} - self.elsewhere.keys())


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs: `real` scrapes what is here, `mixed` that and the sample; `verdicts` is the gate's folder."""

    plan: Plan
    stack: stack.Stack
    scrapes: tuple[Scrape, ...]
    real: Prometheus
    mixed: Prometheus
    sampled: tuple[Sampled, ...] = field(default=())
    verdicts: Path = field(default=Path())


def plan(root: Path, chat: Mapping[str, JSON] | None = None) -> Plan:
    """Read dashboards and render charts; `chat` are further values of the chat model."""
    repository = Repository(root)
    wanted = stack.Wanted(api="ogx").overrides()
    added = {"local-rag-stack": _RAG, "local-model-chat": {**_CHAT, **(chat or {})}}
    overrides = {app: {**wanted.get(app, {}), **more} for app, more in added.items()}
    local = render_cluster(repository, repository.cluster(stack.CLUSTER), overrides)
    other = [each for app in repository.apps(repository.cluster(_FROM)) for each in _added(repository, app)]
    other = [each for number, each in enumerate(other) if not _again(each, other[:number])]
    found = rules([*local, *other])
    records = {rule.record: rule.text for rule in found if rule.record}
    world = Elsewhere(listed(other), records)
    return Plan(repository, local, found, files([*local, *other]), boards(root / BOARDS), world)


def _added(repository: Repository, app: App) -> tuple[Manifest, ...]:
    found = render(repository, app, _CHARTS[app.chart]) if app.chart in _CHARTS else ()
    return found if app.chart != "model" else tuple(each for each in found if each.name.endswith(_EFFICIENCY))


def _again(each: Manifest, before: Iterable[Manifest]) -> bool:
    return each.name.endswith(_EFFICIENCY) and any(one.name.endswith(_EFFICIENCY) for one in before)


@contextmanager
def stage(found: Plan, folder: Path, verdicts: Path) -> Iterator[Stage]:
    """Bring all of it up, and down again; `verdicts` is the folder whose verdict.json files the gate's metrics tell."""
    running = stack.up(found.repository, stack.Wanted(api="ogx"), manifests=found.local)
    try:
        here = monitored(found.local, running.addresses)
        series = sampled(_texts(found), found.world, usual(here, running.chat))
        with served({"gate": partial(gate_metrics, verdicts), **_by_family(series)}) as url:
            scrapes = (*here, Scrape(GATE, url, "/gate", {"service": GATE}, honor=True))
            samples = tuple(_sample_target(url, owner) for owner in sorted({each.owner for each in series}))
            with (
                Prometheus(folder / "real", config(scrapes), found.rule_files) as real,
                Prometheus(folder / "mixed", config((*scrapes, *samples)), found.rule_files) as mixed,
            ):
                yield Stage(found, running, scrapes, real, mixed, series, verdicts)
    finally:
        stack.down()


def _texts(found: Plan) -> list[str]:
    panels = (target.text for board in found.boards for panel in board.asking for target in panel.targets)
    return [static(text) for text in (*panels, *(rule.text for rule in found.rules))]


def usual(scrapes: Iterable[Scrape], pod: str) -> dict[str, str]:
    """Return the label values that a sample takes where no query asks for others: those of the pod that has the GPU."""
    labels = next((dict(each.labels) for each in scrapes if each.labels.get("pod") == pod), {})
    return {**labels, "cluster": stack.CLUSTER, "gpu": "0", "device": "nvidia0", "Hostname": "node", "node": "node"}


def _by_family(series: Iterable[Sampled]) -> dict[str, Text]:
    every = tuple(series)
    owners = {each.owner for each in every}
    return {owner: partial(exposition, [each for each in every if each.owner == owner]) for owner in owners}


def _sample_target(url: str, owner: str) -> Scrape:
    """Return a family's target under the name of the Service that serves it on a cluster."""
    family = next((each for each in families() if each.name == owner), None)
    service = next((each.service for each in family.served.values() if each.service), owner) if family else owner
    # What tells of others' pods is scraped with their labels, save DCGM's exporter: that is a pod of its own.
    labels = {"service": service, "endpoint": "metrics", **(_DCGM if owner == "dcgm" else {})}
    return Scrape(service, url, f"/{owner}", labels, honor=owner != "dcgm")


def gate_metrics(folder: Path) -> str:
    """Return the metrics of the newest verdict of each cluster below a folder, as the promoter serves them.

    Only in a cluster does a verdict say who asked for it and when it measured; here it is told as a nightly run's.
    """
    read = [json.loads(path.read_text()) for path in sorted(folder.rglob("verdict.json"))]
    newest = {str(each["cluster"]): each for each in sorted(read, key=lambda each: str(each["end"]))}
    nightly = ({**each, "trigger": "nightly", "measuredAt": each["end"]} for each in newest.values())
    return openmetrics(nightly)
