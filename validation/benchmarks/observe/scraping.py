"""What Prometheus would scrape: the rendered ServiceMonitors on the running stack, with the labels of the operator."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from leanrag.core import yamlio
from leanrag.core.shapes import items, mapping
from leanrag.local.pods import Container, containers
from leanrag.local.rewrite import names_of
from leanrag.render.manifest import Manifest

INTERVAL = "5s"
_SNAKE = {"sourceLabels": "source_labels", "targetLabel": "target_label"}


@dataclass(frozen=True, slots=True)
class Scrape:
    """One target: where it is, its labels, and what is done with its metrics.

    `honor`: what is scraped says itself whose it is; else its own labels become exported_ ones.
    """

    job: str
    url: str
    path: str
    labels: Mapping[str, str] = field(default_factory=dict)
    relabel: tuple[Mapping[str, Any], ...] = ()
    honor: bool = False


def monitored(manifests: Iterable[Manifest], addresses: Mapping[str, str]) -> tuple[Scrape, ...]:
    """Return the targets that the ServiceMonitors choose; `addresses` is service URL to real one."""
    every = tuple(manifests)
    pods = containers(each for each in every if each.app.layer != "gate")
    monitors = [each for each in every if each.kind == "ServiceMonitor"]
    services = [each for each in every if each.kind == "Service"]
    chosen = ((monitor, service) for monitor in monitors for service in services if _selects(monitor, service))
    return tuple(each for monitor, service in chosen for each in _targets(monitor, service, pods, addresses))


def _selects(monitor: Manifest, service: Manifest) -> bool:
    wanted = mapping(mapping(mapping(monitor.body.get("spec")).get("selector")).get("matchLabels"))
    having = mapping(mapping(service.body.get("metadata")).get("labels"))
    return monitor.namespace == service.namespace and wanted.items() <= having.items()


def _targets(
    monitor: Manifest, service: Manifest, pods: Iterable[Container], addresses: Mapping[str, str]
) -> Iterator[Scrape]:
    ports = {each.get("name"): each.get("port") for each in map(mapping, items(service.body["spec"].get("ports")))}
    selector = mapping(service.body["spec"].get("selector"))
    behind = [each for each in pods if each.namespace == service.namespace and selector.items() <= each.labels.items()]
    for endpoint in map(mapping, items(monitor.body["spec"].get("endpoints"))):
        name = names_of(service.name, service.namespace)[0]
        if url := addresses.get(f"http://{name}:{ports.get(endpoint.get('port'))}"):
            labels = {"namespace": service.namespace, "service": service.name, "endpoint": str(endpoint["port"])}
            labels |= {"pod": behind[0].pod, "container": behind[0].name} if behind else {}
            steps = tuple(_step(mapping(each)) for each in items(endpoint.get("metricRelabelings")))
            honor = bool(endpoint.get("honorLabels"))
            yield Scrape(service.name, url, str(endpoint.get("path") or "/metrics"), labels, steps, honor)


def _step(body: Mapping[str, Any]) -> dict[str, Any]:
    told = {_SNAKE.get(key, key): value for key, value in body.items()}
    return {**told, **({"action": str(told["action"]).lower()} if "action" in told else {})}


_NOTHING = {"action": "drop", "source_labels": ["__name__"], "regex": "vllm:.*"}


def config(scrapes: Iterable[Scrape], without: Iterable[str] = (), mute: Iterable[str] = ()) -> str:
    """Return Prometheus' configuration for these targets, less the jobs `without`, and no engine's metric of `mute`."""
    left_out, quiet = set(without), set(mute)
    told = [replace(each, relabel=(*each.relabel, _NOTHING)) if each.job in quiet else each for each in scrapes]
    body = {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL, "scrape_timeout": "4s"},
        "rule_files": ["rules/*.yaml"],
        "scrape_configs": [_job(number, each) for number, each in enumerate(told) if each.job not in left_out],
    }
    return yamlio.dump(body)


def _job(number: int, each: Scrape) -> dict[str, Any]:
    job: dict[str, Any] = {
        "job_name": f"{number}-{each.job}",
        "honor_labels": each.honor,
        "metrics_path": each.path,
        "static_configs": [{"targets": [urlsplit(each.url).netloc], "labels": {**each.labels, "job": each.job}}],
    }
    return {**job, **({"metric_relabel_configs": [dict(step) for step in each.relabel]} if each.relabel else {})}
