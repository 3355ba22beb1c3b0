"""The world of the stories: a repository, a hub with Argo CD, three clusters on it, and the people and programs in it.

    sha = world.operator.commit({"overlays/dev/...": "..."}, "feat: ...")
    world.expect("dev", sha, "PASS", within=120)
    world.wait_for(lambda: world.pin("staging") == sha, 30, why="a PASS of dev moves staging's pin")

Everything is asked afresh, nothing is remembered. What does not come in time fails with what the world looks like.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from leanrag.core import yamlio

from . import program
from .api import Api, Object
from .figures import Figures
from .person import Person
from .secrets import LAYERS
from .sight import sight

Answer = TypeVar("Answer")
POLL = 0.3
RERUNS = 2
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Seen:
    """A verdict as it lies in the cluster; `document` is verdict.json, `at` when the API server stored it."""

    sha: str
    outcome: str
    sentence: str
    attempt: int
    document: Mapping[str, Any]
    at: str

    @property
    def decisive(self) -> bool:
        """Say whether it is an answer."""
        return self.outcome in ("PASS", "FAIL")

    @property
    def carried(self) -> bool:
        """Say whether the numbers are those of an earlier run of the same content."""
        return bool(self.document.get("carriedFrom"))

    def step(self, name: str) -> str:
        """Return the outcome of one step."""
        return next((step["outcome"] for step in self.document["steps"] if step["name"] == name), "absent")


@dataclass(frozen=True, slots=True)
class Place:
    """One cluster of ours: its name, the prefix of its namespaces, and the API server that it lives on."""

    name: str
    prefix: str
    api: Api

    @property
    def gate(self) -> str:
        """The namespace of its gate and its verdicts."""
        return f"{self.prefix}-gate"


@dataclass(slots=True)
class World:
    """All that the stories talk to; `kubeconfig` is the hub's, `state` a folder of the run."""

    api: Api
    kubeconfig: Path
    argocd: str
    operator: Person
    state: Path
    reader_credentials: Path | None = None
    places: dict[str, Place] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)

    # Waiting

    def wait_for(self, asked: Callable[[], Answer], within: float, *, why: str) -> Answer:
        """Return the first answer that is true; after `within` seconds fail, with the sight of the world."""
        end = time.monotonic() + within
        last = "nothing"
        while time.monotonic() < end:
            try:
                if answer := asked():
                    return answer
                last = repr(answer)
            except AssertionError:
                raise
            except Exception as error:  # an API server that restarts is part of some stories
                last = f"{type(error).__name__}: {error}"
            time.sleep(POLL)
        raise AssertionError(f"{why}: not within {within:.0f} s (last: {last[:300]})\n{self.sight()}")

    def stays(self, asked: Callable[[], Any], seconds: float, *, why: str) -> None:
        """Fail when something that must stay true does not, at any moment of `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not asked():
                raise AssertionError(f"{why}: no longer so\n{self.sight()}")
            time.sleep(POLL)

    def sight(self) -> str:
        """Return what there is to see, for a failure message."""
        try:
            names = [
                f"{place.prefix}-{layer}" for place in self.places.values() for layer in ("serving", "rag", "gate")
            ]
            pins = "\n".join(f"  {name}: {json.dumps(self.operator.release(name))[:400]}" for name in self.places)
            return f"--- release.yaml at main\n{pins}\n" + sight(self.api, self.argocd, [*names, "lr-promoter"])
        except Exception as error:
            return f"(the world cannot be seen: {error})"

    # Asking

    def verdicts(self, cluster: str, sha: str) -> tuple[Seen, ...]:
        """Return every attempt of the gate of a cluster at a commit, the newest last."""
        place = self.places[cluster]
        found = place.api.list("ConfigMap", place.gate, f"leanrag.io/verdict=true,leanrag.io/revision={sha}")
        return tuple(sorted(map(_seen, found), key=lambda one: one.attempt))

    def verdict(self, cluster: str, sha: str) -> Seen | None:
        """Return the newest verdict of a cluster about a commit."""
        return next(reversed(self.verdicts(cluster, sha)), None)

    def answer(self, cluster: str, sha: str) -> Seen | None:
        """Return the verdict about a commit or, where the promoter has put a pin on top of it meanwhile, about that."""
        self.operator.fetch()
        later = self.operator.git("rev-list", "--ancestry-path", f"{sha}..origin/main").split()
        found = [seen for one in (sha, *reversed(later)) if (seen := self.verdict(cluster, one))]
        decisive = [seen for seen in found if seen.decisive]
        if decisive:
            return decisive[0]
        # A superseded gate has no answer, and the next one is on its way.
        last = found[-1] if found else None
        return last if last and last.sha == (later[0] if later and cluster == "dev" else sha) else None

    def expect(self, cluster: str, sha: str, outcome: str, within: float = 240) -> Seen:
        """Wait for the answer of a cluster's gate about a commit, and insist on its outcome.

        A gate that could not tell (this machine was too busy to send its load in time) is run again, as an operator
        would: INCONCLUSIVE grants nothing. A FAIL is never run again.
        """
        why = f"{cluster} has a verdict about {sha[:12]}"
        seen = self.wait_for(lambda: self.answer(cluster, sha), within, why=why)
        for _ in range(RERUNS if outcome in ("PASS", "FAIL") else 0):
            if seen.decisive:
                break
            self.figures.add("gates that could not tell, and were run again", 1, "times")
            self.leanrag("gate", "rerun", cluster, "--wait", check=False, within=within)
            seen = self.answer(cluster, sha) or seen
        assert seen.outcome == outcome, (
            f"{cluster} at {seen.sha[:12]}: {seen.outcome}, not {outcome}: {seen.sentence}\n{self.sight()}"
        )
        return seen

    def pin(self, cluster: str) -> str:
        """Return what main pins a cluster to."""
        return self.operator.pin(cluster)

    def applications(self, cluster: str) -> tuple[Object, ...]:
        """Return the Applications of a cluster, without its pin."""
        found = self.api.list("Application", self.argocd, f"leanrag.io/cluster={cluster}")
        return tuple(app for app in found if app["metadata"]["name"] != f"{cluster}-pin")

    def running(self, cluster: str) -> str:
        """Return the commit that every Application of a cluster is synced to; "" while they differ or are OutOfSync."""
        apps = self.applications(cluster)
        seen = {_synced_to(app) for app in apps}
        return seen.pop() if len(seen) == 1 else ""

    def runs(self, cluster: str, sha: str, within: float = 120) -> None:
        """Wait until a cluster runs a commit."""
        self.wait_for(lambda: self.running(cluster) == sha, within, why=f"{cluster} runs {sha[:12]}")

    def pinned(self, cluster: str, sha: str, within: float = 60) -> None:
        """Wait until main pins a cluster to a commit."""
        self.wait_for(lambda: self.pin(cluster) == sha, within, why=f"{cluster} is pinned to {sha[:12]}")

    def branch(self, cluster: str, sha: str, within: float = 60) -> str:
        """Wait for the branch by which the promoter asks to pin a cluster to a commit."""
        prefix = f"promote/{cluster}/"
        asked = self.wait_for(
            lambda: [b for b in self.operator.branches(prefix) if sha.startswith(b.rsplit("/", 1)[-1])],
            within,
            why=f"a branch {prefix}… asks to pin {sha[:12]}",
        )
        return asked[0]

    # Acting

    def leanrag(self, *arguments: str, check: bool = True, within: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a verb of leanrag as the operator does, in the operator's checkout and with cluster access."""
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig)}
        done = subprocess.run(
            [str(program.LEANRAG), *arguments],
            cwd=self.operator.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=within,
        )
        if check and done.returncode:
            raise AssertionError(f"leanrag {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def forget(self, cluster: str, prefix: str, api: Api) -> None:
        """Clear away what a cluster that is no longer in Git has left: a lost folder deletes nothing by itself."""
        label = f"leanrag.io/cluster={cluster}"
        for kind in ("ApplicationSet", "Application"):
            for one in self.api.list(kind, self.argocd, label):
                self.api.delete(kind, one["metadata"]["name"], self.argocd)
        for name in LAYERS:
            api.delete("Namespace", f"{prefix}-{name}")
        self.places.pop(cluster, None)

    def edit(self, path: str, change: Callable[[dict[str, Any]], None]) -> dict[str, str | None]:
        """Return a YAML file of main, changed, as something to commit."""
        self.operator.fetch()
        values = yamlio.load(self.operator.read(path) or "", path) or {}
        change(values)
        return {path: yamlio.dump(values)}


def _seen(config_map: Object) -> Seen:
    metadata = config_map["metadata"]
    return Seen(
        sha=metadata["labels"].get("leanrag.io/revision", ""),
        outcome=metadata["labels"].get("leanrag.io/outcome", ""),
        sentence=(metadata.get("annotations") or {}).get("leanrag.io/sentence", ""),
        attempt=int(metadata["name"].rsplit("-", 1)[-1]),
        document=json.loads((config_map.get("data") or {}).get("verdict.json") or "{}"),
        at=metadata["creationTimestamp"],
    )


def _synced_to(app: Object) -> str:
    sync = (app.get("status") or {}).get("sync") or {}
    return str(sync.get("revision") or "") if sync.get("status") == "Synced" else ""
