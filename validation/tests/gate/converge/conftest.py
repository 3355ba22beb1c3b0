"""A converged cluster as a bench showed it, and one file for each way in which it can be wrong."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from leanrag.catalog.model import App
from leanrag.gate.converge import Expected, Seen
from leanrag.gate.live import config_map
from leanrag.gate.observed import application
from leanrag.gate.pods import pods
from leanrag.gate.workloads import workloads
from leanrag.render.manifest import Manifest

from .surroundings import Cluster

HERE = Path(__file__).parent
SHA = "3127b57f2f07b62168b0257d35fe8117ae8ca877"
OLD = "89abcdef0123456789abcdef0123456789abcdef"
RAG = "rag-stack-76954db984-wbx2s"


def patched(value: Any, patch: Any) -> Any:
    """Return a value with a patch applied: null removes a key, and a list of named entries is patched by name."""
    if not isinstance(patch, dict):
        return patch
    if isinstance(value, list):
        return _entries(value, patch)
    out = dict(value) if isinstance(value, dict) else {}
    for key, entry in patch.items():
        if entry is None:
            out.pop(key, None)
        else:
            out[key] = patched(out.get(key), entry)
    return out


def _entries(value: list[Any], patch: dict[str, Any]) -> list[Any]:
    key = "type" if value and "type" in value[0] else "name"
    named = {entry[key]: entry for entry in value}
    for name, change in patch.items():
        named[name] = None if change is None else {key: name, **patched(named.get(name), change)}
    return [entry for entry in named.values() if entry is not None]


class World:
    """What Git renders and what the API servers answer, by name; `patch` changes the answers."""

    def __init__(self) -> None:
        self.git = yaml.safe_load((HERE / "git.yaml").read_text())
        self.live = json.loads((HERE / "converged.json").read_text())

    def patch(self, changes: dict[str, Any]) -> None:
        for kind, objects in changes.items():
            for name, change in objects.items():
                if change is None:
                    del self.live[kind][name]
                elif "copyOf" in change:
                    base = copy.deepcopy(self.live[kind][change["copyOf"]])
                    self.live[kind][name] = patched(base, {k: v for k, v in change.items() if k != "copyOf"})
                else:
                    self.live[kind][name] = patched(self.live[kind][name], change)

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        return tuple(Manifest(_app(name), "t.yaml", body) for name, bodies in self.git.items() for body in bodies)

    @property
    def expected(self) -> Expected:
        maps = {
            name: tuple(config_map(body) for body in bodies if body["kind"] == "ConfigMap")
            for name, bodies in self.git.items()
        }
        return Expected(
            cluster="dev",
            sha=SHA,
            accepted=frozenset({SHA}),
            apps={name: f"charts/{'rag/rag-stack' if 'rag' in name else 'serving/model'}" for name in self.git},
            workloads=workloads(self.manifests),
            config_maps=maps,
        )

    @property
    def seen(self) -> Seen:
        return Seen(
            tuple(application(body) for body in self.live["applications"].values()),
            pods(self.live["pods"].values()),
            tuple(config_map(body) for body in self.live["configMaps"].values()),
        )


def _app(name: str) -> App:
    return App(name, "dev", "rag", "c", name, "lr-rag", Path("c"), Path("o.yaml"), ())


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def cluster_run(world, plan, steps, cluster):
    return Cluster(world, plan, steps, cluster)
