"""A commit that breaks a promise stops where it was measured, and trying again does not help."""

from .changes import slower
from .world import World


def test_a_slower_engine_fails_in_dev_and_goes_no_further(world: World) -> None:
    pins = {name: world.pin(name) for name in ("staging", "prod")}

    def pinned_as_before() -> bool:
        return {name: world.pin(name) for name in pins} == pins

    slow = world.operator.commit(slower(world, "dev", factor=2), "perf(chat): it seemed a good idea")
    first = world.expect("dev", slow, "FAIL", within=300)
    assert "TTFT" in first.sentence, first.sentence
    assert first.step("smoke") == "PASS", "only the latency is wrong"
    world.stays(pinned_as_before, 8, why="staging does not follow a FAIL")

    empty = world.operator.commit({}, "chore: try again")
    again = world.expect("dev", empty, "FAIL", within=120)
    assert again.carried, "an empty commit is no second throw of the dice"
    world.stays(pinned_as_before, 5, why="staging does not follow a carried FAIL")

    good = world.operator.revert(slow)
    assert world.expect("dev", good, "PASS").outcome == "PASS"
