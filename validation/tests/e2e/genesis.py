"""How the world of the stories comes about: what a platform team does once, before Git takes over.

Namespaces that admit restricted pods only, Secrets (signing keys, tokens, Git credentials), the public keys in
cluster.yaml, the first push, and `kubectl apply -f apps/root.yaml`. Run again on the same bench it goes on with what is
there: keys and tokens stay, the tree of this checkout is committed on top, and holds of an interrupted run are lifted.

CLUSTER=current takes the cluster of KUBECONFIG instead of the bench. It needs Argo CD there, the images in its
registry, and LEANRAG_E2E_REPOSITORY with LEANRAG_E2E_CREDENTIALS, a folder with operator/, promoter/ and reader/.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.catalog.address import set_address
from leanrag.core import yamlio
from leanrag.core.files import write_atomic
from leanrag.evidence.keys import make_key

from .api import Api
from .person import GitFailedError, Person
from .secrets import login, namespace, namespaces, secret, token
from .world import Place, World

CLUSTERS = ("dev", "staging", "prod")
PROMOTER = "lr-promoter"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the world stands: an API server with Argo CD, a repository, and who may do what with it."""

    kubeconfig: Path
    argocd: str
    repository: str
    credentials: Mapping[str, Path]
    state: Path


def make_world() -> World:
    """Return the world, ready for its first commit."""
    ground = current_ground() if os.environ.get("CLUSTER") == "current" else bench_ground()
    api = Api(ground.kubeconfig)
    operator = Person(ground.repository, ground.state / "operator", ground.credentials["operator"])
    places = {name: Place(name, name, api) for name in CLUSTERS}
    world = World(api, ground.kubeconfig, ground.argocd, operator, ground.state, ground.credentials["promoter"], places)
    keys = Keys.kept(ground.state / "keys.json")
    for name in CLUSTERS:
        settle(world, name, keys, ground)
    api.apply(namespace(PROMOTER), secret("promoter-git", PROMOTER, login(ground.credentials["promoter"])))
    tree = assemble(ground, keys)
    try:
        _push(operator, tree)
    finally:
        shutil.rmtree(tree)
    api.apply(yamlio.read(operator.path / "apps" / "root.yaml"))
    return world


def bench_ground() -> Ground:
    """Start our own bench, or find it running."""
    from leanrag.bench.up import up

    bench = up()
    state = bench.state / "world"
    state.mkdir(exist_ok=True)
    return Ground(bench.kubeconfig, bench.argocd_namespace, bench.repository_url, bench.credentials, state)


def current_ground() -> Ground:
    """Take the cluster and the repository that the environment names."""
    folder = Path(os.environ["LEANRAG_E2E_CREDENTIALS"])
    state = Path(os.environ.get("LEANRAG_E2E_STATE") or tempfile.mkdtemp(prefix="leanrag-world-"))
    return Ground(
        Path(os.environ["KUBECONFIG"]),
        os.environ.get("LEANRAG_E2E_ARGOCD", "argocd"),
        os.environ["LEANRAG_E2E_REPOSITORY"],
        {user: folder / user for user in ("operator", "promoter", "reader")},
        state,
    )


class Keys:
    """Signing keys and tokens by name, kept in the run's state: a second run can read the first one's verdicts."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path, self.values = path, values

    @classmethod
    def kept(cls, path: Path) -> "Keys":
        """Read what an earlier run made."""
        return cls(path, json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {})

    def _keep(self, name: str, value: Any) -> Any:
        if name not in self.values:
            self.values[name] = value
            write_atomic(self.path, json.dumps(self.values), mode=0o600)
        return self.values[name]

    def pair(self, name: str) -> tuple[str, str]:
        """Return the private (PEM) and the public key (base64) of a gate or a person."""
        pem, public = self._keep(f"key {name}", make_key())
        return str(pem), str(public)

    def token(self, name: str) -> str:
        """Return a random token."""
        return str(self._keep(f"token {name}", token()))


def settle(world: World, cluster: str, keys: Keys, ground: Ground) -> None:
    """Make the namespaces of a cluster, and the Secrets that its charts name."""
    place = world.places[cluster]
    place.api.apply(*namespaces(place.prefix))
    pem, _ = keys.pair(cluster)
    reader = login(ground.credentials["reader"])
    place.api.apply(
        secret("gate-signing", place.gate, {"ed25519.pem": pem}),
        secret("gate-git", place.gate, reader),
        secret("git-reader", ground.argocd, reader),
    )
    for name in ("chat-token", "rag-token", "embed-token"):
        value = keys.token(f"{cluster} {name}")
        for layer in ("serving", "rag", "gate"):
            place.api.apply(secret(name, f"{place.prefix}-{layer}", {"token": value}))


def assemble(ground: Ground, keys: Keys) -> Path:
    """Return a folder with the repository's first tree: this checkout with the bench's clusters and overlays."""
    from leanrag.bench.images.tree import tree  # noqa: F401 - replaced below when H2 lands

    raise NotImplementedError


def facts_with_keys(path: Path, public: str, chief: str) -> None:
    """Write a cluster's public keys into its cluster.yaml."""
    values = yamlio.read(path)
    facts = values["cluster"]
    facts.setdefault("gate", {})["publicKeys"] = [public]
    facts.setdefault("promotion", {})["overrideKeys"] = [chief]
    path.write_text(yamlio.dump(values), encoding="utf-8")


def _push(operator: Person, tree: Path) -> None:
    """Push the tree: as the first commit, or on top of what an earlier run left, with pins kept and holds lifted."""
    if not (operator.path / ".git").is_dir():
        shutil.rmtree(operator.path, ignore_errors=True)
        try:
            operator.clone()
            operator.main()
        except GitFailedError:
            shutil.rmtree(operator.path, ignore_errors=True)
            operator.start(tree)
            return
    files = _files(tree)
    operator.fetch()
    there = operator.git("ls-tree", "-r", "--name-only", "origin/main").splitlines()
    gone: dict[str, str | None] = {name: None for name in there if name not in files and not _written_by_us(name)}
    kept = {name: _without_hold(operator.read(name) or text) for name, text in files.items() if _written_by_us(name)}
    operator.commit({**gone, **files, **kept}, "chore: the tree of this checkout")


def _written_by_us(name: str) -> bool:
    return name.startswith("clusters/") and name.endswith("/release.yaml")


def _without_hold(text: str) -> str:
    values = yamlio.load(text, "release.yaml")
    values["release"].pop("hold", None)
    return yamlio.dump(values)


def _files(tree: Path) -> dict[str, str]:
    found = (path for path in sorted(tree.rglob("*")) if path.is_file() and ".git" not in path.relative_to(tree).parts)
    return {str(path.relative_to(tree)): path.read_text(encoding="utf-8") for path in found}


_ = set_address
