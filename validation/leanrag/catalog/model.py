"""What a repository declares, as data: clusters, and the Applications that Argo CD would make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LAYERS = ("platform", "data", "serving", "rag", "observe")
MODEL_CHART = Path("charts/serving/model")
GATE_CHART = Path("charts/gate/gate")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gpus(_Strict):
    """The GPUs of one cluster: product as the node label names it, memory of one in GiB, GPUs a node, their taint."""

    product: str
    memoryGiB: int = Field(gt=0)  # noqa: N815 - a key of cluster.yaml
    perNode: int = Field(default=1, gt=0)  # noqa: N815
    taint: str | None = None


class CarryOver(_Strict):
    """How long a verdict of equal content may be carried ("7d")."""

    maxAge: str = Field(default="7d", pattern=r"^[0-9]+[hd]$")  # noqa: N815


class GateFacts(_Strict):
    """How the gate works on one cluster, and what it requires of the verdict that it follows."""

    mode: Literal["full", "smoke", "observe"] = "full"
    publicKey: str | None = None  # noqa: N815
    requires: Literal["full", "smoke"] | None = None
    carryOver: CarryOver = CarryOver()  # noqa: N815


class ClusterFacts(_Strict):
    """The key `cluster:` of a cluster.yaml: facts about one destination."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$")
    environment: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$")
    platform: Literal["openshift", "kubernetes"]
    openshiftAI: Literal["3.0", "3.1", "3.2", "3.3", "3.4", "3.5"] | None = None  # noqa: N815
    domain: str
    storageClass: str | None = None  # noqa: N815
    registry: str
    gpus: Gpus | None = None
    protected: bool = False
    gate: GateFacts = GateFacts()


class ClusterFile(_Strict):
    """A whole cluster.yaml."""

    cluster: ClusterFacts


class Hold(_Strict):
    """Revisions that promotion must not place here, why, by whom and since when."""

    revisions: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    since: str = ""


class ReleaseFacts(_Strict):
    """The key `release:` of a release.yaml: what runs on a cluster. leanrag writes it."""

    revision: str = Field(pattern=r"^(main|[0-9a-f]{40})$")
    server: str = "https://kubernetes.default.svc"
    follows: str | None = None
    approval: Literal["auto", "manual"] = "auto"
    history: tuple[Mapping[str, Any], ...] = ()
    hold: Hold | None = None


class ReleaseFile(_Strict):
    """A whole release.yaml."""

    release: ReleaseFacts


@dataclass(frozen=True, slots=True)
class Cluster:
    """One destination; `values` is the whole file as charts get it, `path` the cluster.yaml."""

    facts: ClusterFacts
    path: Path
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.facts.name

    @property
    def environment(self) -> str:
        """The overlay folder that this cluster reads."""
        return self.facts.environment


@dataclass(frozen=True, slots=True)
class App:
    """One Argo CD Application: a chart, a release name, a namespace, and the value files in their order."""

    name: str
    cluster: str
    layer: str
    chart: str
    release: str
    namespace: str
    chart_path: Path
    overlay: Path
    value_files: tuple[Path, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
