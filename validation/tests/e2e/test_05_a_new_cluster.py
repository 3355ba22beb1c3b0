"""A cluster on another Kubernetes, from `leanrag cluster add` to its first PASS, managed by the hub's Argo CD."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.bench.up import up
from leanrag.core import yamlio

from .api import Api
from .genesis import REGISTRY, WANTED, Keys, facts_with_keys
from .secrets import account, login, namespaces, secret
from .spoke import kubeconfig_of, reader_of_applications, reader_of_verdicts
from .world import Place, World

NAME = "edge"
PREFIX = "lr"


@pytest.mark.skipif(os.environ.get("CLUSTER") == "current", reason="needs a second Kubernetes, which the bench has")
def test_a_spoke_from_cluster_add_to_its_first_pass(world: World) -> None:
    bench = up(replace(WANTED, spoke=True))
    assert bench.spoke_kubeconfig
    spoke = Api(bench.spoke_kubeconfig)
    server = yamlio.read(bench.spoke_kubeconfig)["clusters"][0]["cluster"]["server"]
    began = time.monotonic()

    world.operator.fetch()
    world.operator.git("checkout", "-q", "-B", "main", "origin/main")
    told = world.leanrag(
        *("cluster", "add", NAME, f"--environment={NAME}", "--platform=kubernetes", f"--registry={REGISTRY}"),
        *("--domain=edge.example.com", "--storage-class=bench", "--follows=dev", "--mode=smoke", f"--server={server}"),
        *("--unprotected",),
        check=False,
    )
    assert told.returncode == 2 and "overlays/edge/gate/gate.yaml is missing" in told.stderr, told.stderr

    overlays = environment_like(world, "dev")
    for path, text in overlays.items():
        (world.operator.path / path).parent.mkdir(parents=True, exist_ok=True)
        (world.operator.path / path).write_text(text, encoding="utf-8")
    told = world.leanrag(
        *("cluster", "add", NAME, f"--environment={NAME}", "--platform=kubernetes", f"--registry={REGISTRY}"),
        *("--domain=edge.example.com", "--storage-class=bench", "--follows=dev", "--mode=smoke", f"--server={server}"),
        *("--unprotected",),
    )
    assert "leanrag gate keygen" in told.stdout, "it says what must exist before the first sync"

    keys = Keys.kept(world.state / "keys.json")
    settle(world, spoke, keys)
    folder = world.operator.path / "clusters" / NAME
    facts_with_keys(folder / "cluster.yaml", keys.pair(NAME)[1], keys.pair("chief")[1])
    written = {f"clusters/{NAME}/{name}": (folder / name).read_text() for name in ("cluster.yaml", "release.yaml")}
    promoter = world.edit("apps/promoter.yaml", lambda values: values.update(spokes={NAME: f"{NAME}-kubeconfig"}))
    world.operator.git("reset", "-q", "--hard")
    sha = world.operator.commit({**overlays, **written, **promoter}, "feat(edge): a cluster at the edge")

    world.places[NAME] = Place(NAME, PREFIX, spoke)
    world.expect("dev", sha, "PASS")
    pinned = world.wait_for(lambda: world.pin(NAME), 90, why="the promoter gives the new cluster its first pin")
    world.operator.git("merge-base", "--is-ancestor", sha, pinned)
    world.runs(NAME, pinned, within=240)
    first = world.expect(NAME, pinned, "PASS", within=300)
    world.figures.add("cluster add → first PASS of a spoke", time.monotonic() - began)
    assert first.step("load") == "NOT_RUN"
    pods = [pod["metadata"]["name"] for pod in spoke.list("Pod", f"{PREFIX}-serving")]
    assert pods, "it runs on the other Kubernetes"
    assert not [app for app in world.api.list("Pod") if app["metadata"]["namespace"].startswith(f"{PREFIX}-s")]
    world.wait_for(lambda: NAME in status(world), 30, why="leanrag status knows it")

    files = {**overlays, **written}
    world.operator.commit(dict.fromkeys(files), "chore(edge): the cluster is given back")
    world.forget(NAME, PREFIX, spoke)


def environment_like(world: World, other: str) -> dict[str, str]:
    """Return the overlays of a new environment: those of another one, and where its gate finds Argo CD."""
    world.operator.fetch()
    names = world.operator.git("ls-tree", "-r", "--name-only", "origin/main", "--", f"overlays/{other}").splitlines()
    found = {name.replace(f"overlays/{other}/", f"overlays/{NAME}/"): world.operator.read(name) or "" for name in names}
    gate = yamlio.load(found[f"overlays/{NAME}/gate/gate.yaml"], "gate.yaml")
    gate["argocd"] = {"kubeconfigSecret": "hub-applications"}
    return found | {f"overlays/{NAME}/gate/gate.yaml": yamlio.dump(gate)}


def settle(world: World, spoke: Api, keys: Keys) -> None:
    """Make what `cluster add` said must exist: namespaces, Secrets, and a way from each side to the other."""
    gate = f"{PREFIX}-gate"
    spoke.apply(*namespaces(PREFIX))
    assert world.reader_credentials
    spoke.apply(
        secret("gate-signing", gate, {"ed25519.pem": keys.pair(NAME)[0]}),
        secret("gate-git", gate, login(world.reader_credentials)),
    )
    world.api.apply(*account("edge-gate", world.argocd, "edge-gate-token"), *reader_of_applications(world.argocd))
    hub = kubeconfig_of(world.api, Path(world.kubeconfig), world.argocd, "edge-gate-token")
    spoke.apply(secret("hub-applications", gate, {"kubeconfig": hub}))
    spoke.apply(*account("promoter", gate, "promoter-token"), *reader_of_verdicts(gate))
    assert spoke.kubeconfig
    back = kubeconfig_of(spoke, spoke.kubeconfig, gate, "promoter-token")
    world.api.apply(secret(f"{NAME}-kubeconfig", "lr-promoter", {"kubeconfig": back}))


def status(world: World) -> str:
    """Return what `leanrag status` prints."""
    return world.leanrag("status", "--fetch", f"--kubeconfig={world.kubeconfig}", check=False).stdout
