"""What a repository declares, as data: clusters, and the Applications that Argo CD would make of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, field_validator

LAYERS = ("platform", "data", "serving", "rag", "observe")
# Every layer has its namespace `<prefix>-<layer>`; the gate's is no layer that overlays fill by themselves.
PLACES = (*LAYERS, "gate")
MODEL_CHART = Path("charts/serving/model")
GATE_CHART = Path("charts/gate/gate")


Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Revision = Annotated[str, Field(pattern=r"^(main|[0-9a-f]{40})$")]
# 32 bytes in base64.
PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# What a cluster may use beyond its platform; charts/platform/operators knows which operators each one needs.
Feature = Literal[
    "autoscaling", "cert-manager", "external-secrets", "grafana", "kueue", "llm-d", "multi-node", "tracing"
]


class GpuPool(_Strict):
    """GPUs of one kind. `product` is the node label nvidia.com/gpu.product, `perNode` whole GPUs in one node.

    `memoryGiB` (GiB of one GPU) only for a product that charts/common/values.yaml does not list. `mig` ("1g.10gb") cuts
    every GPU into slices of that profile; `timeSlices` lets so many pods share one, unprotected from each other.
    `pricePerHour` is of one whole GPU, in the currency of the site: what a million tokens cost follows from it.
    """

    product: str = Field(min_length=1)
    memoryGiB: float | None = Field(default=None, gt=0)  # noqa: N815 - a key of cluster.yaml
    perNode: int = Field(default=1, gt=0)  # noqa: N815
    taint: str | None = Field(
        default=None, pattern=r"^[^=:\s]+(=[^=:\s]*)?(:(NoSchedule|PreferNoSchedule|NoExecute))?$"
    )
    mig: str | None = Field(default=None, pattern=r"^[1-7]g\.[0-9]+gb(\+me(\.all)?|\+gfx)?$")
    timeSlices: int = Field(default=1, gt=0)  # noqa: N815
    pricePerHour: float | None = Field(default=None, ge=0, allow_inf_nan=False)  # noqa: N815


class CarryOver(_Strict):
    """How long a verdict of equal content may be carried ("7d")."""

    maxAge: str = Field(default="7d", pattern=r"^[0-9]+[hd]$")  # noqa: N815


class GateFacts(_Strict):
    """How the gate works on one cluster, and what it requires of the verdict that it follows.

    `publicKeys` are the base64 texts of raw Ed25519 keys; more than one while a key is replaced by the next.
    """

    mode: Literal["full", "smoke", "observe"] = "full"
    publicKeys: tuple[PublicKey, ...] = ()  # noqa: N815
    requires: Literal["full", "smoke"] | None = None
    carryOver: CarryOver = CarryOver()  # noqa: N815


class Freeze(_Strict):
    """A window in which no promotion reaches a cluster; it opens at `schedule` (cron) and lasts `duration` ("62h")."""

    schedule: str = Field(pattern=r"^\S+( \S+){4}$")
    duration: str = Field(pattern=r"^[1-9][0-9]*[mhd]$")
    timeZone: str = "Etc/UTC"  # noqa: N815
    reason: str = Field(min_length=1)

    @field_validator("schedule")
    @classmethod
    def _cron(cls, text: str) -> str:
        try:
            CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise ValueError(f"{text!r} is no schedule of cron: {error}") from None
        return text

    @field_validator("timeZone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no time zone, such as Europe/Berlin") from None
        return name


class Promotion(_Strict):
    """Who may place a commit here without evidence: base64 of raw Ed25519 keys that sign overrides."""

    overrideKeys: tuple[PublicKey, ...] = ()  # noqa: N815


class ClusterFacts(_Strict):
    """The key `cluster:` of a cluster.yaml: facts about one destination."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$")
    environment: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$")
    platform: Literal["openshift", "kubernetes"]
    openshiftAI: Literal["3.0", "3.1", "3.2", "3.3", "3.4", "3.5"] | None = None  # noqa: N815
    domain: str
    storageClass: str | None = None  # noqa: N815
    registry: str
    gpus: Mapping[str, GpuPool] = {}
    features: tuple[Feature, ...] = ()
    # Address of the Prometheus that scrapes a plain Kubernetes cluster; OpenShift has its own.
    prometheus: str | None = Field(default=None, pattern=r"^https?://")
    protected: bool = False
    namespacePrefix: str = Field(default="lr", pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")  # noqa: N815
    gate: GateFacts = GateFacts()
    freeze: tuple[Freeze, ...] = ()
    promotion: Promotion = Promotion()


class ClusterFile(_Strict):
    """A whole cluster.yaml."""

    cluster: ClusterFacts


class Hold(_Strict):
    """Revisions that promotion must not place here, why, by whom and since when."""

    revisions: tuple[Sha, ...] = ()
    reason: str = ""
    by: str = ""
    since: str = ""


class HistoryEntry(_Strict):
    """One change of the pin, or of its hold.

    `from` is the cluster whose verdict allowed it, `evidence` that verdict's signed token (or the signed override), so
    that Git alone proves the change. `replaced` is what a rollback took away; `cause` the failed verdict behind one
    that no person asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    revision: Revision
    at: str = ""
    kind: Literal["first", "promote", "rollback", "override", "release"]
    source: str = Field(default="", alias="from")
    verdict: str = ""
    evidence: str = ""
    by: str = ""
    reason: str = ""
    replaced: str = Field(default="", pattern=r"^$|^[0-9a-f]{40}$")
    cause: str = ""


class ReleaseFacts(_Strict):
    """The key `release:` of a release.yaml: what runs on a cluster. leanrag writes it.

    Without a `revision` nothing is pinned yet, and nothing is deployed.
    """

    revision: Revision | None = None
    server: str = Field(default="https://kubernetes.default.svc", pattern=r"^https://")
    follows: str | None = None
    approval: Literal["auto", "manual"] = "auto"
    onFail: Literal["hold", "rollback"] = "hold"  # noqa: N815
    delivery: Literal["push", "pull-request"] = "push"
    history: tuple[HistoryEntry, ...] = ()
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

    @property
    def namespaces(self) -> dict[str, str]:
        """The map layer → namespace; the prefix lets several clusters of ours share one Kubernetes."""
        return {layer: f"{self.facts.namespacePrefix}-{layer}" for layer in PLACES}


@dataclass(frozen=True, slots=True)
class App:
    """One Argo CD Application: a chart, a release name, a namespace, and the value files in their order.

    `namespaces` is the map of all layers, which Argo CD hands to every chart as `global.namespaces`.
    """

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
    namespaces: Mapping[str, str] = field(default_factory=dict)
