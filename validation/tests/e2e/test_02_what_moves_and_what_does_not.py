"""Which commits promote, and which have nothing to promote."""

from .changes import docs_only, never_ready, new_chart, only
from .world import World


def test_a_change_of_prod_alone_reaches_prod_through_staging(world: World) -> None:
    sha = world.operator.commit(only(world, "prod"), "feat(prod): one more replica")

    dev = world.expect("dev", sha, "PASS")
    assert dev.carried, "dev renders the same as before"
    sha = dev.sha
    world.pinned("staging", sha)
    assert world.expect("staging", sha, "PASS").carried, "and so does staging"
    world.operator.merge(world.branch("prod", sha))
    world.runs("prod", sha)
    assert not world.expect("prod", sha, "PASS").carried


def test_a_commit_of_documentation_is_carried_without_load_and_moves_no_pin(world: World) -> None:
    pins = {name: world.pin(name) for name in ("staging", "prod")}
    sha = world.operator.commit(docs_only(world), "docs: a sentence")

    dev = world.expect("dev", sha, "PASS", within=90)
    assert dev.carried
    assert (dev.step("converge"), dev.step("check"), dev.step("verdict")) == ("PASS", "PASS", "PASS")
    world.stays(
        lambda: {name: world.pin(name) for name in pins} == pins, 8, why="a commit that nobody renders moves no pin"
    )


def test_a_chart_added_after_the_pin_is_in_dev_and_not_in_prod(world: World) -> None:
    files = new_chart(world, "notice", ("dev", "prod"))
    sha = world.operator.commit(files, "feat(notice): a chart that prod has not been given yet")

    world.wait_for(lambda: "dev-notice" in names(world, "dev"), 60, why="dev has the new chart")
    assert world.pin("prod") != sha
    world.stays(
        lambda: "prod-notice" not in names(world, "prod"), 8, why="prod is pinned to a commit without the chart"
    )

    back = world.operator.revert(sha)
    world.expect("dev", back, "PASS")
    world.wait_for(lambda: "dev-notice" not in names(world, "dev"), 60, why="dev has lost it again")


def test_an_image_that_no_registry_told_is_not_asked_for_on_a_protected_cluster(world: World) -> None:
    mistake = world.operator.commit(never_ready(world, "prod"), "feat(prod): an image that does not exist")
    sha = world.expect("dev", mistake, "PASS").sha
    world.pinned("staging", sha)
    assert world.expect("staging", sha, "PASS").carried, "staging does not run it"

    world.stays(lambda: not world.operator.branches("promote/prod/"), 15, why="nobody asks for it")
    said = world.leanrag("status", "--fetch", f"--kubeconfig={world.kubeconfig}", check=False).stdout
    assert "0.0.0-missing' has no digest in clusters/prod/images.lock" in said, said

    mended = world.expect("dev", world.operator.revert(mistake), "PASS").sha
    world.pinned("staging", mended)
    world.expect("staging", mended, "PASS")


def names(world: World, cluster: str) -> set[str]:
    """Return the names of a cluster's Applications."""
    return {app["metadata"]["name"] for app in world.applications(cluster)}
