"""Read clusters/, overlays/ and apps/ the way Argo CD's generators do (apps/README.md), without a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from leanrag.catalog.model import GATE_CHART, LAYERS, MODEL_CHART, App, Cluster, ClusterFile, ReleaseFile
from leanrag.catalog.nearest import nearest as nearest
from leanrag.core import yamlio
from leanrag.core.errors import InputError

LOCAL = Path("bootstrap/local/cluster.yaml")
Model = TypeVar("Model", bound=BaseModel)


class Repository:
    """A checkout: `root` is the folder with clusters/, overlays/ and charts/."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        if not (self.root / "clusters").is_dir() or not (self.root / "charts").is_dir():
            raise InputError(
                f"{root}: no clusters/ and charts/ here, so this is no Lean RAG repository",
                hint="run leanrag in a checkout, or name one with --root",
            )

    def cluster_files(self) -> tuple[Path, ...]:
        """Return the cluster.yaml of every cluster, the local one last."""
        files = sorted((self.root / "clusters").glob("*/cluster.yaml"))
        local = self.root / LOCAL
        return (*files, local) if local.is_file() else tuple(files)

    def cluster_names(self) -> tuple[str, ...]:
        """Return the names that folders give; no file is parsed."""
        return tuple(path.parent.name for path in self.cluster_files())

    def clusters(self) -> tuple[Cluster, ...]:
        """Return every cluster; one malformed file is an InputError that names it."""
        return tuple(load_cluster(path) for path in self.cluster_files())

    def cluster(self, name: str) -> Cluster:
        """Return one cluster by name."""
        # Not cluster_files(): to look through a thousand folders for each of a thousand clusters takes minutes.
        own = self.root / "clusters" / name / "cluster.yaml"
        local = [self.root / LOCAL] if name == LOCAL.parent.name else []
        for path in (own, *local):
            if path.parent.name == name and path.is_file():
                return load_cluster(path)
        near = nearest(name, self.cluster_names())
        raise InputError(
            f"no cluster {name!r}" + (f"; did you mean {near!r}?" if near else ""),
            hint="clusters are: " + ", ".join(self.cluster_names()),
        )

    def namespaces(self, cluster: Cluster) -> dict[str, str]:
        """Return the map layer → namespace of a cluster."""
        return cluster.namespaces

    def apps(self, cluster: Cluster) -> tuple[App, ...]:
        """Return the Applications of a cluster: one for each overlay file, one for each model, and the gate."""
        folder = self.root / "overlays" / cluster.environment
        place = _Place(self.root, cluster, self.namespaces(cluster))
        stack = [
            place.app(layer, overlay, self.root / "charts" / layer / overlay.stem, overlay.stem)
            for layer in LAYERS
            for overlay in sorted((folder / layer).glob("*.yaml"))
        ]
        models = [
            place.app("serving", overlay, self.root / MODEL_CHART, f"model-{overlay.stem}")
            for overlay in sorted((folder / "models").glob("*.yaml"))
        ]
        gates = [
            place.app("gate", overlay, self.root / GATE_CHART, "gate", {"revision": "0" * 40})
            for overlay in (folder / "gate").glob("gate.yaml")
        ]
        return (*stack, *models, *gates)


@dataclass(frozen=True, slots=True)
class _Place:
    """What every Application of one cluster has in common."""

    root: Path
    cluster: Cluster
    namespaces: Mapping[str, str]

    def app(
        self, layer: str, overlay: Path, chart: Path, suffix: str, parameters: Mapping[str, str] | None = None
    ) -> App:
        return App(
            name=f"{self.cluster.name}-{suffix}",
            cluster=self.cluster.name,
            layer=layer,
            chart=chart.name,
            release=overlay.stem,
            namespace=self.namespaces[layer],
            chart_path=chart,
            overlay=overlay,
            value_files=(self.cluster.path, overlay),
            parameters=parameters or {},
            namespaces=self.namespaces,
        )


def load_cluster(path: Path) -> Cluster:
    """Read one cluster.yaml; every problem in it is named in one InputError."""
    values = yamlio.read(path)
    facts = parse(ClusterFile, values, path).cluster
    if facts.name != path.parent.name:
        raise InputError(
            f"{path}: cluster.name is {facts.name!r} but the folder is {path.parent.name!r}", hint="make them equal"
        )
    return Cluster(facts=facts, path=path, values=values)


def load_release(path: Path) -> ReleaseFile:
    """Read one release.yaml."""
    return parse(ReleaseFile, yamlio.read(path), path)


def parse(model: type[Model], values: Any, path: Path) -> Model:
    """Return values as a model, or one InputError that lists every problem with its key."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{path}: " + "; ".join(problems(error)), hint="correct these keys") from None


def problems(error: ValidationError) -> tuple[str, ...]:
    """Return one sentence for each problem that pydantic found: the key and what is wrong with it."""
    return tuple(f"{'.'.join(str(part) for part in each['loc']) or 'file'}: {each['msg']}" for each in error.errors())
