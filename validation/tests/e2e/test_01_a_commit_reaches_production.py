"""The story that everything else is about: one commit, one gate a cluster, one verdict, up to production."""

import time

from .changes import everywhere
from .world import World


def test_a_commit_reaches_production_by_evidence_and_one_click(world: World) -> None:
    began = time.monotonic()
    sha = world.operator.commit(everywhere(world), "feat(chat): longer answers everywhere")

    dev = world.expect("dev", sha, "PASS", within=300)
    passed = time.monotonic()
    world.figures.add("commit → verdict of dev", passed - began)
    assert [dev.step(name) for name in ("converge", "check", "smoke", "load", "judge")] == ["PASS"] * 5
    assert not dev.carried
    sha = dev.sha

    world.pinned("staging", sha)
    pinned = time.monotonic()
    world.figures.add("PASS → pin commit", pinned - passed, goal="≤ 5 s")
    world.runs("staging", sha)
    world.figures.add("pin → applied", time.monotonic() - pinned)
    staging = world.expect("staging", sha, "PASS", within=240)
    assert not staging.carried

    before = world.pin("prod")
    branch = world.branch("prod", sha)
    world.stays(lambda: world.pin("prod") == before, 3, why="prod waits for a person, although staging passed")
    world.operator.merge(branch)
    assert world.pin("prod") == sha
    world.runs("prod", sha)
    prod = world.expect("prod", sha, "PASS", within=240)
    assert prod.step("load") == "NOT_RUN", "users get no synthetic load"

    history = world.operator.release("prod")["history"]
    assert isinstance(history, list)
    assert (history[0]["revision"], history[0]["from"]) == (sha, "staging")
    assert history[0]["evidence"].count(".") == 2, "the pin carries the signed evidence that allowed it"
    assert world.leanrag("promote", "verify", "--base", "origin/main~1").returncode == 0
