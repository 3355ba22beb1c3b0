"""The running world as a fault finds it: at rest, with its pins remembered, and made good again afterwards."""

import json
import time
from dataclasses import dataclass, field

from ..api import Object
from ..changes import Files
from ..world import Seen, World

GATE_SECONDS = 240
CARRY_SECONDS = 80  # from a commit to a carried verdict; later than this, an operation hangs
REST_SECONDS = 300


@dataclass(slots=True)
class Ward:
    """The running world with one commit too many; `sha` is that commit."""

    world: World
    before: dict[str, str] = field(default_factory=dict)
    sha: str = ""

    def admit(self) -> None:
        """Remember the pins before a fault, once nothing is on its way: a pin earned earlier is no fault's."""
        self.world.wait_for(lambda: not self.under_way("staging"), REST_SECONDS, why="staging rests")
        self.world.expect("dev", self.world.operator.main(), "PASS")
        self.before = {name: self.world.pin(name) for name in ("staging", "prod")}
        self.sha = ""

    def under_way(self, cluster: str) -> str:
        """Return what a cluster waits for that comes by itself: a verdict about its pin, or a pin that was earned."""
        asked = ("status", "--fetch", "--format=json", f"--cluster={cluster}", f"--kubeconfig={self.world.kubeconfig}")
        (row,) = json.loads(self.world.leanrag(*asked, check=False).stdout)["clusters"]
        expected = [each for each in row["unknown"] if each.startswith("no verdict about")]
        return "; ".join([*expected, *(each for each in row["waits"] if each.endswith("as soon as it runs"))])

    def wrong_pins(self) -> tuple[str, ...]:
        """Return the pins that moved without right."""
        now = {name: self.world.pin(name) for name in self.before}
        wrong = [f"{name} is pinned to {sha[:12]}" for name, sha in now.items() if sha != self.before[name]]
        if self.sha:
            wrong += [b for b in self.world.operator.branches("promote/") if self.sha.startswith(b.rsplit("/", 1)[-1])]
        return tuple(wrong)

    def discharge(self) -> None:
        """Take the commit back, and wait until dev is green again."""
        if self.sha:
            back = self.world.operator.revert(self.sha)
            try:
                self.world.expect("dev", back, "PASS", within=CARRY_SECONDS)
            except AssertionError:
                self.rescue()
                self.world.expect("dev", back, "PASS", within=GATE_SECONDS)

    def rescue(self) -> str:
        """Do what an operator does when an operation hangs."""
        done = self.world.leanrag(
            "resync", "dev", "--terminate", f"--kubeconfig={self.world.kubeconfig}", check=False, within=180
        )
        return done.stdout

    def commit(self, files: Files, message: str = "drill: one commit too many") -> str:
        """Commit what is to be broken."""
        self.sha = self.world.operator.commit(files, message)
        return self.sha

    def gate_pod(self, step: str = "") -> Object:
        """Wait for the running gate pod of dev about the commit; with `step`, until its log names that step."""

        def find() -> Object | None:
            for pod in self.world.api.list("Pod", self.world.places["dev"].gate):
                arguments = str(pod["spec"]["containers"][0].get("args"))
                running = (pod.get("status") or {}).get("phase") == "Running"
                if self.sha in arguments and running and (not step or step in self.log(pod)):
                    return pod
            return None

        return self.world.wait_for(find, 120, why=f"dev's gate runs about {self.sha[:12]}") or {}

    def log(self, pod: Object) -> str:
        """Return the gate's log."""
        return self.world.api.logs(pod["metadata"]["name"], pod["metadata"]["namespace"], tail=200)

    def verdict(self, within: float = GATE_SECONDS) -> Seen | None:
        """Return dev's verdict about the commit, or None when none comes in time."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if seen := self.world.answer("dev", self.sha):
                return seen
            time.sleep(0.5)
        return None
