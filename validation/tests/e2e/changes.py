"""What operators commit in the stories: each returns files to write, by path."""

import itertools
import time
from collections.abc import Iterable
from typing import Any

from .world import World

Files = dict[str, str | None]
_COUNT = itertools.count(int(time.time()) % 100_000)
CHART = """apiVersion: v2
name: {name}
description: A ConfigMap, so that there is something to deploy.
type: application
version: 0.1.0
"""
CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  namespace: {{{{ .Release.Namespace }}}}
data:
  text: hello
"""


def chat(cluster: str) -> str:
    """Return the path of the chat model's overlay."""
    return f"overlays/{cluster}/models/chat.yaml"


def everywhere(world: World) -> Files:
    """Change the chat engine of every environment: nothing can be carried, everything is measured."""
    return _merge(only(world, cluster) for cluster in ("dev", "staging", "prod"))


def only(world: World, cluster: str) -> Files:
    """Change the chat engine of one environment: another seed, so a new pod that behaves the same."""
    return world.edit(chat(cluster), lambda values: values.setdefault("sim", {}).update(seed=next(_COUNT)))


def slower(world: World, cluster: str, factor: float) -> Files:
    """Let the chat engine answer its first token after `factor` times the limit that its objective promises."""

    def change(values: dict[str, Any]) -> None:
        values.setdefault("sim", {}).update(ttft=f"{round(_limit(values) * factor)}ms")

    return world.edit(chat(cluster), change)


def _limit(values: dict[str, Any]) -> float:
    """Return the limit of the time to first token in milliseconds; 500 is the chart's default."""
    objective = values.get("slo", {}).get("objectives", {}).get("ttft", {})
    return float(objective.get("limit", 500)) * (1000 if objective.get("unit") == "s" else 1)


def never_ready(world: World, cluster: str) -> Files:
    """Name an image that no registry has."""
    return world.edit(chat(cluster), lambda values: values.setdefault("image", {}).update(tag="0.0.0-missing"))


def too_large(world: World, cluster: str) -> Files:
    """Ask for more memory than any node has: the pod is never scheduled."""
    return world.edit(chat(cluster), lambda values: values.setdefault("capacity", {}).update(memory="900Gi"))


def docs_only(world: World) -> Files:
    """Add a sentence that nobody renders."""
    world.operator.fetch()
    return {"docs/notes.md": (world.operator.read("docs/notes.md") or "# Notes\n") + f"\nSentence {next(_COUNT)}.\n"}


def new_chart(world: World, name: str, environments: Iterable[str]) -> Files:
    """Add a small chart of the layer observe, and deploy it in some environments."""
    files: Files = {
        f"charts/observe/{name}/Chart.yaml": CHART.format(name=name),
        f"charts/observe/{name}/templates/configmap.yaml": CONFIG_MAP.format(name=name),
        f"charts/observe/{name}/values.yaml": "cluster: {}\n",
    }
    return files | {f"overlays/{one}/observe/{name}.yaml": "{}\n" for one in environments}


def _merge(some: Iterable[Files]) -> Files:
    return {path: text for files in some for path, text in files.items()}
