"""Going back asks nobody: no gate, no healthy cluster, no finished sync."""

import time
from concurrent.futures import ThreadPoolExecutor

from .changes import slower, too_large
from .world import World


def test_rollback_while_the_gate_is_red_and_a_sync_hangs(world: World) -> None:
    good = world.pin("prod")
    mistake = world.operator.commit(too_large(world, "prod"), "feat(prod): more memory than any node has")
    bad = world.expect("dev", mistake, "PASS").sha
    world.pinned("staging", bad)
    world.expect("staging", bad, "PASS")
    world.operator.merge(world.branch("prod", bad))
    world.wait_for(lambda: hangs(world, bad), 120, why="a sync of prod hangs at the bad commit")

    red = world.operator.commit(slower(world, "dev", factor=2), "perf(chat): and dev is red, too")
    world.expect("dev", red, "FAIL", within=300)
    staging = world.pin("staging")

    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        command = pool.submit(world.leanrag, "rollback", "prod", f"--kubeconfig={world.kubeconfig}")
        world.wait_for(lambda: world.pin("prod") == good, 30, why="the rollback is on main")
        world.figures.add("rollback command → commit", time.monotonic() - began, goal="≤ 2 s")
        assert "ended the operation of" in command.result().stdout
    world.runs("prod", good, within=180)
    world.figures.add("rollback command → cluster at the old commit", time.monotonic() - began)

    assert world.pin("staging") == staging, "staging is untouched"
    assert world.expect("dev", red, "FAIL"), "dev is untouched"
    hold = world.operator.release("prod")["hold"]
    assert bad in hold["revisions"]  # type: ignore[index]
    world.stays(lambda: world.pin("prod") == good, 8, why="the bad commit stays on hold")
    assert not world.operator.branches("promote/prod/"), "nor does anybody ask for it"

    world.leanrag("release", "prod")
    assert not world.operator.release("prod").get("hold")
    world.operator.revert(red)
    mended = world.operator.revert(mistake)
    world.expect("dev", mended, "PASS")


def hangs(world: World, sha: str) -> bool:
    """Say whether an operation of prod runs at a commit."""
    for app in world.applications("prod"):
        state = (app.get("status") or {}).get("operationState") or {}
        revision = ((state.get("operation") or {}).get("sync") or {}).get("revision")
        if state.get("phase") == "Running" and revision == sha:
            return True
    return False
