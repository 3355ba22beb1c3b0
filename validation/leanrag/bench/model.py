"""A bench as its users see it: where its files and addresses are, and a client for its API servers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.bench import applying
from leanrag.bench.network import Network, Node
from leanrag.bench.processes import Processes
from leanrag.core.files import cache_dir

USERS = ("operator", "promoter", "reader")  # of the Git server: may push anywhere, may push, may fetch
_GIT_PORT = 8418


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench. `credentials` maps a Git user to a folder with the files `username` and `password`."""

    network: Network
    state: Path
    kubeconfig: Path
    spoke_kubeconfig: Path | None
    repository_url: str
    credentials: Mapping[str, Path]
    argocd_namespace: str = "argocd"

    @property
    def processes(self) -> Processes:
        """The bench's processes, by name: start, stop, restart, signal."""
        return Processes(self.state)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The hub and, when it was asked for, the spoke."""
        return self.network.nodes if self.spoke_kubeconfig else (self.network.hub,)

    def kube(self, cluster: str = "hub") -> Any:
        """Return a kubernetes ApiClient with all rights for "hub" or "spoke"."""
        path = self.spoke_kubeconfig if cluster == "spoke" else self.kubeconfig
        assert path is not None, "the bench was started without a spoke"
        return applying.api_client(path)

    def apply(self, objects: Iterable[Mapping[str, Any]], cluster: str = "hub") -> None:
        """Apply objects on the server side; ToolError names the one that was refused."""
        applying.apply(self.kube(cluster), objects)

    def delete(self, objects: Iterable[Mapping[str, Any]], cluster: str = "hub") -> None:
        """Delete objects without waiting; one that is gone already is fine."""
        applying.delete(self.kube(cluster), objects)


def state_dir(instance: int = 0) -> Path:
    """Return a bench's state folder: state/bench in the cache, with its number behind it unless that is 0."""
    return cache_dir() / "state" / ("bench" if instance == 0 else f"bench-{instance}")


def bench(network: Network, spoke: bool) -> Bench:
    """Return the bench of a network, whether it runs or not."""
    folder = state_dir(network.instance)
    return Bench(
        network=network,
        state=folder,
        kubeconfig=folder / "admin.conf",
        spoke_kubeconfig=folder / "spoke.conf" if spoke else None,
        repository_url=f"http://{network.host}:{_GIT_PORT}/lean-rag.git",
        credentials={user: folder / "git" / "users" / user for user in USERS},
    )
