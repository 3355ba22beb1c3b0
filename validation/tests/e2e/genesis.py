"""How the world of the stories comes about: what a platform team does once, before Git takes over.

Namespaces that admit restricted pods only, Secrets (signing keys, tokens, Git credentials), the public keys in
cluster.yaml, the first push, and `kubectl apply -f apps/root.yaml`. Run again on the same bench it goes on with what is
there: keys and tokens stay, the tree of this checkout is committed on top, and holds of an interrupted run are lifted.

CLUSTER=current takes the cluster of KUBECONFIG instead of the bench. It needs Argo CD there, the images in its
registry (LEANRAG_E2E_REGISTRY), and LEANRAG_E2E_REPOSITORY with LEANRAG_E2E_CREDENTIALS, a folder with operator/,
promoter/ and reader/.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leanrag.bench.images.containerd import documents
from leanrag.bench.images.recipes import images
from leanrag.bench.state import Wanted
from leanrag.bench.up import up
from leanrag.bench.world import tree, write
from leanrag.catalog.address import set_address
from leanrag.catalog.images_lock import NAME, ImagesLock, Locked, lock_text
from leanrag.core import yamlio
from leanrag.core.files import write_atomic
from leanrag.core.process import run
from leanrag.evidence.keys import make_key

from .api import Api
from .person import GitFailedError, Person
from .program import LEANRAG
from .secrets import account, login, namespace, namespaces, secret, token
from .world import ROOT, Place, World

CLUSTERS = ("dev", "staging", "prod")
PROMOTER = "lr-promoter"
GIT_READER = "git-reader"
BENCH_REGISTRY = "bench.local/lean-rag"
REGISTRY = os.environ.get("LEANRAG_E2E_REGISTRY", BENCH_REGISTRY)
PROTECTED = ("staging", "prod")
WANTED = Wanted(instance=int(os.environ.get("LEANRAG_BENCH_INSTANCE", "0")))


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
    world = World(api, ground.kubeconfig, ground.argocd, operator, ground.state, ground.credentials["reader"], places)
    keys = Keys.kept(ground.state / "keys.json")
    for name in CLUSTERS:
        settle(world, name, keys, ground)
    api.apply(namespace(PROMOTER), secret("promoter-git", PROMOTER, login(ground.credentials["promoter"])))
    folder = assemble(ground, keys)
    try:
        _push(operator, folder)
    finally:
        shutil.rmtree(folder)
    api.apply(yamlio.read(operator.path / "apps" / "root.yaml"))
    return world


def bench_ground() -> Ground:
    """Start our own bench, or find it running; LEANRAG_BENCH_INSTANCE names another one than bench 0."""
    bench = up(WANTED)
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
        secret(GIT_READER, ground.argocd, reader),
    )
    for name in ("chat-token", "embed-token"):
        value = keys.token(f"{cluster} {name}")
        for layer in ("serving", "rag", "gate"):
            place.api.apply(secret(name, f"{place.prefix}-{layer}", {"token": value}))
    # The RAG API takes tokens of the cluster itself: the gate comes as an account that may do nothing else.
    place.api.apply(*account("rag-client", place.gate, "rag-token"))


def assemble(ground: Ground, keys: Keys) -> Path:
    """Return a folder with the repository's tree: this checkout with the bench's clusters, keys and address."""
    folder = write(tree(ROOT), Path(tempfile.mkdtemp(prefix="leanrag-tree-")))
    set_address(folder, ground.repository)
    for name in CLUSTERS:
        facts_with_keys(folder / "clusters" / name / "cluster.yaml", keys.pair(name)[1], keys.pair("chief")[1])
    image = {"repository": f"{REGISTRY}/gate"}
    _change(
        folder / "apps" / "pin.yaml", lambda v: _merge(v, {"verify": {"image": image, "existingSecret": GIT_READER}})
    )
    hub = {"cluster": {"platform": "kubernetes", "registry": REGISTRY}}
    # The bench's Git server speaks plain HTTP.
    plain = {"networkPolicy": {"egress": {"git": {"ports": [int(urlsplit(ground.repository).port or 443)]}}}}
    _change(folder / "apps" / "promoter.yaml", lambda values: _merge(values, hub | plain))
    for name in PROTECTED:
        lock_images(folder / "clusters" / name)
    return folder


def lock_images(cluster: Path) -> None:
    """Write the digests of our images into images.lock of a protected cluster: on the bench no registry tells them."""
    if REGISTRY != BENCH_REGISTRY:
        argv = [LEANRAG, "images", "lock", "--cluster", cluster.name]
        run(argv, what="leanrag images lock", cwd=cluster.parents[1], timeout=300)
        return
    # No moment of the answer: the same images are the same file.
    where = "containerd of the bench"
    locked = {each.reference: Locked(digest=documents(each).digest, registry=where) for each in images()}
    write_atomic(cluster / NAME, lock_text(ImagesLock(cluster=cluster.name, images=locked)))


def _change(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    values = yamlio.read(path)
    change(values)
    path.write_text(yamlio.dump(values), encoding="utf-8")


def _merge(values: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping):
            _merge(values.setdefault(key, {}), value)
        else:
            values[key] = value


def facts_with_keys(path: Path, public: str, chief: str) -> None:
    """Write a cluster's public keys into its cluster.yaml."""
    facts = {"gate": {"publicKeys": [public]}, "promotion": {"overrideKeys": [chief]}}
    _change(path, lambda values: _merge(values["cluster"], facts))


def _push(operator: Person, folder: Path) -> None:
    """Push the tree: as the first commit, or on top of what an earlier run left, with pins kept and holds lifted."""
    if not (operator.path / ".git").is_dir():
        shutil.rmtree(operator.path, ignore_errors=True)
        try:
            operator.clone()
            operator.main()
        except GitFailedError:
            shutil.rmtree(operator.path, ignore_errors=True)
            operator.start(folder)
            return
    # What an interrupted story left of a cluster of its own goes with the tree.
    ours = {path: text for path, text in operator.releases().items() if path.split("/")[1] in CLUSTERS}
    operator.replace(folder, {path: _without_hold(text) for path, text in ours.items()})


def _without_hold(text: str) -> str:
    values = yamlio.load(text, "release.yaml")
    values["release"].pop("hold", None)
    return yamlio.dump(values)
