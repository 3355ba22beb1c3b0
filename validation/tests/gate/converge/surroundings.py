"""What surrounds a run in a cluster, given: its board, its lease, its commit and what it sees."""

import time

from leanrag.core.errors import UnreachableError
from leanrag.evidence.keys import make_key, parse_key
from leanrag.gate.incluster import InCluster
from leanrag.gate.live import Eyes
from leanrag.gate.plan import Step
from leanrag.gate.revision import Revision
from leanrag.gate.run import run_gate
from leanrag.gate.wait import Clock

SHA = "3127b57f2f07b62168b0257d35fe8117ae8ca877"
CONTENT = "sha256:" + "c" * 64


class Board:
    namespace = "lr-gate"

    def __init__(self):
        self.maps, self.events = {}, []

    def verdicts(self):
        return tuple(self.maps.values())

    def create(self, body):
        self.maps.setdefault(body["metadata"]["name"], body)
        return True

    def delete(self, name):
        self.maps.pop(name, None)

    def event(self, body):
        self.events.append(body)


class Lease:
    name = "gate-1"

    def __init__(self):
        self.held, self.other, self.released = False, "", False

    def acquire(self, _limit, _clock, _said):
        self.held = not self.other
        return self.other

    def renew(self):
        return self.other

    def release(self):
        self.released = True


class Source:
    sha = SHA

    def __init__(self):
        self.newer = self.silent = ""

    def content(self, _sha):
        return CONTENT

    def accepted(self, _revisions):
        return frozenset({SHA})

    def fetch(self):
        return self.silent

    def superseded(self):
        return self.newer


class Cluster:
    """Everything around a run, and the parts a test changes."""

    def __init__(self, world, plan, steps, cluster):
        self.world, self.plan, self.steps, self.cluster = world, plan, steps, cluster
        self.board, self.lease, self.source, self.down = Board(), Lease(), Source(), 0
        self.key = parse_key(make_key()[0], "test")
        self.now = 0.0

    def look(self, _expected):
        if self.down:
            self.down -= 1
            raise UnreachableError("the API server does not answer")
        return self.world.seen

    def around(self, **changes):
        eyes = Eyes(None, "argocd", None)
        view = type(
            "View",
            (),
            {"look": self.look, "own": eyes.own, "gpus": lambda *_: None, "live": Eyes.live, "operators": lambda _: {}},
        )()
        given = {
            "cluster": self.cluster,
            "mode": "full",
            "trigger": "postsync",
            "expected": self.world.expected,
            "source": self.source,
            "eyes": view,
            "lease": self.lease,
            "board": self.board,
            "deadline": 60.0,
            "key": self.key,
            "clock": Clock(lambda: self.now, self._sleep),
        }
        return InCluster(**given | changes)

    def _sleep(self, seconds):
        self.now += seconds

    def run(self, around=None, problem="", **changed):
        around = around or self.around()
        plan = self.plan(
            id=f"local-{time.monotonic_ns()}",
            scope="cluster",
            mode=around.mode,
            around=around,
            problem=problem,
            revision_now=lambda: Revision(SHA, False, CONTENT),
        )
        return run_gate(plan, [Step("converge", around.converge), *self.steps(**changed)])


def outcomes(verdict):
    return [step.outcome.value for step in verdict.steps]


def item(verdict, step, name):
    found = next(each for each in verdict.steps if each.name == step)
    return next(each for each in found.items if each.name == name)
